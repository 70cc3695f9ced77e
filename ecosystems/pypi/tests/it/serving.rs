//! Documents as clients read them.

use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::PackageName;
use vouchsafe_domain::index::{DocumentKey, ListView, PackageView, WithheldRelease};
use vouchsafe_ecosystem_pypi::PyPi;

use crate::samples::{package, release};

#[track_caller]
fn rendered(view: &PackageView, key: &'static str) -> String {
    let document = PyPi.render(view, &DocumentKey::from_static(key)).unwrap();
    assert!(document.headers.contains(&("x-pypi-last-serial", "7".to_owned())));
    String::from_utf8(document.body).unwrap()
}

fn json(view: &PackageView, key: &'static str) -> serde_json::Value {
    serde_json::from_str(&rendered(view, key)).unwrap()
}

/// One release served, one yanked, one withheld.
fn mixed() -> PackageView {
    let mut view = package(vec![release("1.0"), release("2.0")]);
    view.releases[1].yanked = Some(String::new());
    view.releases[1].artifacts.truncate(1);
    let reason = "young <3 days> see https://registry.example/b/1".to_owned();
    view.withheld.push(WithheldRelease { release: release("3.0"), reason });
    view.withheld[0].release.artifacts.truncate(2);
    view
}

#[test]
fn the_json_page() {
    insta::assert_json_snapshot!(json(&mixed(), "simple-json"));
}

#[test]
fn the_html_page() {
    insta::assert_snapshot!(rendered(&mixed(), "simple-html"));
    assert_eq!(rendered(&mixed(), "simple-html"), rendered(&mixed(), "simple-html-v1"));
}

#[test]
fn pages_vary_by_accept_and_name_their_type() {
    for (key, content_type) in [
        ("simple-json", "application/vnd.pypi.simple.v1+json"),
        ("simple-html", "text/html; charset=utf-8"),
        ("simple-html-v1", "application/vnd.pypi.simple.v1+html"),
    ] {
        let key = DocumentKey::from_static(key);
        for document in [PyPi.render(&mixed(), &key), PyPi.render_list(&list_of(Vec::new()), &key)]
        {
            let document = document.unwrap();
            assert_eq!(document.content_type, content_type);
            assert!(document.headers.contains(&("vary", "accept".to_owned())));
        }
    }
}

#[test]
fn a_withheld_release_is_listed_as_yanked_and_without_metadata() {
    let page = json(&mixed(), "simple-json");
    let files = page["files"].as_array().unwrap();
    let withheld = files.iter().find(|file| file["filename"].as_str().unwrap().contains("3.0"));
    let withheld = withheld.unwrap();
    assert_eq!(withheld["yanked"], "young <3 days> see https://registry.example/b/1");
    assert_eq!(withheld["core-metadata"], false);
    assert!(files.iter().all(|file| !file["filename"].as_str().unwrap().ends_with(".metadata")));
}

#[test]
fn an_upstreams_status_is_passed_on() {
    let mut view = mixed();
    view.extras = Some(r#"{"status":"archived","reason":"old & \"done\""}"#.into());
    assert_eq!(json(&view, "simple-json")["project-status"]["status"], "archived");
    assert!(rendered(&view, "simple-html").contains(
        r#"<meta name="pypi:project-status-reason" content="old &amp; &quot;done&quot;">"#
    ));
}

#[test]
fn the_json_api() {
    insta::assert_json_snapshot!(json(&mixed(), "json"));
    let one = json(&mixed(), "json/2");
    assert_eq!(one["info"]["version"], "2.0");
    assert_eq!(one["info"]["yanked"], true);
    assert_eq!(one.get("releases"), None);
}

#[test]
fn the_json_api_has_no_withheld_release() {
    let view = mixed();
    assert!(PyPi.render(&view, &DocumentKey::from_static("json/3")).is_none());
    assert!(PyPi.render(&view, &DocumentKey::from_static("json/9")).is_none());
    assert!(PyPi.render(&view, &DocumentKey::from_static("nonsense")).is_none());
    assert!(PyPi.render(&package(Vec::new()), &DocumentKey::from_static("json")).is_none());
}

#[test]
fn the_list_of_projects() {
    let names = ["Foo.Bar", "zope"].map(|name| PyPi.parse_name(name).unwrap());
    let text = |key: &'static str| {
        let document =
            PyPi.render_list(&list_of(names.to_vec()), &DocumentKey::from_static(key)).unwrap();
        String::from_utf8(document.body).unwrap()
    };
    insta::assert_snapshot!(text("simple-json"), @r#"{"meta":{"api-version":"1.4"},"projects":[{"name":"Foo.Bar"},{"name":"zope"}]}"#);
    assert!(text("simple-html").contains(r#"<a href="foo-bar/">Foo.Bar</a>"#));
    assert!(
        PyPi.render_list(&list_of(names.to_vec()), &DocumentKey::from_static("json")).is_none()
    );
}

fn list_of(names: Vec<PackageName>) -> ListView {
    ListView { names, base_url: "https://registry.example/pypi".into(), has_upstream: false }
}
