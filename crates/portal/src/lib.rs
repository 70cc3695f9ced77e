//! The pages: values in, HTML out.
//!
//! Each page is one function over one view struct. The portal has no logic of its own: it asks no
//! store, reads no clock and speaks no HTTP. `vouchsafe-http` collects the values, calls a function
//! here and sends what comes back, together with [`CONTENT_SECURITY_POLICY`].
//!
//! # Invariants
//!
//! - Everything a stranger wrote is escaped by askama, or cleaned by [`markdown`].
//! - No page holds an inline script, an inline style or an event attribute, and none needs
//!   JavaScript.
//! - An address from package metadata becomes a link only when it is `http` or `https`.
//! - A secret is let out in two places only: the hidden fields of a form, and the page that shows
//!   a new token once.
//!
//! # See also
//!
//! [`address`] for where each page lives, `templates/` for the markup, `assets/portal.css` for the
//! one visual language.

pub mod address;
pub mod assets;
pub mod docs;
pub mod markdown;
mod moment;
mod page;
pub mod pages;
mod size;
mod web_link;

pub use assets::{Asset, assets};
pub use page::{EcosystemChoice, PageContext, RenderError};

/// The policy every page is sent with. The pages need nothing more.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
    img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
