//! Rendered documents in memory: bytes, compressed bytes, digest, and how long they are true.
//!
//! A document is true as long as its package's generation and the rules' revision are those it
//! was rendered under and its time is not over. A commit bumps the generation *before* it is
//! acknowledged, so nobody who was told of a release reads an index without it.

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use moka::sync::Cache;
use vouchsafe_domain::Timestamp;
use vouchsafe_domain::index::Document;

/// Documents below this size are not worth compressing, in bytes.
const MIN_GZIP_BYTES: usize = 512;
/// Packages share this many generation counters; a false sharing costs one rendering.
const STRIPES: usize = 4096;

/// A rendered document.
pub struct CachedDocument {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
    pub body: Bytes,
    /// SHA-256 of the bytes in hexadecimal: the heart of the entity tag.
    pub digest: String,
    /// When this content was first rendered here.
    pub modified_at: Timestamp,
    gzip: OnceLock<Option<Bytes>>,
}

impl CachedDocument {
    pub(crate) fn new(document: Document, modified_at: Timestamp) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &document.body);
        Self {
            content_type: document.content_type,
            headers: document.headers,
            body: document.body.into(),
            digest: hex::encode(digest.as_ref()),
            modified_at,
            gzip: OnceLock::new(),
        }
    }

    /// The gzip form, made on first use; `None` when it would not be smaller.
    pub fn gzip(&self) -> Option<&Bytes> {
        let make = || {
            if self.body.len() < MIN_GZIP_BYTES {
                return None;
            }
            let level = flate2::Compression::new(if self.body.len() > 1 << 20 { 4 } else { 6 });
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(&self.body).ok()?;
            let packed = encoder.finish().ok()?;
            (packed.len() < self.body.len()).then(|| packed.into())
        };
        self.gzip.get_or_init(make).as_ref()
    }

    /// Whether the gzip form is there already, so that asking for it costs nothing.
    pub fn has_gzip(&self) -> bool {
        self.gzip.get().is_some()
    }
}

/// A document on its way out.
pub struct ServedDocument {
    /// The document.
    pub document: Arc<CachedDocument>,
    /// Set when the upstream could not be asked and this is what was known then.
    pub stale_since: Option<Timestamp>,
}

/// What the cache remembers.
pub(crate) struct Entry {
    /// `None`: the package exists and has no such document.
    pub(crate) document: Option<Arc<CachedDocument>>,
    pub(crate) fresh_until: Timestamp,
    pub(crate) stale_since: Option<Timestamp>,
    pub(crate) generation: u64,
    pub(crate) rules_revision: u64,
}

/// The cache.
pub(crate) struct Documents {
    entries: Cache<String, Arc<Entry>>,
    generations: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Documents {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            entries: Cache::builder()
                .weigher(|key: &String, entry: &Arc<Entry>| {
                    // The compressed form comes later, and the weight is taken once.
                    let body = entry.document.as_ref().map_or(0, |document| document.body.len());
                    u32::try_from(key.len() + 256 + body + body / 4).unwrap_or(u32::MAX)
                })
                .max_capacity(max_bytes)
                .build(),
            generations: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    fn stripe(&self, package: &str) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(package);
        self.generations.get(usize::try_from(hash).unwrap_or(0) % STRIPES)
    }

    /// The generation that something read *after* this call may be stored under.
    pub(crate) fn generation(&self, package: &str) -> u64 {
        self.stripe(package).map_or(0, |stripe| stripe.load(Ordering::Acquire))
    }

    /// The package changed: nothing rendered before may be served any more.
    pub(crate) fn invalidate(&self, package: &str) {
        if let Some(stripe) = self.stripe(package) {
            stripe.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// A document that is still true.
    pub(crate) fn get(
        &self,
        key: &str,
        package: &str,
        rules_revision: u64,
        now: Timestamp,
    ) -> Option<Arc<Entry>> {
        let entry = self.entries.get(key)?;
        let is_true = entry.rules_revision == rules_revision
            && entry.generation == self.generation(package)
            && now < entry.fresh_until;
        is_true.then_some(entry)
    }

    /// A document that was rendered again and came out the same keeps its age and its compressed
    /// form: policy changes what is shown without a package changing, so only the content tells.
    pub(crate) fn keep_age(&self, key: &str, rendered: Entry) -> Entry {
        let Some(known) = self.entries.get(key) else { return rendered };
        match (&known.document, &rendered.document) {
            (Some(old), Some(new)) if old.digest == new.digest => {
                Entry { document: Some(Arc::clone(old)), ..rendered }
            }
            _ => rendered,
        }
    }

    pub(crate) fn put(&self, key: &str, entry: Arc<Entry>) {
        self.entries.insert(key.to_owned(), entry);
    }
}
