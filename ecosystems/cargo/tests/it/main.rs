//! The Cargo adapter, through its public trait only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, in their helpers too"
)]

mod conformance;
mod fixtures;
mod index;
mod inspect;
mod publish;
mod real_cargo;
mod upstream;
mod wire;
