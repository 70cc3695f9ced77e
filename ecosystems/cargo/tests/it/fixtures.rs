//! Requests, archives and packages that the tests share.

use std::io::{Cursor, Write as _};

use http::{HeaderMap, Method};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Decoded, Ecosystem as _, FormatError, Mount, WireError, WireRequest};
use vouchsafe_domain::call::{Call, Inspected, PublishDraft};
use vouchsafe_domain::index::{ArtifactView, PackageView, ReleaseView};
use vouchsafe_domain::{Digests, Sha256, Timestamp};
use vouchsafe_ecosystem_cargo::Cargo;

/// A request that owns its parts.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) segments: Vec<String>,
    pub(crate) has_trailing_slash: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) mount: Mount,
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
                base_url: "https://registry.example/cargo".into(),
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
    Cargo.decode(&Request::new(method, target).as_wire())
}

/// Collects uploaded files.
#[derive(Default)]
pub(crate) struct Sink(pub(crate) Vec<Vec<u8>>);

impl vouchsafe_adapter::body::UploadSink for Sink {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().extend_from_slice(bytes);
    }
}

/// Sends a publish body in chunks and returns the call with what arrived in the sink.
pub(crate) fn publish_in_chunks<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Call, Vec<Vec<u8>>), WireError> {
    let Decoded::Body(mut body) = decode("PUT", "api/v1/crates/new")? else {
        panic!("publishing needs a body");
    };
    let mut sink = Sink::default();
    for chunk in chunks {
        body.push(chunk, &mut sink)?;
    }
    let call = body.finish(&mut sink)?;
    Ok((call, sink.0))
}

pub(crate) fn publish_body(metadata: &[u8], artifact: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [&length(metadata)[..], metadata, &length(artifact), artifact].concat()
}

/// Publishes and inspects, as the registry does.
pub(crate) fn publish_and_inspect(
    metadata: &str,
    artifact: &[u8],
) -> Result<(PublishDraft, Inspected), FormatError> {
    let body = publish_body(metadata.as_bytes(), artifact);
    let (call, files) = publish_in_chunks([&body[..]]).unwrap();
    let Call::Publish(draft) = call else { panic!("{call:?}") };
    let mut files: Vec<Box<dyn ArtifactBytes>> =
        files.into_iter().map(|file| Box::new(Cursor::new(file)) as Box<_>).collect();
    let inspected = Cargo.inspect(&draft, &mut files)?;
    Ok((*draft, inspected))
}

/// A `.crate` with these files.
pub(crate) fn crate_file(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// A release whose kept manifest is `line` and whose digest is 32 times `digest_byte`.
pub(crate) fn release(version: &str, line: &str, digest_byte: u8) -> ReleaseView {
    let artifact = ArtifactView {
        filename: format!("demo-{version}.crate").parse().unwrap(),
        size_bytes: Some(1),
        digests: Digests::from_iter([Sha256::new([digest_byte; 32]).into()]),
        published_at: None,
        upstream_url: None,
        extras: None,
    };
    ReleaseView {
        version: Cargo.parse_version(version).unwrap(),
        manifest: line.into(),
        artifacts: vec![artifact],
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        yanked: None,
        deprecated: None,
    }
}

/// A package `Demo` with these releases.
pub(crate) fn view(releases: Vec<ReleaseView>) -> PackageView {
    PackageView {
        name: Cargo.parse_name("Demo").unwrap(),
        base_url: "https://registry.example/cargo".into(),
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

pub(crate) fn line(version: &str) -> String {
    format!(r#"{{"name":"Demo","vers":"{version}","deps":[],"features":{{}}}}"#)
}
