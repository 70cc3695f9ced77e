//! The adapter through its one public type.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod addresses;
mod conformance;
mod inspection;
mod samples;
mod serving;
mod upstream_pages;
