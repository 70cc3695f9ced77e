//! Fetches from fake upstreams on loopback: friendly, broken and hostile ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod artifacts;
mod documents;
mod fake;
mod git;
mod redirects;
mod resilience;
