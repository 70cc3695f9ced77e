//! Why an upstream gave nothing usable.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};

use crate::address::NotPublic;

/// Why a fetch failed. Cheap to clone, so that many waiters can share one.
///
/// URLs in here have no query: storage links carry signatures there.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// No connection, no head or no further chunk within the limits.
    #[error("the upstream did not answer in time: {url}")]
    Timeout {
        /// What was asked.
        url: String,
    },
    /// No connection, or it broke.
    #[error("the connection to the upstream failed: {url}")]
    Connect {
        /// What was asked.
        url: String,
        /// Why.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// A status that is no answer to the question.
    #[error("the upstream answered with status {0}")]
    Status(u16),
    /// The answer is larger than the caller accepts, on the wire or decompressed.
    #[error("the upstream's answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// The address may not be asked.
    #[error("{url} is not asked: {reason}")]
    ForbiddenAddress {
        /// Which address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The upstream redirects to where we do not go, or for ever.
    #[error("a redirect of the upstream is not followed: {reason}")]
    BadRedirect {
        /// Why not.
        reason: String,
    },
    /// The upstream failed so often that it is left alone for a while. Nothing was sent.
    #[error("the upstream failed repeatedly and is asked again in {} s", retry_after.as_secs().max(1))]
    BreakerOpen {
        /// When the next try is allowed.
        retry_after: Duration,
    },
    /// The request has been here before: registries are each other's upstream.
    #[error("the request has already passed through this registry: upstreams form a loop")]
    Loop,
    /// The answer, or the address to ask, cannot be read.
    #[error("the upstream's answer cannot be used: {reason}")]
    Malformed {
        /// Why.
        reason: String,
    },
}

impl UpstreamError {
    /// Whether the upstream is out of order rather than saying no: a stale copy may be served.
    ///
    /// Everything else is definitive. In particular 401 and 403 are: an upstream that withdraws
    /// a package must not be overruled by our cache.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Connect { .. } | Self::BreakerOpen { .. } => true,
            Self::Status(status) => matches!(status, 408 | 429 | 500..=599),
            Self::TooLarge { .. }
            | Self::ForbiddenAddress { .. }
            | Self::BadRedirect { .. }
            | Self::Loop
            | Self::Malformed { .. } => false,
        }
    }

    /// The documented code of this error.
    pub fn code(&self) -> ErrorCode {
        if self.is_outage() || matches!(self, Self::Status(_)) {
            ErrorCode::UpstreamUnavailable
        } else {
            ErrorCode::UpstreamMalformed
        }
    }

    /// The label in metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Connect { .. } => "connect",
            Self::Status(500..) => "status-5xx",
            Self::Status(429) => "throttled",
            Self::Status(_) => "status-other",
            Self::TooLarge { .. } => "too-large",
            Self::ForbiddenAddress { .. } => "forbidden-address",
            Self::BadRedirect { .. } => "bad-redirect",
            Self::BreakerOpen { .. } => "breaker-open",
            Self::Loop => "loop",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// Whether asking again at once has a chance. Timeouts are not retried: the client waits.
    pub(crate) fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Status(status) => matches!(status, 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }

    /// Sorts an error of the HTTP client.
    pub(crate) fn from_client(error: reqwest::Error, url: &Url) -> Self {
        let error = error.without_url();
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(not_public) = inner.downcast_ref::<NotPublic>() {
                return Self::ForbiddenAddress { url: shown(url), reason: not_public.to_string() };
            }
            cause = inner.source();
        }
        if error.is_timeout() {
            return Self::Timeout { url: shown(url) };
        }
        Self::Connect { url: shown(url), source: Arc::new(error) }
    }
}

impl From<UpstreamError> for Refusal {
    fn from(error: UpstreamError) -> Self {
        let kind =
            if error.is_outage() { RefusalKind::Unavailable } else { RefusalKind::BadUpstream };
        Self::new(kind, error.code(), error.to_string())
    }
}

/// A URL as errors and logs show it: without user, query and fragment, at most 300 characters.
pub(crate) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let shown = format!("{}://{host}{port}{}", url.scheme(), url.path());
    shown.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_has_no_secret() {
        let url = Url::parse("https://u:p@cdn.example:8443/a/b.tgz?signature=s3cret#frag").unwrap();
        assert_eq!(shown(&url), "https://cdn.example:8443/a/b.tgz");
    }

    #[test]
    fn an_upstream_that_says_no_is_not_an_outage() {
        for (status, is_outage) in
            [(401, false), (403, false), (404, false), (408, true), (429, true), (500, true)]
        {
            assert_eq!(UpstreamError::Status(status).is_outage(), is_outage, "{status}");
        }
        assert!(UpstreamError::BreakerOpen { retry_after: Duration::ZERO }.is_outage());
        assert!(!UpstreamError::TooLarge { limit_bytes: 1 }.is_outage());
        assert!(!UpstreamError::Loop.is_outage());
    }
}
