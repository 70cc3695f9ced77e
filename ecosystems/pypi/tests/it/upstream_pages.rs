//! Upstream pages of both forms, as they are and as an attacker would write them.

use std::fmt::Write as _;

use vouchsafe_adapter::{Ecosystem, FormatError, UpstreamDocument};
use vouchsafe_domain::index::{DocumentKey, UpstreamIndex};
use vouchsafe_ecosystem_pypi::PyPi;

use crate::samples::package;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const PAGE_URL: &str = "https://upstream.example/root/simple/foo-bar/";

fn parse(content_type: &str, page: &str) -> Result<UpstreamIndex, FormatError> {
    PyPi.parse_index(
        &PyPi.parse_name("foo-bar").unwrap(),
        &UpstreamDocument {
            url: PAGE_URL,
            content_type,
            bytes: page.as_bytes(),
            settings: None,
            last_modified: None,
        },
    )
}

/// Everything that was read, one line per file.
fn shown(index: &UpstreamIndex) -> String {
    let mut out = String::new();
    for release in &index.releases {
        let (version, yanked) = (release.version.display(), &release.yanked);
        let at = release.published_at.map(|at| at.to_rfc3339_micros());
        writeln!(out, "{version} yanked={yanked:?} at={at:?}").unwrap();
        for file in &release.artifacts {
            let digests: Vec<String> = file.digests.iter().map(|d| d.to_string()).collect();
            let digests: Vec<&str> = digests.iter().map(|d| &d[..d.len().min(12)]).collect();
            let (url, size) = (file.upstream_url.as_deref().unwrap(), file.size_bytes);
            writeln!(out, "  {} {size:?} {digests:?}\n    {url}", file.filename).unwrap();
            writeln!(out, "    {}", file.extras.as_deref().unwrap_or("-")).unwrap();
        }
    }
    out
}

#[test]
fn a_json_page_is_read() {
    let sha = "ab".repeat(32);
    let page = format!(
        r#"{{"meta":{{"api-version":"1.9","_last-serial":1}},"name":"foo-bar",
        "project-status":{{"status":"archived","reason":"old"}},"versions":["1.0"],"files":[
        {{"filename":"foo_bar-1.0-py3-none-any.whl","url":"https://files.example/a/foo_bar-1.0-py3-none-any.whl?x=1",
          "hashes":{{"sha256":"{sha}","blake2b":"00"}},"requires-python":">=3.9","size":10,
          "upload-time":"2024-01-02T03:04:05.123456Z","yanked":false,
          "core-metadata":{{"sha256":"{sha}"}},"provenance":null}},
        {{"filename":"foo-bar-1.0.tar.gz","url":"../../files/foo-bar-1.0.tar.gz","hashes":{{}},
          "upload-time":"2023-01-02T03:04:05Z","yanked":"broken","data-dist-info-metadata":true}},
        {{"filename":"foo_bar-2.0-py3-none-any.whl","url":"/x/foo_bar-2.0-py3-none-any.whl","yanked":true,"core-metadata":true}},
        {{"filename":"foo-bar-3.0.exe","url":"x"}},
        {{"filename":"foo-bar-4.0.tar.gz"}},
        {{"filename":"foo_bar-1.0-py3-none-any.whl","url":"https://evil.example/again.whl"}},
        {{"filename":"../foo_bar-5.0.tar.gz","url":"x"}},
        {{"filename":"foo_bar-6.0.tar.gz","url":"file:///etc/passwd"}},
        "nonsense"]}}"#
    );
    let index = parse(JSON, &page).unwrap();
    assert_eq!(index.extras.as_deref(), Some(r#"{"status":"archived","reason":"old"}"#));
    insta::assert_snapshot!(shown(&index));
}

#[test]
fn an_html_page_is_read() {
    let sha = "ab".repeat(32);
    let page = format!(
        r#"<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.4">
        <meta name="pypi:project-status" content="deprecated"><base href="/files/"></head><body>
        <!-- <a href="foo_bar-0.1.tar.gz">hidden</a> -->
        <A HREF='foo_bar-1.0-py3-none-any.whl#sha256={sha}' data-requires-python="&gt;=3.9,&lt;4"
           data-dist-info-metadata="sha256={sha}" data-core-metadata="sha256={sha}">foo_bar-1.0-py3-none-any.whl</A><br/>
        <a href="https://files.example/foo_bar-1.0%2Bcpu-py3-none-any.whl#md5={md5}" data-yanked>x</a>
        <a href=foo-bar-2.0.zip data-yanked="why &quot;not&quot;" data-core-metadata=true>x</a>
        <a href="javascript:alert(1)//foo-bar-3.0.zip">x</a><a name="top">no link</a>
        <a href="../foo-bar/">up</a>"#,
        md5 = "0".repeat(32)
    );
    insta::assert_snapshot!(shown(&parse("text/html; charset=utf-8", &page).unwrap()));
}

#[test]
fn pages_that_cannot_be_trusted_are_refused() {
    let refuses = |content_type: &str, page: &str| {
        assert!(parse(content_type, page).is_err(), "{content_type} {page}");
    };
    refuses(JSON, "");
    refuses(JSON, "[]");
    refuses(JSON, r#"{"name":"foo-bar"}"#);
    refuses(JSON, r#"{"meta":{"api-version":"2.0"},"name":"foo-bar","files":[]}"#);
    refuses(JSON, r#"{"meta":{"api-version":"1.0"},"name":"other","files":[]}"#);
    refuses("text/html", r#"<meta name="pypi:repository-version" content="2.0">"#);
    refuses("image/png", "x");
    assert!(parse(JSON, r#"{"name":"Foo.Bar","files":[]}"#).is_ok());
    assert!(parse("text/html", "").is_ok());
}

#[test]
fn a_page_that_was_read_can_be_served() {
    let page = r#"{"meta":{"api-version":"1.1"},"name":"foo-bar","files":[
        {"filename":"foo_bar-1.0-py3-none-any.whl","url":"https://files.example/x.whl","hashes":{},
         "core-metadata":true,"yanked":"one file only","requires-python":">=3.9"},
        {"filename":"foo_bar-1.0.tar.gz","url":"https://files.example/x.tar.gz","hashes":{}}]}"#;
    let mut view = package(parse(JSON, page).unwrap().releases);
    view.is_hosted = false;
    let document = PyPi.render(&view, &DocumentKey::from_static("simple-json")).unwrap();
    let served: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
    insta::assert_json_snapshot!(served["files"]);
}

proptest::proptest! {
    #[test]
    fn any_page_is_read_or_refused(page in "(<a href=\"?[a-z0-9:/#=.&;%-]{0,40}\"?( data-yanked)?>){0,3}|\\PC{0,60}") {
        let _ = parse("text/html", &page);
        let _ = parse(JSON, &page);
    }
}
