//! Requests and packages that the tests share.

use http::{HeaderMap, Method};
use vouchsafe_adapter::{Decoded, Ecosystem as _, Mount, WireError, WireRequest};
use vouchsafe_domain::index::{PackageView, ReleaseView};
use vouchsafe_domain::{Timestamp, Version};
use vouchsafe_ecosystem_golang::Golang;

/// A request that owns its parts.
pub(crate) struct Request {
    method: Method,
    segments: Vec<String>,
    has_trailing_slash: bool,
    headers: HeaderMap,
    mount: Mount,
}

impl Request {
    /// * `path`: below the mount, percent-encoded.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let decode = |piece| percent_encoding::percent_decode_str(piece).decode_utf8().unwrap();
        let pieces = path.split('/').filter(|piece| !piece.is_empty());
        Self {
            method: method.parse().unwrap(),
            segments: pieces.map(|piece| decode(piece).into_owned()).collect(),
            has_trailing_slash: path.ends_with('/'),
            headers: HeaderMap::new(),
            mount: Mount {
                base_url: "https://registry.example/golang".into(),
                site_url: "https://registry.example".into(),
                auth_required: true,
            },
        }
    }

    pub(crate) fn as_wire(&self) -> WireRequest<'_> {
        WireRequest {
            method: &self.method,
            segments: &self.segments,
            has_trailing_slash: self.has_trailing_slash,
            query: &[],
            headers: &self.headers,
            mount: &self.mount,
        }
    }
}

pub(crate) fn decode(method: &str, path: &str) -> Result<Decoded, WireError> {
    Golang.decode(&Request::new(method, path).as_wire())
}

pub(crate) fn version(raw: &str) -> Version {
    Golang.parse_version(raw).unwrap()
}

pub(crate) fn release(raw_version: &str) -> ReleaseView {
    ReleaseView {
        version: version(raw_version),
        manifest: "{}".into(),
        artifacts: Vec::new(),
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        yanked: None,
        deprecated: None,
    }
}

/// A proxied module with these releases.
pub(crate) fn view(name: &str, releases: Vec<ReleaseView>) -> PackageView {
    PackageView {
        name: Golang.parse_name(name).unwrap(),
        base_url: "https://registry.example/golang".into(),
        releases,
        withheld: Vec::new(),
        tags: Default::default(),
        owners: Vec::new(),
        extras: None,
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_700_000_000),
        revision: 1,
        is_hosted: false,
    }
}
