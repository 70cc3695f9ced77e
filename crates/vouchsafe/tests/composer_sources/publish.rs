//! `vouchsafe composer publish`.

use serde_json::Value;
use vouchsafe_testkit::{Ran, packages};

use crate::stage::{Stage, manifest, vouchsafe};

impl Stage {
    /// Publishes the repository's folder with further arguments.
    fn publish(&self, args: &[&str]) -> Ran {
        let url = self.server.url();
        let mut all = vec!["composer", "publish", ".", "--url", &url, "--token", &self.token];
        all.extend(args);
        vouchsafe(&self.repository.path, &all, &[], "")
    }

    fn dry_run(&self, args: &[&str]) -> Value {
        let mut all = vec!["--dry-run", "--json"];
        all.extend(args);
        let ran = self.publish(&all).ok();
        serde_json::from_str(&ran.stdout).unwrap()
    }
}

fn stage() -> Stage {
    let stage = Stage::new("");
    stage.repository.write("composer.json", manifest("acme/lib"));
    stage.repository.write("src/lib.php", "<?php");
    stage
}

#[test]
fn a_folder_is_published() {
    let stage = stage();
    let ran = stage.publish(&["--version", "1.0.0"]).ok();
    assert!(ran.stderr.contains("  composer.json\n  src/lib.php\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("published acme/lib 1.0.0"), "{}", ran.stderr);
    assert_eq!(stage.versions(), ["1.0.0"]);
}

#[test]
fn the_version_comes_from_the_option_the_manifest_or_the_tag_at_head() {
    let stage = stage();
    let ran = stage.publish(&[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("give --version, or check out a tag"), "{}", ran.stderr);
    stage.repository.release("v1.2.0", "<?php");
    stage.repository.git(&["tag", "stable-build"]);
    assert_eq!(stage.dry_run(&[])["version"], "v1.2.0");
    assert_eq!(stage.dry_run(&["--version", "3.0.0"])["version"], "3.0.0");
    let ran = {
        stage.repository.git(&["tag", "v1.3.0"]);
        stage.publish(&[])
    };
    assert!(ran.stderr.contains("several tags at HEAD are versions"), "{}", ran.stderr);
    let with_version = manifest("acme/lib").replacen('{', r#"{"version":"2.0.0","#, 1);
    stage.repository.write("composer.json", with_version);
    assert_eq!(stage.dry_run(&[])["version"], "2.0.0");
    let ran = stage.publish(&["--version", "3.0.0"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("composer.json says it is version 2.0.0"), "{}", ran.stderr);
}

#[test]
fn what_does_not_belong_is_left_out_and_secrets_are_told() {
    let stage = stage();
    for path in [
        "vendor/dep/a.php",
        "auth.json",
        ".env",
        "certs/key.pem",
        "tests/t.php",
        "docs/a.md",
        "docs/keep.md",
    ] {
        stage.repository.write(path, "x");
    }
    stage
        .repository
        .write(".gitattributes", "/tests export-ignore\n/.gitattributes export-ignore\n");
    let excluding = r#"{"archive":{"exclude":["/docs","!/docs/keep.md"]},"#;
    stage.repository.write("composer.json", manifest("acme/lib").replacen('{', excluding, 1));
    let shown = stage.dry_run(&["--version", "1.0.0"]);
    assert_eq!(shown["files"], serde_json::json!(["composer.json", "docs/keep.md", "src/lib.php"]));
    let paths: Vec<_> = shown["left_out"].as_array().unwrap().iter().map(|l| &l["path"]).collect();
    assert_eq!(paths, [".env", "auth.json", "certs/key.pem"]);
    let ran = stage.publish(&["--version", "1.0.0", "--dry-run"]).ok();
    assert!(ran.stderr.contains("left out: auth.json"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was sent"), "{}", ran.stderr);
    assert!(stage.versions().is_empty());
    let kept = stage.dry_run(&["--version", "1.0.0", "--keep", "certs/key.pem"]);
    assert!(kept["files"].as_array().unwrap().contains(&"certs/key.pem".into()));
}

#[test]
fn the_same_folder_makes_the_same_archive() {
    let (one, two) = (stage(), stage());
    let first = one.dry_run(&["--version", "1.0.0"]);
    let second = two.dry_run(&["--version", "1.0.0"]);
    assert_eq!(first["sha256"], second["sha256"]);
    assert_eq!(first["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_refusal_is_told_in_full_and_fails() {
    let stage = stage();
    stage.publish(&["--version", "1.0.0"]).ok();
    stage.repository.write("src/lib.php", "<?php // other");
    let ran = stage.publish(&["--version", "1.0.0"]);
    assert_eq!(ran.code, Some(1));
    let help = format!("{}/errors/publish.release-exists", stage.server.url());
    assert!(ran.stderr.contains("the registry refused it (409"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&help), "{}", ran.stderr);
    let ran = stage.publish(&["--version", "1.0.0", "--json"]);
    assert_eq!(ran.code, Some(1));
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["status"], "refused");
    assert_eq!(told["code"], "publish.release-exists");
}

#[test]
fn the_token_comes_from_the_environment_or_standard_input_too() {
    let stage = stage();
    let url = stage.server.url();
    let base = ["composer", "publish", ".", "--url", &url, "--version"];
    let run = |version: &str, more: &[&str], env: &[(&str, &str)], input: &str| {
        let args = [&base[..], &[version], more].concat();
        vouchsafe(&stage.repository.path, &args, env, input)
    };
    run("1.0.0", &[], &[("VOUCHSAFE_TOKEN", &stage.token)], "").ok();
    run("1.1.0", &["--token-stdin"], &[("VOUCHSAFE_TOKEN", "x")], &format!("{}\n", stage.token))
        .ok();
    assert_eq!(stage.versions(), ["1.1.0", "1.0.0"]);
    let ran = run("1.2.0", &[], &[], "");
    assert!(ran.stderr.contains("a token is needed"), "{}", ran.stderr);
    let ran = run("1.2.0", &["--token", "vsf_wrong"], &[], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
    assert!(!ran.text().contains("vsf_wrong"), "{}", ran.text());
}

#[test]
fn a_zip_archive_is_sent_as_it_is() {
    let stage = stage();
    let json = manifest("acme/lib");
    let files: [(&str, &[u8]); 2] =
        [("lib-1.0/composer.json", json.as_bytes()), ("lib-1.0/src/a.php", b"<?php")];
    let zip = packages::zip(&files);
    let at = stage.server.scratch().join("lib.zip");
    std::fs::write(&at, &zip).unwrap();
    let (url, path) = (format!("{}/composer/", stage.server.url()), at.display().to_string());
    let publish = |version: &[&str]| {
        let base = ["composer", "publish", &path, "--url", &url, "--token", &stage.token];
        vouchsafe(stage.server.scratch(), &[&base[..], version].concat(), &[], "")
    };
    let ran = publish(&[]);
    assert!(ran.stderr.contains("give --version"), "{}", ran.stderr);
    let ran = publish(&["--version", "1.0.0", "--json"]).ok();
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["sha256"], packages::sha256_hex(&zip));
    assert_eq!(stage.versions(), ["1.0.0"]);
    let files: [(&str, &[u8]); 2] = [("composer.json", json.as_bytes()), ("auth.json", b"{}")];
    std::fs::write(&at, packages::zip(&files)).unwrap();
    let ran = publish(&["--version", "1.1.0"]);
    assert!(ran.stderr.contains("auth.json looks like a secret"), "{}", ran.stderr);
}

#[test]
fn a_registry_that_is_not_there_is_told() {
    let mut stage = stage();
    stage.server.kill();
    let ran = stage.publish(&["--version", "1.0.0"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("the connection to the registry failed"), "{}", ran.stderr);
}
