//! PHP's `version_compare`, on normalized versions.
//!
//! A version is a list of parts, numbers and words. Between two versions the first differing part
//! decides: `dev` < `alpha` < `beta` < `RC` < nothing more < a number < `patch`. Any other word
//! comes before all of these.

use std::cmp::Ordering;

/// A part, as it is ranked against other parts in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Unknown,
    Dev,
    Alpha,
    Beta,
    ReleaseCandidate,
    End,
    Number(u64),
    Patch,
}

impl Part {
    fn of(text: &str) -> Self {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            // What does not fit counts as the largest number, as in PHP.
            let largest = i64::MAX.unsigned_abs();
            return Self::Number(text.parse().unwrap_or(largest).min(largest));
        }
        let forms = [
            ("dev", Self::Dev),
            ("a", Self::Alpha),
            ("b", Self::Beta),
            ("RC", Self::ReleaseCandidate),
            ("rc", Self::ReleaseCandidate),
            ("p", Self::Patch),
        ];
        let known = forms.iter().find(|(form, _)| text.starts_with(form));
        known.map_or(Self::Unknown, |(_, part)| *part)
    }
}

/// Compares two normalized versions, as PHP does. Different texts may be equal (`1.0`, `1.00`);
/// branches compare by their letters and mean nothing by it.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (parts(left), parts(right));
    loop {
        let (ours, theirs) = (left.next(), right.next());
        if ours.is_none() && theirs.is_none() {
            return Ordering::Equal;
        }
        let rank = |part: Option<&str>| part.map_or(Part::End, Part::of);
        let order = rank(ours).cmp(&rank(theirs));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Splits at everything that is no letter and no digit, and between letters and digits.
fn parts(version: &str) -> impl Iterator<Item = &str> {
    let pieces = version.split(|c: char| !c.is_ascii_alphanumeric());
    pieces.flat_map(runs).filter(|part| !part.is_empty())
}

/// Runs of digits and runs of letters.
fn runs(piece: &str) -> impl Iterator<Item = &str> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let is_digit = rest.bytes().next()?.is_ascii_digit();
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() == is_digit).count();
        let (run, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(run)
    })
}
