//! The Composer adapter, through its public functions only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

mod answers;
mod conformance;
mod constraints;
mod documents;
mod fixtures;
mod upload;
mod upstream;
mod versions;
mod wire;
