//! Sockets and HTTP: accept, bound, decode the head, ask `app`, write what comes back.
//!
//! One request goes down this way and nowhere else: `server` accepts, `service` gives it an id, a
//! client address and a deadline, `mounts` hands it to the ecosystem whose address it is (or
//! `pages` to the portal, `api` to our own API), `respond` writes documents and artifacts with
//! their conditions.
//!
//! # Invariants
//!
//! - Every limit is checked before memory is taken.
//! - Paths are split first and decoded once; nothing below this crate sees a raw path.
//! - A failure of ours is logged once, with its whole chain, and told to nobody.

mod address;
mod api;
mod error;
mod health;
mod mounts;
mod opening;
mod pages;
mod path;
mod respond;
mod server;
mod service;
mod tls;

pub use address::TrustedProxies;
pub use error::ServeError;
pub use health::install_metrics;
pub use server::{Server, ServerConfig};
pub use tls::TlsFiles;
