//! What is kept: index documents until they are too old, files for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::ecosystem::{ALL, Eco, Entry, ago, old};
use crate::scripted::{Scripted, reply};
use crate::stage::{config, events, eventually, server, start};

/// Asks for the same at once, many times over.
fn together<T: Send>(ask: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..100).map(|_| scope.spawn(&ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_fresh_index_is_not_asked_for_again() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 3600", "");
    for eco in ALL {
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        for _ in 0..5 {
            assert_eq!(eco.installable(&eco.get_index(&server, "left-pad")), ["1.0.0"]);
        }
        assert_eq!(upstream.hits(&eco.upstream_index("left-pad")), 1, "{eco:?}");
    }
}

#[test]
fn an_old_index_is_revalidated_and_kept_when_it_has_not_changed() {
    for eco in ALL {
        let edition = Arc::new(AtomicUsize::new(1));
        let current = Arc::clone(&edition);
        let upstream = Scripted::start(move |asked, stream| {
            if asked.path.ends_with("config.json") {
                return reply(stream, 200, &[], br#"{"dl":"http://127.0.0.1:9/"}"#);
            }
            let edition = current.load(Ordering::SeqCst);
            let tag = format!("W/\"edition {edition}\"");
            let date = format!("Sun, 0{edition} Nov 2026 00:00:00 GMT");
            if asked.header("if-none-match") == Some(&tag)
                && asked.header("if-modified-since") == Some(&date)
            {
                return reply(stream, 304, &[("etag", &tag)], b"");
            }
            let releases = [old("1.0.0"), old("2.0.0")];
            let (kind, index) =
                eco.index_of("http://127.0.0.1:9", "left-pad", &releases[..edition]);
            let headers = [("content-type", kind), ("etag", &tag), ("last-modified", &date)];
            reply(stream, 200, &headers, index.as_bytes());
        });
        let server = start(config(&upstream.url(), "index_ttl_secs = 1", ""));
        let path = eco.upstream_index("left-pad");
        let first = eco.get_index(&server, "left-pad");
        assert_eq!(eco.installable(&first), ["1.0.0"]);
        eventually("the index is revalidated", || {
            assert_eq!(eco.get_index(&server, "left-pad").body, first.body, "{eco:?}");
            upstream.asked(&path).len() >= 3
        });
        for asked in &upstream.asked(&path)[1..] {
            assert_eq!(asked.header("if-none-match"), Some("W/\"edition 1\""), "{eco:?}");
        }
        let later = eco.get_index(&server, "left-pad");
        assert_eq!(
            later.header("etag"),
            first.header("etag"),
            "{eco:?}: our clients get a 304, too"
        );
        edition.store(2, Ordering::SeqCst);
        eventually("the new edition is served", || {
            eco.installable(&eco.get_index(&server, "left-pad")) == ["1.0.0", "2.0.0"]
        });
    }
}

#[test]
fn a_hundred_clients_cause_one_request() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    for eco in ALL {
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        let slow = |path: &str, kind: &str, body: Vec<u8>| {
            upstream.on(path, Reply::ok(kind, body).after(Duration::from_millis(500)));
        };
        let bytes = eco.artifact("left-pad", "1.0.0");
        let (kind, index) = eco.index_of(&upstream.url(), "left-pad", &[old("1.0.0")]);
        slow(&eco.upstream_index("left-pad"), kind, index.into());
        slow(&eco.upstream_file("left-pad", "1.0.0"), "application/octet-stream", bytes.clone());
        for index in together(|| eco.get_index(&server, "left-pad")) {
            assert_eq!(eco.installable(&index), ["1.0.0"]);
        }
        assert_eq!(upstream.hits(&eco.upstream_index("left-pad")), 1, "{eco:?}");
        for file in together(|| eco.get_file(&server, "left-pad", "1.0.0")) {
            assert_eq!(file.status, 200);
            assert!(file.body == bytes);
        }
        assert_eq!(upstream.hits(&eco.upstream_file("left-pad", "1.0.0")), 1, "{eco:?}");
        assert_eq!(upstream.hits(&eco.upstream_index("left-pad")), 1, "{eco:?}");
    }
}

#[test]
fn many_packages_at_once_ask_for_the_settings_of_their_upstream_once() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let names: Vec<String> = (0..50).map(|number| format!("crate-{number}")).collect();
    for name in &names {
        Eco::Cargo.script(&upstream, name, &[old("1.0.0")]);
    }
    let settings = Eco::Cargo.settings(&upstream.url()).after(Duration::from_millis(300));
    upstream.on("/cargo/config.json", settings);
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| assert_eq!(Eco::Cargo.get_index(&server, name).status, 200));
        }
    });
    assert_eq!(upstream.hits("/cargo/config.json"), 1);
}

#[test]
fn what_is_missing_upstream_is_missing_only_for_a_short_time() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 1", "");
    for eco in ALL {
        assert_eq!(eco.get_index(&server, "left-pad").status, 404, "{eco:?}");
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        eventually("the new package is seen", || eco.get_index(&server, "left-pad").status == 200);
        // A file that its own index lists, and that comes a little later.
        let path = eco.upstream_file("left-pad", "1.0.0");
        upstream.on(&path, Reply::status(404));
        let missing = eco.get_file(&server, "left-pad", "1.0.0");
        assert_eq!(missing.status, 404, "{eco:?}: {}", missing.text());
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        assert_eq!(eco.get_file(&server, "left-pad", "1.0.0").status, 200, "{eco:?}");
    }
}

#[test]
fn a_missing_package_is_not_asked_for_by_every_client() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    for eco in ALL {
        if eco == Eco::Cargo {
            upstream.on("/cargo/config.json", eco.settings(&upstream.url()));
        }
        for _ in 0..5 {
            assert_eq!(eco.get_index(&server, "left-pad").status, 404);
        }
        assert_eq!(upstream.hits(&eco.upstream_index("left-pad")), 1, "{eco:?}");
    }
}

#[test]
fn bytes_that_were_admitted_stay_when_the_upstream_replaces_them() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    for eco in ALL {
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        let before = eco.get_index(&server, "left-pad");
        let admitted = eco.get_file(&server, "left-pad", "1.0.0");
        assert_eq!(admitted.status, 200);
        // Other bytes, and an index that vouches for them.
        let bytes = eco.artifact("left-pad", "1.0.1");
        let path = eco.upstream_file("left-pad", "1.0.0");
        let entry = Entry {
            version: "1.0.0",
            published_at: Some(ago(Duration::from_secs(365 * 86_400))),
            url: format!("{}{path}", upstream.url()),
            bytes: bytes.clone(),
        };
        let (kind, index) = eco.index_with("left-pad", &[entry]);
        upstream.on(&eco.upstream_index("left-pad"), Reply::ok(kind, index));
        upstream.on(&path, Reply::ok("application/octet-stream", bytes));
        let digest = |index: &vouchsafe_testkit::http::Answer| match eco {
            Eco::Cargo => index.text().split("\"cksum\":\"").nth(1).unwrap()[..64].to_owned(),
            Eco::Npm => index.json()["versions"]["1.0.0"]["dist"]["integrity"].to_string(),
            Eco::Pypi => index.json()["files"][0]["hashes"]["sha256"].to_string(),
        };
        let after = eco.get_index(&server, "left-pad");
        assert_eq!(digest(&after), digest(&before), "{eco:?}: lock files remember this digest");
        let again = eco.get_file(&server, "left-pad", "1.0.0");
        assert!(again.body == admitted.body, "{eco:?}");
        assert_eq!(upstream.hits(&path), 1, "{eco:?}");
        let mismatch = events(&server, "upstream.mismatch");
        assert_eq!(mismatch.last().unwrap().subject, eco.purl("left-pad"), "{eco:?}");
    }
}

#[test]
fn a_document_that_cannot_be_read_does_not_take_the_place_of_one_that_can() {
    let mut upstream = FakeUpstream::start();
    let server = server(&upstream, "index_ttl_secs = 0", "");
    for eco in [Eco::Npm, Eco::Pypi] {
        eco.script(&upstream, "left-pad", &[old("1.0.0")]);
        assert_eq!(eco.get_index(&server, "left-pad").status, 200);
        let (kind, index) = eco.index_of(&upstream.url(), "left-pad", &[old("1.0.0")]);
        let cut = &index.as_bytes()[..index.len() / 2];
        upstream.on(&eco.upstream_index("left-pad"), Reply::ok(kind, cut));
        let refused = eco.get_index(&server, "left-pad");
        assert_eq!(refused.status, 502, "{eco:?}: {}", refused.text());
        assert_eq!(refused.header("x-vouchsafe-code"), Some("upstream.malformed"));
    }
    upstream.down();
    for eco in [Eco::Npm, Eco::Pypi] {
        let stale = eco.get_index(&server, "left-pad");
        assert_eq!(eco.installable(&stale), ["1.0.0"], "{eco:?}");
        assert!(stale.header("warning").is_some());
    }
}
