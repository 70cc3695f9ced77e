//! All outbound HTTP: one careful client per upstream registry, git repositories, and uploads.
//!
//! A caching proxy fetches addresses that strangers wrote into index documents and redirects.
//! Everything that could go wrong with that is kept in this crate: which addresses may be asked,
//! where a credential may go, how many bytes are believed, how long is waited, how often is tried.
//! It knows no store, no adapter and no policy, and it caches nothing: `vouchsafe-app` does.
//!
//! Beside the upstreams there are smaller rooms: [`git`] reads the tags of repositories, and
//! [`Uploader`] sends a package to the registry that somebody named on a command line. And where an
//! account proves that a name is its own, [`TxtLookup`] asks name servers and [`CodeHosts`] code hosts.
//!
//! # Invariants
//!
//! - The address that was checked is the address that is connected to: names are resolved by our
//!   own resolver, which drops what is not public, so no later lookup can answer differently.
//! - Every redirect hop is checked like the first address. TLS is never given up on the way.
//! - A credential goes to the configured scheme, host and port, below the configured path, and
//!   nowhere else; once a fetch has left that place, never again during this fetch.
//! - No answer is larger than its limit, on the wire and after decompression.
//! - No cookies, no `Referer`. Proxy variables of the environment (`HTTPS_PROXY` and the like) are
//!   ignored on purpose: a proxy resolves names itself, and then no address could be checked.
//! - Secrets and query strings (signatures of storage links) reach neither errors nor logs.
//!
//! # See also
//!
//! [`Upstream::fetch_document`] and [`Upstream::fetch_artifact`] for the two questions,
//! [`UpstreamError::is_outage`] for when a stale copy may be served, [`SingleFlight`] for asking
//! once on behalf of many.

mod address;
mod body;
mod breaker;
mod code_hosts;
mod config;
mod error;
pub mod git;
mod hops;
mod reach;
mod retry;
mod single_flight;
mod tls;
mod txt;
mod upload;
mod upstream;
mod upstreams;
mod via;

pub use address::is_public;
pub use body::ArtifactBody;
pub use breaker::BreakerState;
pub use code_hosts::CodeHosts;
pub use config::{ClientLimits, ConfigError, UpstreamConfig, UpstreamCredential};
pub use error::UpstreamError;
pub use single_flight::SingleFlight;
pub use txt::{TxtError, TxtLookup, is_domain};
pub use upload::{Upload, UploadAnswer, UploadError, Uploader};
pub use upstream::{DocumentRequest, Fetched, Upstream};
pub use upstreams::Upstreams;
pub use via::{coming_through, with_origin};
