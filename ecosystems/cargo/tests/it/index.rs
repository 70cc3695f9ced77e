//! The rendered index file.

use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_domain::index::{DocumentKey, ListView, PackageView, WithheldRelease};
use vouchsafe_ecosystem_cargo::Cargo;

use crate::fixtures::{line, release, view};

fn render(view: &PackageView) -> Option<String> {
    let document = Cargo.render(view, &DocumentKey::from_static("index"))?;
    assert_eq!(document.content_type, "text/plain; charset=utf-8");
    Some(String::from_utf8(document.body).unwrap())
}

#[test]
fn every_release_is_one_line() {
    let mut yanked = release("1.0.0", &line("1.0.0"), 2);
    yanked.yanked = Some("broken".to_owned());
    let mut timeless = release("1.1.0", &line("1.1.0"), 3);
    timeless.published_at = None;
    let view = view(vec![release("0.9.0", &line("0.9.0"), 1), yanked, timeless]);
    insta::assert_snapshot!(render(&view).unwrap(), @r#"
    {"name":"Demo","vers":"0.9.0","deps":[],"features":{},"cksum":"0101010101010101010101010101010101010101010101010101010101010101","yanked":false,"pubtime":"2023-11-14T22:13:20Z"}
    {"name":"Demo","vers":"1.0.0","deps":[],"features":{},"cksum":"0202020202020202020202020202020202020202020202020202020202020202","yanked":true,"pubtime":"2023-11-14T22:13:20Z"}
    {"name":"Demo","vers":"1.1.0","deps":[],"features":{},"cksum":"0303030303030303030303030303030303030303030303030303030303030303","yanked":false}
"#);
}

#[test]
fn a_withheld_release_is_listed_as_yanked() {
    let mut view = view(vec![release("1.0.0", &line("1.0.0"), 1)]);
    let held = release("1.0.1", &line("1.0.1"), 2);
    view.withheld.push(WithheldRelease { release: held, reason: "held".to_owned() });
    let text = render(&view).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(r#""vers":"1.0.0""#) && lines[0].contains(r#""yanked":false"#));
    assert!(lines[1].contains(r#""vers":"1.0.1""#) && lines[1].contains(r#""yanked":true"#));
}

#[test]
fn what_cannot_be_downloaded_is_not_listed() {
    let mut without_digest = release("1.0.0", &line("1.0.0"), 1);
    without_digest.artifacts.clear();
    assert_eq!(render(&view(vec![without_digest])), None);
    assert_eq!(render(&view(Vec::new())), None);
}

#[test]
fn there_is_no_other_document() {
    let view = view(vec![release("1.0.0", &line("1.0.0"), 1)]);
    assert!(Cargo.render(&view, &DocumentKey::from_static("readme")).is_none());
    let base_url = "https://registry.example/cargo".into();
    let list = ListView { names: Vec::new(), base_url, has_upstream: false };
    assert!(Cargo.render_list(&list, &DocumentKey::from_static("index")).is_none());
}
