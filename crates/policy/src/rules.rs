//! The rules. Each is one question about one release, in a file of its own.
//!
//! To add one: a file here, a line in [`ALL_RULES`], a code with its page.

use std::time::Duration;

use vouchsafe_domain::{ReleaseRef, Timestamp};

use crate::judge::Case;
use crate::verdict::{Judgement, Reason, Verdict};

mod allow_list;
mod cooldown;
mod deny;
mod quarantine;

/// Upstream clocks may run this far ahead of ours before a timestamp is called wrong.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// Every rule, the weightiest first: reasons are told in this order.
pub(crate) const ALL_RULES: &[&dyn Rule] =
    &[&deny::Deny, &quarantine::Quarantine, &cooldown::Cooldown, &allow_list::AllowList];

/// One reason not to serve a release.
///
/// Pure: the same case gives the same opinion. A rule names the next instant at which its opinion
/// changes by itself; ends of entries are watched by the judge.
pub(crate) trait Rule: Sync {
    /// Its name in reasons and documentation.
    fn name(&self) -> &'static str;

    /// The rule's opinion.
    ///
    /// # Errors
    ///
    /// [`RuleError`] when the facts make no sense. The judge withholds the release.
    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError>;
}

/// Why a rule could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    /// More than [`MAX_CLOCK_SKEW`] ahead of our clock.
    #[error(
        "{release} claims to be published at {published_at}, which lies in the future, \
         so it is not served"
    )]
    FromTheFuture { release: ReleaseRef, published_at: Timestamp },
}

impl RuleError {
    /// When the rule can be evaluated again, if time heals it.
    pub(crate) fn works_again_at(&self) -> Option<Timestamp> {
        match self {
            Self::FromTheFuture { published_at, .. } => Some(published_at.minus(MAX_CLOCK_SKEW)),
        }
    }
}

/// "Nothing against it."
fn pass() -> Judgement {
    Judgement { verdict: Verdict::Allow, valid_until: None }
}

/// "No", until something else than time changes, or an entry ends.
fn withhold(reason: Reason) -> Judgement {
    Judgement { verdict: Verdict::Withhold(vec![reason]), valid_until: None }
}
