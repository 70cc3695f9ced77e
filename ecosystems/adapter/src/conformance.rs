//! What every adapter must do, whatever its protocol: one suite, run from each adapter's tests.
//!
//! An adapter hands over [`Samples`] of its own language and gets back every rule it breaks, in
//! words; an empty list is a pass. The suite knows no protocol. What only a protocol can know
//! (where a document lists versions, what its client prints of a refusal) comes as functions.
//!
//! ```ignore
//! assert_eq!(check_adapter(&Cargo, &samples()), Vec::<String>::new());
//! ```

mod answers;
mod documents;
mod names;
mod requests;

use http::{HeaderMap, Method};
use vouchsafe_domain::RefusalKind;
use vouchsafe_domain::index::{Document, DocumentKey, PackageView};

use crate::{Ecosystem, Mount, WireRequest, WireResponse};

/// What an adapter gives the suite to work with.
pub struct Samples<'a> {
    /// Per group the spellings of *one* package name. Groups are different packages.
    pub names: &'a [&'a [&'a str]],
    /// Texts that are no package name. Some that are bad everywhere are added by the suite.
    pub bad_names: &'a [&'a str],
    /// Per group the spellings of *one* version. Groups are in ascending order.
    pub versions: &'a [&'a [&'a str]],
    /// Texts that are no version.
    pub bad_versions: &'a [&'a str],
    /// Requests that must decode: method, and path below the mount with its query. Parts with
    /// names and versions in them are varied by the suite.
    pub requests: &'a [(&'a str, &'a str)],
    /// A package with at least two releases, all of them served.
    pub view: PackageView,
    /// Documents of that package, and for each what this client's resolver may pick out of it:
    /// version displays.
    pub documents: &'a [(DocumentKey, Selectable)],
    /// What the client shows of a refusal: taken from the body or a header. `None` when the
    /// response has not the shape the client reads.
    pub refusal_text: fn(&WireResponse) -> Option<String>,
    /// Statuses other than [`RefusalKind::status`] that this client needs.
    pub status_exceptions: &'a [(RefusalKind, u16)],
}

/// Reads out of a document which versions a resolver may pick by itself.
pub type Selectable = fn(&Document) -> Vec<String>;

/// Runs the whole suite. Returns one sentence per broken rule; none is a pass.
pub fn check_adapter(adapter: &dyn Ecosystem, samples: &Samples<'_>) -> Vec<String> {
    let mut broken = Broken::default();
    names::check_names(adapter, samples, &mut broken);
    names::check_versions(adapter, samples, &mut broken);
    requests::check_requests(adapter, samples, &mut broken);
    documents::check_withheld_releases(adapter, samples, &mut broken);
    answers::check_answers(adapter, samples, &mut broken);
    answers::check_refusals(adapter, samples, &mut broken);
    broken.rules
}

/// Collects broken rules.
#[derive(Default)]
struct Broken {
    rules: Vec<String>,
}

impl Broken {
    /// Notes `rule` unless it holds.
    fn unless(&mut self, holds: bool, rule: impl FnOnce() -> String) {
        if !holds {
            self.rules.push(rule());
        }
    }
}

/// A request as the server's edge builds it.
struct OwnedRequest {
    method: Method,
    segments: Vec<String>,
    has_trailing_slash: bool,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    mount: Mount,
}

impl OwnedRequest {
    /// * `target`: path below the mount and query, percent-encoded where needed.
    fn new(adapter: &dyn Ecosystem, method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(key), percent_decode(value))
        });
        Self {
            method: method.parse().unwrap_or_default(),
            segments: path.split('/').filter(|s| !s.is_empty()).map(percent_decode).collect(),
            has_trailing_slash: path.ends_with('/'),
            query: query.collect(),
            headers: HeaderMap::new(),
            mount: Mount {
                base_url: format!("https://registry.example/{}", adapter.id()).into(),
                site_url: "https://registry.example".into(),
                auth_required: true,
            },
        }
    }

    fn as_wire(&self) -> WireRequest<'_> {
        WireRequest {
            method: &self.method,
            segments: &self.segments,
            has_trailing_slash: self.has_trailing_slash,
            query: &self.query,
            headers: &self.headers,
            mount: &self.mount,
        }
    }

    fn label(&self) -> String {
        format!("{} {:?}", self.method, self.segments)
    }
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
