//! Fuzz targets: one test per decoder of strangers' bytes.
//!
//! A target is an ordinary test. `cargo test` gives it a fixed number of inputs that are the same
//! in every run; `cargo bolero` gives the same target as many as one likes, guided by coverage
//! (`README.md`). An input is not the bytes that a decoder gets but a *script*: it chooses a valid
//! sample and says how to spoil it ([`script`]), because random bytes fail at the first check.
//!
//! Every target asserts more than that nothing panics: what is accepted must be consistent, and
//! where another implementation reads the same bytes, it must see the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target fails by panicking"
)]

mod accepted;
mod archives;
mod credentials;
mod engine;
mod indexes;
mod inspection;
mod names;
mod publish_bodies;
mod releases;
mod requests;
mod samples;
mod script;
mod stage;
mod words;
