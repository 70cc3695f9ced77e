//! No token, no password, no address of a person is ever in the log, whatever its level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use vouchsafe_testkit::{Database, FakeUpstream, Server, http, packages};

use crate::start;

const PASSWORD: &str = "correct-horse-battery-staple";
const WRONG_PASSWORD: &str = "wrong-horse-battery-staple";
const WRONG_TOKEN: &str = "vsf_0000wrongwrongwrongwrongwrongwrongwrong";
const FOREIGN_TOKEN: &str = "ghp_foreignforeignforeignforeign";
const UPSTREAM_TOKEN: &str = "upstream-bearer-secret";
const UPSTREAM_PASSWORD: &str = "upstream-basic-secret";
const ADDRESS: &str = "203.0.113.77";

fn send(
    server: &Server,
    method: &str,
    path: &str,
    authorization: &str,
    body: &str,
) -> http::Answer {
    let mut headers = vec![("content-type", "application/json"), ("x-forwarded-for", ADDRESS)];
    if !authorization.is_empty() {
        headers.push(("authorization", authorization));
    }
    http::send(server.address(), method, path, &headers, body.as_bytes())
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn last_part(url: &serde_json::Value) -> String {
    url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Uses every kind of credential in every way that clients have, and returns what is secret.
fn session(server: &Server, upstream: &FakeUpstream) -> Vec<String> {
    server.user_with_password("alice", PASSWORD);
    let token = server.token("alice", &[]);
    for authorization in [
        token.clone(),
        format!("Bearer {token}"),
        basic("__token__", &token),
        basic(&token, ""),
        basic("alice", PASSWORD),
    ] {
        assert_eq!(send(server, "GET", "/npm/-/whoami", &authorization, "").status, 200);
    }
    for authorization in [
        WRONG_TOKEN.to_owned(),
        format!("Bearer {FOREIGN_TOKEN}"),
        format!("Digest {WRONG_PASSWORD}"),
        format!("{token} {token}"),
        basic("alice", WRONG_PASSWORD),
        basic("__token__", WRONG_TOKEN),
        // A secret that was typed where the name belongs.
        basic(WRONG_PASSWORD, "x"),
    ] {
        let status = send(server, "GET", "/npm/-/whoami", &authorization, "").status;
        assert!(matches!(status, 401 | 429), "{authorization}: {status}");
    }
    // Passwords in bodies, whole and broken.
    let user = "/npm/-/user/org.couchdb.user:alice";
    let sign_in = |password: &str| json!({ "name": "alice", "password": password }).to_string();
    let signed_in = send(server, "PUT", user, "", &sign_in(PASSWORD));
    send(server, "PUT", user, "", &sign_in(WRONG_PASSWORD));
    send(server, "PUT", user, "", &sign_in(PASSWORD)[..40]);
    let new_token = json!({ "password": PASSWORD, "name": "ci" }).to_string();
    let bearer = format!("Bearer {token}");
    let created = send(server, "POST", "/npm/-/npm/v1/tokens", &bearer, &new_token);
    // Secrets in addresses.
    let started = send(server, "POST", "/npm/-/v1/login", "", "{}").json();
    let (poll_id, code) = (last_part(&started["doneUrl"]), last_part(&started["loginUrl"]));
    send(server, "GET", &format!("/npm/-/v1/done/{poll_id}"), "", "");
    send(server, "GET", &format!("/login/{code}"), "", "");
    let form = format!("code={code}&name=alice&password={WRONG_PASSWORD}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    http::send(server.address(), "POST", "/login", &headers, form.as_bytes());
    let second = server.token("alice", &[]);
    send(server, "DELETE", &format!("/npm/-/user/token/{second}"), &format!("Bearer {second}"), "");
    send(server, "GET", &format!("/npm/{second}?token={second}"), "", "");
    send(server, "GET", &format!("/nowhere/{second}"), "", "");
    // Publishing and the upstreams.
    let body = String::from_utf8(packages::npm_publish_body("logged", "1.0.0")).unwrap();
    assert_eq!(send(server, "PUT", "/npm/logged", &bearer, &body).status, 201);
    assert_eq!(send(server, "PUT", "/npm/logged", WRONG_TOKEN, &body).status / 100, 4);
    for path in ["/npm/elsewhere", "/pypi/simple/elsewhere/", "/cargo/index/el/se/elsewhere"] {
        send(server, "GET", path, &bearer, "");
    }
    let sent = format!("{:?}", upstream.requests());
    assert!(sent.contains(UPSTREAM_TOKEN), "the session does not use the upstream's credentials");

    let mut secrets = vec![token, second, poll_id, code];
    for answer in [signed_in, created] {
        assert!(matches!(answer.status, 200 | 201 | 401 | 429), "{}", answer.text());
        secrets.extend(answer.json()["token"].as_str().map(str::to_owned));
    }
    let fixed = [
        PASSWORD,
        WRONG_PASSWORD,
        WRONG_TOKEN,
        FOREIGN_TOKEN,
        UPSTREAM_TOKEN,
        UPSTREAM_PASSWORD,
        ADDRESS,
        "alice@example.org",
    ];
    secrets.extend(fixed.map(str::to_owned));
    secrets
}

#[track_caller]
fn assert_none_is_logged(log: &str, secrets: &[String]) {
    assert!(log.contains("request"), "nothing is logged at all");
    for secret in secrets {
        let (encoded, doubled) = (STANDARD.encode(secret), STANDARD.encode(format!("x{secret}")));
        // Base64 of a text that begins elsewhere differs; these are the two ways it is sent.
        let middle = &doubled[4..doubled.len() - 4];
        for form in [secret.as_str(), encoded.trim_end_matches('='), middle] {
            let line = log.lines().find(|line| line.contains(form));
            assert!(line.is_none(), "{form} is in the log: {}", line.unwrap());
        }
    }
}

fn check(log_format: &str, log_level: &str, more: &str) {
    let upstream = FakeUpstream::start();
    let with_password = upstream.url().replace("//", &format!("//reader:{UPSTREAM_PASSWORD}@"));
    let server = start(&format!(
        "[server]\nlog_format = \"{log_format}\"\nlog_level = \"{log_level}\"\n\
         trusted_proxies = [\"127.0.0.0/8\"]\n{more}\n\
         [upstreams.npm]\nurl = \"{0}/npm/\"\nbearer_token = \"{UPSTREAM_TOKEN}\"\n\
         allow_private_network = true\n\
         [upstreams.cargo]\nurl = \"{0}/cargo/\"\nbearer_token = \"{UPSTREAM_TOKEN}\"\n\
         allow_private_network = true\n\
         [upstreams.pypi]\nurl = \"{with_password}/simple/\"\nallow_private_network = true\n\
         [ecosystems.npm]\nmax_artifact_mb = 10\n",
        upstream.url(),
    ));
    let mut server = server;
    server.cli(&["claim", "add", "pkg:npm/logged"]).ok();
    let secrets = session(&server, &upstream);
    server.stop();
    assert_none_is_logged(&server.log(), &secrets);
}

#[test]
fn no_secret_is_in_the_text_log() {
    check("text", "info", "");
}

#[test]
fn no_secret_is_in_the_json_log_of_everything() {
    check("json", "trace", "");
}

#[test]
fn on_postgresql_no_secret_is_in_the_text_log_of_everything() {
    let database = Database::fresh("secrets");
    check("text", "trace", &format!("[database]\nurl = \"{}\"\n", database.url()));
}
