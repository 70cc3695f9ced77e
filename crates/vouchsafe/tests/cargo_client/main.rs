//! The registry as Cargo sees it: the real `cargo` in a home of its own, and, where the question
//! is what goes over the wire, plain requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod archives;
mod index;
mod sparse_upstream;
mod stage;

mod real_client {
    //! Tests that drive the installed `cargo`.

    mod dependencies;
    mod names;
    mod owners;
    mod policy;
    mod proxy;
    mod publish;
    mod search;
    mod signed_in;
    mod tokens;
    mod yank;
}
