//! The circuit breaker: an upstream that keeps failing is left alone for a while.
//!
//! Without it every request of every client would wait for the same timeouts. Only what happens
//! on the configured host and port counts: otherwise one index document with links to dead hosts
//! could cut all of us off from a healthy upstream.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failed attempts in a row that open the breaker.
const MAX_FAILURES: u32 = 8;
/// How long an open breaker lets nothing through.
const OPEN_FOR: Duration = Duration::from_secs(15);

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests go through.
    Closed,
    /// Requests are refused at once.
    Open,
    /// The pause is over: one request at a time may try whether the upstream is back.
    HalfOpen,
}

impl BreakerState {
    /// The word in metrics and status pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Counts failures of one upstream.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    status: Mutex<Status>,
}

#[derive(Debug, Default)]
struct Status {
    failures_in_a_row: u32,
    /// Set while the breaker is open or half open.
    opened_at: Option<Instant>,
    is_probing: bool,
}

impl Status {
    fn state(&self, now: Instant) -> BreakerState {
        match self.opened_at {
            None => BreakerState::Closed,
            Some(at) if now.saturating_duration_since(at) < OPEN_FOR => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }
}

impl Breaker {
    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        self.lock().state(now)
    }

    /// Lets a request through, or says how long to wait.
    pub(crate) fn admit(self: &Arc<Self>, now: Instant) -> Result<Permit, Duration> {
        let mut status = self.lock();
        let is_probe = match (status.state(now), status.opened_at) {
            (BreakerState::Closed, _) | (_, None) => false,
            (BreakerState::Open, Some(at)) => {
                return Err(OPEN_FOR.saturating_sub(now.saturating_duration_since(at)));
            }
            (BreakerState::HalfOpen, _) if status.is_probing => return Err(Duration::from_secs(1)),
            (BreakerState::HalfOpen, _) => true,
        };
        status.is_probing |= is_probe;
        drop(status);
        Ok(Permit { breaker: Arc::clone(self), is_probe })
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        // The counters are valid after every statement, so a poisoned lock does not matter.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to send one request. Dropped without a word (the caller was cancelled), it counts
/// for nothing and gives a probe's turn back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    is_probe: bool,
}

impl Permit {
    /// The upstream answered, whatever the answer.
    pub(crate) fn succeeded(self) {
        let mut status = self.breaker.lock();
        status.failures_in_a_row = 0;
        status.opened_at = None;
    }

    /// The upstream failed. True when this opened the breaker.
    pub(crate) fn failed(self, now: Instant) -> bool {
        let mut status = self.breaker.lock();
        status.failures_in_a_row = status.failures_in_a_row.saturating_add(1);
        let has_tripped = status.opened_at.is_none() && status.failures_in_a_row >= MAX_FAILURES;
        if has_tripped || self.is_probe {
            status.opened_at = Some(now);
        }
        has_tripped
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tripped(now: Instant) -> Arc<Breaker> {
        let breaker = Arc::new(Breaker::default());
        for _ in 0..MAX_FAILURES {
            breaker.admit(now).unwrap().failed(now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let now = Instant::now();
        let breaker = tripped(now);
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.admit(now).unwrap_err(), OPEN_FOR);
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let now = Instant::now();
        let breaker = Arc::new(Breaker::default());
        for _ in 0..MAX_FAILURES * 3 {
            breaker.admit(now).unwrap().failed(now);
            breaker.admit(now).unwrap().succeeded();
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn after_the_pause_one_probe_goes_through_and_closes_it() {
        let now = Instant::now();
        let breaker = tripped(now);
        let later = now + OPEN_FOR;
        let probe = breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err(), "a second probe went through");
        probe.succeeded();
        assert_eq!(breaker.state(later), BreakerState::Closed);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_failed_probe_opens_it_again_for_the_whole_pause() {
        let now = Instant::now();
        let breaker = tripped(now);
        let later = now + OPEN_FOR;
        breaker.admit(later).unwrap().failed(later);
        assert_eq!(breaker.admit(later).unwrap_err(), OPEN_FOR);
        assert!(breaker.admit(later + OPEN_FOR).is_ok());
    }

    #[test]
    fn a_cancelled_probe_gives_its_turn_back() {
        let now = Instant::now();
        let breaker = tripped(now);
        let later = now + OPEN_FOR;
        drop(breaker.admit(later).unwrap());
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn a_late_failure_does_not_prolong_the_pause() {
        let now = Instant::now();
        let breaker = Arc::new(Breaker::default());
        let late = breaker.admit(now).unwrap();
        for _ in 0..MAX_FAILURES {
            breaker.admit(now).unwrap().failed(now);
        }
        late.failed(now + OPEN_FOR / 2);
        assert_eq!(breaker.state(now + OPEN_FOR), BreakerState::HalfOpen);
    }
}
