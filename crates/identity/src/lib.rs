//! Who somebody is and what they may do: credentials, tokens, passwords, permissions.
//!
//! Functions over values. What a request carries becomes a
//! [`Credential`](vouchsafe_domain::Credential), a token becomes the hash that the store looks up,
//! a password is checked against what the store holds, an actor and an action become a yes or a
//! no. `vouchsafe-app` fetches the rows in between.
//!
//! # Invariants
//!
//! - Pure: no clock, no store, no source of randomness. Instants and random bytes are arguments.
//! - A credential that was sent is never treated as if none had been.
//! - No secret is stored: tokens as SHA-256 (they carry 256 random bits), passwords as Argon2id.
//! - Every permission is granted by a rule in [`authorize`]; what no rule grants is refused.

pub mod authorize;
pub mod credential;
pub mod mint;
pub mod password;
pub mod throttle;
pub mod token;
pub mod webhook;
pub mod weblogin;
