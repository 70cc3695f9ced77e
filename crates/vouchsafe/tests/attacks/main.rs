//! Attacks on a running server: every one is refused, in the words of the client it was aimed at,
//! and leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod archives;
mod bodies;
mod credentials;
mod limits;
mod matrix;
mod pages;
mod paths;
mod peers;
mod races;
mod repositories;
mod stage;
mod throttling;
