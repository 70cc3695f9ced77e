//! Signing in and out with npm, and its tokens.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vouchsafe_testkit::Ran;

use crate::stage::{PASSWORD, Stage, read, sign_in_by_browser};

/// Runs a sign-in that wants a browser, and plays the browser.
fn sign_in(stage: &Stage, mut command: Command, name: &str) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = format!("{command:?}");
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let page = format!("{}/login/", stage.server.url());
    let mut stdout = String::new();
    let login_url = loop {
        let mut line = String::new();
        let length = lines.read_line(&mut line).unwrap();
        stdout.push_str(&line);
        assert_ne!(length, 0, "no address of the sign-in:\n{stdout}");
        if let Some(at) = line.find(&page) {
            break line[at..].split_whitespace().next().unwrap().to_owned();
        }
    };
    assert_eq!(sign_in_by_browser(&stage.server, &login_url, name, PASSWORD), 200);
    lines.read_to_string(&mut stdout).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ran { line, code: output.status.code(), stdout, stderr }
}

/// Types answers as a person does: each one when it is asked for.
fn type_answers(mut command: Command, answers: &[(&str, &str)]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = format!("{command:?}");
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = Vec::new();
    for (prompt, answer) in answers {
        let mut byte = [0];
        while !said.ends_with(prompt.as_bytes()) {
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
        stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    stdout.read_to_end(&mut said).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&said).into_owned();
    Ran { line, code: output.status.code(), stdout, stderr }
}

#[test]
fn a_browser_finishes_npm_login() {
    let stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    stage.sign_out();
    stage.npm_anywhere(&["whoami"]).fails().says("ENEEDAUTH");
    let mut login = stage.home.command("npm");
    login.args(["login", "--auth-type=web"]);
    sign_in(&stage, login, "bob").ok().says("Logged in on");
    assert_eq!(stage.npm_anywhere(&["whoami"]).ok().stdout.trim(), "bob");
    stage.publish("left-lib", "1.0.0");

    // Signing out revokes the token, here and for whoever has a copy.
    let settings = read(stage.home.home(), ".npmrc");
    let token = settings.split("_authToken=").nth(1).unwrap().trim().to_owned();
    stage.npm_anywhere(&["logout"]).ok();
    stage.npm_anywhere(&["whoami"]).fails().says("ENEEDAUTH");
    assert_eq!(stage.ask_as(Some(&token), "GET", "/-/whoami", &[], b"").status, 401);
}

#[test]
fn a_password_finishes_npm_login() {
    let stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    stage.sign_out();
    let login = || {
        let mut command = stage.home.command("npm");
        command.args(["login", "--auth-type=legacy"]);
        command
    };
    let wrong = type_answers(login(), &[("Username: ", "bob"), ("Password: ", "guess")]);
    wrong.fails().says("E401");
    let answers = [("Username: ", "bob"), ("Password: ", PASSWORD)];
    type_answers(login(), &answers).ok().says("Logged in on");
    assert_eq!(stage.npm_anywhere(&["whoami"]).ok().stdout.trim(), "bob");
    stage.npm_anywhere(&["logout"]).ok();
}

#[test]
fn a_bad_token_is_told_from_a_missing_one_and_from_a_narrow_one() {
    let stage = Stage::new();
    let dir = stage.package("lib", "left-lib", "1.0.0");
    stage.use_token("vsf_nonsense");
    stage.npm(&dir, &["whoami"]).fails().says("E401");
    stage.npm(&dir, &["publish"]).fails().says("E401");

    let revoked = stage.server.token("ann", &[]);
    stage.use_token(&revoked);
    stage.npm(&dir, &["whoami"]).ok();
    stage.npm(&dir, &["token", "revoke", &revoked]).ok().says("Removed 1 token");
    let refused = stage.npm(&dir, &["whoami"]).fails();
    refused.says("E401").says("your authentication token seems to be invalid");

    let read_only = stage.server.token("ann", &["--scope", "read"]);
    stage.use_token(&read_only);
    stage.npm(&dir, &["publish"]).fails().says("E403").says("publish-new");
    let elsewhere = stage.server.token("ann", &["--package", "pkg:npm/@acme/*"]);
    stage.use_token(&elsewhere);
    stage.npm(&dir, &["publish"]).fails().says("E403").says("pkg:npm/left-lib");

    stage.sign_out();
    stage.npm(&dir, &["publish"]).fails().says("ENEEDAUTH");
}

#[test]
fn tokens_are_made_narrow_listed_without_secret_and_revoked() {
    let stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    let bob = stage.server.token("bob", &[]);
    stage.use_token(&bob);
    let create = |args: &[&str]| {
        let mut all = vec!["token", "create", "--json", "--name", "ci"];
        all.extend(args);
        stage.npm_anywhere(&all)
    };
    let password = ["--password", PASSWORD];
    let read_only = ["--packages-and-scopes-permission", "read-only"];
    let wrong = [&["--packages-all", "--password", "wrong"][..], &read_only].concat();
    create(&wrong).fails().says("E401");
    let bound = [&["--packages-all", "--cidr", "10.0.0.0/8"][..], &password, &read_only].concat();
    create(&bound).fails().says("E501").says("binding a token to addresses is not implemented");

    let narrow = [&["--scopes", "@acme", "--expires", "7"][..], &password, &read_only].concat();
    let made = create(&narrow).ok().stdout;
    let made: Value = serde_json::from_str(&made).unwrap();
    let secret = made["token"].as_str().unwrap();
    assert_eq!(made["readonly"], true);
    assert!(made["expires"].is_string());

    let listed = stage.npm_anywhere(&["token", "list"]).ok().says("name ci");
    assert!(!listed.stdout.contains(secret) && !listed.stdout.contains("whitelist"));
    let listed = stage.npm_anywhere(&["token", "list", "--json"]).ok().stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let ci = listed.as_array().unwrap().iter().find(|token| token["name"] == "ci").unwrap();
    assert_eq!(ci["packages"], json!(["pkg:npm/@acme/*"]));
    let scoped = stage.ask_as(Some(secret), "GET", "/-/whoami", &[], b"");
    assert_eq!(scoped.status, 200, "{}", scoped.text());

    let id = ci["id"].as_str().unwrap();
    stage.npm_anywhere(&["token", "revoke", id]).ok().says("Removed 1 token");
    assert_eq!(stage.ask_as(Some(secret), "GET", "/-/whoami", &[], b"").status, 401);
}

#[test]
fn a_narrow_token_cannot_make_a_wide_one() {
    let stage = Stage::new();
    let narrow = stage.server.token("ann", &["--scope", "read", "--scope", "publish-update"]);
    let body = json!({
        "name": "wide", "packages_all": true, "packages_and_scopes_permission": "read-write",
    });
    let body = body.to_string();
    let refused = stage.ask_as(Some(&narrow), "POST", "/-/npm/v1/tokens", &[], body.as_bytes());
    assert_eq!(refused.status, 403, "{}", refused.text());
}
