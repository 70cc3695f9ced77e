//! The adapter for Go modules, through its public trait only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

mod addresses;
mod conformance;
mod fixtures;
mod real_client;
mod refusals;
mod serving;
mod upstream;
