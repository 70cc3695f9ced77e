//! Refusals: a "no" that a person can read, before an adapter puts it into its client's shape.

use crate::ErrorCode;

/// What sort of "no" it is; decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// 400: the request cannot be understood.
    Malformed,
    /// 401: a credential is needed, or the one sent was refused.
    Unauthenticated,
    /// 403: known, and not allowed.
    Forbidden,
    /// 404: no such thing, or none that this actor may know of.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 409: it exists already, or somebody else was first.
    Conflict,
    /// 413: larger than allowed.
    TooLarge,
    /// 422: understood, and what it carries breaks a rule.
    Unprocessable,
    /// 429: asked too often. Seconds to wait.
    Throttled {
        /// Seconds until the next try has a chance.
        retry_after_secs: u32,
    },
    /// 403 with reasons: policy withholds a release.
    Withheld,
    /// 501: this part of the protocol is not built.
    NotImplemented,
    /// 502: the upstream misbehaved.
    BadUpstream,
    /// 503: our side or the upstream cannot answer now.
    Unavailable,
}

impl RefusalKind {
    /// The HTTP status that fits, unless the ecosystem's client needs another one.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::Withheld => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
            Self::Throttled { .. } => 429,
            Self::NotImplemented => 501,
            Self::BadUpstream => 502,
            Self::Unavailable => 503,
        }
    }
}

/// A "no", with everything a client may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What sort.
    pub kind: RefusalKind,
    /// The documented code.
    pub code: ErrorCode,
    /// One or two sentences for the person: what happened and the next step. No secret, no
    /// control character.
    pub message: String,
    /// Absolute address of the page that explains the code or this very refusal.
    pub docs_url: Option<String>,
}

impl Refusal {
    /// A refusal without a link; the edge adds the link to the code's page.
    pub fn new(kind: RefusalKind, code: ErrorCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { kind, code, message, docs_url: None }
    }

    /// "No such thing here."
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(RefusalKind::NotFound, ErrorCode::NotFound, format!("{what} was not found"))
    }

    /// One line for status lines and logs: at most `limit` ASCII characters.
    pub fn reason_phrase(&self, limit: usize) -> String {
        let link = self.docs_url.as_deref().unwrap_or_default();
        let room = limit.saturating_sub(link.len() + 1);
        let mut phrase: String = self
            .message
            .chars()
            .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
            .take(room)
            .collect();
        if !link.is_empty() {
            phrase.push(' ');
            phrase.push_str(link);
        }
        phrase
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_phrase_cannot_inject_a_header() {
        let refusal = Refusal::not_found("x\r\nSet-Cookie: a=b é");
        assert_eq!(refusal.reason_phrase(80), "x  Set-Cookie: a=b ? was not found");
    }
}
