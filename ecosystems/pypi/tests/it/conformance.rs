//! The suite that every adapter passes.

use vouchsafe_adapter::WireResponse;
use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_domain::index::{Document, DocumentKey};
use vouchsafe_ecosystem_pypi::PyPi;

use crate::samples::{package, release};

/// Versions of files that are not yanked: what a resolver picks without being told to.
fn selectable_json(document: &Document) -> Vec<String> {
    let page: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
    let files = page["files"].as_array().unwrap().iter();
    let free = files.filter(|file| file["yanked"] == serde_json::Value::Bool(false));
    free.map(|file| version_of(file["filename"].as_str().unwrap())).collect()
}

fn selectable_html(document: &Document) -> Vec<String> {
    let page = std::str::from_utf8(&document.body).unwrap();
    let anchors = page.lines().filter(|line| line.contains("<a href="));
    let free = anchors.filter(|line| !line.contains(" data-yanked="));
    free.map(|line| {
        let text = line.rsplit_once("\">").unwrap().1;
        version_of(text.trim_end_matches("</a><br>"))
    })
    .collect()
}

fn version_of(filename: &str) -> String {
    filename.split('-').nth(1).unwrap().trim_end_matches(".tar.gz").to_owned()
}

fn selectable_api(document: &Document) -> Vec<String> {
    let page: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
    page["releases"].as_object().unwrap().keys().cloned().collect()
}

fn plain_text(response: &WireResponse) -> Option<String> {
    String::from_utf8(response.body.clone()).ok().filter(|text| !text.is_empty())
}

#[test]
fn the_adapter_conforms() {
    let samples = Samples {
        names: &[&["Foo.Bar", "foo-bar", "foo__BAR"], &["foobar"], &["zope.interface"]],
        bad_names: &["-a", "a-", "näme", "@scope/name", "a@1"],
        versions: &[
            &["1.0.dev1"],
            &["1.0a1", "1.0-alpha.1"],
            &["1.0", "1", "1.0.0", "v1.0"],
            &["1.0+local"],
            &["1.0.post1", "1.0-1"],
            &["1.10"],
            &["1!0.1"],
        ],
        bad_versions: &["one", "1.*", "1..0", "latest", "1.0+"],
        // Uploads need a header that the suite does not send; `refusal` has their statuses.
        requests: &[
            ("GET", "simple/"),
            ("GET", "simple/foo-bar/"),
            ("GET", "simple/Foo.Bar?format=x"),
            ("GET", "foo-bar/json"),
            ("GET", "foo-bar/1.0/json"),
            ("GET", "files/foo-bar/foo_bar-1.0-py3-none-any.whl"),
            ("GET", "files/foo-bar/foo_bar-1.0-py3-none-any.whl.metadata"),
            ("GET", "files/foo-bar/foo_bar-1.0.tar.gz"),
        ],
        view: package(vec![release("1.0"), release("2.0")]),
        documents: &[
            (DocumentKey::from_static("simple-json"), selectable_json),
            (DocumentKey::from_static("simple-html"), selectable_html),
            (DocumentKey::from_static("simple-html-v1"), selectable_html),
            (DocumentKey::from_static("json"), selectable_api),
        ],
        refusal_text: plain_text,
        status_exceptions: &[],
    };
    assert_eq!(check_adapter(&PyPi, &samples), Vec::<String>::new());
}
