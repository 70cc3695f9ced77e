//! What monitoring reads: metrics, health, readiness.

use std::collections::BTreeMap;

use vouchsafe_testkit::{Database, Server, http, packages};

use crate::gate::Gate;
use crate::{start, wait_until};

/// Samples by their full name, labels included. Every line must be in Prometheus' text format.
fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let answer = http::get(server.address(), "/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text();
    let mut typed = Vec::new();
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.split(' ').collect();
            if words[0] == "TYPE" {
                assert!(["counter", "gauge", "histogram", "summary"].contains(&words[2]), "{line}");
                typed.push(words[1].to_owned());
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        assert!(bare.starts_with("vouchsafe_"), "{line}");
        assert!(typed.iter().any(|known| bare.starts_with(known.as_str())), "no type: {line}");
        assert!(!name.contains('{') || name.ends_with('}'), "{line}");
        samples.insert(name.to_owned(), value.parse().unwrap());
    }
    samples
}

fn publish(server: &Server, token: &str, name: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = packages::npm_publish_body(name, "1.0.0");
    http::send(server.address(), "PUT", &format!("/npm/{name}"), &headers, &body).status
}

#[test]
fn metrics_count_what_happens() {
    let server = start("");
    let token = server.user_and_token("alice");
    let count =
        |samples: &BTreeMap<String, f64>, name: &str| samples.get(name).copied().unwrap_or(0.0);
    let before = metrics(&server);
    assert_eq!(publish(&server, &token, "counted"), 201);
    assert_eq!(publish(&server, "no-token", "counted"), 401);
    assert_eq!(http::get(server.address(), "/npm/counted").status, 200);
    assert_eq!(http::get(server.address(), "/npm/uncounted").status, 404);
    let after = metrics(&server);
    let grown = |name: &str| count(&after, name) - count(&before, name);
    assert_eq!(grown("vouchsafe_publishes_total{ecosystem=\"npm\"}"), 1.0);
    assert_eq!(grown("vouchsafe_requests_total{class=\"4xx\"}"), 2.0);
    // The publish, the document, and the first reading of the metrics.
    assert_eq!(grown("vouchsafe_requests_total{class=\"2xx\"}"), 3.0);
    assert_eq!(grown("vouchsafe_request_duration_seconds_count"), 5.0);
}

#[test]
fn an_idle_server_is_healthy_and_ready() {
    let server = start("");
    assert_eq!(http::get(server.address(), "/healthz").text(), "ok\n");
    let ready = http::get(server.address(), "/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &true.into()));
}

#[test]
fn a_server_whose_blobs_are_gone_is_not_ready() {
    let server = start("");
    let blobs = server.data_dir().join("blobs/sha256");
    let aside = server.data_dir().join("aside");
    std::fs::rename(&blobs, &aside).unwrap();
    std::fs::write(&blobs, "a file where the folder was").unwrap();
    let ready = http::get(server.address(), "/readyz");
    assert_eq!((ready.status, &ready.json()["blobs"]), (503, &false.into()));
    std::fs::remove_file(&blobs).unwrap();
    std::fs::rename(&aside, &blobs).unwrap();
    assert_eq!(http::get(server.address(), "/readyz").status, 200);
}

#[test]
fn on_postgresql_a_server_without_its_database_is_not_ready_until_it_is_back() {
    let database = Database::fresh("ready");
    let gate = Gate::before(database.server());
    let url = database.url_through("127.0.0.1", gate.port());
    let server = start(&format!("[database]\nurl = \"{url}\"\n"));
    let token = server.user_and_token("alice");
    let ready = || http::get(server.address(), "/readyz").status;
    assert_eq!(ready(), 200);
    gate.shut();
    assert_eq!(ready(), 503);
    assert_eq!(http::get(server.address(), "/healthz").status, 200);
    gate.open();
    wait_until("ready again", || ready() == 200);
    assert_eq!(publish(&server, &token, "afterwards"), 201);
    // What other processes do is seen again, too.
    let id = server.cli(&["token", "list", "--user", "alice", "--json"]).ok().stdout;
    let id: serde_json::Value = serde_json::from_str(&id).unwrap();
    server.cli(&["token", "revoke", id[0]["id"].as_str().unwrap(), "--user", "alice"]).ok();
    wait_until("the token is refused", || publish(&server, &token, "too-late") == 401);
}

/// The events of a publish come by a moment after it, in the process that published, too.
#[test]
fn what_was_rendered_after_a_publish_is_not_rendered_again() {
    const NAMES: [&str; 6] = ["once-a", "once-b", "once-c", "once-d", "once-e", "once-f"];
    let server = start("");
    let token = server.user_and_token("alice");
    assert_eq!(publish(&server, &token, "beacon"), 201);
    let read = || {
        for name in NAMES {
            let index = http::get(server.address(), &format!("/cargo/index/on/ce/{name}"));
            assert_eq!(index.status, 200);
        }
        metrics(&server)["vouchsafe_renderings_total{ecosystem=\"cargo\"}"]
    };
    for name in NAMES {
        let headers = [("authorization", token.as_str())];
        let body = packages::krate_publish_body(name, "1.0.0");
        let target = "/cargo/api/v1/crates/new";
        assert_eq!(http::send(server.address(), "PUT", target, &headers, &body).status, 200);
    }
    let before = read();
    // Events are acted on in order: when that of another process is, those before it are.
    server.cli(&["yank", "pkg:npm/beacon@1.0.0", "--reason", "as a sign"]).ok();
    wait_until("the event of the yank", || {
        http::get(server.address(), "/npm/beacon").text().contains("as a sign")
    });
    // One of them may share its generation with the beacon.
    assert!(read() - before <= 1.0, "documents were rendered twice");
}
