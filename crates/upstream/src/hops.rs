//! One fetch, hop by hop: checks, credential, breaker, redirects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, VIA};
use reqwest::{Client, Response, StatusCode};
use url::Url;
use vouchsafe_domain::EcosystemId;

use crate::address::PublicResolver;
use crate::breaker::{Breaker, BreakerState, Permit};
use crate::config::{ClientLimits, ConfigError, UpstreamConfig, UpstreamCredential};
use crate::error::{UpstreamError, shown};
use crate::reach::Reach;
use crate::via;

const USER_AGENT: &str = concat!("vouchsafe/", env!("CARGO_PKG_VERSION"));
/// Idle connections kept per host.
const MAX_IDLE_CONNECTIONS: usize = 8;
/// How long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The way to one upstream.
#[derive(Debug)]
pub(crate) struct Hops {
    ecosystem: EcosystemId,
    reach: Reach,
    /// For the configured host and port: an operator's word, so any address of it will do.
    own_client: Client,
    /// For everywhere else.
    client: Client,
    authorization: Option<HeaderValue>,
    via: HeaderValue,
    max_redirects: usize,
    breaker: Arc<Breaker>,
}

/// An answer of the last hop.
pub(crate) struct Arrived {
    pub(crate) response: Response,
    pub(crate) url: Url,
    /// For the caller to settle; `None` on hosts that the breaker does not watch.
    pub(crate) permit: Option<Permit>,
}

impl Hops {
    pub(crate) fn new(
        config: UpstreamConfig,
        limits: &ClientLimits,
        via: &HeaderValue,
        tls: &rustls::ClientConfig,
    ) -> Result<Self, ConfigError> {
        let UpstreamConfig { ecosystem, base_url, credential, allow_private_network } = config;
        let reach = Reach::new(base_url, allow_private_network)
            .map_err(|reason| ConfigError::BaseUrl { ecosystem: ecosystem.clone(), reason })?;
        let authorization = credential
            .as_ref()
            .map(authorization)
            .transpose()
            .map_err(|_| ConfigError::Credential { ecosystem: ecosystem.clone() })?;
        let own_client = client(true, limits, tls)?;
        let client = client(allow_private_network, limits, tls)?;
        let max_redirects = limits.max_redirects;
        let breaker = Arc::default();
        let via = via.clone();
        Ok(Self {
            ecosystem,
            reach,
            own_client,
            client,
            authorization,
            via,
            max_redirects,
            breaker,
        })
    }

    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker.state(Instant::now())
    }

    /// Asks, and follows redirects by hand: each hop is checked, and none gets the credential
    /// once the fetch has left the place that the credential is for.
    pub(crate) async fn follow(
        &self,
        target: &Url,
        headers: &HeaderMap,
    ) -> Result<Arrived, UpstreamError> {
        let reach = &self.reach;
        let mut url = target.clone();
        let mut may_authenticate = true;
        for _ in 0..=self.max_redirects {
            may_authenticate &= reach.is_below_base(&url);
            let arrived = self.ask(url, headers, may_authenticate).await?;
            if !is_redirect(arrived.response.status()) {
                return Ok(arrived);
            }
            self.settle(arrived.permit, None);
            let location = arrived.response.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            url = reach.redirect(&arrived.url, location)?;
        }
        let hops = self.max_redirects;
        let reason = format!("there are more than {hops} of them from {}", shown(target));
        Err(UpstreamError::BadRedirect { reason })
    }

    /// Sends one request and waits for the head of its answer.
    async fn ask(
        &self,
        url: Url,
        headers: &HeaderMap,
        may_authenticate: bool,
    ) -> Result<Arrived, UpstreamError> {
        let Self { reach, own_client, client, authorization, breaker, .. } = self;
        let (client, permit) = if reach.is_own_server(&url) {
            let permit = breaker.admit(Instant::now());
            let permit =
                permit.map_err(|retry_after| UpstreamError::BreakerOpen { retry_after })?;
            (own_client, Some(permit))
        } else {
            (client, None)
        };
        let mut request = client.get(url.clone()).headers(headers.clone());
        let via = via::passed_on(&self.via).unwrap_or_else(|| self.via.clone());
        request = request.header(VIA, via);
        if let (true, Some(authorization)) = (may_authenticate, authorization) {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        match request.send().await {
            Ok(response) => Ok(Arrived { response, url, permit }),
            Err(error) => {
                let error = UpstreamError::from_client(error, &url);
                self.settle(permit, Some(&error));
                Err(error)
            }
        }
    }

    /// Tells the breaker how a request went.
    pub(crate) fn settle(&self, permit: Option<Permit>, error: Option<&UpstreamError>) {
        let Some(permit) = permit else { return };
        let Some(error) = error.filter(|error| error.is_outage()) else {
            return permit.succeeded();
        };
        if permit.failed(Instant::now()) {
            let ecosystem = &self.ecosystem;
            tracing::warn!(%ecosystem, %error, "the upstream keeps failing and is left alone for a while");
        }
    }
}

/// * `is_unrestricted`: whether names may resolve to private addresses.
fn client(
    is_unrestricted: bool,
    limits: &ClientLimits,
    tls: &rustls::ClientConfig,
) -> Result<Client, reqwest::Error> {
    Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .dns_resolver(Arc::new(PublicResolver { is_unrestricted }))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect_timeout)
        .read_timeout(limits.read_timeout)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build()
}

fn authorization(
    credential: &UpstreamCredential,
) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let text = match credential {
        UpstreamCredential::Bearer(token) => format!("Bearer {}", token.expose()),
        UpstreamCredential::Basic { user, password } => {
            format!("Basic {}", BASE64.encode(format!("{user}:{}", password.expose())))
        }
    };
    let mut value = HeaderValue::from_str(&text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
