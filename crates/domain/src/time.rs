//! Instants, as the database and the wire hold them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// An instant in UTC, in whole microseconds since 1970-01-01. JSON: RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The latest instant that can be shown with a four-digit year: 9999-12-30T22:00:00Z.
const MAX_MICROS: i64 = 253_402_207_200_000_000;
/// The earliest one we accept: 1970-01-01. Packages are younger.
const MIN_MICROS: i64 = 0;

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between 1970 and 9999")]
pub struct TimestampError;

impl Timestamp {
    /// Clamps to the years 1970 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(MIN_MICROS, MAX_MICROS))
    }

    /// Whole seconds since 1970, clamped like [`from_micros`](Self::from_micros).
    pub fn from_secs(secs: i64) -> Self {
        Self::from_micros(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0 / 1_000_000
    }

    /// This instant plus a duration, clamped.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// This instant minus a duration, clamped.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How long ago `earlier` was, or zero when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    fn to_jiff(self) -> jiff::Timestamp {
        // The clamp in every constructor keeps this inside jiff's range.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`, always 20 characters: what Cargo's `pubtime` demands.
    pub fn to_rfc3339_secs(self) -> String {
        self.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `YYYY-MM-DDTHH:MM:SS.sssZ`: what JavaScript writes.
    pub fn to_rfc3339_millis(self) -> String {
        self.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// `YYYY-MM-DDTHH:MM:SS.ssssssZ`: what Python's simple API writes.
    pub fn to_rfc3339_micros(self) -> String {
        self.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        Self::UNIX_EPOCH + Duration::from_micros(u64::try_from(timestamp.0).unwrap_or(0))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    /// Parses RFC 3339 with any offset and any number of fractional digits.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        let micros = parsed.as_microsecond();
        if !(MIN_MICROS..=MAX_MICROS).contains(&micros) {
            return Err(TimestampError);
        }
        Ok(Self(micros))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_rfc3339_micros()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_precisions() {
        let at: Timestamp = "2024-01-02T03:04:05.123456+00:00".parse().unwrap();
        assert_eq!(at.to_rfc3339_secs(), "2024-01-02T03:04:05Z");
        assert_eq!(at.to_rfc3339_millis(), "2024-01-02T03:04:05.123Z");
        assert_eq!(at.to_rfc3339_micros(), "2024-01-02T03:04:05.123456Z");
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        for bad in ["", "yesterday", "1969-12-31T23:59:59Z", "2024-01-02"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?} was accepted");
        }
    }
}
