//! Versions: any text that is safe in a path, ordered as Maven's resolver orders it.
//!
//! A version is cut at `.`, `-`, `_` and wherever digits meet letters. What comes out is runs of
//! numbers and runs of qualifiers in turn, beginning with numbers. Runs are compared from the
//! left, each as if it went on with zeros (numbers) or releases (qualifiers) for ever.
//!
//! This is `GenericVersion` of the resolver, which picks versions out of ranges, told as a lexicographic
//! order: the original compares item by item, and does not agree with itself where a qualifier
//! stands first (`0.foo` equals both `alpha` and `foo`). Maven's older `ComparableVersion` differs in one
//! thing: it puts `2-1` before `2.0.2`. `min` and `max` are for ranges and mean nothing here.
//!
//! # Invariants
//!
//! - The order is total and agrees with equality: `1.0` and `1.0.0` have one rank and are different
//!   directories, so text decides between them.
//!
//! # See also
//!
//! Maven, "POM Reference", section "Version Order Specification".

use std::cmp::Ordering;

use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;

use crate::name::SNAPSHOT_ENDING;

/// Longest version, in bytes: file names repeat it.
const MAX_BYTES: usize = 100;

/// Reads a version. It stays as typed: `1.0` and `1.0.0` are two releases.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    if raw.len() > MAX_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_BYTES });
    }
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~');
    if let Some(c) = raw.chars().find(|c| !is_allowed(*c)) {
        return Err(NameError::Forbidden { found: c.escape_default().to_string() });
    }
    if !raw.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(NameError::rule("a version starts with a letter or a digit"));
    }
    if raw.ends_with('.') || raw.contains("..") {
        return Err(NameError::rule("a version has no dot at its end and no two in a row"));
    }
    Version::new(raw, raw)
}

/// Whether files may be added to this version for ever.
pub(crate) fn is_snapshot(version: &Version) -> bool {
    version.canonical().ends_with(SNAPSHOT_ENDING)
}

/// What a publisher is told about a version that clients would not take for what it is.
pub(crate) fn unpublishable(version: &Version) -> Option<&'static str> {
    let text = version.canonical();
    if is_snapshot(version) {
        return None;
    }
    if text.to_ascii_uppercase().ends_with("SNAPSHOT") {
        return Some("the version of a snapshot ends in `-SNAPSHOT`, in capital letters");
    }
    if is_timestamped(text) {
        return Some(
            "the version of a snapshot's build belongs into the directory of its snapshot",
        );
    }
    None
}

/// Whether a text is `{base}-{yyyyMMdd}.{HHmmss}-{build}`.
fn is_timestamped(text: &str) -> bool {
    let mut parts = text.rsplitn(3, '-');
    let (build, time, base) = (parts.next(), parts.next(), parts.next());
    base.is_some()
        && build.is_some_and(is_number)
        && time.is_some_and(crate::layout::is_build_timestamp)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// See [`Ecosystem::compare_versions`](vouchsafe_adapter::Ecosystem::compare_versions).
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    let (left, right) = (left.canonical(), right.canonical());
    compare_runs(&runs(left), &runs(right)).then_with(|| left.cmp(right))
}

/// See [`Ecosystem::is_prerelease`](vouchsafe_adapter::Ecosystem::is_prerelease).
pub(crate) fn is_prerelease(version: &Version) -> bool {
    // Every second run is qualifiers.
    let runs = runs(version.canonical());
    let mut qualifiers = runs.iter().skip(1).step_by(2).flatten();
    qualifiers.any(|item| item < &Item::PAD)
}

/// A number (count of its digits, and they) or a qualifier (its place among those that are known,
/// or its text). Either kind sorts by itself, and is never compared with the other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    rank: i16,
    text: String,
}

impl Item {
    /// Zero, and "the release".
    const PAD: Self = Self { rank: 0, text: String::new() };

    fn number(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        Self { rank: i16::try_from(digits.len()).unwrap_or(i16::MAX), text: digits.to_owned() }
    }

    /// * `is_before_digit`: whether a digit follows without a separator. Only then are single
    ///   letters short for the words.
    fn qualifier(word: &str, is_before_digit: bool) -> Self {
        let word = word.to_ascii_lowercase();
        let rank = match word.as_str() {
            "a" if is_before_digit => -5,
            "b" if is_before_digit => -4,
            "m" if is_before_digit => -3,
            "alpha" => -5,
            "beta" => -4,
            "milestone" => -3,
            "rc" | "cr" => -2,
            "snapshot" => -1,
            "ga" | "final" | "release" => 0,
            "sp" => 1,
            _ => return Self { rank: 2, text: word },
        };
        Self { rank, text: String::new() }
    }
}

fn runs(version: &str) -> Vec<Vec<Item>> {
    let mut runs = vec![Vec::new()];
    let mut is_number_run = true;
    let mut push = |is_number: bool, item: Item| {
        if is_number != is_number_run {
            runs.push(Vec::new());
            is_number_run = is_number;
        }
        if let Some(run) = runs.last_mut() {
            run.push(item);
        }
    };
    for part in version.split(['.', '-', '_']) {
        if part.is_empty() {
            push(true, Item::number(""));
        }
        let mut rest = part;
        while !rest.is_empty() {
            let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
            let (token, behind) = rest.split_at(end);
            rest = behind;
            let item = match is_number {
                true => Item::number(token),
                false => Item::qualifier(token, !behind.is_empty()),
            };
            push(is_number, item);
        }
    }
    runs
}

fn compare_runs(left: &[Vec<Item>], right: &[Vec<Item>]) -> Ordering {
    let none: &[Item] = &[];
    let run = |runs: &'_ [Vec<Item>], at: usize| -> Ordering {
        let (left, right) = (left.get(at), runs.get(at));
        compare_run(left.map_or(none, Vec::as_slice), right.map_or(none, Vec::as_slice))
    };
    let length = left.len().max(right.len());
    (0..length).map(|at| run(right, at)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn compare_run(left: &[Item], right: &[Item]) -> Ordering {
    let length = left.len().max(right.len());
    let mut orders = (0..length).map(|at| {
        let (left, right) = (left.get(at), right.get(at));
        left.unwrap_or(&Item::PAD).cmp(right.unwrap_or(&Item::PAD))
    });
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
