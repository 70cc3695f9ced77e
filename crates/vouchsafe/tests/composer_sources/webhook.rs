//! Webhooks: who may ask for an import, and what follows.

use aws_lc_rs::hmac;
use vouchsafe_testkit::http::send;

use crate::git_http;
use crate::stage::{LOCAL, Stage};

fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

#[test]
fn a_signed_webhook_imports_new_tags() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    let root = stage.repository.path.parent().unwrap();
    let hook = stage.add(&format!("{}/lib/.git", git_http::serve(root)));
    let body = br#"{"ref":"refs/tags/v1.0.0","ref_type":"tag"}"#;
    let signed = signature(&hook.secret, body);
    let answer = stage.post(&hook.path, &[("x-hub-signature-256", &signed)], body);
    assert_eq!((answer.status, answer.json()["status"].as_str()), (202, Some("queued")));
    stage.wait_for(&["v1.0.0"]);
    stage.repository.release("v1.1.0", "two");
    stage.post(&hook.path, &[("x-hub-signature-256", &signed)], body);
    stage.wait_for(&["v1.1.0", "v1.0.0"]);
}

#[test]
fn a_webhook_may_carry_the_secret_itself() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    let hook = stage.add(&stage.repository.file_url());
    let answer = stage.post(&hook.path, &[("x-gitlab-token", &hook.secret)], b"{}");
    assert_eq!(answer.status, 202);
    stage.wait_for(&["v1.0.0"]);
}

#[test]
fn a_webhook_that_proves_nothing_is_refused() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    let hook = stage.add(&stage.repository.file_url());
    let (body, other) = (b"{}".as_slice(), signature("guess", b"{}"));
    let of_another_body = signature(&hook.secret, b"{ }");
    let sha1 = signature(&hook.secret, body).replace("sha256", "sha1");
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("x-hub-signature-256", &other)],
        &[("x-hub-signature-256", &of_another_body)],
        &[("x-hub-signature-256", &sha1)],
        &[("x-hub-signature-256", "")],
        &[("x-hub-signature", &sha1)],
        &[("x-gitlab-token", "guess")],
        // A wrong signature is not made good by a right token.
        &[("x-hub-signature-256", &other), ("x-gitlab-token", &hook.secret)],
    ];
    for headers in cases {
        let answer = stage.post(&hook.path, headers, body);
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.json()["code"], "auth.refused");
        assert!(!answer.text().contains(&hook.secret));
    }
    assert_eq!(stage.listed()["state"], "new");
}

#[test]
fn addresses_that_are_no_webhook_are_refused() {
    let stage = Stage::new(LOCAL);
    let hook = stage.add(&stage.repository.file_url());
    for path in [
        "/api/v1/hooks/git/",
        "/api/v1/hooks/git/x",
        "/api/v1/hooks/git/00000000-0000-0000-0000-000000000000",
        "/api/v1/hooks/git/%00",
    ] {
        let answer = stage.post(path, &[("x-gitlab-token", &hook.secret)], b"{}");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let answer = send(stage.server.address(), "GET", &hook.path, &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let stage = Stage::new(LOCAL);
    let hook = stage.add(&stage.repository.file_url());
    let body = vec![b' '; 1024 * 1024 + 1];
    let signed = signature(&hook.secret, &body);
    let answer = stage.post(&hook.path, &[("x-hub-signature-256", &signed)], &body);
    assert_eq!(answer.status, 413);
    let largest = &body[1..];
    let signed = signature(&hook.secret, largest);
    let answer = stage.post(&hook.path, &[("x-hub-signature-256", &signed)], largest);
    assert_eq!(answer.status, 202);
}
