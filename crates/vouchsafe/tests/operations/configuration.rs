//! The configuration: file, environment and flags, in that order; typos are errors.

use std::path::PathBuf;

use tempfile::TempDir;
use vouchsafe_testkit::Ran;

use crate::vouchsafe;

/// A folder with a configuration file.
fn folder(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.toml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn config_check(text: &str, env: &[(&str, &str)]) -> Ran {
    let (folder, _) = folder(text);
    vouchsafe(folder.path(), env, &["config", "check", "--config", "registry.toml"])
}

/// The message names the file and the key, on standard error alone; the exit code is 1.
#[track_caller]
fn check_refused(text: &str, key: &str) {
    let ran = config_check(text, &[]).fails();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    for part in ["error: ", "registry.toml", key] {
        assert!(ran.stderr.contains(part), "{part:?} is not said about {text:?}:\n{}", ran.stderr);
    }
}

#[test]
fn a_mistake_names_its_file_and_key() {
    check_refused("[server]\nlistn = \"127.0.0.1:0\"\n", "listn");
    check_refused("[server]\nlistn = \"127.0.0.1:0\"\n", "in `server`");
    check_refused("[sever]\nlisten = \"127.0.0.1:0\"\n", "sever");
    check_refused("[server]\nlisten = 7\n", "server.listen");
    check_refused("[server]\nlisten = \"nowhere\"\n", "server.listen");
    check_refused("[server]\nlisten \"127.0.0.1:0\"\n", "line 2");
    check_refused("[server]\nmax_connections = 0\n", "server.max_connections");
    check_refused("[server]\nlog_level = \"chatty\"\n", "server.log_level");
    check_refused("[server]\nlog_level = \"info,x=loud\"\n", "server.log_level");
    check_refused("[server]\nlog_format = \"xml\"\n", "server.log_format");
    check_refused("[server]\ntls_cert = \"cert.pem\"\n", "server.tls_key");
    check_refused("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]\n", "trusted_proxies");
    check_refused("[server]\npublic_url = \"ftp://registry.example\"\n", "server.public_url");
    check_refused("[server]\nlisten = \"0.0.0.0:7878\"\n", "server.public_url");
    check_refused("[database]\nurl = \"mysql://db.internal/x\"\n", "database.url");
    check_refused("[blobs]\nbackend = \"tape\"\n", "blobs.backend");
    check_refused("[blobs]\nbackend = \"s3\"\n", "s3_bucket");
    check_refused("[access]\nread = \"nobody\"\n", "access.read");
    check_refused("[access]\nunpublish = \"soon\"\n", "access.unpublish");
    check_refused("[policy]\ncooldown = \"3 days\"\n", "policy.cooldown");
    check_refused("[policy.cooldowns]\nnpn = \"3d\"\n", "npn");
    check_refused("[upstreams.npn]\nurl = \"http://127.0.0.1:9/\"\n", "npn");
    check_refused("[upstreams.npm]\nusername = \"a\"\n", "upstreams.npm");
    check_refused("[upstreams.npm]\nurl = \"http://127.0.0.1:9/\"\nttl = 3\n", "upstreams.npm");
    check_refused("[ecosystems.npm]\npublic_url = \"http://h/?q\"\n", "ecosystems.npm.public_url");
}

#[test]
fn a_refused_address_of_a_database_does_not_show_its_password() {
    let ran = config_check("[database]\nurl = \"mysql://a:hunter2@db.internal/x\"\n", &[]).fails();
    assert!(!ran.text().contains("hunter2"), "{}", ran.text());
}

#[test]
fn a_named_file_must_be_there() {
    let (folder, _) = folder("");
    let ran = vouchsafe(folder.path(), &[], &["config", "check", "--config", "missing.toml"]);
    ran.fails().says("missing.toml");
}

#[test]
fn a_mistake_in_the_environment_names_its_variable() {
    for (name, value) in [
        ("VOUCHSAFE_SERVER_LISTN", "127.0.0.1:0"),
        ("VOUCHSAFE_SEVER_LISTEN", "127.0.0.1:0"),
        ("VOUCHSAFE_SERVER_MAX_CONNECTIONS", "many"),
        ("VOUCHSAFE_UPSTREAMS_NPM_TTL", "3"),
    ] {
        config_check("", &[(name, value)]).fails().says(name);
    }
}

#[test]
fn the_environment_lies_over_the_file_and_flags_over_both() {
    let text = "[server]\nlisten = \"127.0.0.1:1001\"\n";
    config_check(text, &[]).ok().says("127.0.0.1:1001");
    let env = [("VOUCHSAFE_SERVER_LISTEN", "127.0.0.1:1002")];
    let ran = config_check(text, &env).ok().says("127.0.0.1:1002");
    assert!(!ran.text().contains("1001"));
    // What `serve` is told by a flag wins; an address that is none shows which one it took.
    let (folder, _) = folder(text);
    let flags = ["serve", "--config", "registry.toml", "--listen", "127.0.0.1:99999"];
    vouchsafe(folder.path(), &env, &flags).fails().says("127.0.0.1:99999");
}

#[test]
fn the_environment_takes_numbers_lists_and_passwords_that_look_like_numbers() {
    let text = "[upstreams.npm]\nurl = \"http://127.0.0.1:9/npm/\"\nusername = \"reader\"\n";
    let env = [
        ("VOUCHSAFE_UPSTREAMS_NPM_PASSWORD", "4711"),
        ("VOUCHSAFE_SERVER_TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
        ("VOUCHSAFE_SERVER_MAX_CONNECTIONS", "64"),
        ("VOUCHSAFE_UPSTREAMS_PYPI_URL", "http://127.0.0.1:9/simple/"),
    ];
    let ran = config_check(text, &env).ok().says("http://127.0.0.1:9/simple/");
    assert!(!ran.text().contains("4711"));
}

#[test]
fn the_data_folder_brings_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let file = folder.path().join("data/vouchsafe.toml");
    std::fs::write(file, "[server]\nlisten = \"127.0.0.1:1003\"\n").unwrap();
    for (env, args) in [
        (&[][..], &["config", "check", "--data", "data"][..]),
        (&[("VOUCHSAFE_DATA", "data")], &["config", "check"]),
    ] {
        vouchsafe(folder.path(), env, args).ok().says("127.0.0.1:1003");
    }
}

#[test]
fn a_check_shows_what_it_comes_to_and_no_password() {
    let text = "[database]\nurl = \"postgres://vs:hunter2@db.internal/vs?password=hunter3\"\n\
                [upstreams.npm]\nurl = \"http://reader:hunter4@127.0.0.1:9/npm/\"\n";
    let ran = config_check(text, &[]).ok().says("db.internal").says("http://127.0.0.1:9/npm/");
    assert!(!ran.text().contains("hunter"), "{}", ran.text());
    assert!(!std::path::Path::new("vouchsafe-data").exists());
}
