//! One upstream, and the two questions it is asked: a document, an artifact.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Response, StatusCode};
use url::Url;
use vouchsafe_domain::EcosystemId;

use crate::body::{self, ArtifactBody};
use crate::breaker::BreakerState;
use crate::config::{ClientLimits, ConfigError, UpstreamConfig};
use crate::error::UpstreamError;
use crate::hops::{Arrived, Hops};
use crate::retry::{Failed, Retries, retry_after};

/// How many read timeouts the body of a document may take as a whole.
const DOCUMENT_READ_TIMEOUTS: u32 = 8;

/// A question for a document.
#[derive(Debug, Clone)]
pub struct DocumentRequest<'a> {
    /// Path below the upstream's base, percent-encoded, without a leading slash; or an absolute
    /// http(s) URL.
    pub path_or_url: String,
    /// The `Accept` header; empty sends `*/*`.
    pub accept: &'a str,
    /// The `ETag` of the copy at hand.
    pub etag: Option<&'a str>,
    /// The `Last-Modified` of the copy at hand.
    pub last_modified: Option<&'a str>,
    /// Largest document accepted, in bytes, compressed and decompressed.
    pub max_bytes: u64,
}

/// What an upstream said about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The copy at hand is current.
    NotModified,
    /// The upstream has no such document (404, 410, 451).
    NotFound,
    /// The document.
    Document {
        /// Its bytes, decompressed.
        bytes: Bytes,
        /// Its `Content-Type`; empty when none was sent.
        content_type: String,
        /// Its `ETag`, to be sent back as it is.
        etag: Option<String>,
        /// Its `Last-Modified`, to be sent back as it is.
        last_modified: Option<String>,
        /// Where it came from after redirects: relative links resolve against it. May carry a
        /// signature in its query; not for logs.
        final_url: String,
    },
}

impl Fetched {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotModified => "not-modified",
            Self::NotFound => "not-found",
            Self::Document { .. } => "document",
        }
    }
}

/// One upstream. A clone is the same upstream: it shares connections and breaker.
#[derive(Debug, Clone)]
pub struct Upstream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ecosystem: EcosystemId,
    hops: Hops,
    document_timeout: Duration,
}

impl Upstream {
    pub(crate) fn new(
        config: UpstreamConfig,
        limits: &ClientLimits,
        via: &HeaderValue,
        tls: &rustls::ClientConfig,
    ) -> Result<Self, ConfigError> {
        let ecosystem = config.ecosystem.clone();
        let hops = Hops::new(config, limits, via, tls)?;
        let document_timeout = limits.read_timeout.saturating_mul(DOCUMENT_READ_TIMEOUTS);
        Ok(Self { shared: Arc::new(Shared { ecosystem, hops, document_timeout }) })
    }

    /// The configured address, with a slash at its end.
    pub fn base_url(&self) -> &Url {
        self.shared.hops.reach().base()
    }

    /// Where the circuit breaker stands.
    pub fn breaker_state(&self) -> BreakerState {
        self.shared.hops.breaker_state()
    }

    /// Fetches a document, or learns that the copy at hand is current.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; see [`UpstreamError::is_outage`] for what it means for a stale copy.
    pub async fn fetch_document(
        &self,
        request: DocumentRequest<'_>,
    ) -> Result<Fetched, UpstreamError> {
        let fetched = self.document_with_retries(&request).await;
        self.count(fetched.as_ref().map(Fetched::outcome));
        fetched
    }

    /// Starts to fetch an artifact. The bytes are neither decompressed nor verified: the caller
    /// compares their digest before anybody gets them.
    ///
    /// * `url`: an absolute http(s) URL, or a path as in [`DocumentRequest::path_or_url`].
    /// * `max_bytes`: largest artifact accepted, in bytes.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`], here or later in the stream. A missing artifact is
    /// [`UpstreamError::Status`] 404, 410 or 451.
    pub async fn fetch_artifact(
        &self,
        url: &str,
        max_bytes: u64,
    ) -> Result<ArtifactBody, UpstreamError> {
        let artifact = self.artifact_with_retries(url, max_bytes).await;
        self.count(artifact.as_ref().map(|_| "artifact"));
        artifact
    }

    async fn document_with_retries(
        &self,
        request: &DocumentRequest<'_>,
    ) -> Result<Fetched, UpstreamError> {
        let target = self.shared.hops.reach().resolve(&request.path_or_url)?;
        let accept = if request.accept.is_empty() { "*/*" } else { request.accept };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        insert(&mut headers, ACCEPT, Some(accept));
        insert(&mut headers, IF_NONE_MATCH, request.etag);
        insert(&mut headers, IF_MODIFIED_SINCE, request.last_modified);
        let mut retries = Retries::default();
        loop {
            let failed = match self.document(&target, &headers, request.max_bytes).await {
                Ok(fetched) => return Ok(fetched),
                Err(failed) => failed,
            };
            let wait = retries.next(failed, self.breaker_state())?;
            tokio::time::sleep(wait).await;
        }
    }

    async fn document(
        &self,
        target: &Url,
        headers: &HeaderMap,
        max_bytes: u64,
    ) -> Result<Fetched, Failed> {
        let Arrived { response, url, permit } = self.shared.hops.follow(target, headers).await?;
        let has_copy =
            headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE);
        let fetched = match response.status() {
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                self.read_document(response, &url, max_bytes).await.map_err(Failed::from)
            }
            StatusCode::NOT_MODIFIED if has_copy => Ok(Fetched::NotModified),
            StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => Ok(Fetched::NotFound),
            _ => Err(refused(&response)),
        };
        self.shared.hops.settle(permit, fetched.as_ref().err().map(|failed| &failed.error));
        fetched
    }

    async fn read_document(
        &self,
        response: Response,
        url: &Url,
        max_bytes: u64,
    ) -> Result<Fetched, UpstreamError> {
        let text = |name: HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let content_type = text(CONTENT_TYPE).unwrap_or_default();
        let (etag, last_modified) = (text(ETAG), text(LAST_MODIFIED));
        let deadline = self.shared.document_timeout;
        let bytes = body::document(response, url, max_bytes, deadline).await?;
        Ok(Fetched::Document {
            bytes,
            content_type,
            etag,
            last_modified,
            final_url: url.to_string(),
        })
    }

    async fn artifact_with_retries(
        &self,
        url: &str,
        max_bytes: u64,
    ) -> Result<ArtifactBody, UpstreamError> {
        let target = self.shared.hops.reach().resolve(url)?;
        // Archives are compressed already, and their digest is of the bytes as stored.
        let headers = HeaderMap::from_iter([
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
            (ACCEPT, HeaderValue::from_static("*/*")),
        ]);
        let mut retries = Retries::default();
        loop {
            let failed = match self.artifact(&target, &headers, max_bytes).await {
                Ok(artifact) => return Ok(artifact),
                Err(failed) => failed,
            };
            let wait = retries.next(failed, self.breaker_state())?;
            tokio::time::sleep(wait).await;
        }
    }

    async fn artifact(
        &self,
        target: &Url,
        headers: &HeaderMap,
        max_bytes: u64,
    ) -> Result<ArtifactBody, Failed> {
        let Arrived { response, url, permit } = self.shared.hops.follow(target, headers).await?;
        let artifact = match response.status() {
            StatusCode::OK => body::artifact(response, url, max_bytes).map_err(Failed::from),
            _ => Err(refused(&response)),
        };
        self.shared.hops.settle(permit, artifact.as_ref().err().map(|failed| &failed.error));
        artifact
    }

    fn count(&self, outcome: Result<&'static str, &UpstreamError>) {
        let ecosystem = self.shared.ecosystem.to_string();
        let outcome = outcome.unwrap_or_else(UpstreamError::outcome);
        metrics::counter!(
            "vouchsafe_upstream_fetches_total", "ecosystem" => ecosystem, "outcome" => outcome
        )
        .increment(1);
    }
}

/// Adds a header; a value that no header can carry is left out, which only costs a full answer.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
        headers.insert(name, value);
    }
}

fn refused(response: &Response) -> Failed {
    Failed {
        error: UpstreamError::Status(response.status().as_u16()),
        retry_after: retry_after(response.headers()),
    }
}
