//! What is refused, before anything of it is kept.

use std::io::{Read, Write};
use std::net::TcpStream;

use vouchsafe_testkit::http;

use crate::deploy::check_invisible;
use crate::stage::Stage;
use crate::wire::{Release, Sender, pom};

fn lib() -> Release {
    Release::jar("com.acme", "lib", "1.0")
}

#[test]
fn a_file_that_is_not_what_its_checksum_says_is_dropped() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let release = lib();
    ada.stage(&release);
    let wrong = "0".repeat(40);
    let refused = ada.put(&format!("{}.sha1", release.path("pom")), wrong.as_bytes());
    assert_eq!(refused.status, 400);
    assert!(refused.phrase.contains("send the file again"), "{}", refused.phrase);
    assert_eq!(refused.header("x-vouchsafe-code"), Some("publish.digest-mismatch"));
    let refused = ada.finish(&release);
    assert_eq!(refused.status, 422);
    assert!(refused.phrase.contains("no `lib-1.0.pom` was sent"), "{}", refused.phrase);
    check_invisible(&release, &[&ada]);
    ada.deploy(&release);
    assert_eq!(stage.anybody().get(&release.path("pom")).status, 200);
}

#[test]
fn a_pom_of_something_else_is_refused() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let cases = [
        (pom("com.evil", "lib", "1.0", ""), "groupId"),
        (pom("com.acme", "other", "1.0", ""), "artifactId"),
        (pom("com.acme", "lib", "1.1", ""), "version"),
        (pom("com.acme", "lib", "${revision}", ""), "flatten"),
        ("<project><!ENTITY x 'y'>".to_owned(), "lib-1.0.pom"),
    ];
    for (text, word) in cases {
        let release = lib().file("lib-1.0.pom", text);
        ada.stage(&release);
        let refused = ada.finish(&release);
        assert_eq!(refused.status, 422, "{word}: {}", refused.text());
        assert!(refused.phrase.contains(word), "{word}: {}", refused.phrase);
        check_invisible(&release, &[&ada]);
    }
}

#[test]
fn who_has_no_right_hears_of_it_before_the_body_is_sent() {
    let stage = Stage::new("");
    let path = format!("/maven/{}", lib().path("jar"));
    let send_head = |authorization: &str| {
        let mut stream = TcpStream::connect(stage.server.address()).unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: {}\r\n{authorization}content-length: 1000000\r\n\
             expect: 100-continue\r\n\r\n",
            stage.server.address()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let refused = send_head("");
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert!(refused.contains("www-authenticate: Basic realm="), "{refused}");
    let refused = send_head("authorization: Basic X190b2tlbl9fOnZzZl9ub3BlCg==\r\n");
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let token = stage.token.as_str();
    let pair =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("ada:{token}"));
    let welcome = send_head(&format!("authorization: Basic {pair}\r\n"));
    assert!(welcome.starts_with("HTTP/1.1 100 "), "{welcome}");
}

#[test]
fn a_token_without_the_scope_is_refused_at_the_first_file() {
    let stage = Stage::new("");
    let read_only = stage.server.token("ada", &["--scope", "yank"]);
    let sender = Sender::new(stage.server.address(), &read_only);
    let refused = sender.put(&lib().path("jar"), b"jar");
    assert_eq!(refused.status, 403, "{}", refused.text());
    let other = stage.server.token("ada", &["--package", "pkg:maven/com.acme/other"]);
    let sender = Sender::new(stage.server.address(), &other);
    assert_eq!(sender.put(&lib().path("jar"), b"jar").status, 403);
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let stage = Stage::new("[ecosystems.maven]\nmax_artifact_mb = 1\n");
    let refused = stage.ada().put(&lib().path("jar"), &vec![7; 2_000_000]);
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(refused.phrase.contains("at most"), "{}", refused.phrase);
    assert_eq!(stage.ada().put(&lib().path("jar"), &vec![7; 900_000]).status, 201);
}

#[test]
fn paths_that_are_no_place_are_refused() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let paths = [
        "com/acme/lib/1.0/../1.1/lib-1.0.jar",
        "com/acme/lib/1.0/..%2f1.1%2flib-1.0.jar",
        "com/acme/lib/1.0/%2e%2e/lib-1.0.jar",
        "com%2facme/lib/1.0/lib-1.0.jar",
        "com/acme/lib/1.0/lib-1.0.jar%00.pom",
        "com/acme/lib/1.0/lib-1.0%0d%0ax.jar",
        "com/acme//lib/1.0/lib-1.0.jar",
        "com.acme/lib/1.0/lib-1.0.jar",
        "com/acme/lib/1.0/other-1.0.jar",
        "com/acme/lib/1.0/lib-1.1.jar",
        "com/acme/lib/1.0/",
        "lib-1.0.jar",
        "maven-metadata.xml",
        "com/acme/lib/1.0-SNAPSHOT/lib-1.0-SNAPSHOT.jar",
    ];
    for path in paths {
        let answer = ada.put(path, b"bytes");
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(stage.anybody().get(path).status >= 400, "{path}");
    }
    let hint = ada.put(paths[13], b"bytes");
    assert!(hint.phrase.contains("no timestamp"), "{}", hint.phrase);
}

#[test]
fn names_that_differ_in_case_alone_are_one_too_many() {
    let stage = Stage::new("");
    let ada = stage.ada();
    ada.deploy(&lib());
    for twin in [Release::jar("com.acme", "LIB", "1.0"), Release::jar("com.Acme", "lib", "1.0")] {
        let answer = ada.put(&twin.path("jar"), b"bytes");
        assert_eq!(answer.status, 409, "{}: {}", twin.path("jar"), answer.text());
    }
    let release = Release::jar("com.acme", "two", "1.0")
        .file("two-1.0-sources.jar", "a")
        .file("two-1.0-Sources.jar", "b");
    ada.stage(&release);
    let refused = ada.finish(&release);
    assert_eq!(refused.status, 422);
    assert!(refused.phrase.contains("letter case"), "{}", refused.phrase);
}

#[test]
fn a_group_of_another_account_is_closed_and_its_neighbors_are_not() {
    let mut stage = Stage::new("");
    stage.server.user("bob");
    stage.server.stop();
    let owned = ["namespace", "add", "pkg:maven/com.acme", "--owner", "bob", "--operator"];
    stage.server.cli(&owned).ok();
    stage.server.up();
    let ada = stage.ada();
    for group in ["com.acme", "com.acme.deep"] {
        let release = Release::jar(group, "lib", "1.0");
        let refused = ada.put(&release.path("jar"), &release.files[0].1);
        assert_eq!(refused.status, 403, "{group}: {}", refused.text());
    }
    let bob = Sender::new(stage.server.address(), &stage.server.token("bob", &[]));
    bob.deploy(&Release::jar("com.acme.deep", "lib", "1.0"));
    ada.deploy(&Release::jar("com.acmeevil", "lib", "1.0"));
}

#[test]
fn a_jar_that_is_none_is_refused() {
    let stage = Stage::new("");
    let ada = stage.ada();
    let release = lib().file("lib-1.0.jar", b"#!/bin/sh\necho no archive\n".to_vec());
    ada.stage(&release);
    let refused = ada.finish(&release);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.phrase.contains("lib-1.0.jar"), "{}", refused.phrase);
    check_invisible(&release, &[&ada]);
}

#[test]
fn methods_that_mean_nothing_change_nothing() {
    let stage = Stage::new("");
    stage.ada().deploy(&lib());
    for method in ["DELETE", "POST", "PATCH", "MKCOL"] {
        let answer = stage.ada().send(method, &lib().path("jar"), b"");
        assert_eq!(answer.status, 405, "{method}");
    }
    let answer = http::get(stage.server.address(), &format!("/maven/{}", lib().path("jar")));
    assert_eq!(answer.status, 200);
}
