//! Archives that bite: traps in the zip, and in what its `composer.json` would make clients do.

use serde_json::{Value, json};
use vouchsafe_testkit::packages::{self, zip, zip_with_symlink};

use crate::stage::{Stage, archive, manifest};

const PATH: &str = "/packages/upload/acme/a/1.0.0";

fn composer_json() -> Vec<u8> {
    manifest("acme/a", json!({})).into_bytes()
}

#[track_caller]
fn check_refused(stage: &Stage, what: &str, archive: &[u8], code: &str, says: &str) {
    let answer = stage.ask("PUT", PATH, archive);
    assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some(code), "{what}: {}", answer.text());
    assert!(answer.text().contains(says), "{what}: {}", answer.text());
    assert_eq!(stage.ask("GET", "/p2/acme/a.json", b"").status, 404, "{what}");
}

#[test]
fn zips_that_lead_elsewhere_are_refused() {
    let stage = Stage::new();
    let (text, bad) = (composer_json(), "publish.bad-archive");
    for path in ["../x", "/etc/x", "a/../../x", "a\\..\\..\\x", "C:/x", "a/./../x", "nul\0x"] {
        let archive = zip(&[("composer.json", &text), (path, b"x")]);
        check_refused(&stage, path, &archive, bad, "");
    }
    for link in [("out", "../../.."), ("out", "/etc/passwd"), ("a/inside", "../composer.json")] {
        let archive = zip_with_symlink(&[("composer.json", &text)], link);
        check_refused(&stage, "a link", &archive, bad, "");
    }
    let linked = zip_with_symlink(&[("a.php", b"")], ("composer.json", "/etc/passwd"));
    check_refused(&stage, "a linked composer.json", &linked, bad, "");
    let bytes = zip(&[("composer.json", &text), ("COMPOSER.JSON", b"{}")]);
    check_refused(&stage, "two files that are one elsewhere", &bytes, bad, "");
    let cut = &bytes[..bytes.len() / 2];
    check_refused(&stage, "half an archive", cut, bad, "");
}

#[test]
fn a_zip_bomb_is_refused_before_it_goes_off() {
    let stage = Stage::new();
    let zeros = vec![0; 64 * 1024 * 1024];
    let text = composer_json();
    let names: Vec<_> = (0..40).map(|number| format!("zeros-{number}")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![("composer.json", &text)];
    files.extend(names.iter().take(2).map(|name| (name.as_str(), zeros.as_slice())));
    let bomb = packages::zip(&files);
    assert!(bomb.len() < 1024 * 1024);
    check_refused(&stage, "zeros", &bomb, "publish.bad-archive", "");
    let huge = format!("{{\"name\":\"acme/a\",\"description\":\"{}\"}}", " ".repeat(2_000_000));
    let huge = zip(&[("composer.json", huge.as_bytes())]);
    check_refused(&stage, "a huge composer.json", &huge, "publish.bad-archive", "");
    let deep =
        format!("{{\"name\":\"acme/a\",\"extra\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let deep = zip(&[("composer.json", deep.as_bytes())]);
    check_refused(&stage, "a deep composer.json", &deep, "publish.bad-manifest", "");
}

#[test]
fn the_composer_json_that_clients_unpack_is_the_one_that_counts() {
    let stage = Stage::new();
    let (ours, theirs) = (composer_json(), manifest("evil/b", json!({})).into_bytes());
    // Which of two directories would be the package is nobody's to guess.
    let two = zip(&[("x/composer.json", &ours), ("y/composer.json", &theirs)]);
    check_refused(&stage, "two directories", &two, "publish.bad-archive", "no `composer.json`");
    let twice = zip(&[("x/composer.json", &theirs), ("x/y/composer.json", &ours)]);
    check_refused(&stage, "the inner one", &twice, "publish.bad-manifest", "another package");
    let beside = zip(&[("x/composer.json", &ours), ("y.php", b"")]);
    check_refused(&stage, "a file beside", &beside, "publish.bad-archive", "no `composer.json`");
    let answer = stage.ask(
        "PUT",
        PATH,
        &zip(&[("top/composer.json", &ours), ("top/tests/composer.json", &theirs)]),
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn what_would_lead_a_client_astray_is_refused_or_left_out() {
    let stage = Stage::new();
    for (more, says) in [
        (json!({ "bin": "../x" }), "`bin` leads out"),
        (json!({ "bin": ["bin/a", "a/../../x"] }), "`bin` leads out"),
        (json!({ "bin": ["C:\\x"] }), "`bin` leads out"),
        (json!({ "target-dir": "../../x" }), "`target-dir` leads out"),
        (json!({ "require": { "acme/b": "wh@t" } }), "no constraint"),
        (json!({ "require": "acme/b" }), "`require`"),
        (json!({ "version": 1 }), "`version`"),
    ] {
        let archive = archive("acme/a", "1.0.0", more);
        check_refused(&stage, says, &archive, "publish.bad-manifest", says);
    }
    let elsewhere = json!({
        "dist": { "type": "zip", "url": "https://evil.example/x.zip" },
        "source": { "type": "git", "url": "https://evil.example/x.git", "reference": "a" },
        "notification-url": "https://evil.example/notify", "transport-options": { "ssl": {} },
        "version_normalized": "9.9.9.9", "time": "1970-01-01", "default-branch": true,
        "repositories": [{ "type": "composer", "url": "https://evil.example" }],
    });
    stage.publish_with("acme/a", "1.0.0", elsewhere);
    let entry = stage.versions("acme/a").remove(0);
    assert!(!entry.to_string().contains("evil.example"), "{entry}");
    assert_eq!(entry["version_normalized"], "1.0.0.0");
    assert!(entry["time"].as_str().unwrap() > "2020", "{entry}");
    assert_eq!(entry["default-branch"], Value::Null);
}

#[test]
fn reviewers_are_told_what_runs_by_itself() {
    let stage = Stage::new();
    let more = json!({
        "type": "composer-plugin", "autoload": { "files": ["boot.php"] }, "bin": ["bin/tool"],
    });
    let answer = stage.upload("acme/a", "1.0.0", &archive("acme/a", "1.0.0", more));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let warnings = answer.json()["warnings"].to_string();
    for says in ["plugin", "autoload.files", "vendor/bin"] {
        assert!(warnings.contains(says), "{warnings}");
    }
}
