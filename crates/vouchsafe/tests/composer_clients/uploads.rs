//! Uploads: every documented shape, who may, what is refused, and that nothing half-done shows.

use std::io::{Read as _, Write as _};

use serde_json::json;
use vouchsafe_testkit::packages;

use crate::stage::{Stage, archive, eventually, manifest};

#[test]
fn every_documented_shape_publishes() {
    let stage = Stage::new();
    let unversioned = |name| archive(name, "1.0.0", json!({}));
    let versioned = |name| archive(name, "1.0.0", json!({ "version": "1.0.0" }));
    for (method, path, body) in [
        ("PUT", "/packages/upload/acme/a/1.0.0", unversioned("acme/a")),
        ("PUT", "/packages/upload/acme/b/1.0.0", versioned("acme/b")),
        ("PUT", "/api/packages?version=1.0.0", unversioned("acme/c")),
        ("PUT", "/api/packages", versioned("acme/d")),
        ("PUT", "/?version=1.0.0", unversioned("acme/e")),
        ("PUT", "", versioned("acme/f")),
        ("POST", "/api/packages/acme/g/artifacts/", versioned("acme/g")),
    ] {
        let answer = stage.ask(method, path, &body);
        assert_eq!(answer.status, 201, "{method} {path}: {}", answer.text());
        assert_eq!(answer.json()["status"], "success");
        assert_eq!(answer.json()["version"], "1.0.0");
    }
    let listed = stage.ask("GET", "/packages/list.json", b"").json();
    let names = ["acme/a", "acme/b", "acme/c", "acme/d", "acme/e", "acme/f", "acme/g"];
    assert_eq!(listed, json!({ "packageNames": names }));
    for name in names {
        let dist = stage.dist_path(name, "1.0.0");
        assert_eq!(stage.ask("GET", &dist, b"").status, 200, "{name}");
    }
}

#[test]
fn basic_credentials_publish_as_a_bearer_token_does() {
    use base64::Engine as _;
    let stage = Stage::new();
    let pair = format!("__token__:{}", stage.token);
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    let header = ("authorization", format!("Basic {pair}"));
    let headers = [(header.0, header.1.as_str())];
    let body = archive("acme/a", "1.0.0", json!({}));
    let path = "/packages/upload/acme/a/1.0.0";
    let answer = stage.ask_as(None, "PUT", path, &headers, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn who_may_not_publish_is_told_so() {
    let stage = Stage::new();
    stage.publish("acme/a", "1.0.0");
    let reader = stage.server.token("ann", &["--scope", "read"]);
    let stranger = stage.server.user_and_token("eve");
    let body = archive("acme/a", "1.1.0", json!({}));
    let path = "/packages/upload/acme/a/1.1.0";
    for (token, status, code, says) in [
        (None, 401, "auth.required", "needs a token"),
        (Some("vsf_nobody"), 401, "auth.refused", ""),
        (Some(reader.as_str()), 403, "auth.forbidden", "publish"),
        (Some(stranger.as_str()), 403, "auth.forbidden", ""),
    ] {
        let answer = stage.ask_as(token, "PUT", path, &[], &body);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("x-vouchsafe-code"), Some(code), "{}", answer.text());
        assert_eq!(answer.json()["status"], "error");
        assert!(answer.text().contains(says), "{}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    assert_eq!(stage.version_names("acme/a"), ["1.0.0"]);
}

#[test]
fn what_does_not_fit_together_is_refused_with_the_reason() {
    let stage = Stage::new();
    let own = |version: &str| archive("acme/a", "1.0.0", json!({ "version": version }));
    let plain = archive("acme/a", "1.0.0", json!({}));
    let unnamed = packages::zip(&[("composer.json", b"{}")]);
    for (method, path, body, status, says) in [
        ("PUT", "/packages/upload/acme/other/1.0.0", &plain, 422, "another package"),
        ("PUT", "/packages/upload/acme/a/1.0.0", &own("1.0.1"), 422, "says it is version 1.0.1"),
        ("PUT", "/api/packages?version=2.0.0", &own("1.0.0"), 422, "the request says 2.0.0"),
        ("PUT", "/api/packages", &plain, 422, "no `version`"),
        ("POST", "/api/packages/acme/a/artifacts/", &plain, 422, "no `version`"),
        ("PUT", "/api/packages", &own("one"), 422, "no version"),
        ("PUT", "/api/packages?version=1.0.0", &unnamed, 422, "no `name`"),
        ("PUT", "/packages/upload/acme/a/one", &plain, 400, "one"),
        ("PUT", "/packages/upload/Acme/a/1.0.0", &plain, 400, "Acme"),
        ("PUT", "/packages/upload/acme/a/1.0.0", &Vec::new(), 400, "empty"),
        ("PUT", "/packages/upload/acme/a/1.0.0", &b"no zip".to_vec(), 422, ""),
    ] {
        let answer = stage.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(says), "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    // The same version in another spelling is the same version.
    assert_eq!(stage.upload("acme/a", "1.0.0", &own("v1.0")).status, 201);
}

#[test]
fn a_stable_release_never_changes_and_the_same_again_is_no_error() {
    let stage = Stage::new();
    let first = archive("acme/a", "1.0.0", json!({}));
    let other = archive("acme/a", "1.0.0", json!({ "description": "Changed" }));
    assert_eq!(stage.upload("acme/a", "1.0.0", &first).status, 201);
    let before = stage.versions("acme/a");
    let again = stage.upload("acme/a", "1.0.0", &first);
    assert_eq!(again.status, 200, "{}", again.text());
    for spelling in ["1.0.0", "v1.0", "1.0.0.0"] {
        let changed = stage.upload("acme/a", spelling, &other);
        assert_eq!(changed.status, 409, "{}", changed.text());
        assert_eq!(changed.header("x-vouchsafe-code"), Some("publish.release-exists"));
        assert!(changed.text().contains("already exists"), "{}", changed.text());
    }
    assert_eq!(stage.versions("acme/a"), before);
    assert_eq!(stage.ask("GET", &stage.dist_path("acme/a", "1.0.0"), b"").body, first);
}

#[test]
fn a_branch_moves_and_every_archive_of_it_stays() {
    let stage = Stage::new();
    let archives: Vec<_> =
        ["first", "second"].map(|text| archive("acme/a", text, json!({}))).into();
    let mut paths = Vec::new();
    for bytes in &archives {
        let answer = stage.upload("acme/a", "dev-main", bytes);
        assert_eq!(answer.status, 201, "{}", answer.text());
        paths.push(stage.dist_path("acme/a~dev", "dev-main"));
    }
    assert_ne!(paths[0], paths[1]);
    for (path, bytes) in paths.iter().zip(&archives) {
        assert_eq!(stage.ask("GET", path, b"").body, *bytes);
    }
    assert_eq!(stage.upload("acme/a", "dev-main", &archives[1]).status, 200);
    assert_eq!(stage.version_names("acme/a~dev"), ["dev-main"]);
    assert!(stage.versions("acme/a").is_empty(), "branches are in the list of branches");
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let stage = Stage::new();
    let body = archive("acme/a", "1.0.0", json!({}));
    for claimed in [body.len(), body.len() + 1000] {
        let mut stream = std::net::TcpStream::connect(stage.server.address()).unwrap();
        let head = format!(
            "PUT /composer/packages/upload/acme/a/1.0.0 HTTP/1.1\r\nHost: {}\r\n\
             Authorization: Bearer {}\r\nContent-Length: {claimed}\r\n\r\n",
            stage.server.address(),
            stage.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let sent = body.len().min(claimed - 1);
        stream.write_all(&body[..sent]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    assert_eq!(stage.ask("GET", "/p2/acme/a.json", b"").status, 404);
    let spool = stage.server.data_dir().join("blobs/tmp");
    let leftovers = || std::fs::read_dir(&spool).map_or(0, Iterator::count);
    eventually("what was spooled is gone", || leftovers() == 0);
    stage.publish("acme/a", "1.0.0");
}

#[test]
fn of_two_uploads_at_once_one_release_comes_about() {
    let stage = Stage::new();
    for round in 0..4 {
        let version = format!("1.{round}.0");
        let bodies =
            ["left", "right"].map(|text| archive("acme/a", text, json!({ "keywords": [text] })));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let sends = bodies.each_ref().map(|body| {
                let (stage, version) = (&stage, &version);
                scope.spawn(move || stage.upload("acme/a", version, body).status)
            });
            sends.into_iter().map(|send| send.join().unwrap()).collect()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [201, 409]);
        let winner = statuses.iter().position(|status| *status == 201).unwrap();
        let served = stage.ask("GET", &stage.dist_path("acme/a", &version), b"").body;
        assert_eq!(served, bodies[winner]);
        let entry = stage.versions("acme/a").remove(0);
        assert_eq!(entry["keywords"][0], ["left", "right"][winner], "one upload as a whole");
    }
}

#[test]
fn an_archive_over_the_limit_is_refused() {
    let stage = Stage::with_config("[ecosystems.composer]\nmax_artifact_mb = 1\n");
    let noise: Vec<u8> =
        (0..1_500_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let text = manifest("acme/a", json!({}));
    let large = packages::zip(&[("composer.json", text.as_bytes()), ("noise", &noise)]);
    assert!(large.len() > 1024 * 1024);
    let answer = stage.upload("acme/a", "1.0.0", &large);
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.text().contains("1048576"), "{}", answer.text());
    assert_eq!(stage.ask("GET", "/p2/acme/a.json", b"").status, 404);
}
