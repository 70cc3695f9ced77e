//! The registry as Maven and Gradle see it: the real tools in homes of their own, and, where the
//! question is what goes over the wire or when it breaks off, plain requests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bundles;
mod deploy;
mod interrupted;
mod refused;
mod stage;
mod upstream;
mod wire;

mod real_client {
    //! Tests that drive installed build tools.

    mod gradle;
    mod maven;
    mod plugin;
    mod portal;
    mod project;
    mod proxy;
    mod strict;
}
