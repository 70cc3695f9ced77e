//! Proofs by code hosts.

use serde_json::{Value, json};
use vouchsafe_testkit::http::Answer;
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Stage, check_refused};

fn stage(host: &FakeUpstream) -> Stage {
    let hosts = format!("[namespaces.code_hosts]\n\"io.codehost\" = \"{}\"\n", host.url());
    Stage::with("", &hosts)
}

fn claim(stage: &Stage, token: &str, namespace: &str) -> Answer {
    let body = json!({ "namespace": namespace, "method": "code-host" });
    stage.api(token, "POST", "", body.to_string().as_bytes())
}

fn repository(user: &str, claim: &Value) -> String {
    format!("/{user}/{}", claim["challenge"].as_str().unwrap())
}

#[test]
fn a_repository_named_like_the_challenge_proves_the_user() {
    let host = FakeUpstream::start();
    let stage = stage(&host);
    let claimed = claim(&stage, &stage.ann, "pkg:maven/io.codehost.acme");
    assert_eq!(claimed.status, 201, "{}", claimed.text());
    let claimed = claimed.json();
    let path = repository("acme", &claimed);
    assert!(claimed["next_step"].as_str().unwrap().contains(&format!("{}{path}", host.url())));
    check_refused(&stage.verify(&stage.ann, &claimed), 422, "namespace.not-proved");

    // That of another user proves nothing.
    host.on(&repository("evil", &claimed), Reply::ok("text/html", "here"));
    check_refused(&stage.verify(&stage.ann, &claimed), 422, "namespace.not-proved");
    host.on(&path, Reply::ok("text/html", vec![b'x'; 3_000_000]));
    let verified = stage.verify(&stage.ann, &claimed);
    assert_eq!(verified.json()["state"], "verified", "{}", verified.text());
    check_refused(&stage.maven(&stage.ben, "io.codehost.acme.x"), 403, "publish.name-claimed");
    assert_eq!(stage.maven(&stage.ben, "io.codehost.acme2").status, 201);

    // It was for once only: the repository may go.
    host.on(&path, Reply::status(404));
    stage.operator(&["recheck"]).ok();
    stage.operator(&["recheck"]).ok();
    assert_eq!(stage.state("pkg:maven/io.codehost.acme"), "verified");
}

#[test]
fn an_answer_that_is_no_repository_proves_nothing() {
    let host = FakeUpstream::start();
    let stage = stage(&host);
    let claimed = claim(&stage, &stage.ann, "pkg:maven/io.codehost.acme").json();
    let path = repository("acme", &claimed);
    host.on("/sign-in", Reply::ok("text/html", "sign in"));
    let elsewhere = format!("{}/sign-in", host.url());
    for (reply, status) in [
        (Reply::status(302).header("location", &elsewhere), 422),
        (Reply::status(301).header("location", "/sign-in"), 422),
        (Reply::status(401), 422),
        (Reply::status(403), 422),
        (Reply::status(204), 503),
        (Reply::status(500), 503),
    ] {
        host.on(&path, reply.clone());
        assert_eq!(stage.verify(&stage.ann, &claimed).status, status, "{reply:?}");
    }
    assert_eq!(host.hits("/sign-in"), 0);
    assert_eq!(stage.state("pkg:maven/io.codehost.acme"), "pending");
}

#[test]
fn only_direct_users_of_known_hosts_can_be_proved() {
    let host = FakeUpstream::start();
    let stage = stage(&host);
    for namespace in [
        "pkg:maven/io.codehost",
        "pkg:maven/io.codehost.acme.tools",
        "pkg:maven/io.other.acme",
        "pkg:maven/com.acme",
        "pkg:npm/@io.codehost.acme",
        "pkg:pypi/acme",
    ] {
        assert_eq!(claim(&stage, &stage.ann, namespace).status, 400, "{namespace}");
    }
    // The host's own domain does not speak for its users, nor the other way round.
    for namespace in ["pkg:maven/io.codehost.acme", "pkg:maven/io.codehost.acme.tools"] {
        assert_eq!(stage.claim(&stage.ann, namespace, None).status, 400, "{namespace}");
    }
    assert_eq!(host.all_hits(), 0);
}
