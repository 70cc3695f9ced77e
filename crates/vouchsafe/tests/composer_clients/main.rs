//! Composer, old and current, against the real server, and what it asks of it as plain requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and go by the clock of the server they start"
)]

mod archives;
mod confusion;
mod documents;
mod hostile;
mod proxied;
mod real_client;
mod stage;
mod uploads;
mod upstream;
