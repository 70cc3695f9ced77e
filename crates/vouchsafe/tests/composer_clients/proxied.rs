//! Packages of an upstream, as plain requests: what is shown of them, and what stays as it was.

use serde_json::{Value, json};
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, archive, eventually};
use crate::upstream::{ALWAYS_ASK, config, offer, offer_inline, old, start, young};

const DAYS: &str = "[policy]\ncooldown = \"3d\"\n";

fn shasum(entry: &Value) -> &str {
    entry["dist"]["shasum"].as_str().unwrap()
}

#[test]
fn archives_come_from_here_and_nothing_leads_elsewhere() {
    let upstream = start();
    let more = json!({ "require": { "acme/b": "^1.0" }, "notification-url": "https://x.example/" });
    offer(&upstream, "acme/a", &[old("1.1.0").with(more), old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    let versions = stage.versions("acme/a");
    assert_eq!(versions[0]["require"], json!({ "acme/b": "^1.0" }));
    assert_eq!(versions[1]["require"], Value::Null);
    for entry in &versions {
        assert!(entry["dist"]["url"].as_str().unwrap().starts_with(&stage.base()), "{entry}");
        assert_eq!((&entry["source"], &entry["notification-url"]), (&Value::Null, &Value::Null));
    }
    let expected = archive("acme/a", "1.1.0", json!({}));
    assert_eq!(stage.ask("GET", &stage.dist_path("acme/a", "1.1.0"), b"").body, expected);
    assert_eq!(stage.ask("GET", "/p2/acme/nothing.json", b"").status, 404);
}

#[test]
fn archives_without_a_stated_digest_get_ours_and_stay_as_they_were_first_seen() {
    let upstream = start();
    let first = archive("acme/a", "first", json!({}));
    let offered = |bytes: &Vec<u8>| [old("1.0.0").without_shasum().with_bytes(bytes.clone())];
    offer(&upstream, "acme/a", &offered(&first));
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert_eq!(shasum(&stage.versions("acme/a")[0]), "", "nobody knows it yet");
    let path = stage.dist_path("acme/a", "1.0.0");
    assert_eq!(stage.ask("GET", &path, b"").body, first);
    let ours = vouchsafe_testkit::packages::sha1_hex(&first);
    assert_eq!(shasum(&stage.versions("acme/a")[0]), ours, "at once, not when the list expires");
    offer(&upstream, "acme/a", &offered(&archive("acme/a", "second", json!({}))));
    assert_eq!(stage.ask("GET", &path, b"").body, first);
    assert_eq!(stage.dist_path("acme/a", "1.0.0"), path);
}

#[test]
fn bytes_that_are_not_what_the_list_states_are_not_served() {
    let upstream = start();
    let offered = old("1.0.0");
    offer(&upstream, "acme/a", std::slice::from_ref(&offered));
    let stage = Stage::with_config(&config(&upstream, "", ""));
    let path = stage.dist_path("acme/a", "1.0.0");
    let swapped = Reply::ok("application/zip", archive("acme/a", "swapped", json!({})));
    upstream.on(&offered.dist_path("acme/a"), swapped);
    let answer = stage.ask("GET", &path, b"");
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some("upstream.digest-mismatch"));
}

#[test]
fn a_package_that_is_only_a_list_of_others_is_served() {
    let upstream = start();
    let bundle = || {
        let more = json!({ "type": "metapackage", "require": { "acme/b": "*" }, "dist": null, "source": null });
        old("1.0.0").with(more)
    };
    offer(&upstream, "acme/bundle", &[bundle()]);
    let stage = Stage::with_config(&config(&upstream, "", DAYS));
    let versions = stage.versions("acme/bundle");
    assert_eq!(versions.len(), 1);
    assert_eq!((&versions[0]["type"], &versions[0]["dist"]), (&json!("metapackage"), &Value::Null));
}

#[test]
fn a_cooldown_shows_the_older_version_and_says_why() {
    let upstream = start();
    offer(&upstream, "acme/a", &[young("1.1.0"), old("1.0.0")]);
    offer(&upstream, "acme/young", &[young("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, "", DAYS));
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    let list = stage.ask("GET", "/p2/acme/a.json", b"").json();
    let info = list["info"].as_str().unwrap();
    assert!(info.contains("acme/a 1.1.0 is withheld"), "{info}");
    let list = stage.ask("GET", "/p2/acme/young.json", b"").json();
    assert!(list["warning"].as_str().unwrap().contains("is withheld"), "{list}");
    assert_eq!(list["packages"]["acme/young"], json!([]));
}

/// A list, then one with a version in it that claims to be years old.
fn check_backdating(offer_now: impl Fn(&FakeUpstream, &[crate::upstream::Offer])) {
    let upstream = FakeUpstream::start();
    offer_now(&upstream, &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, DAYS));
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    offer_now(&upstream, &[old("1.0.1"), old("1.0.0")]);
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"], "it was not there a moment ago");
    let list = stage.ask("GET", "/p2/acme/a.json", b"").json();
    assert!(list["info"].as_str().unwrap().contains("1.0.1 is withheld"), "{list}");
    // Nor does it help to ask again, or to state something else.
    offer_now(&upstream, &[old("1.0.2"), old("1.0.1"), old("1.0.0")]);
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
}

#[test]
fn a_version_that_was_not_there_a_moment_ago_is_not_old() {
    check_backdating(|upstream, offers| {
        crate::upstream::announce(upstream);
        offer(upstream, "acme/a", offers);
    });
}

#[test]
fn a_version_that_was_not_there_a_moment_ago_is_not_old_in_a_list_of_everything_either() {
    check_backdating(|upstream, offers| {
        offer_inline(upstream, &[("acme/a", offers), ("acme/b", &[old("1.0.0")])]);
    });
}

#[test]
fn in_a_list_of_everything_each_package_has_its_own_memory() {
    let upstream = FakeUpstream::start();
    let both = |a: &[crate::upstream::Offer], b: &[crate::upstream::Offer]| {
        offer_inline(&upstream, &[("acme/a", a), ("acme/b", b)]);
    };
    both(&[old("1.0.0")], &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, DAYS));
    assert_eq!(stage.version_names("acme/b"), ["1.0.0"]);
    // Nobody asks about `b` while the list changes, and somebody does about `a`.
    both(&[old("1.0.1"), old("1.0.0")], &[old("1.0.1"), old("1.0.0")]);
    assert_eq!(stage.version_names("acme/a"), ["1.0.1", "1.0.0"], "first sight is believed");
    assert_eq!(stage.version_names("acme/b"), ["1.0.0"]);
    assert_eq!(stage.ask("GET", "/p2/acme/c.json", b"").status, 404);
}

#[test]
fn branches_are_proxied_where_they_come_with_the_rest() {
    let upstream = FakeUpstream::start();
    let versions = || [old("dev-main").with(json!({ "default-branch": true })), old("1.0.0")];
    offer_inline(&upstream, &[("acme/a", &versions())]);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    assert_eq!(stage.version_names("acme/a~dev"), ["dev-main"]);
    // A list of branches by itself is not asked for: the guide says so.
    let upstream = start();
    offer(&upstream, "acme/a", &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, "", ""));
    assert!(stage.versions("acme/a~dev").is_empty());
    assert!(upstream.requests().iter().all(|(path, _)| !path.contains("~dev")));
}

#[test]
fn an_upstream_with_everything_in_one_document_is_served_while_it_is_down() {
    let mut upstream = FakeUpstream::start();
    offer_inline(&upstream, &[("acme/a", &[old("1.0.0")])]);
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, ""));
    let path = stage.dist_path("acme/a", "1.0.0");
    let bytes = stage.ask("GET", &path, b"").body;
    upstream.down();
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    assert_eq!(stage.ask("GET", &path, b"").body, bytes);
}

#[test]
fn a_page_in_place_of_the_root_does_not_take_its_place() {
    let upstream = start();
    offer(&upstream, "acme/a", &[old("1.0.0")]);
    let stage = Stage::with_config(&config(&upstream, ALWAYS_ASK, ""));
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
    upstream.on("/packages.json", Reply::ok("text/html", "<html>Please sign in</html>"));
    let answer = stage.ask("GET", "/p2/acme/a.json", b"");
    assert_eq!(answer.status, 502, "{}", answer.text());
    crate::upstream::announce(&upstream);
    eventually("it is well again", || stage.ask("GET", "/p2/acme/a.json", b"").status == 200);
}
