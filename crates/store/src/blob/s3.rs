//! Blobs in a bucket of an S3-compatible server: `<prefix>sha256/ab/<hex>`.
//!
//! A small blob is one PUT; a large one is a multipart upload, which becomes visible when it is
//! completed. The server acknowledges what it has made durable.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, WriteMultipart};
use tokio::sync::Semaphore;
use vouchsafe_domain::{Secret, Sha256, Timestamp};

use super::spool::{Body, SpoolReader, Spooled};
use super::{BlobError, BlobMeta, BlobRead, blocking, resolve};

/// Size of one part of a multipart upload. S3's minimum is 5 MiB.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Parts of one upload in flight.
const PARTS_IN_FLIGHT: usize = 2;
/// Multipart uploads at once. Each costs about [`PART_BYTES`] × 3 of memory.
const UPLOADS: usize = 4;
/// A blob that is there and older than this is uploaded again rather than reused, so that the
/// sweep, which looks at ages, leaves it to the commit that follows.
const REUSE_FOR: Duration = Duration::from_secs(600);

/// How to reach a bucket.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Address of the server, e.g. `https://s3.example`; `None`: the one that belongs to the
    /// region.
    pub endpoint: Option<String>,
    /// The bucket. It must exist.
    pub bucket: String,
    /// The region; servers without regions take `us-east-1`.
    pub region: String,
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Key prefix inside the bucket, without leading slash; may be empty.
    pub prefix: String,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub use_path_style: bool,
    /// Whether plain HTTP is accepted.
    pub allow_http: bool,
    /// Local folder for uploads in flight.
    pub spool_dir: PathBuf,
}

pub(super) struct S3Blobs {
    store: Arc<AmazonS3>,
    folder: Path,
    uploads: Semaphore,
}

impl S3Blobs {
    pub(super) fn open(config: S3Config) -> Result<Self, BlobError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(config.bucket)
            .with_region(config.region)
            .with_access_key_id(config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose())
            .with_virtual_hosted_style_request(!config.use_path_style)
            .with_allow_http(config.allow_http);
        if let Some(endpoint) = config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| {
            // The builder's errors name the field, never the key.
            BlobError::Config { reason: error.to_string() }
        })?;
        let prefix = Path::parse(&config.prefix)
            .map_err(|error| BlobError::Config { reason: error.to_string() })?;
        let folder = prefix.join("sha256");
        Ok(Self { store: Arc::new(store), folder, uploads: Semaphore::new(UPLOADS) })
    }

    fn path(&self, sha256: Sha256) -> Path {
        let hex = sha256.to_hex();
        let (part, _) = hex.split_at(2);
        self.folder.clone().join(part).join(hex.as_str())
    }

    pub(super) async fn keep(&self, spooled: Spooled) -> Result<(), BlobError> {
        if let Some(known) = self.meta(spooled.sha256).await?
            && known.size_bytes == spooled.size_bytes
            && is_young(&known)
        {
            return Ok(());
        }
        let path = self.path(spooled.sha256);
        match &spooled.body {
            Body::Memory(bytes) => {
                let payload = bytes.clone().into();
                self.store.put(&path, payload).await.map_err(BlobError::remote("put a blob"))?;
                Ok(())
            }
            Body::File(_) => self.upload(&path, &spooled).await,
        }
    }

    async fn upload(&self, path: &Path, spooled: &Spooled) -> Result<(), BlobError> {
        // The semaphore is never closed.
        let _permit = self.uploads.acquire().await;
        let mut reader = spooled.reader().map_err(BlobError::io("read a spool file"))?;
        let upload = self.store.put_multipart(path).await;
        let upload = upload.map_err(BlobError::remote("start an upload"))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        loop {
            let read = blocking(move || read_part(reader)).await;
            let free = upload.wait_for_capacity(PARTS_IN_FLIGHT).await;
            let failure = match (read, free) {
                (Ok((_, part)), Ok(())) if part.is_empty() => break,
                (Ok((rest, part)), Ok(())) => {
                    reader = rest;
                    upload.put(part);
                    continue;
                }
                (Err(error), _) => error,
                (_, Err(source)) => BlobError::Remote { action: "upload a part", source },
            };
            if let Err(error) = upload.abort().await {
                tracing::warn!(cause = %error, "an upload could not be taken back");
            }
            return Err(failure);
        }
        upload.finish().await.map_err(BlobError::remote("complete an upload"))?;
        Ok(())
    }

    pub(super) async fn read(
        &self,
        sha256: Sha256,
        range: Option<Range<u64>>,
    ) -> Result<BlobRead, BlobError> {
        let path = self.path(sha256);
        // An empty range cannot be said in HTTP; its answer needs no bytes.
        if let Some(range) = range.as_ref().filter(|range| range.start >= range.end) {
            let meta = self.meta(sha256).await?.ok_or(BlobError::Missing { sha256 })?;
            let range = resolve(Some(range.clone()), meta.size_bytes)?;
            let stream = futures::stream::empty().boxed();
            return Ok(BlobRead { size_bytes: meta.size_bytes, range, stream });
        }
        let options = GetOptions { range: range.clone().map(Into::into), ..GetOptions::default() };
        let found = match self.store.get_opts(&path, options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(BlobError::Missing { sha256 });
            }
            Err(source) => return Err(self.out_of_range(sha256, range, source).await),
        };
        let size_bytes = found.meta.size;
        let resolved = resolve(range, size_bytes)?;
        let stream = found.into_stream().map_err(BlobError::remote("read a blob")).boxed();
        Ok(BlobRead { size_bytes, range: resolved, stream })
    }

    /// Tells a range that lies outside the blob from a server that failed.
    async fn out_of_range(
        &self,
        sha256: Sha256,
        range: Option<Range<u64>>,
        source: object_store::Error,
    ) -> BlobError {
        match self.meta(sha256).await {
            Ok(Some(meta)) if resolve(range, meta.size_bytes).is_err() => {
                BlobError::RangeNotSatisfiable { size_bytes: meta.size_bytes }
            }
            _ => BlobError::Remote { action: "read a blob", source },
        }
    }

    pub(super) async fn meta(&self, sha256: Sha256) -> Result<Option<BlobMeta>, BlobError> {
        match self.store.head(&self.path(sha256)).await {
            Ok(object) => Ok(Some(meta_of(sha256, &object))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(BlobError::Remote { action: "look for a blob", source }),
        }
    }

    pub(super) async fn delete(&self, sha256: Sha256) -> Result<(), BlobError> {
        match self.store.delete(&self.path(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(BlobError::Remote { action: "delete a blob", source }),
        }
    }

    pub(super) fn list(&self) -> BoxStream<'static, Result<BlobMeta, BlobError>> {
        self.store
            .list(Some(&self.folder))
            .map_err(BlobError::remote("list blobs"))
            .try_filter_map(|object| async move {
                let sha256 = object.location.filename().and_then(|name| name.parse().ok());
                Ok(sha256.map(|sha256| meta_of(sha256, &object)))
            })
            .boxed()
    }
}

/// Whether the server took it a moment ago.
#[expect(clippy::disallowed_methods, reason = "it is compared with a time the server made")]
fn is_young(blob: &BlobMeta) -> bool {
    Timestamp::from(SystemTime::now()).since(blob.kept_at) < REUSE_FOR
}

fn meta_of(sha256: Sha256, object: &ObjectMeta) -> BlobMeta {
    let kept_at = Timestamp::from_micros(object.last_modified.timestamp_micros());
    BlobMeta { sha256, size_bytes: object.size, kept_at }
}

/// Reads the next part; an empty one is the end.
fn read_part(mut reader: SpoolReader) -> Result<(SpoolReader, Bytes), BlobError> {
    use std::io::Read as _;

    let mut part = Vec::with_capacity(PART_BYTES);
    let limit = PART_BYTES as u64;
    (&mut reader).take(limit).read_to_end(&mut part).map_err(BlobError::io("read a spool file"))?;
    Ok((reader, part.into()))
}
