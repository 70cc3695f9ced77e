//! Blobs: bytes under the SHA-256 of themselves, in a folder or an S3-compatible bucket.
//!
//! An upload is spooled first, hashed while it comes in, and kept once somebody has looked at
//! it. A kept blob never changes, and keeping the same bytes twice is one blob.
//!
//! # Invariants
//!
//! - A blob is there whole or not at all: it appears by rename (folder) or by the completion of
//!   its upload (bucket).
//! - When [`Blobs::keep`] returns, the blob is durable: a folder has flushed the file and the
//!   directory that names it.
//! - No blob is ever whole in memory, unless it is smaller than [`MEMORY_BYTES`].
//!
//! # See also
//!
//! [`sweep`] for how blobs end, `blob_rows` for how the sweep and the commits stay apart.

mod hashing;
mod local;
mod local_read;
mod s3;
mod spool;
mod sweep;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Mutex;
use vouchsafe_domain::{DigestAlgorithm, Sha256, Timestamp};

pub use s3::S3Config;
pub use spool::{SpoolReader, SpoolWriter, Spooled};
pub use sweep::{SweepError, SweepReport};

pub(crate) use hashing::Digesting;
use hashing::MultiHasher;
use local::LocalBlobs;
use s3::S3Blobs;
use spool::SpoolArea;

/// Uploads up to this size stay in memory; larger ones go to a file at once.
pub const MEMORY_BYTES: usize = 256 * 1024;
/// Digests are spread over this many locks.
const LOCKS: usize = 64;

/// Where blobs live.
#[derive(Debug, Clone)]
pub enum BlobConfig {
    /// In a folder: blobs under `sha256/`, uploads in flight under `spool/`.
    Local {
        /// The folder. It is made when it is not there.
        root: PathBuf,
    },
    /// In a bucket of an S3-compatible server.
    S3(S3Config),
}

/// Why bytes were not stored or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The upload is larger than its limit. Nothing beyond the limit was stored.
    #[error("the upload is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// There is no such blob.
    #[error("there is no blob {sha256}")]
    Missing {
        /// Its digest.
        sha256: Sha256,
    },
    /// The blob does not reach as far as was asked.
    #[error("the range does not lie within the {size_bytes} bytes of the blob")]
    RangeNotSatisfiable {
        /// Its size.
        size_bytes: u64,
    },
    /// The bytes are not those that were kept. A disk failed, or somebody wrote to the store.
    #[error("blob {sha256} is damaged")]
    Damaged {
        /// Its digest.
        sha256: Sha256,
    },
    /// The configuration cannot work.
    #[error("the blob store cannot be opened: {reason}")]
    Config {
        /// Why.
        reason: String,
    },
    /// The file system failed.
    #[error("could not {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The S3 server failed.
    #[error("could not {action} on the S3 server")]
    Remote {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: object_store::Error,
    },
}

impl BlobError {
    /// Names what was tried, for `map_err`.
    fn io(action: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { action, source }
    }

    /// Names what was tried, for `map_err`.
    fn remote(action: &'static str) -> impl Fn(object_store::Error) -> Self {
        move |source| Self::Remote { action, source }
    }
}

/// A blob being read.
pub struct BlobRead {
    /// Size of the whole blob in bytes.
    pub size_bytes: u64,
    /// Which of its bytes the stream carries.
    pub range: Range<u64>,
    /// The bytes.
    pub stream: BoxStream<'static, Result<Bytes, BlobError>>,
}

impl std::fmt::Debug for BlobRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobRead")
            .field("size_bytes", &self.size_bytes)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// A blob as the store lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its digest, which is its address.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When it was kept last.
    pub kept_at: Timestamp,
}

/// The blob store. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    spool: Arc<SpoolArea>,
    /// One of them is held while a blob is kept and while it is swept, so that in this process
    /// the sweep never deletes what `keep` has just found to be there.
    locks: [Mutex<()>; LOCKS],
}

enum Backend {
    Local(LocalBlobs),
    S3(S3Blobs),
}

impl Blobs {
    /// Opens the store, makes its folders, and deletes uploads that a dead process left.
    ///
    /// # Errors
    ///
    /// [`BlobError`] when the folder cannot be written or the configuration cannot work. Whether
    /// an S3 server answers is not tried here.
    pub async fn open(config: BlobConfig) -> Result<Self, BlobError> {
        let spool_root = match &config {
            BlobConfig::Local { root } => root.join("spool"),
            BlobConfig::S3(config) => config.spool_dir.clone(),
        };
        let backend = match config {
            BlobConfig::Local { root } => {
                Backend::Local(blocking(move || LocalBlobs::open(&root)).await?)
            }
            BlobConfig::S3(config) => Backend::S3(S3Blobs::open(config)?),
        };
        let spool = blocking(move || SpoolArea::open(&spool_root)).await?;
        let locks = std::array::from_fn(|_| Mutex::new(()));
        Ok(Self { inner: Arc::new(Inner { backend, spool: Arc::new(spool), locks }) })
    }

    /// Starts an upload.
    ///
    /// * `limit_bytes`: the largest upload that is accepted; checked before bytes are taken.
    /// * `algorithms`: digests to compute beside SHA-256, which always is.
    pub fn spool(&self, limit_bytes: u64, algorithms: &[DigestAlgorithm]) -> SpoolWriter {
        SpoolWriter::new(Arc::clone(&self.inner.spool), limit_bytes, algorithms)
    }

    /// Keeps an upload under its digest and returns its address and size in bytes. It is durable
    /// when this returns. Keeping what is there already makes it young again, so that the sweep
    /// leaves it to the commit that follows.
    ///
    /// # Errors
    ///
    /// [`BlobError`]; the upload is gone, and the blob is there whole or not at all.
    pub async fn keep(&self, spooled: Spooled) -> Result<(Sha256, u64), BlobError> {
        let (sha256, size_bytes) = (spooled.sha256, spooled.size_bytes);
        let _guard = self.lock(sha256).lock().await;
        match &self.inner.backend {
            Backend::Local(local) => {
                let (local, spool) = (local.clone(), Arc::clone(&self.inner.spool));
                blocking(move || local.keep(&spool, spooled)).await?;
            }
            Backend::S3(s3) => s3.keep(spooled).await?,
        }
        Ok((sha256, size_bytes))
    }

    /// Reads a blob, whole or in part.
    ///
    /// * `range`: bytes from start up to but without end; `None`: all of them.
    ///
    /// # Errors
    ///
    /// [`BlobError::Missing`], [`BlobError::RangeNotSatisfiable`], or our side failed.
    pub async fn read(
        &self,
        sha256: Sha256,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        match &self.inner.backend {
            Backend::Local(local) => local.read(sha256, range).await,
            Backend::S3(s3) => s3.read(sha256, range).await,
        }
    }

    /// Reads a small blob into memory and proves that its bytes are those that were kept.
    ///
    /// * `limit_bytes`: the largest blob that is accepted; checked before memory is taken.
    ///
    /// # Errors
    ///
    /// [`BlobError::TooLarge`], [`BlobError::Missing`], [`BlobError::Damaged`], or our side
    /// failed.
    pub async fn read_all(&self, sha256: Sha256, limit_bytes: u64) -> Result<Bytes, BlobError> {
        let read = self.read(sha256, None).await?;
        if read.size_bytes > limit_bytes {
            return Err(BlobError::TooLarge { limit_bytes });
        }
        let mut hasher = MultiHasher::new(&[]);
        let chunks: Vec<Bytes> = read.stream.try_collect().await?;
        chunks.iter().for_each(|chunk| hasher.update(chunk));
        if hasher.finish().0 != sha256 {
            return Err(BlobError::Damaged { sha256 });
        }
        match <[Bytes; 1]>::try_from(chunks) {
            Ok([only]) => Ok(only),
            Err(chunks) => Ok(chunks.concat().into()),
        }
    }

    /// Hashes a stored blob and tells whether its bytes are those that were kept.
    ///
    /// # Errors
    ///
    /// [`BlobError`] when it cannot be read.
    pub async fn is_intact(&self, sha256: Sha256) -> Result<bool, BlobError> {
        let mut stream = self.read(sha256, None).await?.stream;
        let mut hasher = MultiHasher::new(&[]);
        while let Some(chunk) = stream.try_next().await? {
            hasher.update(&chunk);
        }
        Ok(hasher.finish().0 == sha256)
    }

    /// Whether the blob is there.
    ///
    /// # Errors
    ///
    /// [`BlobError`] when the store cannot answer.
    pub async fn exists(&self, sha256: Sha256) -> Result<bool, BlobError> {
        Ok(self.meta(sha256).await?.is_some())
    }

    /// Size and age of the blob; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`BlobError`] when the store cannot answer.
    pub async fn meta(&self, sha256: Sha256) -> Result<Option<BlobMeta>, BlobError> {
        match &self.inner.backend {
            Backend::Local(local) => {
                let local = local.clone();
                blocking(move || local.meta(sha256)).await
            }
            Backend::S3(s3) => s3.meta(sha256).await,
        }
    }

    /// Deletes a blob; one that is not there is deleted already. Callers prove first that no row
    /// refers to it: [`Blobs::sweep_orphans`] does.
    ///
    /// # Errors
    ///
    /// [`BlobError`] when it may be there still.
    pub async fn delete(&self, sha256: Sha256) -> Result<(), BlobError> {
        match &self.inner.backend {
            Backend::Local(local) => {
                let local = local.clone();
                blocking(move || local.delete(sha256)).await
            }
            Backend::S3(s3) => s3.delete(sha256).await,
        }
    }

    /// All blobs, in no order that means anything. Files that are no blobs are left out.
    pub fn list(&self) -> BoxStream<'static, Result<BlobMeta, BlobError>> {
        match &self.inner.backend {
            Backend::Local(local) => local.list().boxed(),
            Backend::S3(s3) => s3.list(),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder is below its divisor")]
    fn lock(&self, sha256: Sha256) -> &Mutex<()> {
        let [first, ..] = sha256.as_bytes();
        &self.inner.locks[usize::from(*first) % LOCKS]
    }
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let backend = match &self.inner.backend {
            Backend::Local(_) => "local",
            Backend::S3(_) => "s3",
        };
        f.debug_struct("Blobs").field("backend", &backend).finish_non_exhaustive()
    }
}

/// Runs file work on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|gone| {
        Err(BlobError::Io { action: "finish file work", source: std::io::Error::other(gone) })
    })
}

/// The part of a blob that was asked for.
fn resolve(range: Option<Range<u64>>, size_bytes: u64) -> Result<Range<u64>, BlobError> {
    let range = range.unwrap_or(0..size_bytes);
    if range.start > range.end || range.end > size_bytes {
        return Err(BlobError::RangeNotSatisfiable { size_bytes });
    }
    Ok(range)
}
