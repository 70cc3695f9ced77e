//! When a failed attempt is repeated within one fetch.

use std::time::Duration;

use http::HeaderMap;

use crate::breaker::BreakerState;
use crate::error::UpstreamError;

/// Waits before the second and the third attempt. Short: a client is waiting.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// Longest `Retry-After` that is waited for within a fetch. An upstream that asks for more gets
/// its peace: the fetch fails.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(2);

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: UpstreamError,
    /// What the upstream asked for; `None` when it said nothing.
    pub(crate) retry_after: Option<Duration>,
}

impl From<UpstreamError> for Failed {
    fn from(error: UpstreamError) -> Self {
        Self { error, retry_after: None }
    }
}

/// Reads `Retry-After`. A date, or anything else that is no number of seconds, counts as "long".
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?;
    let seconds = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

/// The retries of one fetch.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    used: usize,
}

impl Retries {
    /// How long to wait before the next attempt.
    ///
    /// # Errors
    ///
    /// The error of the failed attempt, when there shall be no next one.
    pub(crate) fn next(
        &mut self,
        failed: Failed,
        breaker: BreakerState,
    ) -> Result<Duration, UpstreamError> {
        let backoff = BACKOFF.get(self.used).copied();
        let wait = backoff.map(|backoff| failed.retry_after.unwrap_or(backoff));
        let is_closed = breaker == BreakerState::Closed;
        match wait {
            Some(wait)
                if is_closed && wait <= MAX_RETRY_AFTER && failed.error.is_worth_a_retry() =>
            {
                self.used += 1;
                Ok(wait)
            }
            _ => Err(failed.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, retry_after: Option<u64>, breaker: BreakerState, waits_ms: &[u128]) {
        let mut retries = Retries::default();
        let waits: Vec<u128> = std::iter::from_fn(|| {
            let error = UpstreamError::Status(status);
            let failed = Failed { error, retry_after: retry_after.map(Duration::from_secs) };
            retries.next(failed, breaker).ok().map(|wait| wait.as_millis())
        })
        .collect();
        assert_eq!(waits, waits_ms);
    }

    #[test]
    fn a_failing_upstream_gets_two_more_tries() {
        check(503, None, BreakerState::Closed, &[100, 400]);
        check(429, Some(1), BreakerState::Closed, &[1000, 1000]);
    }

    #[test]
    fn who_asks_for_patience_gets_it() {
        check(503, Some(3), BreakerState::Closed, &[]);
    }

    #[test]
    fn an_answer_is_not_asked_for_again() {
        check(403, None, BreakerState::Closed, &[]);
        check(501, None, BreakerState::Closed, &[]);
    }

    #[test]
    fn an_open_breaker_ends_the_tries() {
        check(503, None, BreakerState::Open, &[]);
    }

    #[test]
    fn a_date_in_retry_after_is_a_long_time() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        for (value, expected) in [
            ("0", Duration::ZERO),
            ("120", Duration::from_secs(120)),
            ("Fri, 31 Dec 2027 23:59:59 GMT", Duration::MAX),
            ("-1", Duration::MAX),
        ] {
            headers.insert(http::header::RETRY_AFTER, value.parse().unwrap());
            assert_eq!(retry_after(&headers), Some(expected));
        }
    }
}
