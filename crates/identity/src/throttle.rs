//! Throttling of failed credentials, per address and per account name.
//!
//! After a few failures a key is locked out, twice as long with every further one. Passwords are
//! what this protects; a token cannot be guessed, and callers may let a token that is known to be
//! good pass without asking here, so that a neighbor behind the same address does no harm.
//!
//! # Invariants
//!
//! - Memory is bounded: at most [`Settings::max_keys`] keys of a fixed size, whatever is sent. The
//!   least recently used ones are forgotten first.
//! - Addresses and accounts are counted apart, so that many addresses cannot push accounts out.
//! - A success forgives the account and not the address: whoever owns one account must not be
//!   able to wash an address with it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use vouchsafe_domain::Timestamp;

use crate::token::sha256;

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThrottleKey(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    /// The network prefix: a whole IPv4 address, the upper 64 bits of an IPv6 one.
    Address(u64),
    /// Hashed, so that a long name takes no room and a typed password is not kept.
    Account([u8; 32]),
}

impl ThrottleKey {
    /// The key of a client's address: IPv4 as it is, IPv6 by its /64, which one customer has
    /// whole. An IPv4 address in IPv6 clothing counts as IPv4.
    pub fn address(address: IpAddr) -> Self {
        let prefix = match address.to_canonical() {
            // No IPv6 prefix in use is this small, so the two kinds stay apart.
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
        };
        Self(Kind::Address(prefix))
    }

    /// The key of an account name as typed, whether or not there is such an account.
    pub fn account(name: &str) -> Self {
        Self(Kind::Account(sha256(name.trim().to_lowercase().as_bytes())))
    }
}

/// When a kind of key is locked out, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Failures that are free.
    pub free_failures: u32,
    /// How long the first lock-out lasts. Each further failure doubles it.
    pub first_lock: Duration,
    /// How long a lock-out lasts at most.
    pub longest_lock: Duration,
}

/// Numbers of a [`Throttle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// For addresses. Many people may share one.
    pub address: Limit,
    /// For account names. Shorter at most, or a stranger could keep somebody out for long.
    pub account: Limit,
    /// Failures are forgotten this long after the last one or the end of its lock-out.
    pub forget_after: Duration,
    /// How many keys of each kind are remembered.
    pub max_keys: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            address: Limit { free_failures: 20, first_lock: secs(2), longest_lock: secs(900) },
            account: Limit { free_failures: 8, first_lock: secs(1), longest_lock: secs(120) },
            forget_after: secs(900),
            max_keys: 32_768,
        }
    }
}

/// Counts failed credentials and says who has to wait.
#[derive(Debug, Default)]
pub struct Throttle {
    settings: Settings,
    addresses: Recent,
    accounts: Recent,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    /// When the lock-out ends; the moment of the failure when there was none.
    until: Timestamp,
}

impl Throttle {
    /// A limiter with numbers of one's own.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Asks before a credential is looked at.
    ///
    /// # Errors
    ///
    /// Seconds to wait, at least 1, when the key is locked out.
    pub fn check(&mut self, key: &ThrottleKey, now: Timestamp) -> Result<(), u32> {
        let max_keys = self.settings.max_keys;
        let (_, recent) = self.parts(key);
        let until = recent.get(key, max_keys).map_or(now, |failures| failures.until);
        let wait = until.since(now);
        if wait.is_zero() {
            return Ok(());
        }
        Err(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX))
    }

    /// Notes a refused credential. True when this is news: the first failure in a while, or the
    /// one that begins a lock-out. Callers record an event then, one per burst.
    pub fn failed(&mut self, key: &ThrottleKey, now: Timestamp) -> bool {
        let Settings { forget_after, max_keys, .. } = self.settings;
        let (limit, recent) = self.parts(key);
        let earlier = recent
            .get(key, max_keys)
            .filter(|failures| now.since(failures.until) < forget_after)
            .map_or(0, |failures| failures.count);
        let count = earlier.saturating_add(1);
        let lock = limit.lock(count);
        recent.insert(key, Failures { count, until: now.plus(lock) }, max_keys);
        count == 1 || count == limit.free_failures.saturating_add(1)
    }

    /// Notes a good password: forgives the account, not the address.
    pub fn succeeded(&mut self, key: &ThrottleKey) {
        if matches!(key.0, Kind::Account(_)) {
            self.accounts.remove(key);
        }
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.addresses.len() + self.accounts.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn parts(&mut self, key: &ThrottleKey) -> (Limit, &mut Recent) {
        match key.0 {
            Kind::Address(_) => (self.settings.address, &mut self.addresses),
            Kind::Account(_) => (self.settings.account, &mut self.accounts),
        }
    }
}

impl Limit {
    fn lock(self, count: u32) -> Duration {
        let Some(beyond) = count.checked_sub(self.free_failures.saturating_add(1)) else {
            return Duration::ZERO;
        };
        // 2^30 times any lock-out is longer than the longest one.
        self.first_lock.saturating_mul(1 << beyond.min(30)).min(self.longest_lock)
    }
}

/// A map that forgets what was not used lately: two halves, the older one is dropped when the
/// younger one is full, and what is asked for moves to the younger one.
#[derive(Debug, Default)]
struct Recent {
    younger: HashMap<ThrottleKey, Failures>,
    older: HashMap<ThrottleKey, Failures>,
}

impl Recent {
    fn get(&mut self, key: &ThrottleKey, max_keys: usize) -> Option<Failures> {
        if let Some(failures) = self.younger.get(key) {
            return Some(*failures);
        }
        let failures = self.older.remove(key)?;
        self.insert(key, failures, max_keys);
        Some(failures)
    }

    fn insert(&mut self, key: &ThrottleKey, failures: Failures, max_keys: usize) {
        let is_full = self.younger.len() >= (max_keys / 2).max(1);
        if is_full && !self.younger.contains_key(key) {
            self.older = std::mem::take(&mut self.younger);
        }
        self.older.remove(key);
        self.younger.insert(key.clone(), failures);
    }

    fn remove(&mut self, key: &ThrottleKey) {
        self.younger.remove(key);
        self.older.remove(key);
    }

    fn len(&self) -> usize {
        self.younger.len() + self.older.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        address: Limit {
            free_failures: 3,
            first_lock: Duration::from_secs(2),
            longest_lock: Duration::from_secs(60),
        },
        account: Limit {
            free_failures: 3,
            first_lock: Duration::from_secs(2),
            longest_lock: Duration::from_secs(60),
        },
        forget_after: Duration::from_secs(900),
        max_keys: 100,
    };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    fn address(text: &str) -> ThrottleKey {
        ThrottleKey::address(text.parse().unwrap())
    }

    /// Fails `failures` times at second 0 and says how long the key has to wait then.
    #[track_caller]
    fn check(failures: u32, expected: Result<(), u32>) {
        let mut throttle = Throttle::new(SETTINGS);
        let key = address("192.0.2.1");
        for _ in 0..failures {
            throttle.failed(&key, at(0));
        }
        assert_eq!(throttle.check(&key, at(0)), expected, "after {failures} failures");
    }

    #[test]
    fn lock_outs_double_up_to_a_limit() {
        check(0, Ok(()));
        check(3, Ok(()));
        check(4, Err(2));
        check(5, Err(4));
        check(8, Err(32));
        check(9, Err(60));
        check(5000, Err(60));
    }

    #[test]
    fn a_lock_out_ends_and_failures_are_forgotten_later() {
        let mut throttle = Throttle::new(SETTINGS);
        let key = address("192.0.2.1");
        let news: Vec<bool> = (0..5).map(|_| throttle.failed(&key, at(0))).collect();
        assert_eq!(news, [true, false, false, true, false]);
        assert_eq!(throttle.check(&key, at(3)), Err(1));
        assert_eq!(throttle.check(&key, at(4)), Ok(()));
        assert!(!throttle.failed(&key, at(500)));
        assert_eq!(throttle.check(&key, at(500)), Err(8));
        assert!(throttle.failed(&key, at(508 + 900)));
        assert_eq!(throttle.check(&key, at(508 + 900)), Ok(()));
    }

    #[test]
    fn a_success_forgives_the_account_and_not_the_address() {
        let mut throttle = Throttle::new(SETTINGS);
        for key in [address("192.0.2.1"), ThrottleKey::account("alice")] {
            (0..4).for_each(|_| _ = throttle.failed(&key, at(0)));
            throttle.succeeded(&key);
        }
        assert!(throttle.check(&address("192.0.2.1"), at(0)).is_err());
        assert!(throttle.check(&ThrottleKey::account("alice"), at(0)).is_ok());
    }

    #[test]
    fn keys_are_prefixes_and_folded_names() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(ThrottleKey::account(" Alice"), ThrottleKey::account("alice"));
    }

    #[test]
    fn memory_stays_bounded_and_what_is_in_use_is_kept() {
        let mut throttle = Throttle::new(SETTINGS);
        let busy = address("192.0.2.1");
        (0..4).for_each(|_| _ = throttle.failed(&busy, at(0)));
        for number in 0..10_000_u32 {
            throttle.failed(&ThrottleKey::address(IpAddr::from(number.to_be_bytes())), at(0));
            throttle.failed(&ThrottleKey::account(&number.to_string()), at(0));
            assert!(throttle.check(&busy, at(0)).is_err(), "forgotten after {number}");
            assert!(throttle.len() <= 200);
        }
    }
}
