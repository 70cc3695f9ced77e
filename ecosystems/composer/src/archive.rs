//! The zip archive of a release, and the one `composer.json` in it that counts.
//!
//! Composer unpacks an archive as it is, unless everything lies in a single directory, which is
//! then taken away. So that file is the one at the root, or the one in that single directory.
//! Others further down belong to tests and examples.

use std::io::SeekFrom;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};
use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::zip::{ZipEntry, ZipRules, walk_zip};
use vouchsafe_adapter::archive::{EntryKind, Limits};
use vouchsafe_adapter::ecosystem::ArtifactBytes;

/// Largest `composer.json`, in bytes. Every client of the package loads all of them.
const MAX_MANIFEST_BYTES: u64 = 256 * 1024;
const MANIFEST: &str = "composer.json";

/// What the walk has seen at the top of the archive.
#[derive(Default)]
struct Top {
    /// Whether a file lies at the root.
    has_file: bool,
    /// The directory that was seen first.
    directory: Option<String>,
    has_further_directory: bool,
    at_root: Option<Vec<u8>>,
    in_directory: Option<Vec<u8>>,
}

impl Top {
    fn visit(&mut self, entry: &mut ZipEntry<'_>) -> Result<(), FormatError> {
        let is_file = entry.kind == EntryKind::File;
        let (top, rest) = match entry.path.split_once('/') {
            None if is_file => {
                self.has_file = true;
                if entry.path == MANIFEST {
                    self.at_root = Some(entry.read_to_end(MAX_MANIFEST_BYTES)?);
                }
                return Ok(());
            }
            None => (entry.path, ""),
            Some(parts) => parts,
        };
        let is_first = *self.directory.get_or_insert_with(|| top.to_owned()) == top;
        self.has_further_directory |= !is_first;
        // Kept from the first directory only: no other one can be the single one.
        if is_first && is_file && rest == MANIFEST {
            self.in_directory = Some(entry.read_to_end(MAX_MANIFEST_BYTES)?);
        }
        Ok(())
    }

    fn into_manifest(self) -> Result<Vec<u8>, FormatError> {
        let missing = || {
            FormatError::archive("it has no `composer.json` at its root or in its only directory")
        };
        match self.at_root {
            Some(manifest) => Ok(manifest),
            None if self.has_file || self.has_further_directory => Err(missing()),
            None => self.in_directory.ok_or_else(missing),
        }
    }
}

/// Checks an archive from its first byte to its last and reads its `composer.json`.
///
/// # Errors
///
/// [`FormatError`] when the archive is dangerous, has no such file, or one that is no JSON object.
pub(crate) fn read_manifest(
    file: &mut dyn ArtifactBytes,
) -> Result<Map<String, Value>, FormatError> {
    file.seek(SeekFrom::Start(0))?;
    // Two paths that differ by case alone unpack to one file on many machines.
    let limits = Limits { is_case_insensitive: true, ..Limits::default() };
    let mut top = Top::default();
    let mut reader = file;
    walk_zip(&mut reader, &limits, ZipRules::TOLERANT, &mut |entry| top.visit(entry))?;
    serde_json::from_slice(&top.into_manifest()?)
        .map_err(|error| FormatError::manifest(format!("composer.json: {error}")))
}

/// SHA-256 of a file, in hex.
///
/// # Errors
///
/// [`FormatError::Io`].
pub(crate) fn sha256_hex(file: &mut dyn ArtifactBytes) -> Result<String, FormatError> {
    use std::fmt::Write as _;

    file.seek(SeekFrom::Start(0))?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut chunk)?;
        let Some(part) = chunk.get(..length).filter(|part| !part.is_empty()) else { break };
        context.update(part);
    }
    let digest = context.finish();
    Ok(digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a string never fails.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
