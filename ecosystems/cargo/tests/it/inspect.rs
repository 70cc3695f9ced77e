//! Archives and manifests: what is believed, and what is refused.

use crate::fixtures::{crate_file, publish_and_inspect};

/// As `cargo publish` sent it, with its registries renamed.
const METADATA: &str = r#"{"name":"Demo-Crate","vers":"0.1.0-rc.1+build5","deps":[
 {"optional":false,"default_features":true,"name":"dep-b","features":[],"version_req":">=1, <2","target":null,"kind":"normal","explicit_name_in_toml":"_alias"},
 {"optional":true,"default_features":false,"name":"dep-a","features":["x"],"version_req":"^1.2","target":null,"kind":"normal"},
 {"optional":false,"default_features":true,"name":"itoa","features":[],"version_req":"^1","target":null,"kind":"normal","registry":"https://upstream.example/crates.io-index"},
 {"optional":false,"default_features":true,"name":"dep-b","features":[],"version_req":"1.*","target":null,"kind":"dev"},
 {"optional":false,"default_features":true,"name":"build-it","features":[],"version_req":"=1.2.3","target":null,"kind":"build"},
 {"optional":true,"default_features":true,"name":"winonly","features":[],"version_req":"~1.2.3","target":"cfg(any(windows, target_os = \"macos\"))","kind":"normal"}],
 "features":{"default":["fast"],"fast":["dep:dep-a"],"plain":[],"weak":["dep-a?/x"]},
 "authors":[],"description":"x","keywords":["a"],"categories":[],"license":"MIT","badges":{},"links":"demo","rust_version":"1.70"}"#;

/// As `cargo package` normalized it.
const MANIFEST: &str = r#"
[package]
edition = "2021"
rust-version = "1.70"
name = "Demo-Crate"
version = "0.1.0-rc.1+build5"
build = "build.rs"
links = "demo"
autolib = false
description = "Shows\n  much."
readme = false
keywords = ["a"]
license = "MIT"

[features]
default = ["fast"]
fast = ["dep:dep-a"]
plain = []
weak = ["dep-a?/x"]

[lib]
name = "Demo_Crate"
path = "src/lib.rs"

[dependencies._alias]
version = ">=1, <2"
registry-index = "sparse+https://registry.example/cargo/index/"
package = "dep-b"

[dependencies.dep-a]
version = "1.2"
registry-index = "sparse+https://registry.example/cargo/index/"
features = ["x"]
optional = true
default-features = false

[dependencies.itoa]
version = "1"

[dev-dependencies.dep-b]
version = "1.*"
registry-index = "sparse+https://registry.example/cargo/index/"

[build-dependencies.build-it]
version = "=1.2.3"
registry-index = "sparse+https://registry.example/cargo/index/"

[target.'cfg( any(windows,target_os="macos",) )'.dependencies.winonly]
version = "~1.2.3"
registry-index = "sparse+https://registry.example/cargo/index/"
optional = true
"#;

const ROOT: &str = "Demo-Crate-0.1.0-rc.1+build5";

fn with_manifest(manifest: &str) -> Vec<u8> {
    crate_file(&[(&format!("{ROOT}/Cargo.toml"), manifest), (&format!("{ROOT}/src/lib.rs"), "")])
}

#[test]
fn the_index_line_comes_from_the_manifest() {
    let (_, inspected) = publish_and_inspect(METADATA, &with_manifest(MANIFEST)).unwrap();
    assert_eq!(inspected.warnings, Vec::<String>::new());
    assert_eq!(inspected.summary, "Shows much.");
    assert_eq!(inspected.keywords, ["a"]);
    let line: serde_json::Value = serde_json::from_str(&inspected.manifest).unwrap();
    insta::assert_snapshot!(inspected.manifest.replace("},{", "},\n{"), @r#"
    {"name":"Demo-Crate","vers":"0.1.0-rc.1+build5","deps":[{"name":"_alias","req":">=1, <2","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal","package":"dep-b"},
    {"name":"dep-a","req":"^1.2","features":["x"],"optional":true,"default_features":false,"target":null,"kind":"normal"},
    {"name":"itoa","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal","registry":"https://upstream.example/crates.io-index"},
    {"name":"winonly","req":"~1.2.3","features":[],"optional":true,"default_features":true,"target":"cfg( any(windows,target_os=\"macos\",) )","kind":"normal"},
    {"name":"build-it","req":"=1.2.3","features":[],"optional":false,"default_features":true,"target":null,"kind":"build"},
    {"name":"dep-b","req":"1.*","features":[],"optional":false,"default_features":true,"target":null,"kind":"dev"}],"features":{"plain":[]},"features2":{"default":["fast"],"fast":["dep:dep-a"],"weak":["dep-a?/x"]},"links":"demo","rust_version":"1.70","v":2}
"#);
    assert_eq!(line["v"], 2);
}

/// Breaks the manifest by one replacement, and expects a refusal that says why.
#[track_caller]
fn check_manifest(from: &str, to: &str, because: &str) {
    assert!(MANIFEST.contains(from), "nothing to replace: {from}");
    let archive = with_manifest(&MANIFEST.replacen(from, to, 1));
    let error = publish_and_inspect(METADATA, &archive).map(|_| ()).expect_err("was accepted");
    assert!(error.to_string().contains(because), "{error} does not say {because:?}");
}

/// Breaks the request by one replacement, and expects a refusal that says why.
#[track_caller]
fn check_metadata(from: &str, to: &str, because: &str) {
    assert!(METADATA.contains(from), "nothing to replace: {from}");
    let metadata = METADATA.replacen(from, to, 1);
    let error = publish_and_inspect(&metadata, &with_manifest(MANIFEST)).map(|_| ());
    let error = error.expect_err("was accepted");
    assert!(error.to_string().contains(because), "{error} does not say {because:?}");
}

#[test]
fn archive_and_request_must_tell_the_same_story() {
    check_manifest("name = \"Demo-Crate\"", "name = \"demo-crate\"", "names another crate");
    check_manifest(
        "version = \"0.1.0-rc.1+build5\"",
        "version = \"0.1.0-rc.1\"",
        "another version",
    );
    check_manifest("version = \"1.2\"", "version = \"1.3\"", "`dep-a` is not the same");
    check_manifest("package = \"dep-b\"", "package = \"evil\"", "`_alias` is not the same");
    check_manifest("plain = []", "", "feature `plain`");
    check_manifest("plain = []", "plain = [\"fast\"]", "feature `plain`");
    check_manifest("optional = true\ndefault", "optional = false\ndefault", "`dep-a`");
    check_manifest(
        "[dependencies.itoa]",
        "[dependencies.other]\nversion=\"1\"\n[dependencies.itoa]",
        "other",
    );
    check_metadata("\"kind\":\"dev\"", "\"kind\":\"normal\"", "is not the same");
    check_metadata("target_os = ", "target_arch = ", "`winonly`");
    check_metadata("\"plain\":[],", "", "feature `plain`");
    check_metadata("\"plain\":[],", "\"plain\":[],\"more\":[],", "feature `more`");
}

#[test]
fn a_dependency_cannot_change_its_registry_between_archive_and_request() {
    check_metadata(
        "https://upstream.example/crates.io-index",
        "https://evil.example/index",
        "itoa",
    );
    let own = "registry-index = \"sparse+https://registry.example/cargo/index/\"\npackage";
    check_manifest(own, "registry-index = \"sparse+https://evil.example/x/\"\npackage", "_alias");
}

#[test]
fn what_cargo_does_not_package_is_refused() {
    check_manifest("version = \"1.2\"", "path = \"../dep-a\"", "no version requirement");
    check_manifest("version = \"1\"", "workspace = true", "not in the form that Cargo packages");
    check_manifest("version = \"0.1.0-rc.1+build5\"", "version.workspace = true", "Cargo.toml");
    check_manifest("version = \"1\"", "version = \"1\"\nregistry = \"x\"", "not in the form");
    check_manifest("version = \"1\"", "version = \"1\"\nartifact = \"bin\"", "artifact dependency");
    check_manifest("[features]", "[features", "Cargo.toml");
    check_manifest("plain = []", "plain = []\nplain = []", "Cargo.toml");
}

#[test]
fn what_would_make_clients_skip_the_line_is_refused() {
    check_manifest("version = \"1.2\"", "version = \"one\"", "version requirement");
    check_manifest("rust-version = \"1.70\"", "rust-version = \">=1.70\"", "rust-version");
    check_manifest("rust-version = \"1.70\"", "rust-version = \"1.70-beta\"", "rust-version");
    check_manifest("links = \"demo\"", "links = \"a\\nb\"", "`links`");
    check_manifest("plain = []", "\"pl ain\" = []", "feature `pl ain`");
    check_manifest("plain = []", "plain = [\"a b\"]", "feature `plain`");
    check_manifest("[dependencies.itoa]", "[dependencies.\"../itoa\"]", "valid dependency name");
    check_manifest("package = \"dep-b\"", "package = \"dep/b\"", "does not name a valid crate");
    let many: String = (0..301).map(|n| format!("f{n} = []\n")).collect();
    check_manifest("plain = []\n", &many, "more than 300 features");
    let many: String = (0..501).map(|n| format!("d{n} = \"1\"\n")).collect();
    check_manifest("[lib]", &format!("[dependencies]\n{many}\n[lib]"), "more than 500");
}

#[track_caller]
fn check_archive(files: &[(&str, &str)], because: &str) {
    let owned: Vec<_> =
        files.iter().map(|(path, text)| (path.replace("ROOT", ROOT), *text)).collect();
    let files: Vec<_> = owned.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let error =
        publish_and_inspect(METADATA, &crate_file(&files)).map(|_| ()).expect_err("accepted");
    assert!(error.to_string().contains(because), "{error} does not say {because:?}");
}

#[test]
fn the_archive_has_one_root_and_one_manifest() {
    let manifest = ("ROOT/Cargo.toml", MANIFEST);
    check_archive(&[("ROOT/src/lib.rs", "")], "there is no");
    check_archive(&[manifest, ("other/x", "")], "everything must lie in");
    check_archive(&[manifest, ("ROOT2/x", "")], "everything must lie in");
    check_archive(&[("Cargo.toml", MANIFEST)], "everything must lie in");
    check_archive(&[("demo-crate-0.1.0-rc.1+build5/Cargo.toml", MANIFEST)], "everything must lie");
    check_archive(&[manifest, manifest], "twice");
    check_archive(&[manifest, ("ROOT/cargo.toml", "")], "twice");
    check_archive(&[("ROOT/cargo.TOML", MANIFEST)], "spelled like this");
    check_archive(&[manifest, ("ROOT/a", ""), ("ROOT/A", "")], "twice");
    check_archive(&[("ROOT/Cargo.toml/x", "")], "there is no");
    check_archive(&[("ROOT/sub/Cargo.toml", MANIFEST)], "there is no");
    let long = "#".repeat(1024 * 1024 + 1);
    check_archive(&[("ROOT/Cargo.toml", &long)], "larger than 1048576 bytes");
}

#[test]
fn what_is_not_an_archive_is_refused() {
    for bytes in [&b"x"[..], &[0; 2000], b"\x1f\x8b\x08\0\0\0\0\0\0\x03"] {
        assert!(publish_and_inspect(METADATA, bytes).is_err());
    }
}

#[test]
fn what_only_public_registries_demand_is_a_warning() {
    let bare = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nlicense = \"My own\"\n";
    let archive = crate_file(&[("a-1.0.0/Cargo.toml", bare)]);
    let metadata = r#"{"name":"a","vers":"1.0.0","deps":[],"features":{}}"#;
    let (_, inspected) = publish_and_inspect(metadata, &archive).unwrap();
    let expect = ["the manifest has no `description`", "`license` is not an SPDX expression"];
    assert_eq!(inspected.warnings, expect);
    insta::assert_snapshot!(inspected.manifest, @r#"{"name":"a","vers":"1.0.0","deps":[],"features":{}}"#);
}
