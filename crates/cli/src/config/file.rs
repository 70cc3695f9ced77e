//! The shape of the configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;
use vouchsafe_domain::{EcosystemId, Secret};

/// The configuration file. Every key is optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigFile {
    pub(crate) server: ServerSection,
    pub(crate) database: DatabaseSection,
    pub(crate) blobs: BlobsSection,
    pub(crate) access: AccessSection,
    pub(crate) policy: PolicySection,
    pub(crate) namespaces: NamespacesSection,
    pub(crate) sources: SourcesSection,
    pub(crate) upstreams: BTreeMap<EcosystemId, UpstreamSection>,
    pub(crate) ecosystems: BTreeMap<EcosystemId, EcosystemSection>,
    /// What the file said, so that the environment can be laid over it.
    #[serde(skip)]
    source: toml::Table,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For collectors.
    Json,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSection {
    pub(crate) listen: Option<String>,
    pub(crate) public_url: Option<Url>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) tls_http2: bool,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) max_connections: Option<usize>,
    pub(crate) shutdown_grace_secs: Option<u64>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: Option<String>,
    pub(crate) security_contact: Option<Url>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSection {
    pub(crate) url: Option<Secret>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BlobsSection {
    pub(crate) backend: Option<String>,
    pub(crate) s3_endpoint: Option<String>,
    pub(crate) s3_bucket: Option<String>,
    pub(crate) s3_prefix: Option<String>,
    pub(crate) s3_region: Option<String>,
    pub(crate) s3_access_key_id: Option<String>,
    pub(crate) s3_secret_access_key: Option<Secret>,
    pub(crate) s3_allow_http: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccessSection {
    pub(crate) read: Option<String>,
    pub(crate) unpublish: Option<String>,
    pub(crate) token_default_days: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PolicySection {
    pub(crate) cooldown: Option<String>,
    pub(crate) cooldowns: BTreeMap<EcosystemId, String>,
    pub(crate) allow_only: Vec<EcosystemId>,
    pub(crate) strict_publish: Vec<EcosystemId>,
    pub(crate) require_namespace: Vec<EcosystemId>,
    pub(crate) cool_hosted: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NamespacesSection {
    pub(crate) dns_server: Option<String>,
    pub(crate) domains_for_names: bool,
    pub(crate) code_hosts: BTreeMap<String, Url>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SourcesSection {
    pub(crate) allow_private_network: bool,
    pub(crate) max_repository_mb: Option<u64>,
    pub(crate) timeout_secs: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamSection {
    pub(crate) url: Url,
    #[serde(default)]
    pub(crate) bearer_token: Option<Secret>,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub(crate) index_ttl_secs: Option<u64>,
    #[serde(default)]
    pub(crate) stale_max_secs: Option<u64>,
    #[serde(default)]
    pub(crate) allow_private_network: bool,
}

impl UpstreamSection {
    pub(crate) fn at(url: Url) -> Self {
        Self {
            url,
            bearer_token: None,
            username: None,
            password: None,
            index_ttl_secs: None,
            stale_max_secs: None,
            allow_private_network: false,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EcosystemSection {
    pub(crate) public_url: Option<Url>,
    pub(crate) max_artifact_mb: Option<u64>,
    pub(crate) keep_snapshots: Option<std::num::NonZeroUsize>,
}

impl ConfigFile {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let parse = || Self::from_table(text.parse()?);
        parse().with_context(|| format!("in the configuration file {}", path.display()))
    }

    pub(super) fn from_table(source: toml::Table) -> anyhow::Result<Self> {
        let mut file: Self = source.clone().try_into()?;
        file.source = source;
        Ok(file)
    }

    /// What was read, before it was checked.
    pub(super) fn to_table(&self) -> toml::Table {
        self.source.clone()
    }
}
