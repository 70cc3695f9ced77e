//! Code hosts: does a public repository of this user exist?
//!
//! Redirects are not followed: a host that sends strangers to its sign-in page would answer
//! "found" to everything, and a renamed user's old address leads to somebody else.

use std::collections::BTreeMap;

use http::header::HeaderValue;
use url::Url;
use vouchsafe_domain::EcosystemId;

use crate::config::{ClientLimits, ConfigError, UpstreamConfig};
use crate::error::UpstreamError;
use crate::upstream::Upstream;
use crate::{tls, via};

/// What stands for an ecosystem in metrics and messages.
const LABEL: EcosystemId = EcosystemId::from_static("code-host");

/// The code hosts whose users may prove who they are.
#[derive(Debug, Clone, Default)]
pub struct CodeHosts {
    by_prefix: BTreeMap<String, Upstream>,
}

impl CodeHosts {
    /// Sets up a client for each host, and sends nothing.
    ///
    /// * `hosts`: base address by the beginning that names of its users have: `io.github`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with what the operator has to mend.
    pub fn new(hosts: BTreeMap<String, Url>, limits: &ClientLimits) -> Result<Self, ConfigError> {
        if hosts.is_empty() {
            return Ok(Self::default());
        }
        let via: HeaderValue = via::header(&limits.via_name)?;
        let needs_tls = hosts.values().any(|url| url.scheme() == "https");
        let tls = tls::client_config(limits.extra_ca_file.as_deref(), needs_tls)?;
        let limits = ClientLimits { max_redirects: 0, ..limits.clone() };
        let mut by_prefix = BTreeMap::new();
        for (prefix, base_url) in hosts {
            let config = UpstreamConfig {
                ecosystem: LABEL,
                base_url,
                credential: None,
                allow_private_network: false,
            };
            by_prefix.insert(prefix, Upstream::new(config, &limits, &via, &tls)?);
        }
        Ok(Self { by_prefix })
    }

    /// The host and the user that a dotted name belongs to: `io.github` and `acme` for
    /// `io.github.acme`. `None` for names that are not directly below a host's.
    pub fn user_of<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (prefix, user) = name.rsplit_once('.')?;
        let is_user = user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (self.by_prefix.contains_key(prefix) && is_user && !user.is_empty())
            .then_some((prefix, user))
    }

    /// Whether a dotted name is a host's, or lies below one at any depth.
    pub fn covers(&self, name: &str) -> bool {
        self.by_prefix.keys().any(|prefix| {
            name.strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The address of a user's repository, for people.
    pub fn address(&self, prefix: &str, user: &str, repository: &str) -> Option<String> {
        let host = self.by_prefix.get(prefix)?;
        Some(format!("{}{user}/{repository}", host.base_url()))
    }

    /// Whether the user has a public repository of this name.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when that cannot be told.
    pub async fn has_repository(
        &self,
        prefix: &str,
        user: &str,
        repository: &str,
    ) -> Result<bool, UpstreamError> {
        let Some(host) = self.by_prefix.get(prefix) else { return Ok(false) };
        // The head of the answer is enough, so its body is dropped unread, whatever its size.
        match host.fetch_artifact(&format!("{user}/{repository}"), u64::MAX).await {
            Ok(_) => Ok(true),
            // A redirect leads to a sign-in page, or to somebody else.
            Err(UpstreamError::BadRedirect { .. }) => Ok(false),
            Err(UpstreamError::Status(status)) if (400..500).contains(&status) && status != 429 => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
