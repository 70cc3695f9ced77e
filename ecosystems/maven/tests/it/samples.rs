//! Requests, packages and files that the tests share.

use std::io::{Cursor, Write};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use vouchsafe_adapter::body::UploadSink;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Decoded, Ecosystem, FormatError, Mount, WireError, WireRequest};
use vouchsafe_domain::call::{Call, Inspected};
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::index::{ArtifactView, PackageView, ReleaseView};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, PackageName, Timestamp, Version};
use vouchsafe_ecosystem_maven::Maven;
use zip::write::SimpleFileOptions;

pub(crate) fn name(raw: &str) -> PackageName {
    Maven.parse_name(raw).unwrap()
}

pub(crate) fn version(raw: &str) -> Version {
    Maven.parse_version(raw).unwrap()
}

/// A request head, kept alive for the adapter to borrow.
pub(crate) struct Request {
    method: Method,
    segments: Vec<String>,
    has_trailing_slash: bool,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    mount: Mount,
}

impl Request {
    /// * `target`: path below the mount and query, already decoded.
    pub(crate) fn new(method: &str, target: &str, headers: &[(&'static str, &str)]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        Self {
            method: method.parse().unwrap(),
            segments: segments.map(str::to_owned).collect(),
            has_trailing_slash: path.ends_with('/'),
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers: headers.collect(),
            mount: Mount {
                base_url: "https://registry.example/maven".into(),
                site_url: "https://registry.example".into(),
                auth_required: false,
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

/// What a body's files were.
#[derive(Default)]
pub(crate) struct Collected(pub(crate) Vec<Vec<u8>>);

impl UploadSink for Collected {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().extend_from_slice(bytes);
    }
}

/// Decodes a request with a body, fed in chunks of `cut` bytes.
pub(crate) fn decode_cut(
    request: &Request,
    body: &[u8],
    cut: usize,
) -> Result<(Option<Call>, Vec<Vec<u8>>), WireError> {
    let mut sink = Collected::default();
    let call = match Maven.decode(&request.as_wire())? {
        Decoded::Call(call) => Some(call),
        Decoded::Body(mut decoder) => {
            for chunk in body.chunks(cut) {
                decoder.push(chunk, &mut sink)?;
            }
            Some(decoder.finish(&mut sink)?)
        }
        Decoded::Fixed { response, .. } => {
            assert_eq!(response.status.as_u16(), 201);
            None
        }
    };
    Ok((call, sink.0))
}

/// What a request decodes to, in the words of `Debug`; for a body that decides, with it.
pub(crate) fn decode(method: &str, target: &str, body: &[u8]) -> Result<Option<Call>, WireError> {
    decode_cut(&Request::new(method, target, &[]), body, 7).map(|(call, _)| call)
}

pub(crate) fn digests(byte: u8) -> Digests {
    let all = [DigestAlgorithm::Md5, DigestAlgorithm::Sha1, DigestAlgorithm::Sha256];
    let of = |algorithm: DigestAlgorithm| {
        Digest::from_bytes(algorithm, &vec![byte; algorithm.len_bytes()]).unwrap()
    };
    all.into_iter().map(of).collect()
}

pub(crate) fn artifact(filename: &str, at: &str) -> ArtifactView {
    ArtifactView {
        filename: filename.parse().unwrap(),
        size_bytes: Some(1234),
        digests: digests(1),
        published_at: Some(at.parse().unwrap()),
        upstream_url: None,
        extras: None,
    }
}

pub(crate) fn release(raw: &str, filenames: &[&str]) -> ReleaseView {
    let at = "2026-01-02T03:04:05Z";
    ReleaseView {
        version: version(raw),
        manifest: "{}".into(),
        artifacts: filenames.iter().map(|filename| artifact(filename, at)).collect(),
        published_at: Some(at.parse().unwrap()),
        yanked: None,
        deprecated: None,
    }
}

pub(crate) fn package(releases: Vec<ReleaseView>) -> PackageView {
    PackageView {
        name: name("com.acme.tools/lib"),
        base_url: "https://registry.example/maven".into(),
        releases,
        withheld: Vec::new(),
        tags: Default::default(),
        owners: Vec::new(),
        extras: None,
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_767_323_045),
        revision: 7,
        is_hosted: true,
    }
}

/// A pom of `com.acme.tools:lib` with everything that Maven Central asks for.
pub(crate) fn pom(version: &str, packaging: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n\
         <modelVersion>4.0.0</modelVersion>\n\
         <groupId>com.acme.tools</groupId><artifactId>lib</artifactId>\n\
         <version>{version}</version><packaging>{packaging}</packaging>\n\
         <name>Lib</name><description>A &lt;good&gt;\n   library</description>\n\
         <url>https://acme.example/lib</url>\n\
         <licenses><license><name>MIT</name></license></licenses>\n\
         <developers><developer><name>Ann</name></developer></developers>\n\
         <scm><url>https://code.example/lib</url></scm>\n\
         <dependencies><dependency><groupId>com.acme</groupId><artifactId>core</artifactId>\
         <version>2.0</version><scope>test</scope></dependency></dependencies>\n\
         </project>\n"
    )
}

pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in entries {
        writer.start_file(*path, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn jar() -> Vec<u8> {
    zip(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), ("com/acme/Lib.class", b"x")])
}

/// Assembles and inspects files of one release of `com.acme.tools:lib`.
pub(crate) fn publish(release: &str, files: &[(&str, Vec<u8>)]) -> Result<Inspected, FormatError> {
    let staged: Vec<StagedFile> = files
        .iter()
        .map(|(filename, bytes)| StagedFile {
            filename: filename.parse().unwrap(),
            size_bytes: bytes.len() as u64,
            digests: digests(1),
        })
        .collect();
    let draft = Maven.assemble(&name("com.acme.tools/lib"), &version(release), &staged)?;
    let bytes_of =
        |wanted: &str| files.iter().find(|(filename, _)| *filename == wanted).unwrap().1.clone();
    let mut opened: Vec<Box<dyn ArtifactBytes>> = Vec::new();
    for file in &draft.files {
        opened.push(Box::new(Cursor::new(bytes_of(file.filename.as_str()))));
    }
    Maven.inspect(&draft, &mut opened)
}
