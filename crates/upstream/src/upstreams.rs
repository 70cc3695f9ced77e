//! All upstreams of this registry.

use std::collections::{BTreeMap, HashMap};

use url::Url;
use vouchsafe_domain::EcosystemId;

use crate::code_hosts::CodeHosts;
use crate::config::{ClientLimits, ConfigError, UpstreamConfig};
use crate::error::UpstreamError;
use crate::upstream::Upstream;
use crate::{tls, via};

/// All configured upstreams, at most one per ecosystem.
#[derive(Debug, Clone)]
pub struct Upstreams {
    by_ecosystem: HashMap<EcosystemId, Upstream>,
    via_name: String,
}

impl Upstreams {
    /// Sets up a client for each upstream. Reads the platform's root certificates from disk, and
    /// sends nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with what the operator has to mend.
    pub fn new(configs: Vec<UpstreamConfig>, limits: ClientLimits) -> Result<Self, ConfigError> {
        let via = via::header(&limits.via_name)?;
        let mut by_ecosystem = HashMap::new();
        if configs.is_empty() {
            return Ok(Self { by_ecosystem, via_name: limits.via_name });
        }
        let needs_tls = configs.iter().any(|config| config.base_url.scheme() == "https");
        let tls = tls::client_config(limits.extra_ca_file.as_deref(), needs_tls)?;
        for config in configs {
            let ecosystem = config.ecosystem.clone();
            let upstream = Upstream::new(config, &limits, &via, &tls)?;
            if by_ecosystem.insert(ecosystem.clone(), upstream).is_some() {
                return Err(ConfigError::Duplicate { ecosystem });
            }
        }
        Ok(Self { by_ecosystem, via_name: limits.via_name })
    }

    /// Sets up clients for code hosts, under the name of this registry. Sends nothing.
    ///
    /// * `hosts`: base address by the beginning that names of its users have: `io.github`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with what the operator has to mend.
    pub fn code_hosts(&self, hosts: BTreeMap<String, Url>) -> Result<CodeHosts, ConfigError> {
        let limits = ClientLimits { via_name: self.via_name.clone(), ..ClientLimits::default() };
        CodeHosts::new(hosts, &limits)
    }

    /// The upstream of an ecosystem, when it has one.
    pub fn get(&self, ecosystem: &EcosystemId) -> Option<&Upstream> {
        self.by_ecosystem.get(ecosystem)
    }

    /// Every upstream, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&EcosystemId, &Upstream)> {
        self.by_ecosystem.iter()
    }

    /// Refuses an incoming request that this registry itself has caused.
    ///
    /// * `via`: the value of an incoming `Via` header; call it for each one.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Loop`] when the header names this registry. Answer without asking
    /// upstream.
    pub fn refuse_loop(&self, via: &str) -> Result<(), UpstreamError> {
        if via::names(via, &self.via_name) { Err(UpstreamError::Loop) } else { Ok(()) }
    }
}
