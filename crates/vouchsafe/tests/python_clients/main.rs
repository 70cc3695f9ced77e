//! The real pip, uv, twine and poetry against the real server, and the protocol underneath.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod api;
mod stage;
mod upload;

/// Tests that need package managers on this machine.
mod real_client {
    mod pip;
    mod poetry;
    mod proxied;
    mod setup;
    mod twine;
    mod uv;
    mod yank;
}
