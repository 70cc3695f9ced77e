//! What an operator decides, as the use cases need it: typed, checked, without file syntax.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use url::Url;
use vouchsafe_domain::EcosystemId;
use vouchsafe_upstream::git::GitConfig;

/// The decisions of an operator.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// Absolute address of this server as clients reach it, without a trailing slash.
    pub site_url: String,
    /// Whom to tell of a security problem of this instance: an address with its scheme.
    pub security_contact: Option<String>,
    /// Whether anybody may read, or only who signs in.
    pub read_is_public: bool,
    /// Who may remove releases for good.
    pub removal: Removal,
    /// Days until a token made without an explicit end expires; `None` is never.
    pub token_default_days: Option<u32>,
    /// Minimum age of proxied releases where no ecosystem says otherwise. Zero is off.
    pub cooldown: Duration,
    /// Minimum age per ecosystem.
    pub cooldowns: BTreeMap<EcosystemId, Duration>,
    /// Whether the cooldown holds for packages published here, too.
    pub cool_hosted: bool,
    /// Ecosystems where a release must have what their public repository asks for.
    pub strict_publish: Vec<EcosystemId>,
    /// Ecosystems of which only releases with an allow entry are served.
    pub allow_only: Vec<EcosystemId>,
    /// How long a fetched index is believed without asking again, per ecosystem.
    pub index_ttl: BTreeMap<EcosystemId, Duration>,
    /// How long an index may be served after the last contact with its upstream.
    pub stale_max: BTreeMap<EcosystemId, Duration>,
    /// Namespaces: how they are proved, and where they are asked for.
    pub namespaces: NamespaceConfig,
    /// Settings of single ecosystems.
    pub ecosystems: BTreeMap<EcosystemId, EcosystemConfig>,
    /// How git repositories are read; `None`: they are not.
    pub git: Option<GitConfig>,
    /// Memory for rendered documents, in bytes.
    pub document_cache_bytes: u64,
    /// Memory for parsed upstream indexes, in bytes of their documents.
    pub index_cache_bytes: u64,
    /// Memory for small artifacts, in bytes.
    pub blob_cache_bytes: u64,
}

/// How namespaces are proved, and where they are asked for.
#[derive(Debug, Clone, Default)]
pub struct NamespaceConfig {
    /// Ecosystems where a new package needs a namespace of its publisher.
    pub required: Vec<EcosystemId>,
    /// The name server to ask; without one those that this machine is configured for.
    pub dns_server: Option<SocketAddr>,
    /// Whether the domain `acme.TLD` gives a right to the name `acme` where names are no domains.
    /// Without it the operator decides.
    pub domains_for_names: bool,
    /// Base addresses of code hosts, by the beginning that names of their users have.
    pub code_hosts: BTreeMap<String, Url>,
}

/// Settings of one ecosystem.
#[derive(Debug, Clone, Default)]
pub struct EcosystemConfig {
    /// Its own host name, when it has one.
    pub public_url: Option<String>,
    /// Largest artifact, in bytes.
    pub max_artifact_bytes: Option<u64>,
    /// Builds to keep of a release that gains one with every publish; `None` keeps all.
    pub keep_snapshots: Option<NonZeroUsize>,
}

/// Who may remove releases for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Nobody but administrators.
    Never,
    /// Owners, within this time after the release was published.
    Within(Duration),
    /// Owners, always.
    Owners,
}

/// How long an index is believed when nothing is configured.
pub const DEFAULT_INDEX_TTL: Duration = Duration::from_secs(300);
/// How long an index may be served without contact when nothing is configured.
pub const DEFAULT_STALE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

impl AppConfig {
    /// The defaults for a server at this address.
    pub fn new(site_url: impl Into<String>) -> Self {
        Self {
            site_url: site_url.into().trim_end_matches('/').to_owned(),
            security_contact: None,
            read_is_public: true,
            removal: Removal::Within(Duration::from_secs(72 * 3600)),
            token_default_days: Some(90),
            cooldown: Duration::ZERO,
            cooldowns: BTreeMap::new(),
            cool_hosted: false,
            strict_publish: Vec::new(),
            allow_only: Vec::new(),
            index_ttl: BTreeMap::new(),
            stale_max: BTreeMap::new(),
            namespaces: NamespaceConfig::default(),
            ecosystems: BTreeMap::new(),
            git: None,
            document_cache_bytes: 48 * 1024 * 1024,
            index_cache_bytes: 16 * 1024 * 1024,
            blob_cache_bytes: 16 * 1024 * 1024,
        }
    }

    pub(crate) fn index_ttl_of(&self, ecosystem: &EcosystemId) -> Duration {
        self.index_ttl.get(ecosystem).copied().unwrap_or(DEFAULT_INDEX_TTL)
    }

    pub(crate) fn stale_max_of(&self, ecosystem: &EcosystemId) -> Duration {
        self.stale_max.get(ecosystem).copied().unwrap_or(DEFAULT_STALE_MAX)
    }
}
