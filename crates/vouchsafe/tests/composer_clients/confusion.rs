//! A name belongs to this registry or to its upstream, never to both.

use serde_json::json;
use vouchsafe_testkit::FakeUpstream;

use crate::stage::{Stage, archive, eventually};
use crate::upstream::{ALWAYS_ASK, config, offer, old, start};

/// Asks for everything that a client could ask about a package.
fn ask_everything(stage: &Stage, name: &str) {
    let file = name.replace('/', "-");
    for path in [
        format!("/p2/{name}.json"),
        format!("/p2/{name}~dev.json"),
        format!("/packages/{name}.json"),
        format!("/dist/{name}/{file}-9.9.9.zip"),
        format!("/search.json?q={name}"),
        "/packages.json".to_owned(),
    ] {
        stage.ask("GET", &path, b"");
    }
}

/// How often an upstream was asked for anything of a vendor's.
fn asked(upstream: &FakeUpstream, vendor: &str) -> usize {
    let vendor = format!("/{vendor}/");
    upstream.requests().iter().filter(|(path, _)| path.contains(&vendor)).count()
}

#[test]
fn a_hosted_name_is_never_asked_upstream() {
    let upstream = start();
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, ""));
    stage.publish("acme/tool", "1.0.0");
    let before = asked(&upstream, "acme");
    offer(&upstream, "acme/tool", &[old("9.9.9"), old("1.0.1")]);
    ask_everything(&stage, "acme/tool");
    assert_eq!(asked(&upstream, "acme"), before);
    assert_eq!(stage.version_names("acme/tool"), ["1.0.0"]);
    assert!(stage.versions("acme/tool~dev").is_empty());
    assert_eq!(stage.ask("GET", "/dist/acme/tool/acme-tool-9.9.9.zip", b"").status, 404);
}

#[test]
fn a_claimed_vendor_is_never_asked_upstream() {
    let upstream = start();
    offer(&upstream, "acme/secret", &[old("9.9.9")]);
    offer(&upstream, "acme2/open", &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, ""));
    assert_eq!(stage.version_names("acme/secret"), ["9.9.9"]);
    let dist = stage.dist_path("acme/secret", "9.9.9");
    assert_eq!(stage.ask("GET", &dist, b"").status, 200);
    stage.server.cli(&["claim", "add", "pkg:composer/acme/*", "--reason", "ours"]).ok();
    eventually("the claim takes effect", || {
        stage.ask("GET", "/p2/acme/secret.json", b"").status == 404
    });
    let before = asked(&upstream, "acme");
    ask_everything(&stage, "acme/secret");
    ask_everything(&stage, "acme/missing");
    assert_eq!(stage.ask("GET", &dist, b"").status, 404, "not from the cache either");
    assert_eq!(asked(&upstream, "acme"), before);
    assert_eq!(stage.version_names("acme2/open"), ["1.0.0"], "another vendor");
}

#[test]
fn a_public_name_is_published_here_only_when_it_is_claimed() {
    let upstream = start();
    offer(&upstream, "acme/tool", &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    let body = archive("acme/tool", "2.0.0", json!({}));
    let refused = stage.upload("acme/tool", "2.0.0", &body);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.name-exists-upstream"));
    assert!(refused.text().contains("vouchsafe claim add pkg:composer/acme/tool"));
    stage.server.cli(&["claim", "add", "pkg:composer/acme/tool"]).ok();
    eventually("the claim takes effect", || {
        stage.ask("GET", "/p2/acme/tool.json", b"").status == 404
    });
    assert_eq!(stage.upload("acme/tool", "2.0.0", &body).status, 201);
    assert_eq!(stage.version_names("acme/tool"), ["2.0.0"]);
}
