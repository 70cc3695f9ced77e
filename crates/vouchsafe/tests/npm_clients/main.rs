//! npm, pnpm and Yarn against the real server, and what they ask of it as plain requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod api;
mod documents;
mod real_client;
mod stage;
mod upstream;
