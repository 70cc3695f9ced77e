//! Deploys that break off: a client that falls silent, a server that dies.

use std::io::Write;
use std::net::TcpStream;

use crate::bundles::{bundle_of, upload};
use crate::deploy::check_invisible;
use crate::stage::Stage;
use crate::wire::Release;

/// A release whose last file is `lib-1.0-notes.txt`.
fn lib() -> Release {
    Release::jar("com.acme", "lib", "1.0").file("lib-1.0-notes.txt", b"notes".to_vec())
}

/// The same with a file less: what a client that was killed had sent.
fn without_last(release: &Release) -> Release {
    let mut part = release.clone();
    part.files.pop();
    part
}

#[test]
fn a_deploy_that_breaks_off_shows_nothing_and_the_next_one_succeeds() {
    let stage = Stage::new("");
    let ada = stage.ada();
    ada.stage(&without_last(&lib()));
    // The connection ends inside of a file.
    let path = format!("/maven/{}/lib-1.0-notes.txt", lib().directory());
    let authorization = ada.headers(&[])[0].1.to_owned();
    let mut stream = TcpStream::connect(stage.server.address()).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {authorization}\r\n\
         content-length: 1000\r\n\r\nhalf of it",
        stage.server.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    check_invisible(&lib(), &[&ada, &stage.anybody()]);
    ada.deploy(&lib());
    assert_eq!(stage.anybody().get(&lib().path("pom")).status, 200);
    stage.server.cli(&["fsck"]).ok();
}

#[test]
fn what_was_staged_before_other_bytes_came_is_forgotten() {
    let stage = Stage::new("");
    let ada = stage.ada();
    ada.stage(&lib().file("lib-1.0-notes.txt", b"of a build that was killed".to_vec()));
    ada.deploy(&lib());
    let path = format!("{}/lib-1.0-notes.txt", lib().directory());
    assert_eq!(stage.anybody().get(&path).body, b"notes");
}

#[test]
fn a_server_killed_in_the_middle_of_a_deploy_shows_nothing_of_it() {
    let mut stage = Stage::new("");
    let ada = stage.ada();
    ada.stage(&without_last(&lib()));
    stage.server.kill();
    stage.server.up();
    check_invisible(&lib(), &[&ada, &stage.anybody()]);
    ada.deploy(&lib());
    assert_eq!(stage.anybody().get(&lib().path("jar")).status, 200);
    stage.server.cli(&["fsck"]).ok();
}

#[test]
fn a_server_killed_at_any_moment_has_all_of_a_release_or_nothing() {
    let mut stage = Stage::new("");
    for version in (0..8).map(|minor| format!("1.{minor}")) {
        let release = Release::jar("com.acme", "lib", &version);
        stage.ada().stage(&release);
        let ada = stage.ada();
        let path = release.metadata_path();
        let body = format!(
            "<metadata><versioning><versions><version>{version}</version></versions></versioning>\
             </metadata>"
        );
        // The two race: which wins is not told, and need not be.
        let sending = std::thread::spawn(move || ada.try_send("PUT", &path, body.as_bytes()));
        stage.server.kill();
        let answer = sending.join().unwrap();
        stage.server.up();
        let seen: Vec<u16> = ["jar", "pom"]
            .iter()
            .map(|extension| stage.anybody().get(&release.path(extension)).status)
            .collect();
        assert!(seen == [200, 200] || seen == [404, 404], "{version}: {seen:?}");
        let is_listed = stage
            .anybody()
            .get("com/acme/lib/maven-metadata.xml")
            .text()
            .contains(&format!("<version>{version}</version>"));
        assert_eq!(is_listed, seen[0] == 200, "{version}");
        if answer.is_some_and(|answer| answer.status == 201) {
            assert_eq!(seen, [200, 200], "an acknowledged release is lost");
        }
        stage.ada().deploy(&release);
    }
    stage.server.cli(&["fsck"]).ok();
}

#[test]
fn a_validated_bundle_survives_the_server_and_is_published_as_a_whole() {
    let mut stage = Stage::new("");
    let ada = stage.ada();
    let (one, two) = (lib(), Release::jar("com.acme", "more", "1.0"));
    let id = upload(&stage, &bundle_of(&[&one, &two]), "USER_MANAGED").text();
    stage.server.kill();
    stage.server.up();
    check_invisible(&one, &[&stage.anybody()]);
    check_invisible(&two, &[&stage.anybody()]);
    let status = ada.send("POST", &format!("api/v1/publisher/status?id={id}"), b"").json();
    assert_eq!(status["deploymentState"], "VALIDATED");
    assert_eq!(ada.send("POST", &format!("api/v1/publisher/deployment/{id}"), b"").status, 204);
    for release in [&one, &two] {
        assert_eq!(stage.anybody().get(&release.path("pom")).status, 200);
    }
}
