//! What an operator says about upstreams, and why it may be refused.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;
use vouchsafe_domain::{EcosystemId, Secret};

/// One upstream registry.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// The ecosystem it serves; at most one upstream each.
    pub ecosystem: EcosystemId,
    /// Its base address, http or https, without credential, query and fragment. A missing slash
    /// at the end is added. This host and port may be asked even when the address is private.
    pub base_url: Url,
    /// Sent only to the scheme, host and port of `base_url`, below its path.
    pub credential: Option<UpstreamCredential>,
    /// Whether documents and redirects may lead to private addresses elsewhere, too.
    pub allow_private_network: bool,
}

/// How this registry proves itself to an upstream.
#[derive(Debug, Clone)]
pub enum UpstreamCredential {
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// `Authorization: Basic`.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// Limits and names that all upstreams share.
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// Longest wait for a connection, with name lookup and TLS.
    pub connect_timeout: Duration,
    /// Longest wait for the head of an answer and between two chunks of its body. A document as a
    /// whole may take eight times as long; an artifact has no limit as a whole.
    pub read_timeout: Duration,
    /// How many redirects one fetch follows. Zero follows none.
    pub max_redirects: usize,
    /// The name of this registry in `Via` headers. Must differ between registries that may be
    /// each other's upstream, otherwise they take each other for themselves.
    pub via_name: String,
    /// A PEM file with certificates to trust beside the platform's root store.
    pub extra_ca_file: Option<PathBuf>,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            max_redirects: 5,
            via_name: "vouchsafe".to_owned(),
            extra_ca_file: None,
        }
    }
}

/// Why the configuration of upstreams cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Two upstreams for one ecosystem.
    #[error("there are two upstreams for {ecosystem}, and only one can be asked")]
    Duplicate {
        /// Which ecosystem.
        ecosystem: EcosystemId,
    },
    /// The base address is not one that can be asked.
    #[error("the upstream address of {ecosystem} {reason}")]
    BaseUrl {
        /// Whose address.
        ecosystem: EcosystemId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The credential cannot be written into a header.
    #[error("the upstream credential of {ecosystem} has characters that a header cannot carry")]
    Credential {
        /// Whose credential.
        ecosystem: EcosystemId,
    },
    /// `via_name` cannot be written into a `Via` header.
    #[error("`{found}` cannot be a Via name: use letters, digits, dots and dashes")]
    ViaName {
        /// As configured.
        found: String,
    },
    /// The extra certificates cannot be read.
    #[error("the certificates in `{}` cannot be read", path.display())]
    ExtraCa {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// The extra file has no certificate in it.
    #[error("there is no certificate in `{}`", path.display())]
    EmptyExtraCa {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up: no root certificates, or an extra one that is damaged.
    #[error("TLS towards upstreams cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}
