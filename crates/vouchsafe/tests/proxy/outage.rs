//! An upstream that is gone: what is known is served and marked as old, as long as it may be.

use vouchsafe_testkit::{FakeUpstream, Reply, Server};

use crate::ecosystem::{ALL, Eco, old};
use crate::stage::{eventually, server};

/// Fills the caches, then takes the upstream away.
fn after_the_upstream_died(settings: &str) -> Server {
    let mut upstream = FakeUpstream::start();
    let server = server(&upstream, settings, "");
    for eco in ALL {
        eco.script(&upstream, "left-pad", &[old("1.0.0"), old("1.1.0")]);
        assert_eq!(eco.get_index(&server, "left-pad").header("warning"), None, "{eco:?}");
        assert_eq!(eco.get_file(&server, "left-pad", "1.0.0").status, 200);
    }
    upstream.down();
    server
}

fn check_stale(server: &Server) {
    for eco in ALL {
        let stale = eco.get_index(server, "left-pad");
        assert_eq!(eco.installable(&stale), ["1.0.0", "1.1.0"], "{eco:?}");
        assert!(stale.header("warning").is_some_and(|text| text.starts_with("110 ")), "{eco:?}");
        assert!(stale.header("age").unwrap().parse::<u64>().is_ok(), "{eco:?}");
        let file = eco.get_file(server, "left-pad", "1.0.0");
        assert!(file.body == eco.artifact("left-pad", "1.0.0"), "{eco:?}");
        // Nobody has ever asked for this one, so nobody can have it now.
        let missing = eco.get_file(server, "left-pad", "1.1.0");
        assert_eq!(missing.status, 503, "{eco:?}: {}", missing.text());
        assert_eq!(missing.header("x-vouchsafe-code"), Some("upstream.unavailable"));
    }
}

#[test]
fn what_was_fetched_is_served_while_the_upstream_is_down_and_after_a_restart() {
    let mut server = after_the_upstream_died("index_ttl_secs = 0");
    check_stale(&server);
    server.stop();
    server.up();
    check_stale(&server);
}

#[test]
fn an_index_that_is_too_old_is_refused_and_admitted_files_are_not() {
    let server = after_the_upstream_died("index_ttl_secs = 0\nstale_max_secs = 1");
    for eco in ALL {
        eventually("the index is too old", || eco.get_index(&server, "left-pad").status != 200);
        let refused = eco.get_index(&server, "left-pad");
        assert_eq!(refused.status, 503, "{eco:?}");
        assert_eq!(refused.header("x-vouchsafe-code"), Some("upstream.unavailable"));
        assert!(refused.text().contains("upstream"), "{}", refused.text());
        assert_eq!(eco.get_file(&server, "left-pad", "1.0.0").status, 200, "{eco:?}");
    }
}

#[test]
fn an_upstream_that_keeps_failing_is_left_alone_and_found_again_when_it_is_back() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let eco = Eco::Npm;
    let path = eco.upstream_index("left-pad");
    upstream.on(&path, Reply::status(503));
    eventually("it is left alone", || {
        let refused = eco.get_index(&server, "left-pad");
        assert_eq!(refused.status, 503);
        refused.text().contains("asked again in")
    });
    let before = upstream.hits(&path);
    for _ in 0..5 {
        assert_eq!(eco.get_index(&server, "left-pad").status, 503);
    }
    // One try per pause, whatever clients do.
    assert!(upstream.hits(&path) <= before + 1);
    eco.script(&upstream, "left-pad", &[old("1.0.0")]);
    eventually("it is found again", || eco.get_index(&server, "left-pad").status == 200);
}

/// Cargo's `config.json` says where all files are: one bad answer must not outlast itself.
#[test]
fn settings_that_cannot_be_read_do_not_take_the_place_of_those_that_could() {
    let mut upstream = FakeUpstream::start();
    let mut server = server(&upstream, "index_ttl_secs = 0", "");
    let eco = Eco::Cargo;
    eco.script(&upstream, "left-pad", &[old("1.0.0")]);
    assert_eq!(eco.get_index(&server, "left-pad").status, 200);
    for bad in ["<html>down for maintenance</html>", "{}", r#"{"dl":"ftp://upstream.example/"}"#] {
        upstream.on("/cargo/config.json", Reply::ok("application/json", bad));
        let refused = eco.get_index(&server, "left-pad");
        assert_eq!(refused.status, 502, "{bad}: {}", refused.text());
        assert_eq!(refused.header("x-vouchsafe-code"), Some("upstream.malformed"));
    }
    upstream.down();
    assert_eq!(eco.installable(&eco.get_index(&server, "left-pad")), ["1.0.0"]);
    server.stop();
    server.up();
    assert_eq!(eco.installable(&eco.get_index(&server, "left-pad")), ["1.0.0"]);
}
