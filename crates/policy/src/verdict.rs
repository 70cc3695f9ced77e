//! Judgements: what comes out, for machines and for people.

use vouchsafe_domain::{ErrorCode, Timestamp};

/// Why a release is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The documented code.
    pub code: ErrorCode,
    /// The rule that said so.
    pub rule: &'static str,
    /// For the person who wanted the release: what is wrong, and when or how it will be served.
    /// One line, no control characters. Times are absolute, so that it can be cached.
    pub message: String,
}

impl Reason {
    pub(crate) fn new(code: ErrorCode, rule: &'static str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { code, rule, message }
    }

    /// A rule that could not be evaluated, so the answer is no.
    pub(crate) fn rule_failed(rule: &'static str, error: &dyn std::error::Error) -> Self {
        Self::new(ErrorCode::PolicyRuleFailed, rule, error.to_string())
    }
}

/// Whether a release is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Allow,
    /// It is not, for these reasons: at least one, the weightiest first.
    Withhold(Vec<Reason>),
}

impl Verdict {
    /// Whether the release is served.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow)
    }

    /// The reasons; none when the release is served.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Allow => &[],
            Self::Withhold(reasons) => reasons,
        }
    }

    /// The stricter of two verdicts, with the reasons of both.
    #[must_use]
    pub(crate) fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allow, verdict) | (verdict, Self::Allow) => verdict,
            (Self::Withhold(mut reasons), Self::Withhold(more)) => {
                reasons.extend(more);
                Self::Withhold(reasons)
            }
        }
    }
}

/// A verdict and how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the release is served.
    pub verdict: Verdict,
    /// The first instant at which time alone may change the judgement; `None` is never. Before
    /// it, the same facts and the same policy give the same judgement, word for word.
    pub valid_until: Option<Timestamp>,
}

/// The earlier of two instants, where `None` is never.
pub(crate) fn earlier(left: Option<Timestamp>, right: Option<Timestamp>) -> Option<Timestamp> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (instant, None) | (None, instant) => instant,
    }
}
