//! Instants for people: an exact `datetime` for machines, an age or a wait for readers.

use std::time::Duration;

use vouchsafe_domain::Timestamp;

/// Units from the largest down: from how many seconds on it is used, its length in seconds, its
/// name. Months start late, because "2 months" would be a poor word for 90 days.
const UNITS: [(u64, u64, &str); 5] = [
    (2 * 31_557_600, 31_557_600, "year"),
    (100 * 86_400, 2_629_800, "month"),
    (86_400, 86_400, "day"),
    (3_600, 3_600, "hour"),
    (60, 60, "minute"),
];

/// An instant as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// RFC 3339, for the `datetime` attribute.
    pub datetime: String,
    /// `2026-11-22 15:30 UTC`.
    pub exact: String,
    /// `3 days ago`, `in 2 hours`, `just now`.
    pub relative: String,
}

impl Moment {
    /// * `at`: the instant.
    /// * `now`: the instant that ages count from.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let datetime = at.to_rfc3339_secs();
        let exact = match (datetime.get(..10), datetime.get(11..16)) {
            (Some(date), Some(time)) => format!("{date} {time} UTC"),
            _ => datetime.clone(),
        };
        let relative = match largest_unit(now.since(at)) {
            Some(age) => format!("{age} ago"),
            None => largest_unit(at.since(now))
                .map_or_else(|| "just now".to_owned(), |wait| format!("in {wait}")),
        };
        Self { datetime, exact, relative }
    }
}

/// `3 days` for a duration of three and a half days; `None` below a minute.
fn largest_unit(duration: Duration) -> Option<String> {
    let secs = duration.as_secs();
    let (_, unit_secs, name) = UNITS.into_iter().find(|(from_secs, ..)| secs >= *from_secs)?;
    let count = secs / unit_secs;
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("{count} {name}{plural}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secs_from_now: i64, expected: &str) {
        let now = Timestamp::from_secs(1_763_800_000);
        let moment = Moment::new(Timestamp::from_secs(now.as_secs() + secs_from_now), now);
        assert_eq!(moment.relative, expected);
    }

    #[test]
    fn the_past_is_told_as_an_age() {
        check(-1, "just now");
        check(-60, "1 minute ago");
        check(-7_199, "1 hour ago");
        check(-3 * 86_400, "3 days ago");
        check(-400 * 86_400, "13 months ago");
        check(-800 * 86_400, "2 years ago");
    }

    #[test]
    fn the_future_is_told_as_a_wait() {
        check(59, "just now");
        check(3_600, "in 1 hour");
        check(90 * 86_400, "in 90 days");
    }

    #[test]
    fn the_exact_instant_stands_beside_it() {
        let at = Timestamp::from_secs(1_700_000_000);
        let moment = Moment::new(at, at);
        assert_eq!(moment.datetime, "2023-11-14T22:13:20Z");
        assert_eq!(moment.exact, "2023-11-14 22:13 UTC");
    }
}
