//! Cooldown: how long a release must have been public before this registry serves it.
//!
//! A malicious release is usually reported within hours or days, so waiting is a cheap defense.
//!
//! # Invariants
//!
//! - An unknown publication time counts as "just now" on every request, never as "long ago".
//! - A time in the future is an error, not a short wait.

use std::time::Duration;

use vouchsafe_domain::ErrorCode;

use super::{MAX_CLOCK_SKEW, Rule, RuleError, pass, withhold};
use crate::judge::Case;
use crate::verdict::{Judgement, Reason};

pub(crate) struct Cooldown;

impl Rule for Cooldown {
    fn name(&self) -> &'static str {
        "cooldown"
    }

    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError> {
        let Case { facts, policy, now, .. } = case;
        let min_age = if facts.is_hosted { policy.hosted_cooldown } else { policy.cooldown };
        if min_age.is_zero() || case.is_exempt() {
            return Ok(pass());
        }
        let Some(published_at) = facts.published_at else {
            let message = format!(
                "{} has no known publication time, so it counts as new, \
                 and this registry serves releases when they are {} old",
                facts.release(),
                in_words(min_age)
            );
            return Ok(withhold(Reason::new(ErrorCode::PolicyCooldown, self.name(), message)));
        };
        if published_at > now.plus(MAX_CLOCK_SKEW) {
            return Err(RuleError::FromTheFuture { release: facts.release(), published_at });
        }
        let served_at = published_at.plus(min_age);
        if served_at <= *now {
            return Ok(pass());
        }
        let message = format!(
            "{} is younger than {} and will be served from {served_at} on",
            facts.release(),
            in_words(min_age)
        );
        let reason = Reason::new(ErrorCode::PolicyCooldown, self.name(), message);
        Ok(Judgement { valid_until: Some(served_at), ..withhold(reason) })
    }
}

/// A duration as people say it: `3 days`, `90 minutes`.
fn in_words(duration: Duration) -> String {
    let secs = duration.as_secs();
    let (count, unit) = match secs {
        _ if secs >= 2 * 86_400 && secs.is_multiple_of(86_400) => (secs / 86_400, "days"),
        _ if secs >= 2 * 3_600 && secs.is_multiple_of(3_600) => (secs / 3_600, "hours"),
        _ if secs >= 2 * 60 && secs.is_multiple_of(60) => (secs / 60, "minutes"),
        _ => (secs, "seconds"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_the_largest_unit_that_fits() {
        for (secs, expected) in [
            (3 * 86_400, "3 days"),
            (86_400, "24 hours"),
            (90_000, "25 hours"),
            (5_400, "90 minutes"),
            (61, "61 seconds"),
        ] {
            assert_eq!(in_words(Duration::from_secs(secs)), expected);
        }
    }
}
