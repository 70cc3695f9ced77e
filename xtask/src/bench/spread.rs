//! Numbers as people read them: a median, and how far the rounds lie apart.

use super::load::Sample;

/// Median of the rounds, with the lowest and the highest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// In the middle.
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    /// The spread of one figure over the rounds; `None` without rounds.
    pub(crate) fn of(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Option<Self> {
        Self::of_values(samples.iter().map(value).collect())
    }

    /// The spread of these values.
    pub(crate) fn of_values(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            median: *values.get(values.len() / 2)?,
            low: *values.first()?,
            high: *values.last()?,
        })
    }

    /// `12.3 (11.0–14.2)`, or the median alone when the rounds agree.
    pub(crate) fn show(self) -> String {
        let Self { median, low, high } = self;
        let (median, low, high) = (number(median), number(low), number(high));
        if low == high { median } else { format!("{median} ({low}–{high})") }
    }
}

/// Three digits that mean something.
pub(crate) fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Bytes as megabytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", number(bytes as f64 / 1e6))
}

/// A time in milliseconds, without the unit.
pub(crate) fn millis(time: std::time::Duration) -> String {
    number(time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_shown_with_its_spread() {
        let spread = Spread::of_values(vec![40.0, 120.6, 36.25]).expect("three rounds");
        assert_eq!(spread.show(), "40.0 (36.2–121)");
        let spread = Spread::of_values(vec![40.0]).expect("one round");
        assert_eq!(spread.show(), "40.0");
        assert_eq!(Spread::of_values(Vec::new()), None);
    }
}
