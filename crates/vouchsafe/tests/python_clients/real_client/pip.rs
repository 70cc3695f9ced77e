//! pip installs: the pinned one, and the one that comes with this machine's Python.

use vouchsafe_testkit::{Ran, packages};

use crate::stage::Stage;

/// Two projects, the first needs the second.
fn alpha_and_beta(stage: &Stage) {
    stage.publish("alpha", "1.0", "Requires-Dist: beta>=1\n");
    stage.publish("beta", "1.0", "");
    stage.publish("beta", "1.1", "");
}

#[test]
fn wheels_and_sdists_install_with_what_they_need() {
    let stage = Stage::new("");
    alpha_and_beta(&stage);
    stage.pip_install("lib", &["alpha"]).ok();
    stage.has("lib", "alpha-1.0.dist-info");
    stage.has("lib", "beta-1.1.dist-info");

    let answer = stage.upload("gamma", "1.0", "gamma-1.0.tar.gz", &packages::sdist("gamma", "1.0"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    stage.pip_install("built", &["--no-build-isolation", "gamma"]).ok();
    stage.has("built", "gamma.py");
}

#[test]
fn resolving_reads_metadata_and_no_wheels() {
    let stage = Stage::new("");
    alpha_and_beta(&stage);
    let ran = stage.pip_install("lib", &["--dry-run", "alpha"]).ok();
    let ran = ran.says("Downloading alpha-1.0-py3-none-any.whl.metadata");
    let ran = ran.says("Downloading beta-1.1-py3-none-any.whl.metadata");
    assert!(!ran.text().contains(".whl ("), "a wheel was downloaded:\n{}", ran.text());
}

#[test]
fn pinned_hashes_are_checked() {
    let stage = Stage::new("");
    let bytes = stage.publish("demo", "1.0", "");
    let sha256 = packages::sha256_hex(&bytes);
    let pin = |hash: &str| {
        let line = format!("demo==1.0 --hash=sha256:{hash}\n");
        let file = stage.home.write("requirements.txt", &line).display().to_string();
        stage.pip_install("lib", &["--require-hashes", "-r", &file])
    };
    pin(&packages::sha256_hex(b"other")).fails().says("DO NOT MATCH");
    pin(&sha256).ok();
    stage.has("lib", "demo/__init__.py");
}

#[test]
fn versions_for_other_pythons_and_younger_than_asked_are_passed_by() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "Requires-Python: >=3.8\n");
    stage.publish("demo", "2.0", "Requires-Python: >=3.99\n");
    stage.pip_install("lib", &["demo"]).ok();
    stage.has("lib", "demo-1.0.dist-info");
    stage.pip_install("now", &["--uploaded-prior-to", "2999-01-01", "demo"]).ok();
    let none = stage.pip_install("old", &["--uploaded-prior-to", "2020-01-01", "demo"]);
    none.fails().says("No matching distribution");
}

#[test]
fn private_registries_want_a_token_or_a_password() {
    let stage = Stage::new("[access]\nread = \"signed-in\"\n");
    alpha_and_beta(&stage);
    stage.server.user_with_password("bob", "pass-word-of-bob");
    let install = |target: &str, index: &str| {
        stage.pip(&["install", "--index-url", index, "--target", target, "alpha"])
    };
    install("none", &stage.simple()).fails().says("from versions: none");
    install("bad", &stage.simple_as("__token__", "vsf_nonsense")).fails();
    install("token", &stage.simple_as("__token__", &stage.token)).ok();
    stage.has("token", "beta-1.1.dist-info");
    install("password", &stage.simple_as("bob", "pass-word-of-bob")).ok();
    let read = stage.server.token("ann", &["--scope", "read", "--package", "pkg:pypi/alpha"]);
    let part = install("part", &stage.simple_as("__token__", &read));
    part.fails().says("No matching distribution found for beta");
}

#[test]
fn the_pip_that_comes_with_python_works_too() {
    let stage = Stage::new("");
    alpha_and_beta(&stage);
    let bytes = stage.publish("demo", "1.0", "");
    stage.publish("demo", "2.0", "");
    let home = stage.home.home();
    stage.home.run(home, "python", &["-m", "venv", "bundled"]).ok();
    let python = home.join("bundled/bin/python").display().to_string();
    let simple = stage.simple();
    let pip = |args: &[&str]| -> Ran {
        let mut all = vec!["-m", "pip", "install", "--index-url", &simple];
        all.extend(args);
        stage.home.run(home, &python, &all)
    };
    pip(&["alpha"]).ok();
    let list = stage.home.run(home, &python, &["-m", "pip", "list"]).ok();
    list.says("alpha").says("beta");

    let line = format!("demo==1.0 --hash=sha256:{}\n", packages::sha256_hex(&bytes));
    let file = stage.home.write("requirements.txt", &line).display().to_string();
    pip(&["--target", "pinned", "--require-hashes", "-r", &file]).ok();

    let release = "pkg:pypi/demo@2.0";
    stage.server.cli(&["policy", "deny", release, "--reason", "steals cookies"]).ok();
    stage.wait_for("demo", |page| page["files"][1]["yanked"] != false);
    pip(&["--target", "newest", "demo"]).ok();
    stage.has("newest", "demo-1.0.dist-info");
    pip(&["--target", "denied", "demo==2.0"]).fails().says("403").says("steals cookies");
}
