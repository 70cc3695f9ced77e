//! What end-to-end tests stand on: the real server as a process, real package managers in
//! sandboxes, a scripted upstream, and packages built in memory.
//!
//! Everything here panics with a sentence on failure: it is test code, and a test that cannot set
//! its stage has failed. Nothing is skipped: a missing tool is a failure that says what to run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "test code fails by panicking, and reads its stage from the environment"
)]

pub mod http;
pub mod packages;
pub mod raw;
pub mod sandbox;
pub mod server;
pub mod services;
pub mod upstream;

pub use http::Answer;
pub use sandbox::{Ran, Sandbox};
pub use server::{Server, ServerOptions};
pub use services::{Bucket, Database};
pub use upstream::{FakeUpstream, Reply};
