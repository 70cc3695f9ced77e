//! The command line: what is printed where, exit codes, and errors that a person understands.

use serde_json::Value;
use vouchsafe_testkit::{Server, http};

use crate::{start, vouchsafe, wait_until};

#[track_caller]
fn json(server: &Server, args: &[&str]) -> Value {
    let ran = server.cli(args).ok();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

#[test]
fn a_fresh_server_says_what_comes_next_and_one_that_is_in_use_does_not() {
    let mut server = start("");
    let setup = "vouchsafe client setup cargo";
    let others = "(or npm, pypi, composer, maven, golang)";
    for step in ["vouchsafe user add", "vouchsafe token add", setup, others] {
        wait_until(step, || server.log().contains(step));
    }
    server.user("alice");
    server.stop();
    server.up_elsewhere();
    server.stop();
    wait_until("both have stopped", || server.log().matches("stopping").count() == 2);
    assert_eq!(server.log().matches("vouchsafe user add").count(), 1, "{}", server.log());
}

#[test]
fn a_server_prints_one_line() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(crate::BINARY)
        .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let address = line.split("listening on ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(line.trim_end().ends_with(&format!("serves http://{address}")), "{line}");
    assert_eq!(http::get(address, "/healthz").status, 200);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn data_is_printed_as_json_when_asked() {
    let server = start("");
    for list in [
        &["user", "list", "--json"][..],
        &["claim", "list", "--json"],
        &["policy", "list", "--json"],
    ] {
        assert_eq!(json(&server, list), serde_json::json!([]), "{list:?}");
    }
    let token = server.user_and_token("alice");
    server.cli(&["claim", "add", "pkg:npm/@acme/*", "--reason", "ours"]).ok();
    let denied = server.cli(&["policy", "deny", "pkg:npm/left-pad@1.3.0", "--reason", "bad"]).ok();
    let users = json(&server, &["user", "list", "--json"]);
    assert_eq!((&users[0]["name"], &users[0]["is_admin"]), (&"alice".into(), &false.into()));
    let tokens = json(&server, &["token", "list", "--user", "alice", "--json"]);
    assert_eq!(tokens[0]["is_revoked"], false);
    assert!(!tokens.to_string().contains(&token), "a list shows the token itself");
    assert_eq!(json(&server, &["claim", "list", "--json"])[0]["reason"], "ours");
    let entries = json(&server, &["policy", "list", "--json"]);
    assert_eq!(entries[0]["id"], denied.stdout.trim());
    assert_eq!((&entries[0]["kind"], &entries[0]["version"]), (&"deny".into(), &"1.3.0".into()));
    assert_eq!(json(&server, &["fsck", "--json"])["is_clean"], true);
    // The same for people: a header, and a line each.
    assert_eq!(server.cli(&["user", "list"]).ok().stdout.lines().count(), 2);
}

#[test]
fn a_token_is_alone_on_standard_output() {
    let server = start("");
    server.user("alice");
    let ran = server.cli(&["token", "add", "--user", "alice"]).ok();
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stdout.starts_with("vsf_") && !ran.stderr.contains("vsf_"), "{}", ran.text());
}

#[test]
fn exit_codes_tell_failures_from_typing_errors() {
    let folder = tempfile::tempdir().unwrap();
    let code = |args: &[&str]| vouchsafe(folder.path(), &[], args).code;
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["config", "check"]), Some(0));
    assert_eq!(code(&["token", "add", "--user", "nobody"]), Some(1));
    assert_eq!(code(&["user", "add", "Not A Name", "--email", "a@example.org"]), Some(2));
    assert_eq!(code(&["servo"]), Some(2));
    assert_eq!(code(&[]), Some(2));
}

#[test]
fn errors_say_what_to_do() {
    let server = start("");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let run = |args: &[&str]| vouchsafe(folder.path(), &[], args).fails();
    run(&["serve", "--data", "d", "--listen", server.address()])
        .says(server.address())
        .says("another server");
    run(&["serve", "--data", "file/data"]).says("cannot make the data folder file/data");
    run(&["serve", "--data", "d", "--listen", "0.0.0.0:0"]).says("--public-url");
    // A folder that was mistyped is not made, and a backup of nothing is no backup.
    let elsewhere = folder.path().join("typo");
    for looks in [&["token", "add", "--user", "nobody"][..], &["fsck"], &["backup", "b.tar"]] {
        let args: Vec<&str> = looks.iter().copied().chain(["--data", "typo"]).collect();
        run(&args).says("there is no registry at typo");
        assert!(!elsewhere.exists(), "{looks:?} made it");
    }
    let nobody = server.cli(&["token", "add", "--user", "nobody"]).fails();
    nobody.says("nobody");
    run(&["serve", "--data", "d", "--upstream", "npm"]).says("ECOSYSTEM=URL");
    // Twice the same account.
    server.user("alice");
    let again = server.cli(&["user", "add", "alice", "--email", "alice@example.org"]).fails();
    assert!(again.says("alice").stderr.starts_with("error: "));
}

#[test]
fn completions_are_printed_for_every_shell_also_into_a_pipe_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        vouchsafe(folder.path(), &[], &["completions", shell]).ok().says("vouchsafe");
    }
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(format!("'{}' completions bash | head -n 1", crate::BINARY));
    let ran = vouchsafe_testkit::Ran::of(command).ok();
    assert_eq!(ran.stderr, "");
}
