//! Documents and files, as `go` reads them.

use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_domain::call::PublishDraft;
use vouchsafe_domain::index::{DocumentKey, PackageView};
use vouchsafe_domain::{Digests, Filename};
use vouchsafe_ecosystem_golang::Golang;

use crate::fixtures::{release, version, view};

fn body(view: &PackageView, key: &str) -> Option<String> {
    let document = Golang.render(view, &DocumentKey(key.to_owned().into()))?;
    Some(String::from_utf8(document.body).unwrap())
}

#[test]
fn a_list_has_one_version_per_line() {
    let module = view("example.com/x", vec![release("v0.9.0"), release("v1.0.0")]);
    assert_eq!(body(&module, "list").as_deref(), Some("v0.9.0\nv1.0.0\n"));
    assert_eq!(body(&view("example.com/x", Vec::new()), "list").as_deref(), Some(""));
}

#[test]
fn info_is_about_the_version_that_was_asked_for() {
    let expect = r#"{"Version":"v1.0.0","Time":"2023-11-14T22:13:20Z"}"#;
    let module = view("example.com/x", vec![release("v1.0.0")]);
    assert_eq!(body(&module, "info/v1.0.0").as_deref(), Some(expect));
    assert_eq!(body(&module, "info/v1.0.1"), None);
    // What a query stands for is the upstream's word.
    assert_eq!(body(&module, "info/main").as_deref(), Some(expect));
    assert_eq!(body(&module, "info/latest").as_deref(), Some(expect));
}

#[test]
fn what_a_query_stands_for_is_never_guessed() {
    let module = view("example.com/x", vec![release("v1.0.0"), release("v1.1.0")]);
    assert_eq!(body(&module, "info/latest"), None);
    assert!(body(&module, "info/v1.0.0").is_some());
    assert_eq!(body(&view("example.com/x", Vec::new()), "info/latest"), None);
}

#[test]
fn a_version_without_a_known_time_has_none() {
    let mut timeless = release("v1.0.0");
    timeless.published_at = None;
    let module = view("example.com/x", vec![timeless]);
    assert_eq!(body(&module, "info/v1.0.0").as_deref(), Some(r#"{"Version":"v1.0.0"}"#));
}

#[test]
fn only_info_is_about_a_single_release() {
    let release_of = |key: &str| Golang.release_of(&DocumentKey(key.to_owned().into()));
    assert_eq!(release_of("list"), None);
    assert_eq!(release_of("info/v1.0.0"), Some(version("v1.0.0")));
    assert_eq!(release_of("info/latest"), Some(version("latest")));
    assert_eq!(release_of("info/../x"), None);
    assert_eq!(release_of("other"), None);
}

#[test]
fn unknown_documents_are_not_there() {
    let module = view("example.com/x", vec![release("v1.0.0")]);
    for key in ["", "lists", "info", "info/", "info/..", "v1.0.0"] {
        assert_eq!(body(&module, key), None, "{key:?}");
    }
}

#[test]
fn files_have_their_content_type() {
    let content_type = |name: &str| {
        let filename: Filename = name.parse().unwrap();
        Golang.artifact_headers(&filename, &Digests::default()).0
    };
    assert_eq!(content_type("v1.0.0.mod"), "text/plain; charset=utf-8");
    assert_eq!(content_type("v1.0.0.zip"), "application/zip");
}

#[test]
fn nothing_is_published_here() {
    let draft = PublishDraft {
        package: Golang.parse_name("example.com/x").unwrap(),
        version: version("v1.0.0"),
        may_extend: false,
        files: Vec::new(),
        tags: Vec::new(),
        metadata: String::new(),
    };
    let error = Golang.inspect(&draft, &mut []).unwrap_err().to_string();
    assert!(error.contains("by a tag in their repository"), "{error}");
}
