//! What becomes of the tags of a repository.

use std::process::Command;

use vouchsafe_testkit::http::get;

use crate::git_http;
use crate::stage::{LOCAL, PURL, Stage, manifest};

fn outcomes(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(tag, outcome)| ((*tag).to_owned(), (*outcome).to_owned())).collect()
}

#[test]
fn tags_that_are_versions_become_releases() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    stage.repository.release("v1.10.0", "ten");
    stage.repository.release("1.9.0", "nine");
    stage.repository.release("nightly", "no version");
    stage.add(&stage.repository.file_url());
    assert_eq!(stage.listed()["state"], "new");
    let expected = [("v1.0.0", "published"), ("1.9.0", "published"), ("v1.10.0", "published")];
    assert_eq!(stage.import(), outcomes(&expected));
    stage.wait_for(&["v1.10.0", "1.9.0", "v1.0.0"]);
    let listed = stage.listed();
    assert_eq!((&listed["state"], &listed["note"]), (&"fine".into(), &"3 published".into()));
    assert_eq!(stage.import(), outcomes(&[]));
    assert!(stage.events().contains(&"source.imported".to_owned()));
}

#[test]
fn what_is_served_is_what_git_packs() {
    let stage = Stage::new(LOCAL);
    stage.repository.write("tests/t.php", "<?php");
    stage
        .repository
        .write(".gitattributes", "/tests export-ignore\n/.gitattributes export-ignore\n");
    let commit = stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    stage.import();
    stage.wait_for(&["v1.0.0"]);
    let document = get(stage.server.address(), "/composer/p2/acme/lib.json").json();
    let url = document["packages"]["acme/lib"][0]["dist"]["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&stage.server.url()).unwrap();
    let served = get(stage.server.address(), path).body;
    let mut command = Command::new("git");
    command.current_dir(&stage.repository.path).args(["archive", "--format=zip", &commit]);
    assert_eq!(served, command.output().unwrap().stdout);
}

#[test]
fn a_repository_is_read_over_http() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    stage.repository.release("v2.0.0", "two");
    let root = stage.repository.path.parent().unwrap();
    stage.add(&format!("{}/lib/.git", git_http::serve(root)));
    let expected = [("v1.0.0", "published"), ("v2.0.0", "published")];
    assert_eq!(stage.import(), outcomes(&expected), "{}", stage.listed());
}

#[test]
fn a_published_tag_that_is_moved_changes_nothing_and_is_recorded_once() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    stage.import();
    stage.wait_for(&["v1.0.0"]);
    let before = get(stage.server.address(), "/composer/p2/acme/lib.json").body;
    let evil = stage.repository.release("v1.0.0", "evil");
    assert_eq!(stage.import(), outcomes(&[("v1.0.0", "moved")]));
    assert_eq!(stage.import(), outcomes(&[]));
    assert_eq!(stage.tag("v1.0.0")["moved_to"], evil);
    assert_eq!(get(stage.server.address(), "/composer/p2/acme/lib.json").body, before);
    let moves = stage.events().into_iter().filter(|kind| kind == "source.tag-moved");
    assert_eq!(moves.count(), 1);
}

#[test]
fn a_tag_that_is_refused_does_not_keep_the_others_out() {
    let stage = Stage::new(LOCAL);
    stage.repository.write("composer.json", manifest("acme/other"));
    stage.repository.commit();
    stage.repository.git(&["tag", "v0.9.0"]);
    stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    assert_eq!(stage.import(), outcomes(&[("v1.0.0", "published"), ("v0.9.0", "refused")]));
    let note = stage.tag("v0.9.0")["note"].as_str().unwrap().to_owned();
    assert!(note.contains("acme/other"), "{note}");
    assert!(stage.listed()["note"].as_str().unwrap().contains("v0.9.0"));
    assert!(stage.events().contains(&"source.tag-refused".to_owned()));
    let ran = stage.source(&["import", PURL]);
    assert_eq!(ran.code, Some(1), "a refusal is a failure: {ran:?}");
}

#[test]
fn a_source_has_no_more_rights_than_its_account() {
    let stage = Stage::new(LOCAL);
    stage.server.cli(&["user", "add", "root", "--email", "root@example.org", "--admin"]).ok();
    stage.repository.release("v1.0.0", "one");
    stage.add(&stage.repository.file_url());
    stage.import();
    stage.source(&["remove", PURL]).ok();
    // Not even an administrator's account publishes to a package of somebody else.
    stage.repository.release("v1.1.0", "more");
    let url = stage.repository.file_url();
    stage.source(&["add", PURL, "--git", &url, "--user", "root"]).ok();
    assert_eq!(stage.import(), outcomes(&[("v1.1.0", "refused")]));
    stage.wait_for(&["v1.0.0"]);
}

#[test]
fn more_tags_than_one_run_takes_are_imported_all_the_same() {
    let stage = Stage::new(LOCAL);
    stage.repository.release("v0.0.1", "x");
    for minor in 1..60 {
        stage.repository.git(&["tag", &format!("v0.{minor}.0")]);
    }
    stage.add(&stage.repository.file_url());
    assert_eq!(stage.import().len(), 60);
}

#[test]
fn a_repository_that_is_gone_is_seen_in_the_list() {
    let stage = Stage::new(LOCAL);
    stage.add(&format!("file://{}", stage.repository.path.join("nowhere").display()));
    let ran = stage.source(&["import", PURL]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("git could not list the tags"), "{}", ran.stderr);
    let listed = stage.listed();
    assert_eq!(listed["state"], "failed");
    assert!(listed["note"].as_str().unwrap().contains("git could not"));
    assert_eq!(stage.events().iter().filter(|kind| *kind == "source.failed").count(), 1);
    stage.source(&["import", PURL]);
    assert_eq!(stage.events().iter().filter(|kind| *kind == "source.failed").count(), 1);
}
