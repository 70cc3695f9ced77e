//! The registry as Go sees it: the real `go` in a home of its own, in front of scripted module
//! proxies and of the one that this machine's `go` is set up for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod addresses;
mod hostile;
mod modules;
mod stage;

mod real_client {
    //! Tests that drive the installed `go`.

    mod adopted;
    mod policy;
    mod set_up;
}
