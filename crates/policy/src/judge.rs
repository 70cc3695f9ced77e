//! The one judge, asked by the index and by the download.

use vouchsafe_domain::{ErrorCode, Timestamp};

use crate::entry::{EntryKind, PolicyEntry};
use crate::facts::Facts;
use crate::rules::{ALL_RULES, Rule, RuleError};
use crate::set::{PackagePolicy, PolicySet};
use crate::verdict::{Judgement, Reason, Verdict, earlier};

/// Judges one release. For many releases of one package, ask [`PolicySet::for_package`] once and
/// then [`PackagePolicy::judge`].
pub fn judge(policies: &PolicySet, facts: &Facts, now: Timestamp) -> Judgement {
    policies.for_package(&facts.package).judge(facts, now)
}

/// One release before the judge: facts, time, and the entries that have an effect on it.
pub(crate) struct Case<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) policy: &'a PackagePolicy<'a>,
    pub(crate) now: Timestamp,
    entries: Vec<&'a PolicyEntry>,
}

impl<'a> Case<'a> {
    /// The active entries of one kind.
    pub(crate) fn entries(&self, kind: EntryKind) -> impl Iterator<Item = &'a PolicyEntry> {
        self.entries.iter().copied().filter(move |entry| entry.kind == kind)
    }

    /// Whether somebody lifted cooldown and allow list.
    pub(crate) fn is_exempt(&self) -> bool {
        self.entries(EntryKind::Exempt).next().is_some()
    }
}

impl PackagePolicy<'_> {
    /// Judges one release of this package.
    ///
    /// * `facts`: must be of this policy's package; those of another are withheld.
    /// * `now`: the time of the request or of rendering (UTC).
    pub fn judge(&self, facts: &Facts, now: Timestamp) -> Judgement {
        self.judge_by(ALL_RULES, facts, now)
    }

    /// A rule that fails withholds. All rules run, so that a person sees every reason at once;
    /// the strictest verdict wins.
    fn judge_by(&self, rules: &[&dyn Rule], facts: &Facts, now: Timestamp) -> Judgement {
        if facts.package != self.package {
            let message = format!("{} was judged by the policy of {}", facts.package, self.package);
            let reason = Reason::new(ErrorCode::PolicyRuleFailed, "judge", message);
            return Judgement { verdict: Verdict::Withhold(vec![reason]), valid_until: None };
        }
        let entries = self.entries(&facts.version).filter(|entry| entry.is_active(now)).collect();
        let case = Case { facts, policy: self, now, entries };
        let first_end = case.entries.iter().filter_map(|entry| entry.ends_at).min();
        let start = Judgement { verdict: Verdict::Allow, valid_until: first_end };
        rules.iter().fold(start, |strictest, rule| {
            let opinion = rule.judge(&case).unwrap_or_else(|error| failed(rule.name(), &error));
            Judgement {
                verdict: strictest.verdict.stricter(opinion.verdict),
                valid_until: earlier(strictest.valid_until, opinion.valid_until),
            }
        })
    }
}

fn failed(rule: &'static str, error: &RuleError) -> Judgement {
    let verdict = Verdict::Withhold(vec![Reason::rule_failed(rule, error)]);
    Judgement { verdict, valid_until: error.works_again_at() }
}

#[cfg(test)]
mod tests;
