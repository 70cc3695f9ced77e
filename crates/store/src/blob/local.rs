//! Blobs in a folder: `sha256/ab/<hex>`.
//!
//! Keeping is four steps, each harmless to be cut short by: write the spool file, flush it, rename
//! it into place, flush the directory. Before the rename nothing is visible; after it the file is
//! whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use futures::stream::{self, Stream};
use futures::{StreamExt as _, TryStreamExt as _};
use tempfile::NamedTempFile;
use vouchsafe_domain::{Sha256, Timestamp};

use super::local_read::Reading;
use super::spool::{Body, SpoolArea, Spooled};
use super::{BlobError, BlobMeta, BlobRead, blocking, resolve};

/// A folder of blobs. Cheap to clone.
#[derive(Clone)]
pub(super) struct LocalBlobs {
    folder: Arc<Path>,
}

impl LocalBlobs {
    /// Makes the folder and its 256 parts, durably, so that `keep` only ever names files.
    pub(super) fn open(root: &Path) -> Result<Self, BlobError> {
        let folder = root.join("sha256");
        fs::create_dir_all(&folder).map_err(BlobError::io("make the blob folder"))?;
        let mut is_new = false;
        for part in 0..=u8::MAX {
            match fs::create_dir(folder.join(hex::encode([part]))) {
                Ok(()) => is_new = true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(BlobError::Io { action: "make a blob folder", source }),
            }
        }
        if is_new {
            for parent in folder.ancestors().take(2) {
                sync_directory(parent)?;
            }
        }
        Ok(Self { folder: folder.into() })
    }

    fn path(&self, sha256: Sha256) -> PathBuf {
        let hex = sha256.to_hex();
        let (part, _) = hex.split_at(2);
        self.folder.join(part).join(&hex)
    }

    pub(super) fn keep(&self, area: &SpoolArea, spooled: Spooled) -> Result<(), BlobError> {
        let path = self.path(spooled.sha256);
        if let Some(known) = self.meta(spooled.sha256)?
            && known.size_bytes == spooled.size_bytes
        {
            // It may have been renamed a moment ago by somebody who has not flushed yet.
            make_young(&path)?;
            return sync_parent(&path);
        }
        let file = match spooled.body {
            Body::File(file) => file,
            Body::Memory(bytes) => write_file(area, &bytes)?,
        };
        sync_file(&file)?;
        move_into_place(file, &path)?;
        sync_parent(&path)
    }

    pub(super) async fn read(
        &self,
        sha256: Sha256,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        let path = self.path(sha256);
        let (file, size_bytes, range) = blocking(move || {
            let file = File::open(path).map_err(|error| missing_or(error, sha256))?;
            let metadata = file.metadata().map_err(BlobError::io("read a blob"))?;
            let size_bytes = metadata.len();
            Ok((file, size_bytes, resolve(range, size_bytes)?))
        })
        .await?;
        let reading = Reading::new(file, sha256, range.start, range.end);
        let stream = stream::try_unfold(reading, Reading::next).boxed();
        Ok(BlobRead { size_bytes, range, stream })
    }

    pub(super) fn meta(&self, sha256: Sha256) -> Result<Option<BlobMeta>, BlobError> {
        match fs::metadata(self.path(sha256)) {
            Ok(metadata) => Ok(Some(meta_of(sha256, &metadata)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(BlobError::Io { action: "look for a blob", source }),
        }
    }

    pub(super) fn delete(&self, sha256: Sha256) -> Result<(), BlobError> {
        match fs::remove_file(self.path(sha256)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(BlobError::Io { action: "delete a blob", source }),
        }
    }

    pub(super) fn list(
        &self,
    ) -> impl Stream<Item = Result<BlobMeta, BlobError>> + Send + 'static + use<> {
        let folder = Arc::clone(&self.folder);
        stream::iter(0..=u8::MAX)
            .then(move |part| {
                let part = folder.join(hex::encode([part]));
                blocking(move || list_part(&part))
            })
            .map_ok(|blobs| stream::iter(blobs.into_iter().map(Ok)))
            .try_flatten()
    }
}

fn missing_or(error: io::Error, sha256: Sha256) -> BlobError {
    match error.kind() {
        io::ErrorKind::NotFound => BlobError::Missing { sha256 },
        _ => BlobError::Io { action: "open a blob", source: error },
    }
}

fn list_part(part: &Path) -> Result<Vec<BlobMeta>, BlobError> {
    let mut blobs = Vec::new();
    for entry in fs::read_dir(part).map_err(BlobError::io("list blobs"))? {
        let entry = entry.map_err(BlobError::io("list blobs"))?;
        let Some(sha256) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match entry.metadata() {
            Ok(metadata) => blobs.push(meta_of(sha256, &metadata)?),
            // Deleted since the directory was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BlobError::Io { action: "list blobs", source }),
        }
    }
    Ok(blobs)
}

fn meta_of(sha256: Sha256, metadata: &fs::Metadata) -> Result<BlobMeta, BlobError> {
    let modified = metadata.modified().map_err(BlobError::io("read the age of a blob"))?;
    Ok(BlobMeta { sha256, size_bytes: metadata.len(), kept_at: Timestamp::from(modified) })
}

/// Step 1, for a small upload: bytes into a spool file.
fn write_file(area: &SpoolArea, bytes: &[u8]) -> Result<NamedTempFile, BlobError> {
    let mut file = area.new_file()?;
    file.write_all(bytes).map_err(BlobError::io("write a spool file"))?;
    Ok(file)
}

/// Step 2: the bytes reach the disk.
fn sync_file(file: &NamedTempFile) -> Result<(), BlobError> {
    file.as_file().sync_all().map_err(BlobError::io("flush a blob"))
}

/// Step 3: the file gets its name. Nothing is copied: spool and blobs share a file system.
fn move_into_place(file: NamedTempFile, path: &Path) -> Result<(), BlobError> {
    match file.into_temp_path().persist(path) {
        Ok(()) => Ok(()),
        Err(error) => Err(BlobError::Io { action: "name a blob", source: error.error }),
    }
}

/// Step 4: the name reaches the disk.
fn sync_parent(path: &Path) -> Result<(), BlobError> {
    path.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(directory: &Path) -> Result<(), BlobError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(BlobError::io("flush a blob folder"))
}

/// Resets the age of a blob that is kept again, so that the sweep leaves it alone.
#[expect(clippy::disallowed_methods, reason = "it is compared with ages the file system made")]
fn make_young(path: &Path) -> Result<(), BlobError> {
    File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(BlobError::io("reset the age of a blob"))
}
