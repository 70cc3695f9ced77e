//! What every ecosystem adapter is: one trait, the wire types, and shared limits.
//!
//! An adapter translates and never decides. It holds no state, opens no socket or file, knows no
//! clock and no store, and is not told who is asking: `decode` turns a request into a
//! [`Call`](vouchsafe_domain::call::Call), `vouchsafe-app` answers it, `encode` writes the answer.
//! Every method can be tested from bytes alone.
//!
//! # See also
//!
//! [`archive`] for the limits that every archive reader here obeys, [`conformance`] for the tests
//! that every adapter must pass, `CONTRIBUTING.md` for "add an ecosystem".

pub mod archive;
pub mod body;
pub mod conformance;
pub mod ecosystem;
pub mod multipart;
pub mod namespace;
pub mod wire;

pub use ecosystem::{
    BundleSink, Decoded, Ecosystem, FormatError, Profile, UpstreamDocument, UpstreamRequest,
    WholeBlock,
};
pub use wire::{Mount, WireError, WireRequest, WireResponse};
