//! Requests, packages and archives that the tests share.

use std::io::{Cursor, Write};
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use vouchsafe_adapter::{Decoded, Ecosystem, Mount, WireError, WireRequest};
use vouchsafe_domain::index::{ArtifactView, OwnerView, PackageView, ReleaseView};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Timestamp};
use vouchsafe_ecosystem_pypi::PyPi;
use zip::write::SimpleFileOptions;

/// Decodes `GET some/path?key=value`.
pub(crate) fn decode(
    method: &str,
    target: &str,
    headers: &[(&'static str, &str)],
) -> Result<Decoded, WireError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned);
    let segments: Vec<String> = segments.collect();
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let query: Vec<(String, String)> = query.collect();
    let headers = headers.iter().map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    });
    let headers: HeaderMap = headers.collect();
    let mount = Mount {
        base_url: "https://registry.example/pypi".into(),
        site_url: "https://registry.example".into(),
        auth_required: false,
    };
    PyPi.decode(&WireRequest {
        method: &method.parse::<Method>().unwrap(),
        segments: &segments,
        has_trailing_slash: path.ends_with('/'),
        query: &query,
        headers: &headers,
        mount: &mount,
    })
}

pub(crate) fn digests(byte: u8) -> Digests {
    let of = |algorithm: DigestAlgorithm| {
        Digest::from_bytes(algorithm, &vec![byte; algorithm.len_bytes()]).unwrap()
    };
    [DigestAlgorithm::Sha256, DigestAlgorithm::Blake2b256, DigestAlgorithm::Md5]
        .into_iter()
        .map(of)
        .collect()
}

fn artifact(filename: &str, byte: u8, extras: Option<&str>) -> ArtifactView {
    ArtifactView {
        filename: filename.parse().unwrap(),
        size_bytes: Some(u64::from(byte) * 100),
        digests: digests(byte),
        published_at: Some("2024-01-02T03:04:05.678901Z".parse().unwrap()),
        upstream_url: None,
        extras: extras.map(Arc::from),
    }
}

/// A release with a wheel, its metadata, and a source distribution.
pub(crate) fn release(version: &str) -> ReleaseView {
    let wheel = format!("foo_bar-{version}-py3-none-any.whl");
    let wheel_extras = r#"{"packagetype":"bdist_wheel","python_version":"py3",
        "requires_python":">=3.9,<4","core_metadata":true,"comment_text":"built"}"#;
    let sdist_extras = r#"{"packagetype":"sdist","python_version":"source"}"#;
    let manifest = format!(
        r#"{{"metadata_version":"2.1","name":"Foo.Bar","version":"{version}","summary":"A thing",
        "requires_dist":["a>=1"],"project_urls":["Home, https://foo.example"],
        "classifiers":["A :: B"]}}"#
    );
    ReleaseView {
        version: PyPi.parse_version(version).unwrap(),
        manifest: manifest.into(),
        artifacts: vec![
            artifact(&wheel, 1, Some(wheel_extras)),
            artifact(&format!("{wheel}.metadata"), 2, None),
            artifact(&format!("foo_bar-{version}.tar.gz"), 3, Some(sdist_extras)),
        ],
        published_at: Some(Timestamp::from_secs(1_700_000_000)),
        yanked: None,
        deprecated: None,
    }
}

pub(crate) fn package(releases: Vec<ReleaseView>) -> PackageView {
    PackageView {
        name: PyPi.parse_name("Foo.Bar").unwrap(),
        base_url: "https://registry.example/pypi".into(),
        releases,
        withheld: Vec::new(),
        tags: Default::default(),
        owners: vec![OwnerView { number: 1, name: "ann".to_owned() }],
        extras: None,
        members: Vec::new(),
        created_at: None,
        modified_at: Timestamp::from_secs(1_700_000_000),
        revision: 7,
        is_hosted: true,
    }
}

pub(crate) const METADATA: &str = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n\
    Summary: A thing\nKeywords: one, two\nRequires-Python: >=3.9\nRequires-Dist: a>=1\n\
    Requires-Dist: b; extra == 'x'\n\n# Foo\n";

/// The files of a wheel without `RECORD`.
pub(crate) fn wheel_files() -> Vec<(String, Vec<u8>)> {
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    vec![
        file("foo_bar/__init__.py", "x = 1\n"),
        file("foo_bar/a,b.py", ""),
        file("foo_bar-1.0.dist-info/METADATA", METADATA),
        file("foo_bar-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\n"),
    ]
}

/// A true `RECORD` of these files.
pub(crate) fn record(files: &[(String, Vec<u8>)]) -> String {
    let lines = files.iter().map(|(path, bytes)| {
        let hash = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, bytes));
        format!("\"{path}\",sha256={hash},{}\n", bytes.len())
    });
    lines.chain(["foo_bar-1.0.dist-info/RECORD,,\n".to_owned()]).collect()
}

/// Packs a wheel as the builders do: plain records, `RECORD` last.
pub(crate) fn wheel(files: &[(String, Vec<u8>)], record: Option<&str>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    let record = record.map(|text| ("foo_bar-1.0.dist-info/RECORD".to_owned(), text.into()));
    for (path, bytes) in files.iter().cloned().chain(record) {
        writer.start_file(path, options).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Packs a source distribution.
pub(crate) fn sdist(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}
