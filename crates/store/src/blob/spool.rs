//! Uploads in flight: hashed while they come in, small ones in memory, large ones in a file.
//!
//! Every process has a folder of its own below the spool root and holds a lock in it as long as
//! it lives. A process that opens the store deletes the folders whose lock nobody holds.

use std::fs::{self, File, TryLockError};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::NamedTempFile;
use vouchsafe_domain::{DigestAlgorithm, Digests, Sha256};

use super::hashing::MultiHasher;
use super::{BlobError, MEMORY_BYTES, blocking};

/// Name of the lock file in a process's folder.
const LOCK_FILE: &str = "lock";

/// This process's folder for uploads.
pub(super) struct SpoolArea {
    folder: PathBuf,
    /// Held, not read: its lock says that we live.
    _lock: File,
}

impl SpoolArea {
    pub(super) fn open(root: &Path) -> Result<Self, BlobError> {
        fs::create_dir_all(root).map_err(BlobError::io("make the spool folder"))?;
        remove_leftovers(root).map_err(BlobError::io("delete leftover uploads"))?;
        let folder = root.join(crate::new_id().to_string());
        fs::create_dir(&folder).map_err(BlobError::io("make the spool folder"))?;
        let lock = make_lock(&folder).map_err(BlobError::io("lock the spool folder"))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn new_file(&self) -> Result<NamedTempFile, BlobError> {
        NamedTempFile::new_in(&self.folder).map_err(BlobError::io("make a spool file"))
    }
}

impl Drop for SpoolArea {
    fn drop(&mut self) {
        // Whatever fails here is deleted by the next process that opens the store.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes the lock file. It gets its name once it is locked, so that nobody ever sees it free
/// while we live.
fn make_lock(folder: &Path) -> io::Result<File> {
    let unnamed = folder.join("lock.new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(unnamed, folder.join(LOCK_FILE))?;
    Ok(lock)
}

/// Deletes the folders of processes that are gone.
fn remove_leftovers(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let lock = match File::open(entry.path().join(LOCK_FILE)) {
            Ok(file) => file,
            // Another process is between making its folder and locking it, or it died there.
            // The folder holds no upload in either case and costs nothing.
            Err(_) => continue,
        };
        match lock.try_lock() {
            Ok(()) => match fs::remove_dir_all(entry.path()) {
                // Another process that opens the store was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            },
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(())
}

/// An upload that is coming in. Dropping it deletes what came.
pub struct SpoolWriter {
    area: Arc<SpoolArea>,
    limit_bytes: u64,
    size_bytes: u64,
    /// `None` after a failure: what came in so far is lost.
    state: Option<State>,
}

struct State {
    hasher: MultiHasher,
    /// Bytes that are neither hashed nor written yet, at most [`MEMORY_BYTES`].
    buffer: Vec<u8>,
    file: Option<NamedTempFile>,
}

impl SpoolWriter {
    pub(super) fn new(
        area: Arc<SpoolArea>,
        limit_bytes: u64,
        algorithms: &[DigestAlgorithm],
    ) -> Self {
        let hasher = MultiHasher::new(algorithms);
        let state = State { hasher, buffer: Vec::new(), file: None };
        Self { area, limit_bytes, size_bytes: 0, state: Some(state) }
    }

    /// Bytes taken so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes bytes.
    ///
    /// # Errors
    ///
    /// [`BlobError::TooLarge`] when the upload would pass its limit; none of these bytes was
    /// taken. [`BlobError::Io`] when they cannot be written; the upload is lost.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        let size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if size_bytes > self.limit_bytes {
            return Err(BlobError::TooLarge { limit_bytes: self.limit_bytes });
        }
        while !bytes.is_empty() {
            let state = self.state.as_mut().ok_or_else(lost)?;
            let room = MEMORY_BYTES.saturating_sub(state.buffer.len());
            if room == 0 {
                self.flush().await?;
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            state.buffer.extend_from_slice(now);
            bytes = later;
        }
        self.size_bytes = size_bytes;
        Ok(())
    }

    /// The upload is complete.
    ///
    /// # Errors
    ///
    /// [`BlobError::Io`] when its end cannot be written.
    pub async fn finish(mut self) -> Result<Spooled, BlobError> {
        if self.state.as_ref().is_some_and(|state| state.file.is_some()) {
            self.flush().await?;
        }
        let State { mut hasher, buffer, file } = self.state.take().ok_or_else(lost)?;
        let body = match file {
            Some(file) => Body::File(file),
            None => {
                hasher.update(&buffer);
                Body::Memory(buffer.into())
            }
        };
        let (sha256, digests) = hasher.finish();
        Ok(Spooled { size_bytes: self.size_bytes, digests, sha256, body })
    }

    /// Hashes the buffer and writes it to the file, on a thread that may block.
    async fn flush(&mut self) -> Result<(), BlobError> {
        let mut state = self.state.take().ok_or_else(lost)?;
        let area = Arc::clone(&self.area);
        let state = blocking(move || {
            state.hasher.update(&state.buffer);
            let file = match &mut state.file {
                Some(file) => file,
                none => none.insert(area.new_file()?),
            };
            file.write_all(&state.buffer).map_err(BlobError::io("write a spool file"))?;
            state.buffer.clear();
            Ok(state)
        });
        self.state = Some(state.await?);
        Ok(())
    }
}

fn lost() -> BlobError {
    let source = io::Error::other("an earlier write failed or was abandoned");
    BlobError::Io { action: "continue an upload", source }
}

/// An upload that came in whole. Dropping it deletes it.
pub struct Spooled {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// All digests that were asked for, SHA-256 among them.
    pub digests: Digests,
    /// Its SHA-256.
    pub sha256: Sha256,
    pub(super) body: Body,
}

pub(super) enum Body {
    Memory(Bytes),
    File(NamedTempFile),
}

impl Spooled {
    /// Reads it from the start; every reader has a position of its own.
    ///
    /// # Errors
    ///
    /// When the spool file cannot be opened.
    pub fn reader(&self) -> io::Result<SpoolReader> {
        match &self.body {
            Body::Memory(bytes) => Ok(SpoolReader::Memory(Cursor::new(bytes.clone()))),
            Body::File(file) => Ok(SpoolReader::File(file.reopen()?)),
        }
    }
}

impl std::fmt::Debug for Spooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spooled")
            .field("size_bytes", &self.size_bytes)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// The bytes of a [`Spooled`].
#[derive(Debug)]
pub enum SpoolReader {
    /// A small one.
    Memory(Cursor<Bytes>),
    /// A large one.
    File(File),
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => bytes.seek(position),
            Self::File(file) => file.seek(position),
        }
    }
}
