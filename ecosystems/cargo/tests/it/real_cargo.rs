//! Archives that the installed Cargo makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixtures::publish_and_inspect;

/// Packages a crate of these files, offline and without any configuration of the machine.
fn package(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&home);
    for (path, content) in files {
        let path = home.join("crate").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let output = Command::new(env!("CARGO"))
        .args(["package", "--no-verify", "--offline", "--allow-dirty", "--exclude-lockfile"])
        .arg("--target-dir")
        .arg(home.join("target"))
        .current_dir(home.join("crate"))
        .env("CARGO_HOME", home.join("home"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(only_crate_file(&home.join("target/package"))).unwrap()
}

fn only_crate_file(folder: &Path) -> PathBuf {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.into_iter().find(|path| path.extension().is_some_and(|e| e == "crate")).unwrap()
}

/// Its own workspace, because it is packaged inside the build folder of another one.
const MANIFEST: &str = r#"
[workspace]

[package]
name = "packaged"
version = "0.2.0"
edition = "2021"
license = "MIT"
description = "made by the real thing"

[features]
default = ["fast"]
fast = ["dep:first", "second?/x"]

[dependencies]
first = { version = "1.2", optional = true, registry-index = "sparse+https://registry.example/cargo/index/" }
second = { version = "1", optional = true, default-features = false, package = "real-second" }

[target.'cfg(unix)'.dependencies]
third = "~1.2.3"

[build-dependencies]
fourth = "=1.0.0"

[dev-dependencies]
fifth = { path = "fifth" }
"#;

const METADATA: &str = r#"{"name":"packaged","vers":"0.2.0","deps":[
 {"name":"first","version_req":"^1.2","optional":true,"kind":"normal"},
 {"name":"real-second","explicit_name_in_toml":"second","version_req":"^1","optional":true,"default_features":false,"registry":"https://upstream.example/crates.io-index"},
 {"name":"third","version_req":"~1.2.3","target":"cfg(unix)","kind":"normal","registry":"https://upstream.example/crates.io-index"},
 {"name":"fourth","version_req":"=1.0.0","kind":"build","registry":"https://upstream.example/crates.io-index"}],
 "features":{"default":["fast"],"fast":["dep:first","second?/x"]}}"#;

#[test]
fn what_cargo_packages_is_accepted() {
    let archive = package(
        "accepted",
        &[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", ""),
            ("build.rs", "fn main() {}"),
            (&format!("src/{}.rs", "long_".repeat(30)), ""),
            ("fifth/Cargo.toml", "[package]\nname = \"fifth\"\nversion = \"0.1.0\"\n"),
            ("fifth/src/lib.rs", ""),
        ],
    );
    let (_, inspected) = publish_and_inspect(METADATA, &archive).unwrap();
    assert_eq!(inspected.warnings, Vec::<String>::new());
    insta::assert_snapshot!(inspected.manifest.replace("},{", "},\n{"), @r#"
    {"name":"packaged","vers":"0.2.0","deps":[{"name":"first","req":"^1.2","features":[],"optional":true,"default_features":true,"target":null,"kind":"normal"},
    {"name":"second","req":"^1","features":[],"optional":true,"default_features":false,"target":null,"kind":"normal","registry":"https://upstream.example/crates.io-index","package":"real-second"},
    {"name":"third","req":"~1.2.3","features":[],"optional":false,"default_features":true,"target":"cfg(unix)","kind":"normal","registry":"https://upstream.example/crates.io-index"},
    {"name":"fourth","req":"=1.0.0","features":[],"optional":false,"default_features":true,"target":null,"kind":"build","registry":"https://upstream.example/crates.io-index"}],"features":{},"features2":{"default":["fast"],"fast":["dep:first","second?/x"]},"v":2}
"#);
}
