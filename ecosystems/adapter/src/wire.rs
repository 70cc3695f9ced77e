//! Requests and responses as adapters see them: already split, decoded once, and bounded.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind, name::NameError};

/// Where an adapter is mounted, as its clients see it.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Absolute, without a trailing slash: `https://registry.example/npm`.
    pub base_url: Arc<str>,
    /// Absolute address of the whole server, without a trailing slash.
    pub site_url: Arc<str>,
    /// Whether reading needs a credential.
    pub auth_required: bool,
}

/// A request head below a mount. The path is split at `/` first and percent-decoded after, so a
/// decoded `%2f` stays inside its segment; segments are valid UTF-8 without control characters.
#[derive(Debug)]
pub struct WireRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// Decoded path segments below the mount, without empty, `.` or `..` ones. A trailing slash
    /// is told by `has_trailing_slash`.
    pub segments: &'a [String],
    /// Whether the path ended in `/`.
    pub has_trailing_slash: bool,
    /// Decoded query pairs, in order.
    pub query: &'a [(String, String)],
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Where the adapter is mounted.
    pub mount: &'a Mount,
}

impl WireRequest<'_> {
    /// The segments as a slice pattern wants them: `match request.path().as_slice() { ["-", "ping"] => … }`.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The first query value of this name.
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text; `None` when it is absent or not readable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A complete small response. Documents and artifacts are streamed by `vouchsafe-http` instead.
#[derive(Debug, Clone)]
pub struct WireResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl WireResponse {
    /// A response without body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// A JSON response.
    pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Self {
        // Our own values always serialize; an empty object is still valid JSON for the client.
        let body = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
        let mut response = Self { status, headers: HeaderMap::new(), body };
        response.headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        response
    }

    /// A plain-text response.
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        let mut response =
            Self { status, headers: HeaderMap::new(), body: text.into().into_bytes() };
        response.headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response
    }

    /// Adds a header; a value that is not a legal header is dropped, never passed on.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// Why a request is not a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// No such address in this protocol.
    #[error("there is nothing at this address")]
    UnknownRoute,
    /// The address exists, with other methods.
    #[error("this address does not answer {method}")]
    MethodNotAllowed {
        /// What was tried.
        method: String,
    },
    /// Known in the protocol, not built here.
    #[error("{what} is not implemented by this registry")]
    NotImplemented {
        /// Which part.
        what: &'static str,
    },
    /// The body ended early.
    #[error("the request body ends inside its {part}")]
    Truncated {
        /// Where.
        part: &'static str,
    },
    /// A part is over its limit.
    #[error("the {part} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// Which part.
        part: &'static str,
        /// Its limit, in bytes.
        limit_bytes: u64,
    },
    /// A part cannot be read.
    #[error("the {part} cannot be read: {reason}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// Why, for the person.
        reason: String,
    },
    /// The package name breaks a rule.
    #[error("`{found}` is not a valid package name")]
    BadName {
        /// As sent, shortened.
        found: String,
        /// The rule.
        source: NameError,
    },
    /// The version breaks a rule.
    #[error("`{found}` is not a valid version: {reason}")]
    BadVersion {
        /// As sent, shortened.
        found: String,
        /// The rule.
        reason: String,
    },
}

impl WireError {
    /// A part that cannot be read.
    pub fn malformed(part: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Malformed { part, reason: reason.to_string() }
    }

    /// A name that breaks a rule; what was sent is shortened to 80 characters.
    pub fn bad_name(found: &str, source: NameError) -> Self {
        Self::BadName { found: found.chars().take(80).collect(), source }
    }

    /// A version that breaks a rule; what was sent is shortened to 80 characters.
    pub fn bad_version(found: &str, reason: impl std::fmt::Display) -> Self {
        Self::BadVersion { found: found.chars().take(80).collect(), reason: reason.to_string() }
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        let (kind, code) = match &error {
            WireError::UnknownRoute => (RefusalKind::NotFound, ErrorCode::NotFound),
            WireError::MethodNotAllowed { .. } => {
                (RefusalKind::MethodNotAllowed, ErrorCode::MethodNotAllowed)
            }
            WireError::NotImplemented { .. } => {
                (RefusalKind::NotImplemented, ErrorCode::NotImplemented)
            }
            WireError::Truncated { .. } | WireError::Malformed { .. } => {
                (RefusalKind::Malformed, ErrorCode::BadRequest)
            }
            WireError::TooLarge { .. } => (RefusalKind::TooLarge, ErrorCode::TooLarge),
            WireError::BadName { .. } => (RefusalKind::Malformed, ErrorCode::BadName),
            WireError::BadVersion { .. } => (RefusalKind::Malformed, ErrorCode::BadVersion),
        };
        let message = match &error {
            WireError::BadName { source, .. } => format!("{error}: {source}"),
            other => other.to_string(),
        };
        Self::new(kind, code, message)
    }
}
