//! Requests, archives and packages that the tests share.

use std::io::{Cursor, Write as _};

use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Decoded, Ecosystem as _, FormatError, Mount, WireError, WireRequest};
use vouchsafe_domain::call::{Call, Inspected, PublishDraft, UnnamedUpload};
use vouchsafe_domain::index::{ArtifactView, DocumentKey, PackageView, ReleaseView};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Sha256, Timestamp};
use vouchsafe_ecosystem_composer::Composer;
use zip::write::SimpleFileOptions;

/// A request that owns its parts.
pub(crate) struct Request {
    method: Method,
    segments: Vec<String>,
    has_trailing_slash: bool,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    mount: Mount,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            method: method.parse().unwrap(),
            segments: path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            has_trailing_slash: path.ends_with('/'),
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers: HeaderMap::new(),
            mount: Mount {
                base_url: "https://registry.example/composer".into(),
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
            query: &self.query,
            headers: &self.headers,
            mount: &self.mount,
        }
    }
}

pub(crate) fn decode(method: &str, target: &str) -> Result<Decoded, WireError> {
    Composer.decode(&Request::new(method, target).as_wire())
}

/// Collects uploaded files.
#[derive(Default)]
struct Sink(Vec<Vec<u8>>);

impl vouchsafe_adapter::body::UploadSink for Sink {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().extend_from_slice(bytes);
    }
}

/// Sends a body in two chunks; gives the call with what arrived in the sink.
pub(crate) fn send(
    method: &str,
    target: &str,
    body: &[u8],
) -> Result<(Call, Vec<Vec<u8>>), WireError> {
    let mut decoder = match decode(method, target)? {
        Decoded::Body(decoder) => decoder,
        Decoded::Call(call) => return Ok((call, Vec::new())),
        Decoded::Fixed { .. } => panic!("nothing is fixed here"),
    };
    let mut sink = Sink::default();
    let (first, second) = body.split_at(body.len() / 2);
    decoder.push(first, &mut sink)?;
    decoder.push(second, &mut sink)?;
    let call = decoder.finish(&mut sink)?;
    Ok((call, sink.0))
}

/// Identifies and inspects an archive, as the registry does.
pub(crate) fn publish(
    package: Option<&str>,
    version: Option<&str>,
    archive: &[u8],
) -> Result<(PublishDraft, Inspected), FormatError> {
    let upload = UnnamedUpload {
        package: package.map(|raw| Composer.parse_name(raw).unwrap()),
        version: version.map(str::to_owned),
        metadata: "{}".to_owned(),
    };
    let file = || Box::new(Cursor::new(archive.to_vec())) as Box<dyn ArtifactBytes>;
    let draft = Composer.identify(&upload, file().as_mut())?;
    let inspected = Composer.inspect(&draft, &mut [file()])?;
    Ok((draft, inspected))
}

/// A zip archive with these files.
pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        writer.start_file(*path, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A stored release of `acme/tool`, whose manifest says nothing but its name.
pub(crate) fn release(version: &str) -> ReleaseView {
    release_with(version, r#"{"name":"acme/tool","type":"library"}"#)
}

pub(crate) fn release_with(version: &str, manifest: &str) -> ReleaseView {
    let sha1 = Digest::from_hex(DigestAlgorithm::Sha1, &"cd".repeat(20)).unwrap();
    let artifact = ArtifactView {
        filename: format!("acme-tool-{version}.zip").parse().unwrap(),
        size_bytes: Some(1),
        digests: Digests::from_iter([Sha256::new([0xab; 32]).into(), sha1]),
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        upstream_url: None,
        extras: None,
    };
    ReleaseView {
        version: Composer.parse_version(version).unwrap(),
        manifest: manifest.into(),
        artifacts: vec![artifact],
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        yanked: None,
        deprecated: None,
    }
}

/// The package `acme/tool` with these releases.
pub(crate) fn view(releases: Vec<ReleaseView>) -> PackageView {
    PackageView {
        name: Composer.parse_name("acme/tool").unwrap(),
        base_url: "https://registry.example/composer".into(),
        releases,
        withheld: Vec::new(),
        tags: Default::default(),
        owners: Vec::new(),
        extras: None,
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_700_000_000),
        revision: 1,
        is_hosted: true,
    }
}

pub(crate) fn render(view: &PackageView, document: &'static str) -> Value {
    let document = Composer.render(view, &DocumentKey::from_static(document)).unwrap();
    assert_eq!(document.content_type, "application/json");
    serde_json::from_slice(&document.body).unwrap()
}

/// What Composer makes of a short list: each entry is the one before it with changes.
pub(crate) fn expand(document: &Value) -> Vec<Map<String, Value>> {
    assert_eq!(document["minified"], "composer/2.0");
    let mut current = Map::new();
    let entries = document["packages"]["acme/tool"].as_array().unwrap();
    let expanded = entries.iter().map(|entry| {
        for (key, value) in entry.as_object().unwrap() {
            if value == "__unset" {
                current.shift_remove(key);
            } else {
                current.insert(key.clone(), value.clone());
            }
        }
        current.clone()
    });
    expanded.collect()
}
