//! Quarantine: what is held back while people look at it, and what is gone, is not served.

use vouchsafe_domain::{ErrorCode, LifecycleState};

use super::{Rule, RuleError, pass, withhold};
use crate::judge::Case;
use crate::verdict::{Judgement, Reason};

pub(crate) struct Quarantine;

impl Rule for Quarantine {
    fn name(&self) -> &'static str {
        "quarantine"
    }

    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError> {
        let release = || case.facts.release();
        let (code, message) = match case.facts.state {
            LifecycleState::Active => return Ok(pass()),
            LifecycleState::Quarantined => (
                ErrorCode::PolicyQuarantined,
                format!("{} is held back while people look at a report about it", release()),
            ),
            // Nobody should ask about a tombstone; whoever does must not get its bytes.
            LifecycleState::Removed => {
                (ErrorCode::Tombstoned, format!("{} was removed and will not come back", release()))
            }
        };
        Ok(withhold(Reason::new(code, self.name(), message)))
    }
}
