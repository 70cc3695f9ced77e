//! Another registry's index, read and rendered again.

use vouchsafe_adapter::{Ecosystem as _, FormatError, UpstreamDocument};
use vouchsafe_domain::index::{DocumentKey, UpstreamIndex};
use vouchsafe_ecosystem_cargo::Cargo;

use crate::fixtures::view;

const SETTINGS: &str =
    r#"{"dl":"https://upstream.example/crates","api":"https://upstream.example"}"#;

fn cksum(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn parse(settings: Option<&str>, bytes: &[u8]) -> Result<UpstreamIndex, FormatError> {
    let document = UpstreamDocument {
        url: "https://upstream.example/index/de/mo/demo",
        content_type: "text/plain",
        bytes,
        settings: settings.map(str::as_bytes),
        last_modified: None,
    };
    Cargo.parse_index(&Cargo.parse_name("demo").unwrap(), &document)
}

#[test]
fn a_mirrored_line_keeps_all_it_had() {
    let lines = [
        format!(
            r#"{{"name":"Demo","vers":"1.0.0","deps":[],"cksum":"{}","features":{{}},"yanked":false,"links":null,"x-unknown":{{"a":[1,2.5]}}}}"#,
            cksum('a')
        ),
        format!(
            r#"{{"name":"Demo","vers":"1.0.1+b","deps":[],"features":{{}},"v":3,"rust_version":"1.60","cksum":"{}","pubtime":"2024-01-02T03:04:05Z","yanked":true}}"#,
            cksum('B')
        ),
    ];
    let index = parse(Some(SETTINGS), lines.join("\n").as_bytes()).unwrap();
    assert_eq!(index.name.display(), "Demo");
    let urls: Vec<_> =
        index.releases.iter().map(|r| r.artifacts[0].upstream_url.as_deref().unwrap()).collect();
    assert_eq!(
        urls,
        [
            "https://upstream.example/crates/Demo/1.0.0/download",
            "https://upstream.example/crates/Demo/1.0.1+b/download"
        ]
    );
    assert_eq!(index.releases[1].artifacts[0].filename.as_str(), "demo-1.0.1+b.crate");
    assert_eq!(index.releases[0].published_at, None);

    let once = rendered(&lines.join("\n"));
    insta::assert_snapshot!(once, @r#"
    {"name":"Demo","vers":"1.0.0","deps":[],"features":{},"links":null,"x-unknown":{"a":[1,2.5]},"cksum":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","yanked":false}
    {"name":"Demo","vers":"1.0.1+b","deps":[],"features":{},"v":3,"rust_version":"1.60","cksum":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","yanked":true,"pubtime":"2024-01-02T03:04:05Z"}
"#);
    assert_eq!(rendered(&once), once);
}

/// An index file after one pass through the adapter.
fn rendered(lines: &str) -> String {
    let index = parse(Some(SETTINGS), lines.as_bytes()).unwrap();
    let document = Cargo.render(&view(index.releases), &DocumentKey::from_static("index"));
    String::from_utf8(document.unwrap().body).unwrap()
}

#[test]
fn lines_that_cannot_be_served_are_left_out() {
    let good =
        |vers: &str| format!(r#"{{"name":"demo","vers":"{vers}","cksum":"{}"}}"#, cksum('a'));
    let lines = [
        good("1.0.0"),
        String::new(),
        "not json".to_owned(),
        "[]".to_owned(),
        format!(r#"{{"name":"other","vers":"1.0.1","cksum":"{}"}}"#, cksum('a')),
        format!(r#"{{"name":"../demo","vers":"1.0.1","cksum":"{}"}}"#, cksum('a')),
        r#"{"name":"demo","vers":"1.0.2","cksum":"abc"}"#.to_owned(),
        r#"{"name":"demo","vers":"1.0.2"}"#.to_owned(),
        good("one"),
        good("1.0.0+again"),
        good("1.0.3"),
    ];
    let index = parse(Some(SETTINGS), lines.join("\n").as_bytes()).unwrap();
    let versions: Vec<_> = index.releases.iter().map(|r| r.version.display()).collect();
    assert_eq!(versions, ["1.0.0", "1.0.3"]);
}

#[track_caller]
fn check_download(dl: &str, expect: &str) {
    let settings = format!(r#"{{"dl":"{dl}"}}"#);
    let line = format!(r#"{{"name":"Demo","vers":"1.0.0","cksum":"{}"}}"#, cksum('a'));
    let index = parse(Some(&settings), line.as_bytes()).unwrap();
    assert_eq!(index.releases[0].artifacts[0].upstream_url.as_deref(), Some(expect));
}

#[test]
fn the_download_template_is_filled_as_cargo_does() {
    check_download("https://u.example/dl", "https://u.example/dl/Demo/1.0.0/download");
    check_download("https://u.example/{crate}-{version}", "https://u.example/Demo-1.0.0");
    check_download("https://u.example/{prefix}/{lowerprefix}", "https://u.example/De/mo/de/mo");
    let digest = format!("https://u.example/{}", cksum('a'));
    check_download("https://u.example/{sha256-checksum}", &digest);
}

#[test]
fn an_upstream_without_readable_settings_is_refused() {
    for settings in [
        None,
        Some(""),
        Some("{}"),
        Some(r#"{"dl":"file:///etc"}"#),
        Some(r#"{"dl":"https://a b"}"#),
    ] {
        assert!(parse(settings, b"").is_err(), "{settings:?} was accepted");
    }
}

#[test]
fn the_upstream_is_asked_where_cargo_would_ask() {
    let path = |name: &str| Cargo.upstream_index(&Cargo.parse_name(name).unwrap()).path;
    assert_eq!(path("Serde_JSON"), "se/rd/serde_json");
    assert_eq!(path("foo-bar"), "fo/o-/foo-bar");
    assert_eq!(Cargo.upstream_settings().unwrap().path, "config.json");
}
