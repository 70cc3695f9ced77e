//! `vouchsafe composer`: publishing from a folder, and importing tags of git repositories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod git_http;
mod hostile;
mod import;
mod publish;
mod stage;
mod webhook;
