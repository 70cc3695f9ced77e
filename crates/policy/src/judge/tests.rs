//! The judge, from literals: one clock, one package, many policies.

use std::time::Duration;

use proptest::prelude::*;
use vouchsafe_domain::{
    EcosystemId, ErrorCode, LifecycleState, PackageName, PackageRef, Timestamp, Version,
};

use super::*;
use crate::set::{PerEcosystem, PolicySettings};

const HOUR: Duration = Duration::from_secs(3_600);
const NPM: EcosystemId = EcosystemId::from_static("npm");

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn package(name: &str) -> PackageRef {
    PackageRef { ecosystem: NPM, name: PackageName::new(name, name, name).unwrap() }
}

/// A proxied, active release that is two hours old.
fn facts() -> Facts {
    Facts {
        package: package("left-pad"),
        version: Version::new("1.3.0", "1.3.0").unwrap(),
        published_at: Some(now().minus(2 * HOUR)),
        is_hosted: false,
        state: LifecycleState::Active,
    }
}

fn entry(kind: EntryKind, pattern: &str) -> PolicyEntry {
    PolicyEntry {
        id: format!("{kind}-{pattern}"),
        kind,
        pattern: pattern.parse().unwrap(),
        version: None,
        reason: "told so".to_owned(),
        author: "ada".to_owned(),
        created_at: Timestamp::from_secs(0),
        ends_at: None,
    }
}

fn deny() -> PolicyEntry {
    entry(EntryKind::Deny, "pkg:npm/left-pad")
}

fn exempt() -> PolicyEntry {
    entry(EntryKind::Exempt, "pkg:npm/left-*")
}

fn allow() -> PolicyEntry {
    entry(EntryKind::Allow, "pkg:npm/*")
}

fn cooldown(hours: u32) -> PolicySettings {
    PolicySettings { cooldown: PerEcosystem::all(hours * HOUR), ..Default::default() }
}

fn allow_only() -> PolicySettings {
    PolicySettings { allow_only: PerEcosystem::all(true), ..Default::default() }
}

/// All rules are on, and the release breaks those that it can.
fn strict() -> PolicySettings {
    PolicySettings { allow_only: PerEcosystem::all(true), ..cooldown(72) }
}

/// Judges, and compares codes and the time in hours until the judgement may change.
#[track_caller]
fn check(
    settings: PolicySettings,
    entries: &[PolicyEntry],
    facts: &Facts,
    codes: &[ErrorCode],
    changes_in_hours: Option<u32>,
) {
    let judgement = judge(&PolicySet::new(settings, entries.to_vec(), 1), facts, now());
    let found: Vec<ErrorCode> = judgement.verdict.reasons().iter().map(|r| r.code).collect();
    assert_eq!(found, codes);
    assert_eq!(judgement.valid_until, changes_in_hours.map(|hours| now().plus(hours * HOUR)));
}

use ErrorCode::{
    PolicyCooldown, PolicyDenied, PolicyNotAllowed, PolicyQuarantined, PolicyRuleFailed, Tombstoned,
};

#[test]
fn without_a_policy_everything_active_is_served() {
    check(PolicySettings::default(), &[], &facts(), &[], None);
}

#[test]
fn a_young_release_waits_until_it_is_old_enough() {
    check(cooldown(3), &[], &facts(), &[PolicyCooldown], Some(1));
    check(cooldown(2), &[], &facts(), &[], None);
}

#[test]
fn an_unknown_publication_time_counts_as_new_for_ever() {
    let unknown = Facts { published_at: None, ..facts() };
    check(cooldown(1), &[], &unknown, &[PolicyCooldown], None);
    check(cooldown(0), &[], &unknown, &[], None);
}

#[test]
fn a_time_far_in_the_future_is_an_error_and_a_slightly_wrong_clock_is_not() {
    let ahead = |by| Facts { published_at: Some(now().plus(by)), ..facts() };
    let skew = Duration::from_secs(300);
    check(cooldown(1), &[], &ahead(skew + 2 * HOUR), &[PolicyRuleFailed], Some(2));
    let judgement = judge(&PolicySet::new(cooldown(1), vec![], 1), &ahead(skew), now());
    assert_eq!(judgement.verdict.reasons().first().unwrap().code, PolicyCooldown);
    assert_eq!(judgement.valid_until, Some(now().plus(HOUR + skew)));
}

#[test]
fn hosted_releases_have_a_cooldown_of_their_own() {
    let hosted = Facts { is_hosted: true, ..facts() };
    check(cooldown(72), &[], &hosted, &[], None);
    let settings =
        PolicySettings { hosted_cooldown: PerEcosystem::all(5 * HOUR), ..Default::default() };
    check(settings.clone(), &[], &hosted, &[PolicyCooldown], Some(3));
    check(settings, &[], &facts(), &[], None);
}

#[test]
fn an_ecosystem_may_have_a_setting_of_its_own() {
    let mut settings = cooldown(72);
    settings.cooldown.by_ecosystem.insert(NPM, HOUR);
    check(settings.clone(), &[], &facts(), &[], None);
    let pypi = PackageRef { ecosystem: EcosystemId::from_static("pypi"), ..package("left-pad") };
    check(settings, &[], &Facts { package: pypi, ..facts() }, &[PolicyCooldown], Some(70));
}

#[test]
fn quarantined_and_removed_releases_are_withheld() {
    let in_state = |state| Facts { state, ..facts() };
    let off = PolicySettings::default;
    check(off(), &[], &in_state(LifecycleState::Quarantined), &[PolicyQuarantined], None);
    check(off(), &[], &in_state(LifecycleState::Removed), &[Tombstoned], None);
}

#[test]
fn where_only_the_allowed_is_served_the_rest_is_withheld() {
    check(allow_only(), &[], &facts(), &[PolicyNotAllowed], None);
    check(allow_only(), &[allow()], &facts(), &[], None);
    let other = entry(EntryKind::Allow, "pkg:npm/right-pad");
    check(allow_only(), &[other], &facts(), &[PolicyNotAllowed], None);
    check(allow_only(), &[], &Facts { is_hosted: true, ..facts() }, &[], None);
}

#[test]
fn an_allow_entry_does_not_lift_the_cooldown() {
    check(strict(), &[allow()], &facts(), &[PolicyCooldown], Some(70));
}

#[test]
fn an_exemption_lifts_cooldown_and_allow_list_and_nothing_else() {
    check(strict(), &[exempt()], &facts(), &[], None);
    check(strict(), &[exempt(), deny()], &facts(), &[PolicyDenied], None);
    let quarantined = Facts { state: LifecycleState::Quarantined, ..facts() };
    check(strict(), &[exempt(), allow()], &quarantined, &[PolicyQuarantined], None);
}

#[test]
fn an_exemption_that_nobody_stands_for_has_no_effect() {
    let unsigned = PolicyEntry { author: " ".to_owned(), ..exempt() };
    let unexplained = PolicyEntry { reason: String::new(), ..exempt() };
    check(cooldown(72), &[unsigned, unexplained], &facts(), &[PolicyCooldown], Some(70));
}

#[test]
fn entries_end() {
    let ending =
        |entry, hours: u32| PolicyEntry { ends_at: Some(now().plus(hours * HOUR)), ..entry };
    let off = PolicySettings::default;
    check(off(), &[ending(deny(), 5)], &facts(), &[PolicyDenied], Some(5));
    check(off(), &[ending(deny(), 0)], &facts(), &[], None);
    check(cooldown(72), &[ending(exempt(), 1)], &facts(), &[], Some(1));
    check(cooldown(72), &[ending(exempt(), 0)], &facts(), &[PolicyCooldown], Some(70));
    check(allow_only(), &[ending(allow(), 4)], &facts(), &[], Some(4));
}

#[test]
fn an_entry_about_a_version_is_about_that_version_in_either_spelling() {
    let about = |version: &str| PolicyEntry { version: Some(version.to_owned()), ..deny() };
    let odd = Facts { version: Version::new("v1.0", "1.0.0").unwrap(), ..facts() };
    let off = PolicySettings::default;
    check(off(), &[about("v1.0")], &odd, &[PolicyDenied], None);
    check(off(), &[about("1.0.0")], &odd, &[PolicyDenied], None);
    check(off(), &[about("1.0")], &odd, &[], None);
    check(off(), &[about("1.3.1"), about("1.3")], &facts(), &[], None);
}

#[test]
fn every_reason_is_told_the_weightiest_first() {
    let quarantined = Facts { state: LifecycleState::Quarantined, ..facts() };
    let all = [PolicyDenied, PolicyQuarantined, PolicyCooldown, PolicyNotAllowed];
    check(strict(), &[deny()], &quarantined, &all, Some(70));
}

#[track_caller]
fn check_message(settings: PolicySettings, entries: &[PolicyEntry], facts: &Facts, expected: &str) {
    let judgement = judge(&PolicySet::new(settings, entries.to_vec(), 1), facts, now());
    let reasons = judgement.verdict.reasons();
    assert_eq!(reasons.first().map(|reason| reason.message.as_str()), Some(expected));
}

#[test]
fn a_person_learns_why_and_until_when() {
    check_message(
        cooldown(72),
        &[],
        &facts(),
        "pkg:npm/left-pad@1.3.0 is younger than 3 days and will be served from \
         2026-11-25T10:00:00Z on",
    );
    let for_a_week = PolicyEntry { ends_at: Some(now().plus(168 * HOUR)), ..deny() };
    check_message(
        PolicySettings::default(),
        std::slice::from_ref(&for_a_week),
        &facts(),
        "pkg:npm/left-pad@1.3.0 is denied by this registry: told so (until 2026-11-29T12:00:00Z)",
    );
    let for_ever = PolicyEntry { reason: "malware\r\nX: y".to_owned(), ..deny() };
    check_message(
        PolicySettings::default(),
        &[for_ever, for_a_week],
        &facts(),
        "pkg:npm/left-pad@1.3.0 is denied by this registry: malware  X: y",
    );
}

struct Broken;

impl Rule for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn judge(&self, case: &Case<'_>) -> Result<Judgement, RuleError> {
        let release = case.facts.release();
        Err(RuleError::FromTheFuture { release, published_at: case.now.plus(HOUR) })
    }
}

#[test]
fn a_rule_that_fails_withholds_and_the_others_still_speak() {
    let policies = PolicySet::new(PolicySettings::default(), vec![deny()], 1);
    let policy = policies.for_package(&facts().package);
    let rules: Vec<&dyn Rule> =
        [&Broken as &dyn Rule].into_iter().chain(ALL_RULES.iter().copied()).collect();
    let judgement = policy.judge_by(&rules, &facts(), now());
    let codes: Vec<_> = judgement.verdict.reasons().iter().map(|r| (r.code, r.rule)).collect();
    assert_eq!(codes, [(PolicyRuleFailed, "broken"), (PolicyDenied, "deny")]);
}

#[test]
fn facts_of_another_package_are_withheld() {
    let policies = PolicySet::new(PolicySettings::default(), vec![], 1);
    let judgement = policies.for_package(&package("right-pad")).judge(&facts(), now());
    assert_eq!(judgement.verdict.reasons().first().unwrap().code, PolicyRuleFailed);
}

#[test]
fn many_entries_do_not_make_many_releases_slow() {
    // Done naively these are 100 million comparisons of text.
    let per_version =
        (0..10_000).map(|n| PolicyEntry { version: Some(format!("{n}.0.0")), ..deny() });
    let prefixes = (0..10_000).map(|n| entry(EntryKind::Deny, &format!("pkg:npm/other-{n}*")));
    let policies = PolicySet::new(cooldown(1), per_version.chain(prefixes).collect(), 1);
    let policy = policies.for_package(&package("left-pad"));
    for n in 9_500..10_500 {
        let version = format!("{n}.0.0");
        let version = Version::new(version.as_str(), version.as_str()).unwrap();
        assert!(policy.entries(&version).count() <= 1);
        let judgement = policy.judge(&Facts { version, ..facts() }, now());
        assert_eq!(judgement.verdict.is_allowed(), n >= 10_000);
    }
}

fn any_entry() -> impl Strategy<Value = PolicyEntry> {
    let kind = prop_oneof![Just(EntryKind::Deny), Just(EntryKind::Allow), Just(EntryKind::Exempt)];
    let pattern = prop_oneof![
        Just("pkg:npm/left-pad"),
        Just("pkg:npm/left-*"),
        Just("pkg:npm/*"),
        Just("pkg:npm/right-pad"),
    ];
    let version = prop_oneof![Just(None), Just(Some("1.3.0")), Just(Some("2.0.0"))];
    let ends_in = prop::option::of(-50i64..50);
    (kind, pattern, version, ends_in).prop_map(|(kind, pattern, version, ends_in)| PolicyEntry {
        version: version.map(str::to_owned),
        ends_at: ends_in.map(in_hours),
        ..entry(kind, pattern)
    })
}

fn in_hours(hours: i64) -> Timestamp {
    Timestamp::from_secs(now().as_secs() + hours * 3_600)
}

fn any_settings() -> impl Strategy<Value = PolicySettings> {
    (0u32..40, 0u32..40, any::<bool>()).prop_map(|(proxied, hosted, only)| PolicySettings {
        cooldown: PerEcosystem::all(proxied * HOUR),
        hosted_cooldown: PerEcosystem::all(hosted * HOUR),
        allow_only: PerEcosystem::all(only),
    })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let state = prop_oneof![
        3 => Just(LifecycleState::Active),
        1 => Just(LifecycleState::Quarantined),
        1 => Just(LifecycleState::Removed),
    ];
    (prop::option::of(-50i64..50), any::<bool>(), state).prop_map(
        |(published, is_hosted, state)| Facts {
            published_at: published.map(in_hours),
            is_hosted,
            state,
            ..facts()
        },
    )
}

fn any_entries() -> impl Strategy<Value = Vec<PolicyEntry>> {
    prop::collection::vec(any_entry(), 0..6)
}

proptest! {
    #[test]
    fn a_deny_entry_always_wins(
        settings in any_settings(), mut entries in any_entries(), facts in any_facts(),
    ) {
        entries.push(deny());
        let judgement = judge(&PolicySet::new(settings, entries, 1), &facts, now());
        prop_assert_eq!(judgement.verdict.reasons().first().map(|r| r.code), Some(PolicyDenied));
    }

    #[test]
    fn a_judgement_holds_word_for_word_until_it_says(
        settings in any_settings(), entries in any_entries(), facts in any_facts(), later in 0i64..200,
    ) {
        let policies = PolicySet::new(settings, entries, 1);
        let judgement = judge(&policies, &facts, now());
        prop_assert!(judgement.valid_until.is_none_or(|until| until > now()));
        let last = Timestamp::from_micros(
            judgement.valid_until.map_or(i64::MAX, |until| until.as_micros() - 1),
        );
        for at in [in_hours(later).min(last), last] {
            prop_assert_eq!(judge(&policies, &facts, at), judgement.clone());
        }
    }

    #[test]
    fn a_judgement_that_ends_was_not_cut_short_without_a_cause(
        settings in any_settings(), facts in any_facts(),
    ) {
        let policies = PolicySet::new(settings, vec![], 1);
        let judgement = judge(&policies, &facts, now());
        if let Some(until) = judgement.valid_until {
            prop_assert_ne!(judge(&policies, &facts, until).verdict, judgement.verdict);
        }
    }

    #[test]
    fn time_only_ever_sets_releases_free_when_no_permission_ends(
        settings in any_settings(), mut entries in any_entries(), facts in any_facts(),
        first in -60i64..60, wait in 0i64..60,
    ) {
        for entry in entries.iter_mut().filter(|entry| entry.kind != EntryKind::Deny) {
            entry.ends_at = None;
        }
        let policies = PolicySet::new(settings, entries, 1);
        let is_allowed = |at| judge(&policies, &facts, at).verdict.is_allowed();
        prop_assert!(!is_allowed(in_hours(first)) || is_allowed(in_hours(first + wait)));
    }
}
