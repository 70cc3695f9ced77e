//! Uploaded archives: what is believed, and what is refused.

use std::io::Write as _;

use serde_json::{Value, json};
use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_ecosystem_composer::Composer;

use crate::fixtures::{archive, publish};

const MANIFEST: &str = r#"{"name":"acme/tool","description":"Does\n  it.","license":"MIT",
    "keywords":["a","b"],"require":{"php":">=8.1","acme/lib":"^1.2 || 2.*"}}"#;

#[test]
fn the_archive_is_the_release() {
    let files = [("composer.json", MANIFEST), ("src/A.php", "<?php"), ("x/composer.json", "{}")];
    let (draft, inspected) = publish(Some("acme/tool"), Some("v1.0"), &archive(&files)).unwrap();
    assert_eq!(draft.package.canonical(), "acme/tool");
    assert_eq!((draft.version.display(), draft.version.canonical()), ("v1.0", "1.0.0.0"));
    assert!(!draft.may_extend);
    assert_eq!(draft.files[0].filename.as_str(), "acme-tool-v1.0.zip");
    assert_eq!(inspected.summary, "Does it.");
    assert_eq!(inspected.keywords, ["a", "b"]);
    assert_eq!(inspected.file_extras, [None]);
    assert!(inspected.warnings.is_empty(), "{:?}", inspected.warnings);
    let manifest: Value = serde_json::from_str(&inspected.manifest).unwrap();
    assert_eq!(manifest, serde_json::from_str::<Value>(MANIFEST).unwrap());
}

#[test]
fn everything_may_lie_in_a_single_directory() {
    let files = [("tool-1.0/composer.json", MANIFEST), ("tool-1.0/src/A.php", "")];
    assert!(publish(None, Some("1.0"), &archive(&files)).is_ok());
}

#[test]
fn a_moving_version_gets_a_file_of_its_own_with_every_upload() {
    let upload = |content| {
        let files = [("composer.json", MANIFEST), ("a.php", content)];
        publish(None, Some("dev-main"), &archive(&files)).unwrap()
    };
    let ((first, inspected), (second, _)) = (upload("1"), upload("2"));
    assert!(first.may_extend);
    let name = first.files[0].filename.as_str();
    let mark = name.strip_prefix("acme-tool-dev-main-").unwrap().strip_suffix(".zip").unwrap();
    assert!(mark.len() == 12 && mark.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
    assert_ne!(first.files[0].filename, second.files[0].filename);
    assert_eq!(first.files[0].filename, upload("1").0.files[0].filename);
    let extras: Value = serde_json::from_str(inspected.file_extras[0].as_ref().unwrap()).unwrap();
    assert_eq!(extras["manifest"]["license"], "MIT");
}

#[test]
fn keys_that_lead_elsewhere_do_not_get_through() {
    let manifest = r#"{"name":"acme/tool","version":"1.0","time":"2001-01-01","homepage":null,
        "source":{"type":"git","url":"https://upstream.example/x","reference":"1"},
        "dist":{"type":"zip","url":"https://upstream.example/x.zip"},
        "notification-url":"https://upstream.example/n","transport-options":{},
        "repositories":[],"scripts":{"x":"y"},"default-branch":true,"x":1,"abandoned":"acme/new"}"#;
    let (_, inspected) = publish(None, None, &archive(&[("composer.json", manifest)])).unwrap();
    let kept: Value = serde_json::from_str(&inspected.manifest).unwrap();
    assert_eq!(kept, json!({ "name": "acme/tool", "abandoned": "acme/new" }));
}

#[test]
fn what_runs_code_is_pointed_out() {
    let manifest = r#"{"name":"acme/tool","type":"composer-plugin","bin":"bin/run",
        "autoload":{"files":["a.php"]}}"#;
    let archive = archive(&[("composer.json", manifest)]);
    let (_, inspected) = publish(None, Some("1"), &archive).unwrap();
    let warnings = inspected.warnings.join("\n");
    for word in ["plugin", "autoload.files", "bin", "description", "license"] {
        assert!(warnings.contains(word), "{word} is missing in {warnings}");
    }
}

#[track_caller]
fn check_refused(version: Option<&str>, files: &[(&str, &str)], expect: &str) {
    let error = publish(Some("acme/tool"), version, &archive(files)).unwrap_err().to_string();
    assert!(error.contains(expect), "{error:?} does not say {expect:?}");
}

#[track_caller]
fn check_manifest(manifest: &str, expect: &str) {
    check_refused(Some("1.0"), &[("composer.json", manifest)], expect);
}

#[test]
fn the_manifest_must_be_where_composer_unpacks_it() {
    check_refused(Some("1.0"), &[("src/a.php", "")], "composer.json");
    check_refused(Some("1.0"), &[("a/composer.json", MANIFEST), ("b/x", "")], "composer.json");
    check_refused(Some("1.0"), &[("a/composer.json", MANIFEST), ("x", "")], "composer.json");
    check_refused(Some("1.0"), &[("a/b/composer.json", MANIFEST)], "composer.json");
    check_refused(Some("1.0"), &[("Composer.json", MANIFEST)], "composer.json");
}

#[test]
fn name_and_version_agree_with_the_request() {
    check_manifest(r#"{"name":"acme/other"}"#, "another package");
    check_manifest(r#"{"name":"Acme/Tool"}"#, "lower case");
    check_manifest("{}", "no `name`");
    check_manifest(r#"{"name":"acme/tool","version":"1.1"}"#, "version 1.1");
    check_manifest(r#"{"name":"acme/tool","version":1}"#, "no text");
    check_refused(None, &[("composer.json", MANIFEST)], "?version=");
    let same = r#"{"name":"acme/tool","version":"v1.0.0"}"#;
    assert!(publish(None, Some("1.0"), &archive(&[("composer.json", same)])).is_ok());
}

#[test]
fn what_would_break_clients_is_refused() {
    check_manifest("[]", "composer.json");
    check_manifest("{\"name\":\"acme/tool\",}", "composer.json");
    check_manifest(&"[".repeat(100_000), "composer.json");
    check_manifest(&" ".repeat(300 * 1024), "larger");
    check_manifest(r#"{"name":"acme/tool","require":{"a/b":"^^1"}}"#, "no constraint");
    check_manifest(r#"{"name":"acme/tool","require":{"a/b":1}}"#, "`require`");
    check_manifest(r#"{"name":"acme/tool","require":["a/b"]}"#, "`require`");
    check_manifest(r#"{"name":"acme/tool","autoload":"x"}"#, "`autoload`");
    check_manifest(r#"{"name":"acme/tool","license":{}}"#, "`license`");
    let empty = r#"{"name":"acme/tool","require":[],"conflict":{"a/b":"self.version"}}"#;
    assert!(publish(None, Some("1.0"), &archive(&[("composer.json", empty)])).is_ok());
}

#[test]
fn programs_lie_inside_the_package() {
    for bin in ["../x", "a/../../x", "/../x", "..", "C:/x", "a\\\\..\\\\x", "a\\u0000b"] {
        check_manifest(&format!(r#"{{"name":"acme/tool","bin":["{bin}"]}}"#), "leads out");
        check_manifest(&format!(r#"{{"name":"acme/tool","bin":"{bin}"}}"#), "leads out");
        check_manifest(&format!(r#"{{"name":"acme/tool","target-dir":"{bin}"}}"#), "leads out");
    }
    for bin in ["bin/run", "/bin/run", "a..b", "...", "x.phar"] {
        let manifest = format!(r#"{{"name":"acme/tool","bin":["{bin}"]}}"#);
        let archive = archive(&[("composer.json", &manifest)]);
        assert!(publish(None, Some("1.0"), &archive).is_ok(), "{bin:?} was refused");
    }
}

#[test]
fn hostile_archives_are_refused() {
    let refused = |archive: &[u8]| publish(None, Some("1.0"), archive).is_err();
    assert!(refused(b"not a zip"));
    assert!(refused(&archive(&[("composer.json", MANIFEST), ("../x", "")])));
    assert!(refused(&archive(&[("composer.json", MANIFEST), ("a/x", ""), ("A/X", "")])));
    let good = archive(&[("composer.json", MANIFEST)]);
    assert!(!refused(&good));
    assert!(refused(&[b"x".as_slice(), &good].concat()));
    assert!(refused(&good[..good.len() - 1]));

    let options = zip::write::SimpleFileOptions::default();
    let mut with_link = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    with_link.start_file("composer.json", options).unwrap();
    with_link.write_all(MANIFEST.as_bytes()).unwrap();
    with_link.add_symlink("x", "/etc/passwd", options).unwrap();
    assert!(refused(&with_link.finish().unwrap().into_inner()));

    let zeros = "0".repeat(8 * 1024 * 1024);
    assert!(refused(&archive(&[("composer.json", MANIFEST), ("bomb", &zeros)])));
}

#[test]
fn prereleases_are_what_composer_calls_unstable() {
    for (raw, expect) in [("1.0", false), ("1.0-p1", false), ("1.0-RC1", true), ("dev-x", true)] {
        let version = Composer.parse_version(raw).unwrap();
        assert_eq!(Composer.is_prerelease(&version), expect, "{raw}");
    }
}
