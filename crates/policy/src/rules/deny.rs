//! Deny list: what people decided never to serve. Nothing lifts it.

use vouchsafe_domain::{ErrorCode, Timestamp};

use super::{Rule, RuleError, pass, withhold};
use crate::entry::{EntryKind, PolicyEntry};
use crate::judge::Case;
use crate::verdict::{Judgement, Reason};

pub(crate) struct Deny;

impl Rule for Deny {
    fn name(&self) -> &'static str {
        "deny"
    }

    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError> {
        // Of several entries, the one that holds longest tells the truth about the end.
        let Some(entry) = case.entries(EntryKind::Deny).max_by_key(|entry| lasts_until(entry))
        else {
            return Ok(pass());
        };
        let mut message = format!("{} is denied by this registry", case.facts.release());
        if !entry.reason.trim().is_empty() {
            message.push_str(&format!(": {}", entry.reason.trim()));
        }
        if let Some(ends_at) = entry.ends_at {
            message.push_str(&format!(" (until {ends_at})"));
        }
        Ok(withhold(Reason::new(ErrorCode::PolicyDenied, self.name(), message)))
    }
}

/// Orders ends with "never" last, and by id where two are equal, so that the text is stable.
fn lasts_until(entry: &PolicyEntry) -> (bool, Option<Timestamp>, &str) {
    (entry.ends_at.is_none(), entry.ends_at, &entry.id)
}
