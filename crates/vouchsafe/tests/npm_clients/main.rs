//! npm, pnpm and Yarn against the real server, and what they ask of it as plain requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and go by the clock of the server they start"
)]

mod api;
mod documents;
mod real_client;
mod stage;
mod upstream;
