//! uv publishes, locks, resolves and installs.

use vouchsafe_testkit::Ran;

use crate::stage::{Stage, dist, wheel_name};

fn uv_publish(stage: &Stage, token: &str, args: &[&str]) -> Ran {
    let legacy = stage.legacy();
    let mut all = vec!["publish", "--publish-url", &legacy, "--trusted-publishing", "never"];
    all.extend(["--token", token]);
    all.extend(args);
    stage.home.run(stage.home.home(), "uv", &all)
}

/// A project that takes everything from this server.
fn app(stage: &Stage) -> std::path::PathBuf {
    let simple = stage.simple();
    let project = format!(
        "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.8\"\n\
         dependencies = []\n\n[[tool.uv.index]]\nname = \"vouchsafe\"\nurl = \"{simple}\"\n\
         default = true\n"
    );
    let file = stage.home.write("app/pyproject.toml", &project);
    file.parent().unwrap().to_owned()
}

/// uv in the project's folder, which has settings of its own.
fn uv(stage: &Stage, args: &[&str]) -> Ran {
    let mut command = stage.home.command("uv");
    command.env_remove("UV_NO_CONFIG").current_dir(stage.home.home().join("app")).args(args);
    Ran::of(command)
}

#[test]
fn publishing_again_is_a_success_and_other_bytes_are_not() {
    let stage = Stage::new("");
    let first = stage.built("first", "demo", "1.0", "A = 1\n");
    let (wheel, sdist) = (dist(&first, ".whl"), dist(&first, ".tar.gz"));
    let simple = stage.simple();
    uv_publish(&stage, &stage.token, &[&wheel]).ok();
    uv_publish(&stage, &stage.token, &[&wheel, &sdist]).ok();
    let skipped = uv_publish(&stage, &stage.token, &["--check-url", &simple, &wheel, &sdist]);
    skipped.ok().says("already exists, skipping");

    let second = stage.built("second", "demo", "1.0", "A = 2\n");
    let wheel = dist(&second, ".whl");
    let refused = uv_publish(&stage, &stage.token, &[&wheel]).fails();
    let refused = refused.says("400 File already exists: `demo-1.0-py3-none-any.whl` is taken");
    assert!(!refused.text().contains("docs_url"), "raw JSON was shown:\n{}", refused.text());
    let refused = uv_publish(&stage, &stage.token, &["--check-url", &simple, &wheel]);
    refused.fails().says("do not match");
}

#[test]
fn refused_uploads_say_why() {
    let stage = Stage::new("");
    let project = stage.built("demo", "demo", "1.0", "");
    let wheel = dist(&project, ".whl");
    let refused = uv_publish(&stage, "vsf_nonsense", &[&wheel]);
    refused.fails().says("403 Invalid or non-existent authentication information");
    let read = stage.server.token("ann", &["--scope", "read"]);
    uv_publish(&stage, &read, &[&wheel]).fails().says("403").says("scope");

    stage.home.write(&format!("demo/dist/{}.publish.attestation", wheel_name("demo", "1.0")), "{}");
    uv_publish(&stage, &stage.token, &["demo/dist/*"]).fails().says("`--no-attestations` for uv");
    uv_publish(&stage, &stage.token, &["--no-attestations", "demo/dist/*"]).ok();
}

#[test]
fn locking_reads_metadata_and_a_lock_installs_the_same_bytes() {
    let stage = Stage::new("");
    stage.publish("alpha", "1.0", "Requires-Dist: beta>=1\n");
    stage.publish("beta", "1.0", "");
    let beta = stage.publish("beta", "1.1", "");
    app(&stage);
    let added = uv(&stage, &["add", "--no-sync", "--verbose", "alpha"]).ok();
    let added = added.says("alpha-1.0-py3-none-any.whl.metadata");
    let is_wheel = |line: &&str| line.contains("GET request") && line.ends_with(".whl");
    let wheels: Vec<_> = added.stderr.lines().filter(is_wheel).collect();
    assert!(wheels.is_empty(), "wheels were downloaded: {wheels:?}");
    let lock = std::fs::read_to_string(stage.home.home().join("app/uv.lock")).unwrap();
    let hash = format!("sha256:{}", vouchsafe_testkit::packages::sha256_hex(&beta));
    assert!(lock.contains(&hash) && lock.contains("upload-time"), "{lock}");

    uv(&stage, &["sync", "--frozen"]).ok().says("beta==1.1");
    let forged = lock.replace(&hash, &format!("sha256:{}", "0".repeat(64)));
    stage.home.write("app/uv.lock", &forged);
    let refused = uv(&stage, &["sync", "--frozen", "--reinstall", "--no-cache"]);
    refused.fails().says("Hash mismatch");
}

#[test]
fn versions_for_other_pythons_and_too_young_ones_are_passed_by() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "Requires-Python: >=3.8\n");
    stage.publish("demo", "2.0", "Requires-Python: >=3.99\n");
    stage.uv_install("lib", &["demo"]).ok();
    stage.has("lib", "demo-1.0.dist-info");
    stage.uv_install("now", &["--exclude-newer", "2999-01-01", "demo"]).ok();
    let none = stage.uv_install("old", &["--exclude-newer", "2020-01-01", "demo"]);
    none.fails().says("exclude-newer");
}

#[test]
fn pinned_hashes_are_checked() {
    let stage = Stage::new("");
    let bytes = stage.publish("demo", "1.0", "");
    let pin = |hash: &str| {
        let line = format!("demo==1.0 --hash=sha256:{hash}\n");
        let file = stage.home.write("requirements.txt", &line).display().to_string();
        stage.uv_install("lib", &["--no-cache", "--require-hashes", "-r", &file])
    };
    pin(&"0".repeat(64)).fails().says("Hash mismatch");
    pin(&vouchsafe_testkit::packages::sha256_hex(&bytes)).ok();
}

#[test]
fn private_registries_want_a_token_or_a_password() {
    let stage = Stage::new("[access]\nread = \"signed-in\"\n");
    stage.publish("alpha", "1.0", "Requires-Dist: beta\n");
    stage.publish("beta", "1.0", "");
    stage.server.user_with_password("bob", "pass-word-of-bob");
    app(&stage);
    uv(&stage, &["add", "alpha"]).fails().says("401");
    let with = |user: &str, password: &str| {
        let mut command = stage.home.command("uv");
        command.env_remove("UV_NO_CONFIG").current_dir(stage.home.home().join("app"));
        command.env("UV_INDEX_VOUCHSAFE_USERNAME", user);
        command.env("UV_INDEX_VOUCHSAFE_PASSWORD", password);
        command.args(["add", "--no-cache", "alpha"]);
        Ran::of(command)
    };
    with("__token__", "vsf_nonsense").fails();
    with("__token__", &stage.token).ok();
    with("bob", "pass-word-of-bob").ok();
    let project = stage.built("demo", "demo", "1.0", "");
    let wheel = dist(&project, ".whl");
    uv_publish(&stage, &stage.token, &[&wheel]).ok();
}
