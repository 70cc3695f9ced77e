//! The log: one line per request that matters, each with the id that the client was told.

use serde_json::Value;
use vouchsafe_testkit::{Server, http};

use crate::start;

/// Asks for something that is logged; returns the id that the client is told.
fn missing(server: &Server) -> String {
    let answer = http::get(server.address(), "/npm/not-there");
    assert_eq!(answer.status, 404);
    answer.header("x-request-id").unwrap().to_owned()
}

#[test]
fn every_answer_carries_an_id_of_its_own() {
    let server = start("");
    let paths = ["/", "/healthz", "/npm/x", "/cargo/index/config.json", "/pypi/simple/x/", "/%ff"];
    let mut ids: Vec<String> = paths
        .iter()
        .map(|path| http::get(server.address(), path).header("x-request-id").unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), paths.len());
}

#[test]
fn the_text_log_has_the_ids_and_no_colors() {
    let mut server = start("");
    let id = missing(&server);
    server.stop();
    let log = server.log();
    assert!(log.lines().any(|line| line.contains(&id) && line.contains("status=404")), "{log}");
    assert!(!log.contains('\u{1b}'), "escape sequences in a log that is no terminal:\n{log}");
}

#[test]
fn the_json_log_is_json_line_by_line_with_the_ids() {
    let mut server = start("[server]\nlog_format = \"json\"\n");
    server.user("alice");
    let id = missing(&server);
    server.stop();
    let log = server.log();
    // What a person reads at the start is no log line.
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let served = lines.iter().find(|line| line["span"]["id"] == id.as_str()).expect(&log);
    assert_eq!((&served["level"], &served["fields"]["status"]), (&"INFO".into(), &404.into()));
    assert_eq!(served["span"]["method"], "GET");
    assert!(lines.iter().any(|line| line["fields"]["message"] == "stopping"), "{log}");
}

#[test]
fn the_log_level_is_obeyed() {
    let mut server = start("[server]\nlog_level = \"error\"\n");
    let id = missing(&server);
    server.stop();
    assert!(!server.log().contains(&id));
}
