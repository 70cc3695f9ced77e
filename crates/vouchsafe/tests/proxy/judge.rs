//! One judge for index and download: what is listed can be had, what is withheld says why.

use std::time::Duration;

use serde_json::{Value, json};
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{FakeUpstream, Reply, Server, packages};

use crate::ecosystem::{ALL, Eco, Entry, Release, aged, ago, old};
use crate::stage::{eventually, server};

const NAME: &str = "left-pad";
const HOUR: Duration = Duration::from_secs(3600);
const COOLDOWN: &str = "[policy]\ncooldown = \"3d\"";

fn unknown_age(version: &'static str) -> Release {
    Release { version, age: None }
}

/// What a page of this server says, by its absolute address.
fn page_of(server: &Server, url: &str) -> Answer {
    http::get(server.address(), url.strip_prefix(&server.url()).unwrap())
}

/// The address that explains a refusal.
fn help_of(refusal: &Answer) -> String {
    let link = refusal.header("link").unwrap();
    link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned()
}

/// A withheld file: refused with this code, with a page that names the reason.
#[track_caller]
fn check_withheld(server: &Server, refusal: &Answer, version: &str, code: &str, reason: &str) {
    assert_eq!(refusal.status, 403, "{version}: {}", refusal.text());
    assert_eq!(refusal.header("x-vouchsafe-code"), Some(code), "{}", refusal.text());
    assert!(refusal.text().contains(reason), "{}", refusal.text());
    assert!(refusal.phrase.contains(reason), "{}", refusal.phrase);
    let page = page_of(server, &help_of(refusal));
    assert_eq!(page.status, 200, "{}", help_of(refusal));
    assert!(page.text().contains(reason), "{reason} is not in {}", page.text());
    assert!(page.text().contains(code), "{code} is not in {}", page.text());
}

/// The versions that are served, after checking that index and download agree about every one.
#[track_caller]
fn served(server: &Server, eco: Eco, versions: &[&str]) -> Vec<String> {
    let index = eco.get_index(server, NAME);
    let listed = if index.status == 403 { Vec::new() } else { eco.installable(&index) };
    for version in versions {
        let file = eco.get_file(server, NAME, version);
        if listed.iter().any(|listed| listed == version) {
            assert_eq!(file.status, 200, "{eco:?} {version} is listed: {}", file.text());
        } else {
            assert_eq!(file.status, 403, "{eco:?} {version} is withheld: {}", file.text());
            let page = page_of(server, &help_of(&file));
            assert_eq!(page.status, 200, "{eco:?} {version}: {}", help_of(&file));
        }
    }
    listed
}

#[track_caller]
fn eventually_served(server: &Server, eco: Eco, expected: &[&str]) {
    eventually(&format!("{eco:?} serves {expected:?}"), || {
        let index = eco.get_index(server, NAME);
        let listed = if index.status == 403 { Vec::new() } else { eco.installable(&index) };
        listed == expected
    });
}

#[test]
fn a_release_is_served_when_it_has_been_public_long_enough() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    for eco in ALL {
        let releases = [
            aged("1.0.0", HOUR * 73),
            aged("1.1.0", HOUR * 71),
            unknown_age("1.2.0"),
            // The upstream's clock, or a lie.
            Release { version: "1.3.0", age: Some(Duration::ZERO) },
        ];
        eco.script(&upstream, NAME, &releases);
        let versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"];
        assert_eq!(served(&server, eco, &versions), ["1.0.0"], "{eco:?}");
        for version in ["1.1.0", "1.2.0", "1.3.0"] {
            let refusal = eco.get_file(&server, NAME, version);
            check_withheld(&server, &refusal, version, "policy.cooldown", "younger than 3 days");
            assert_eq!(upstream.hits(&eco.upstream_file(NAME, version)), 0, "{eco:?} {version}");
        }
    }
}

#[test]
fn a_time_in_the_future_is_a_reason_to_withhold() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    for eco in ALL {
        let entry = |version, published_at| Entry {
            version,
            published_at: Some(published_at),
            url: format!("{}{}", upstream.url(), eco.upstream_file(NAME, version)),
            bytes: eco.artifact(NAME, version),
        };
        eco.script(&upstream, NAME, &[old("1.0.0"), old("2.0.0")]);
        let entries = [entry("1.0.0", ago(HOUR * 100)), entry("2.0.0", ago(HOUR).plus(HOUR * 25))];
        let (kind, index) = eco.index_with(NAME, &entries);
        upstream.on(&eco.upstream_index(NAME), Reply::ok(kind, index));
        assert_eq!(served(&server, eco, &["1.0.0", "2.0.0"]), ["1.0.0"], "{eco:?}");
        let refusal = eco.get_file(&server, NAME, "2.0.0");
        check_withheld(&server, &refusal, "2.0.0", "policy.rule-failed", "lies in the future");
    }
}

#[test]
fn when_everything_is_withheld_the_client_is_told() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    for eco in ALL {
        eco.script(&upstream, NAME, &[aged("1.0.0", HOUR)]);
        assert!(served(&server, eco, &["1.0.0"]).is_empty(), "{eco:?}");
        let index = eco.get_index(&server, NAME);
        assert!(index.text().contains("younger than 3 days"), "{eco:?}: {}", index.text());
        if eco != Eco::Pypi {
            assert_eq!(index.header("x-vouchsafe-code"), Some("policy.cooldown"));
        }
        server.cli(&["policy", "deny", &eco.purl(NAME), "--reason", "it steals"]).ok();
        eventually("the index names the weightier reason", || {
            eco.get_index(&server, NAME).text().contains("it steals")
        });
        if eco != Eco::Pypi {
            let index = eco.get_index(&server, NAME);
            assert_eq!(index.header("x-vouchsafe-code"), Some("policy.denied"), "{eco:?}");
        }
    }
}

#[test]
fn entries_take_effect_while_the_server_runs() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    for eco in ALL {
        let versions = ["1.0.0", "1.1.0"];
        eco.script(&upstream, NAME, &[old("1.0.0"), aged("1.1.0", HOUR)]);
        assert_eq!(served(&server, eco, &versions), ["1.0.0"], "{eco:?}");
        let entry = |kind: &str, version: &str, reason: &str| {
            let purl = eco.purl(&format!("{NAME}@{version}"));
            let ran = server.cli(&["policy", kind, &purl, "--reason", reason]).ok();
            ran.stdout.trim().to_owned()
        };
        let exemption = entry("exempt", "1.1.0", "fixes a known hole");
        eventually_served(&server, eco, &versions);
        served(&server, eco, &versions);
        let denial = entry("deny", "1.1.0", "steals environment variables");
        eventually_served(&server, eco, &["1.0.0"]);
        assert_eq!(served(&server, eco, &versions), ["1.0.0"], "{eco:?}: a denial beats all");
        let refusal = eco.get_file(&server, NAME, "1.1.0");
        let reason = "steals environment variables";
        check_withheld(&server, &refusal, "1.1.0", "policy.denied", reason);
        let old_too = entry("deny", "1.0.0", "abandoned");
        eventually_served(&server, eco, &[]);
        served(&server, eco, &versions);
        for id in [&denial, &old_too] {
            server.cli(&["policy", "remove", id]).ok();
        }
        eventually_served(&server, eco, &versions);
        server.cli(&["policy", "remove", &exemption]).ok();
        eventually_served(&server, eco, &["1.0.0"]);
        // The younger one is in the cache by now, and withheld all the same.
        assert_eq!(served(&server, eco, &versions), ["1.0.0"], "{eco:?}");
    }
}

#[test]
fn an_exemption_ends_by_itself() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 3600", COOLDOWN);
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), aged("1.1.0", HOUR)]);
        let until = ago(Duration::ZERO).plus(Duration::from_secs(6)).to_rfc3339_secs();
        let purl = eco.purl(&format!("{NAME}@1.1.0"));
        let reason = "needed for a moment";
        server.cli(&["policy", "exempt", &purl, "--reason", reason, "--until", &until]).ok();
        eventually_served(&server, eco, &["1.0.0", "1.1.0"]);
        eventually_served(&server, eco, &["1.0.0"]);
        assert_eq!(served(&server, eco, &["1.0.0", "1.1.0"]), ["1.0.0"], "{eco:?}");
        assert_eq!(upstream.hits(&eco.upstream_index(NAME)), 1, "{eco:?}");
    }
}

#[test]
fn a_document_changes_by_itself_when_a_cooldown_ends() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 3600", "[policy]\ncooldown = \"10s\"");
    // One at a time, so that each is seen before it is old enough.
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), aged("1.1.0", Duration::ZERO)]);
        assert_eq!(eco.installable(&eco.get_index(&server, NAME)), ["1.0.0"], "{eco:?}");
        assert_eq!(eco.get_file(&server, NAME, "1.1.0").status, 403, "{eco:?}");
    }
    for eco in ALL {
        eventually_served(&server, eco, &["1.0.0", "1.1.0"]);
        served(&server, eco, &["1.0.0", "1.1.0"]);
        assert_eq!(upstream.hits(&eco.upstream_index(NAME)), 1, "{eco:?}");
    }
}

#[test]
fn without_a_time_a_release_counts_from_its_first_sighting() {
    let upstream = FakeUpstream::start();
    let settings = "index_ttl_secs = 0";
    let mut server = server(&upstream, settings, "[policy]\ncooldown = \"10s\"");
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), unknown_age("1.1.0")]);
        assert_eq!(served(&server, eco, &["1.0.0", "1.1.0"]), ["1.0.0"], "{eco:?}");
    }
    server.stop();
    server.up();
    for eco in ALL {
        eventually_served(&server, eco, &["1.0.0", "1.1.0"]);
        served(&server, eco, &["1.0.0", "1.1.0"]);
    }
}

#[test]
fn an_upstream_that_back_dates_a_release_gains_nothing() {
    let upstream = FakeUpstream::start();
    let mut server = server(&upstream, "index_ttl_secs = 0", COOLDOWN);
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), aged("1.1.0", HOUR)]);
        assert_eq!(served(&server, eco, &["1.0.0", "1.1.0"]), ["1.0.0"], "{eco:?}");
        // One release appears with an old date, and another one is older all of a sudden.
        eco.script(&upstream, NAME, &[old("1.0.0"), old("1.1.0"), old("1.2.0")]);
    }
    for _ in 0..2 {
        for eco in ALL {
            let versions = ["1.0.0", "1.1.0", "1.2.0"];
            assert_eq!(served(&server, eco, &versions), ["1.0.0"], "{eco:?}");
            let refusal = eco.get_file(&server, NAME, "1.2.0");
            check_withheld(&server, &refusal, "1.2.0", "policy.cooldown", "younger than 3 days");
        }
        server.stop();
        server.up();
    }
}

#[test]
fn where_only_what_is_allowed_is_served_nothing_else_is() {
    let upstream = FakeUpstream::start();
    let rest = "[policy]\ncooldown = \"3d\"\nallow_only = [\"cargo\", \"npm\", \"pypi\"]";
    let server = server(&upstream, "", rest);
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), old("1.1.0"), aged("1.2.0", HOUR)]);
        let versions = ["1.0.0", "1.1.0", "1.2.0"];
        assert!(served(&server, eco, &versions).is_empty(), "{eco:?}");
        let refusal = eco.get_file(&server, NAME, "1.0.0");
        check_withheld(&server, &refusal, "1.0.0", "policy.not-allowed", "not on the allow list");
        let allow = |what: &str| {
            server.cli(&["policy", "allow", &eco.purl(what), "--reason", "reviewed"]).ok();
        };
        allow(&format!("{NAME}@1.1.0"));
        eventually_served(&server, eco, &["1.1.0"]);
        allow(NAME);
        // Allowed, and still too young.
        eventually_served(&server, eco, &["1.0.0", "1.1.0"]);
        served(&server, eco, &versions);
    }
}

#[test]
fn a_denied_version_is_denied_in_every_spelling() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let eco = Eco::Pypi;
    eco.script(&upstream, NAME, &[old("1.0.0"), old("1.1")]);
    server.cli(&["policy", "deny", "pkg:pypi/Left_Pad@1.0", "--reason", "bad"]).ok();
    server.cli(&["policy", "deny", "pkg:pypi/left-pad@1.1.0", "--reason", "bad"]).ok();
    eventually_served(&server, eco, &[]);
    served(&server, eco, &["1.0.0", "1.1"]);
}

/// A file of a PyPI page.
fn file(upstream: &FakeUpstream, filename: &str, bytes: &[u8], age: Duration) -> Value {
    let path = format!("/files/{filename}");
    upstream.on(&path, Reply::ok("application/octet-stream", bytes));
    let metadata = b"Metadata-Version: 2.1\nName: left-pad\nVersion: 1.0.0\n";
    upstream.on(&format!("{path}.metadata"), Reply::ok("text/plain", metadata));
    json!({
        "filename": filename, "url": format!("{}{path}", upstream.url()),
        "hashes": { "sha256": packages::sha256_hex(bytes) }, "yanked": false,
        "upload-time": ago(age).to_rfc3339_micros(),
        "core-metadata": { "sha256": packages::sha256_hex(metadata) },
    })
}

fn without_time(mut file: Value) -> Value {
    file.as_object_mut().unwrap().remove("upload-time");
    file
}

#[test]
fn a_new_file_of_an_old_release_is_withheld_alone_and_with_its_metadata() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    let (wheel, sdist) = ("left_pad-1.0.0-py3-none-any.whl", "left_pad-1.0.0.tar.gz");
    let files = [
        file(&upstream, wheel, &packages::wheel("left_pad", "1.0.0"), HOUR * 1000),
        file(&upstream, sdist, b"new", HOUR),
        // Its siblings are old, and it does not say when it came.
        without_time(file(&upstream, "left_pad-1.0.0-1-py3-none-any.whl", b"newer", HOUR)),
    ];
    let page = json!({ "meta": { "api-version": "1.1" }, "name": NAME, "files": files });
    let reply = Reply::ok("application/vnd.pypi.simple.v1+json", page.to_string());
    upstream.on("/pypi/left-pad/", reply);
    let index = Eco::Pypi.get_index(&server, NAME).json();
    let listed = |filename: &str| {
        let files = index["files"].as_array().unwrap().iter();
        files.clone().find(|file| file["filename"] == filename).unwrap().clone()
    };
    assert_eq!(listed(wheel)["yanked"], false);
    assert!(listed(wheel)["core-metadata"].is_object());
    assert!(listed(sdist)["yanked"].as_str().unwrap().contains("younger than 3 days"));
    assert_eq!(listed(sdist)["core-metadata"], false);
    let get =
        |filename: &str| http::get(server.address(), &format!("/pypi/files/{NAME}/{filename}"));
    for (filename, status) in [(wheel, 200), (sdist, 403)] {
        assert_eq!(get(filename).status, status, "{filename}");
        let sidecar = format!("{filename}.metadata");
        assert_eq!(get(&sidecar).status, status, "{sidecar}");
    }
    assert_eq!(get("left_pad-1.0.0-1-py3-none-any.whl").status, 403);
    check_withheld(&server, &get(sdist), "1.0.0", "policy.cooldown", "younger than 3 days");
    assert_eq!(upstream.hits(&format!("/files/{sdist}")), 0);
    assert_eq!(upstream.hits(&format!("/files/{sdist}.metadata")), 0);
}

#[test]
fn latest_falls_back_to_what_is_served_and_never_passes_what_the_publisher_meant() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", COOLDOWN);
    let eco = Eco::Npm;
    let releases =
        [old("1.0.0"), old("1.1.0"), aged("1.2.0", HOUR), old("2.0.0"), old("1.1.1-rc.1")];
    eco.script(&upstream, NAME, &releases);
    let (kind, index) = eco.index_of(&upstream.url(), NAME, &releases);
    let mut packument: Value = serde_json::from_str(&index).unwrap();
    // The next major version is out and not yet the one to take.
    packument["dist-tags"] = json!({ "latest": "1.2.0", "next": "2.0.0", "young": "1.2.0" });
    upstream.on(&eco.upstream_index(NAME), Reply::ok(kind, packument.to_string()));
    let tags = eco.get_index(&server, NAME).json()["dist-tags"].clone();
    assert_eq!(tags, json!({ "latest": "1.1.0", "next": "2.0.0" }));
}
