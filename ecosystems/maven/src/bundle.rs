//! Bundles: a zip or a `.tar.gz` with files of several releases, laid out as a repository.
//!
//! Digests in it are compared, metadata in it is written anew, and anything that is neither nor
//! a file of a release is refused: a publisher who packed too much should hear of it.

use std::io::{Read as _, SeekFrom};

use vouchsafe_adapter::archive::EntryKind;
use vouchsafe_adapter::archive::tar::{TarEntry, walk_tar_gz};
use vouchsafe_adapter::archive::zip::{ZipEntry, ZipRules, walk_zip};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{BundleSink, FormatError};

use crate::checksum::{self, MAX_TEXT_BYTES};
use crate::layout::{self, Place};

/// See [`Ecosystem::unpack`](vouchsafe_adapter::Ecosystem::unpack).
pub(crate) fn unpack(
    mut bundle: &mut dyn ArtifactBytes,
    sink: &mut dyn BundleSink,
) -> Result<(), FormatError> {
    bundle.seek(SeekFrom::Start(0))?;
    let mut magic = Vec::new();
    (&mut bundle).take(2).read_to_end(&mut magic)?;
    bundle.seek(SeekFrom::Start(0))?;
    let limits = crate::jar::limits();
    let mut unpacking = Unpacking { sink, files: 0 };
    if magic == [0x1F, 0x8B] {
        walk_tar_gz(&mut bundle, &limits, &mut |entry| {
            let (path, kind) = (entry.path.to_owned(), entry.kind);
            unpacking.visit(&path, kind, entry)
        })?;
    } else {
        walk_zip(&mut bundle, &limits, ZipRules::TOLERANT, &mut |entry| {
            let (path, kind) = (entry.path.to_owned(), entry.kind);
            unpacking.visit(&path, kind, entry)
        })?;
    }
    match unpacking.files {
        0 => Err(FormatError::archive("the bundle has no files of a release")),
        _ => Ok(()),
    }
}

/// What both kinds of archive give of an entry.
trait Entry {
    fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Result<Option<&'c [u8]>, FormatError>;
    fn read_to_end(&mut self, limit_bytes: u64) -> Result<Vec<u8>, FormatError>;
}

impl Entry for TarEntry<'_> {
    fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Result<Option<&'c [u8]>, FormatError> {
        TarEntry::read(self, chunk)
    }

    fn read_to_end(&mut self, limit_bytes: u64) -> Result<Vec<u8>, FormatError> {
        TarEntry::read_to_end(self, limit_bytes)
    }
}

impl Entry for ZipEntry<'_> {
    fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Result<Option<&'c [u8]>, FormatError> {
        ZipEntry::read(self, chunk)
    }

    fn read_to_end(&mut self, limit_bytes: u64) -> Result<Vec<u8>, FormatError> {
        ZipEntry::read_to_end(self, limit_bytes)
    }
}

struct Unpacking<'a> {
    sink: &'a mut dyn BundleSink,
    files: usize,
}

impl Unpacking<'_> {
    fn visit(
        &mut self,
        path: &str,
        kind: EntryKind,
        entry: &mut dyn Entry,
    ) -> Result<(), FormatError> {
        if kind == EntryKind::Directory {
            return Ok(());
        }
        let shown: String = path.escape_debug().take(120).collect();
        let refuse = |reason: &dyn std::fmt::Display| {
            FormatError::archive(format!("`{shown}` is of no release: {reason}"))
        };
        let segments: Vec<&str> = path.split('/').collect();
        let (place, checksum) =
            layout::place(&segments).map_err(|misplaced| refuse(&misplaced.0))?;
        let Place::File { package, version, filename } = place else { return Ok(()) };
        if let Some(reason) = layout::unpublishable(&package, &version, &filename) {
            return Err(refuse(&reason));
        }
        if let Some(algorithm) = checksum {
            let text = entry.read_to_end(MAX_TEXT_BYTES as u64)?;
            let digest = checksum::parse(algorithm, &text).map_err(|error| refuse(&error))?;
            self.sink.state(&package, &version, &filename, digest);
            return Ok(());
        }
        self.files += 1;
        self.sink.begin(&package, &version, &filename)?;
        let mut chunk = [0; 16 * 1024];
        while let Some(part) = entry.read(&mut chunk)? {
            self.sink.write(part)?;
        }
        Ok(())
    }
}
