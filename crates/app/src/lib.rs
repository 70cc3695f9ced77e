//! Use cases: everything this registry does, one file each, and the only place where the store,
//! the upstreams, the adapters and the features meet.
//!
//! A request comes down from `vouchsafe-http` as a [`Call`](vouchsafe_domain::call::Call) and goes
//! up again as an [`Outcome`]; [`answer`](App::answer) is the switchboard between.
//!
//! # Invariants
//!
//! - Ecosystems are known through the adapter trait only; no `match` here names one.
//! - No network and no blob I/O happens inside a database transaction: blobs first, then one
//!   short commit, then memory is told.
//! - The index and the download ask the same function, `judge`, with the same facts.
//! - What another process changes reaches this one through the event stream (`follow_events.rs`).

mod accounts;
mod admitted;
mod answer;
mod authenticate;
mod cached_document;
mod claims;
pub mod clock;
pub mod config;
mod count_installs;
mod deploy;
mod error;
mod fetch_artifact;
mod fetch_index;
mod fetch_release;
mod follow_events;
mod git_sources;
mod judge;
mod judged_view;
mod list_packages;
mod look_at;
pub mod maintenance;
mod namespaces;
mod owners;
mod policy_entries;
mod publish;
mod read_artifact;
mod read_document;
mod receive;
mod remove;
mod run_jobs;
mod search;
mod sightings;
mod sign_in;
mod tags;
mod tokens;
mod upstream_settings;
mod web_login;
mod yank;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use vouchsafe_adapter::{Ecosystem, Mount};
use vouchsafe_domain::{EcosystemId, RegistryId, Timestamp};
use vouchsafe_store::Store;
use vouchsafe_store::blob::Blobs;
use vouchsafe_upstream::git::Git;
use vouchsafe_upstream::{SingleFlight, Upstreams};

pub use accounts::NewUser;
pub use answer::{CallContext, Outcome};
pub use authenticate::ClientAddress;
pub use cached_document::{CachedDocument, ServedDocument};
pub use clock::{Clock, SystemClock};
pub use config::AppConfig;
pub use error::AppError;
pub use git_sources::{AddedSource, ImportReport, NewSource, RefusedTag, SourceView};
pub use look_at::{Explained, PackageSummary};
pub use namespaces::{ClaimedProof, NamespaceClaim, NamespaceView};
pub use publish::{PublishObserver, PublishStep};
pub use read_artifact::{ArtifactBody, ArtifactDownload};
pub use receive::Received;
pub use tokens::{Expiry, MintedToken, NewTokenRequest};

/// Everything a use case may touch. Cheap to clone; one per process.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

/// An ecosystem and where its clients find it.
pub struct Mounted {
    /// The adapter.
    pub adapter: &'static dyn Ecosystem,
    /// Its id, once.
    pub id: EcosystemId,
    /// Where it is mounted.
    pub mount: Mount,
    /// Largest artifact accepted, in bytes.
    pub max_artifact_bytes: u64,
}

struct Inner {
    config: AppConfig,
    store: Store,
    blobs: Blobs,
    upstreams: Upstreams,
    git: Option<Git>,
    ecosystems: Vec<Mounted>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn PublishObserver>,
    rules: judge::Rules,
    documents: cached_document::Documents,
    indexes: fetch_index::Indexes,
    renders: SingleFlight<String, read_document::Rendered>,
    releases: SingleFlight<String, fetch_release::Flight>,
    downloads_in_progress: fetch_artifact::InProgress,
    /// Files that an upstream did not have a moment ago.
    absent_files: Cache<String, ()>,
    tickets: Cache<String, Arc<read_artifact::Ticket>>,
    small_blobs: Cache<vouchsafe_domain::Sha256, bytes::Bytes>,
    noted_refusals: Cache<String, ()>,
    credentials: authenticate::Credentials,
    password_slots: tokio::sync::Semaphore,
    seen_seq: AtomicU64,
    namespace_claims: namespaces::Claims,
    own_events: follow_events::OwnEvents,
}

impl App {
    /// Puts the parts together. Nothing is read or started yet, apart from the policy and the
    /// claims, which every later answer needs.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the policy cannot be read from the store.
    pub async fn new(
        config: AppConfig,
        store: Store,
        blobs: Blobs,
        upstreams: Upstreams,
        adapters: &'static [&'static dyn Ecosystem],
        clock: Arc<dyn Clock>,
        observer: Arc<dyn PublishObserver>,
    ) -> Result<Self, AppError> {
        let ecosystems = adapters.iter().map(|adapter| mounted(&config, *adapter)).collect();
        let rules = judge::Rules::load(&store, &config).await?;
        let seq = store.last_event_seq().await?;
        let hosts = upstreams.code_hosts(config.namespaces.code_hosts.clone());
        let hosts = hosts.map_err(AppError::internal)?;
        let inner = Inner {
            namespace_claims: namespaces::Claims::new(hosts),
            documents: cached_document::Documents::new(config.document_cache_bytes),
            indexes: fetch_index::Indexes::new(config.index_cache_bytes),
            renders: SingleFlight::default(),
            releases: SingleFlight::default(),
            downloads_in_progress: fetch_artifact::InProgress::default(),
            absent_files: Cache::builder()
                .max_capacity(50_000)
                .time_to_live(fetch_index::ABSENT_TTL)
                .build(),
            tickets: Cache::new(20_000),
            small_blobs: Cache::builder()
                .weigher(|_, bytes: &bytes::Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX))
                .max_capacity(config.blob_cache_bytes)
                .build(),
            noted_refusals: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(Duration::from_secs(600))
                .build(),
            credentials: authenticate::Credentials::default(),
            password_slots: tokio::sync::Semaphore::new(2),
            seen_seq: AtomicU64::new(u64::try_from(seq).unwrap_or(0)),
            own_events: follow_events::OwnEvents::default(),
            git: config.git.clone().map(Git::new),
            config,
            store,
            blobs,
            upstreams,
            ecosystems,
            clock,
            observer,
            rules,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &AppConfig {
        &self.inner.config
    }

    /// Every ecosystem and its mount.
    pub fn ecosystems(&self) -> &[Mounted] {
        &self.inner.ecosystems
    }

    /// The ecosystem of this id, when this registry speaks it.
    pub fn ecosystem(&self, id: &str) -> Option<&Mounted> {
        self.inner.ecosystems.iter().find(|mounted| mounted.id.as_str() == id)
    }

    /// The instant that this request happens at.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The store, for the shell's own needs: health, jobs, backup.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The blobs, for the shell's own needs: backup, fsck, streaming.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The upstreams, for readiness and metrics.
    pub fn upstreams(&self) -> &Upstreams {
        &self.inner.upstreams
    }

    /// The last event this process has acted on.
    pub fn seen_seq(&self) -> u64 {
        self.inner.seen_seq.load(Ordering::Relaxed)
    }
}

fn mounted(config: &AppConfig, adapter: &'static dyn Ecosystem) -> Mounted {
    let id = adapter.id();
    let own = config.ecosystems.get(&id);
    let base_url = match own.and_then(|own| own.public_url.as_deref()) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("{}/{id}", config.site_url),
    };
    let mount = Mount {
        base_url: base_url.into(),
        site_url: config.site_url.as_str().into(),
        auth_required: !config.read_is_public,
    };
    let max_artifact_bytes =
        own.and_then(|own| own.max_artifact_bytes).unwrap_or(adapter.profile().max_artifact_bytes);
    Mounted { adapter, id, mount, max_artifact_bytes }
}

/// The registry at the root addresses. Named registries get their own rows, not their own code.
pub(crate) const REGISTRY: RegistryId = RegistryId::DEFAULT;
