//! Requests, sinks and uploaded files, and the adapters by name.

use std::io::Cursor;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Decoded, Ecosystem, Mount, WireError, WireRequest};
use vouchsafe_domain::PackageName;
use vouchsafe_domain::call::Call;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_golang::Golang;
use vouchsafe_ecosystem_maven::Maven;
use vouchsafe_ecosystem_npm::Npm;
use vouchsafe_ecosystem_pypi::PyPi;

/// Every adapter there is.
pub(crate) const ADAPTERS: [&dyn Ecosystem; 6] = [&Cargo, &Npm, &PyPi, &Composer, &Maven, &Golang];

/// A name that an adapter takes.
pub(crate) fn some_name(adapter: &dyn Ecosystem) -> PackageName {
    let names = ["a", "a/b", "a.example/b"];
    names.iter().find_map(|raw| adapter.parse_name(raw).ok()).expect("one of them is a name")
}

/// A request that owns its parts.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) segments: Vec<String>,
    pub(crate) has_trailing_slash: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) mount: Mount,
}

impl Request {
    /// * `segments`: decoded, as the server's edge hands them on.
    pub(crate) fn new(adapter: &dyn Ecosystem, method: &Method, segments: &[&str]) -> Self {
        Self {
            method: method.clone(),
            segments: segments.iter().map(ToString::to_string).collect(),
            has_trailing_slash: false,
            query: Vec::new(),
            headers: HeaderMap::new(),
            mount: Mount {
                base_url: format!("https://registry.example/{}", adapter.id()).into(),
                site_url: "https://registry.example".into(),
                auth_required: true,
            },
        }
    }

    pub(crate) fn with_slash(mut self) -> Self {
        self.has_trailing_slash = true;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn as_wire(&self) -> WireRequest<'_> {
        WireRequest {
            method: &self.method,
            segments: &self.segments,
            has_trailing_slash: self.has_trailing_slash,
            query: &self.query,
            headers: &self.headers,
            mount: &self.mount,
        }
    }
}

/// Collects uploaded files.
#[derive(Debug, Default)]
pub(crate) struct Files(pub(crate) Vec<Vec<u8>>);

impl UploadSink for Files {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().expect("bytes came before a file began").extend_from_slice(bytes);
    }
}

/// The decoder of a request that has a body.
pub(crate) fn decoder(
    adapter: &dyn Ecosystem,
    request: &Request,
) -> Result<Box<dyn BodyDecoder>, WireError> {
    match adapter.decode(&request.as_wire())? {
        Decoded::Body(decoder) => Ok(decoder),
        _ => panic!("{request:?} has no body"),
    }
}

/// Feeds a body in pieces.
pub(crate) fn feed<'a>(
    mut decoder: Box<dyn BodyDecoder>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Call, Vec<Vec<u8>>), WireError> {
    let mut files = Files::default();
    for piece in pieces {
        decoder.push(piece, &mut files)?;
    }
    let call = decoder.finish(&mut files)?;
    Ok((call, files.0))
}

/// Files as `inspect` gets them.
pub(crate) fn artifacts(files: &[Vec<u8>]) -> Vec<Box<dyn ArtifactBytes>> {
    files.iter().map(|file| Box::new(Cursor::new(file.clone())) as Box<_>).collect()
}
