use vouchsafe_domain::call::Call;

use super::*;
use crate::testing::{Asked, artifact, tarball};

/// A draft as the decoder makes it of what npm would send.
fn draft(name: &str, version: &str, sent: Value) -> PublishDraft {
    let mut manifest = json!({ "name": name, "version": version });
    manifest.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
    let body = json!({
        "name": name,
        "dist-tags": { "latest": version },
        "versions": { version: manifest },
        "access": "restricted",
        "_attachments": { format!("{name}-{version}.tgz"): { "data": "" } },
    });
    match Asked::new("PUT", &format!("/{name}")).decode(&body.to_string()) {
        Ok((Call::Publish(draft), _)) => *draft,
        other => panic!("{other:?}"),
    }
}

fn inspect_files(draft: &PublishDraft, files: &[(&str, &str)]) -> Result<Inspected, String> {
    let mut files = [artifact(tarball(files))];
    inspect(draft, &mut files).map_err(|error| error.to_string())
}

#[test]
fn what_is_kept_is_what_the_tarball_says() {
    let sent = json!({
        "_npmVersion": "11.19.1",
        "_nodeVersion": "24.0.0",
        "gitHead": "abc",
        "_npmUser": { "name": "mallory" },
        "dist": { "signatures": [{ "keyid": "forged" }] },
        "description": "from the request",
        "bin": { "left-pad": "cli.js" },
        "scripts": { "postinstall": "node x" },
    });
    let package_json = r#"{
        "name": "left-pad", "version": "v1.0.0",
        "description": "Pads.\nLeft.", "keywords": ["pad", "left"],
        "license": "MIT", "repository": "github:acme/left-pad",
        "bin": "./cli.js", "scripts": { "postinstall": "node x", "test": "t" },
        "bundledDependencies": ["a"],
        "_resolved": "leak", "dist": { "tarball": "evil" }, "deprecated": "x", "hasInstallScript": false
    }"#;
    let files = [
        ("package/package.json", package_json),
        ("package/README", "plain"),
        ("package/readme.md", "# Pad"),
        ("package/lib/readme.md", "# not this"),
        ("package/npm-shrinkwrap.json", "{}"),
    ];
    let inspected = inspect_files(&draft("left-pad", "1.0.0", sent), &files).unwrap();
    let manifest: Value = serde_json::from_str(&inspected.manifest).unwrap();
    insta::assert_json_snapshot!(manifest, @r#"
    {
      "slim": {
        "bin": {
          "left-pad": "cli.js"
        },
        "bundleDependencies": [
          "a"
        ],
        "hasInstallScript": true,
        "_hasShrinkwrap": true
      },
      "rest": {
        "description": "Pads.\nLeft.",
        "keywords": [
          "pad",
          "left"
        ],
        "license": "MIT",
        "repository": {
          "type": "git",
          "url": "github:acme/left-pad"
        },
        "scripts": {
          "postinstall": "node x",
          "test": "t"
        },
        "_nodeVersion": "24.0.0",
        "_npmVersion": "11.19.1",
        "gitHead": "abc"
      },
      "dist": {
        "fileCount": 5,
        "unpackedSize": 433
      }
    }
    "#);
    assert_eq!(inspected.summary, "Pads.");
    assert_eq!(inspected.keywords, ["pad", "left"]);
    assert_eq!(inspected.warnings.len(), 1, "restricted access is not silently ignored");
    let extras: Value = serde_json::from_str(&inspected.package_extras.unwrap()).unwrap();
    assert_eq!(extras["readme"], "# Pad");
    assert_eq!(extras["readmeFilename"], "readme.md");
}

#[track_caller]
fn refused(files: &[(&str, &str)], expect: &str) {
    let error = inspect_files(&draft("x", "1.0.0", json!({})), files).unwrap_err();
    assert!(error.contains(expect), "{error}");
}

const GOOD: &str = r#"{"name":"x","version":"1.0.0"}"#;

#[test]
fn any_single_top_directory_will_do() {
    let files = [("x-main/package.json", GOOD), ("x-main/a.js", "")];
    inspect_files(&draft("x", "1.0.0", json!({})), &files).unwrap();
}

#[test]
fn archives_that_npm_would_unpack_in_surprising_ways_are_refused() {
    refused(&[("package/package.json", GOOD), ("other/a.js", "")], "more than one top-level");
    refused(&[("package.json", GOOD)], "outside its top-level directory");
    refused(&[("package/lib/package.json", GOOD)], "no package.json");
    refused(&[("p/package.json", GOOD), ("p/Package.json", "{}")], "more than one package.json");
    refused(&[("p/package.json", GOOD), ("p/package.json", "{}")], "");
    let mut garbage = [artifact(b"not gzip".to_vec())];
    assert!(inspect(&draft("x", "1.0.0", json!({})), &mut garbage).is_err());
}

#[test]
fn a_tarball_of_another_release_is_refused() {
    let check =
        |package_json: &str, expect: &str| refused(&[("p/package.json", package_json)], expect);
    check(r#"{"name":"y","version":"1.0.0"}"#, "does not name x");
    check(r#"{"version":"1.0.0"}"#, "does not name x");
    check(r#"{"name":"x","version":"1.0.1"}"#, "is not of version 1.0.0");
    check(r#"{"name":"x"}"#, "is not of version 1.0.0");
    check(r#"{"name":"x","version":"1.0.0","private":true}"#, "private");
    check("[]", "package.json:");
    check("{", "package.json:");
    check(r#"{"name":"x","version":"1.0.0","dependencies":{"evil":"1"}}"#, "dependencies.evil");
}

#[test]
fn names_that_may_not_be_new_are_refused() {
    for name in ["JSONStream", "fs"] {
        let package_json = json!({ "name": name, "version": "1.0.0" }).to_string();
        let files = [("p/package.json", package_json.as_str())];
        inspect_files(&draft(name, "1.0.0", json!({})), &files).unwrap_err();
    }
}

#[test]
fn a_binding_gyp_is_an_install_script() {
    let check = |package_json: &str, sent: Value, expect: Option<bool>| {
        let files = [("p/package.json", package_json), ("p/binding.gyp", "")];
        let inspected = inspect_files(&draft("x", "1.0.0", sent), &files).unwrap();
        let manifest: Value = serde_json::from_str(&inspected.manifest).unwrap();
        assert_eq!(manifest["slim"]["hasInstallScript"].as_bool(), expect);
    };
    let npm = json!({ "scripts": { "install": "node-gyp rebuild" }, "gypfile": true });
    check(GOOD, npm, Some(true));
    check(GOOD, json!({}), Some(true));
    check(r#"{"name":"x","version":"1.0.0","gypfile":false}"#, json!({}), None);
}

#[test]
fn commands_in_a_directory_are_believed_inside_it_only() {
    let package_json = r#"{"name":"x","version":"1.0.0","directories":{"bin":"./bin"}}"#;
    let sent = json!({ "bin": { "a": "bin/a", "ls": "../evil", "b": "other/b" } });
    let files = [("p/package.json", package_json)];
    let inspected = inspect_files(&draft("x", "1.0.0", sent), &files).unwrap();
    let manifest: Value = serde_json::from_str(&inspected.manifest).unwrap();
    assert_eq!(manifest["slim"]["bin"], json!({ "a": "bin/a" }));
}

#[test]
fn texts_about_the_package_follow_latest() {
    let mut beta = draft("x", "1.0.0", json!({}));
    beta.tags = vec!["beta".to_owned()];
    let files = [("p/package.json", GOOD)];
    assert!(inspect_files(&beta, &files).unwrap().package_extras.is_none());
}

#[test]
fn a_long_readme_is_cut_at_a_character() {
    let readme = "é".repeat(50_000);
    let files = [("p/package.json", GOOD), ("p/README.md", &format!("x{readme}"))];
    let inspected = inspect_files(&draft("x", "1.0.0", json!({})), &files).unwrap();
    let extras: Value = serde_json::from_str(&inspected.package_extras.unwrap()).unwrap();
    let kept = extras["readme"].as_str().unwrap();
    assert!(kept.len() < 64 * 1024 + 1 && kept.ends_with('é'), "{}", kept.len());
}
