//! The adapter through its one public type.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod addresses;
mod bundles;
mod conformance;
mod documents;
mod inspection;
mod refusals;
mod samples;
mod upstreams;
mod versions;
