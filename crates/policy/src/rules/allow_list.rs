//! Allow list: where it is on, only those public releases are served that somebody allowed.

use vouchsafe_domain::ErrorCode;

use super::{Rule, RuleError, pass, withhold};
use crate::entry::EntryKind;
use crate::judge::Case;
use crate::verdict::{Judgement, Reason};

pub(crate) struct AllowList;

impl Rule for AllowList {
    fn name(&self) -> &'static str {
        "allow-list"
    }

    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError> {
        let is_allowed = case.entries(EntryKind::Allow).next().is_some();
        // What is published here has been let in by who may publish here.
        let is_ours = case.facts.is_hosted;
        if !case.policy.allow_only || is_ours || is_allowed || case.is_exempt() {
            return Ok(pass());
        }
        let message = format!(
            "{} is not on the allow list of this registry; its administrators can add it",
            case.facts.release()
        );
        Ok(withhold(Reason::new(ErrorCode::PolicyNotAllowed, self.name(), message)))
    }
}
