//! Verified namespaces: claims, proofs by DNS and by code hosts, who publishes where, freezing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod claims;
mod code_hosts;
mod dns;
mod name_server;
mod publishing;
mod stage;
