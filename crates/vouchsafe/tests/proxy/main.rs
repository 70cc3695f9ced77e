//! The caching proxy against scripted upstreams: friendly, broken and hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod adopted;
mod cache;
mod confusion;
mod ecosystem;
mod hostile;
mod judge;
mod outage;
mod scripted;
mod stage;
mod streaming;
