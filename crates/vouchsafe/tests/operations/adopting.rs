//! `vouchsafe adopt` and `client setup`, with the clients that this machine has and without them.

use std::path::PathBuf;
use std::process::Command;

use vouchsafe_testkit::{FakeUpstream, Ran, Sandbox};

use crate::{BINARY, vouchsafe};

const HERE: &str = "http://127.0.0.1:7878";

/// Each ecosystem with the settings of its client that name a mirror.
fn settings_of(mirror: &str) -> [(&'static str, &'static str, String); 3] {
    let composer = serde_json::json!({
        "config": { "secure-http": false },
        "repositories": [
            { "type": "composer", "url": format!("{mirror}/composer") },
            { "packagist": false },
        ],
    });
    [
        ("composer", ".composer/config.json", composer.to_string()),
        (
            "maven",
            ".m2/settings.xml",
            format!(
                "<settings>\n  <!-- By hand. -->\n  <mirrors><mirror><id>corp</id>\
                 <mirrorOf>*</mirrorOf><url>{mirror}/maven</url></mirror></mirrors>\n</settings>\n"
            ),
        ),
        ("golang", "go.env", format!("GOPROXY={mirror}/golang\n")),
    ]
}

/// The binary in a home, told of nothing else on this machine.
fn run(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut command = sandbox.command("env");
    command.arg(BINARY).args(args).current_dir(sandbox.home());
    Ran::of(command)
}

/// Every file below a home, with its text. `go` counts by itself how often it is used.
fn files(sandbox: &Sandbox) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.home().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true if path.ends_with("telemetry") => {}
                true => folders.push(path),
                false => found.push((path.clone(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found.sort();
    found
}

/// The files that are other ones than before.
fn changed(sandbox: &Sandbox, before: &[(PathBuf, Vec<u8>)]) -> Vec<PathBuf> {
    let now = files(sandbox).into_iter().filter(|file| !before.contains(file));
    now.map(|(path, _)| path).collect()
}

mod real_client {
    use super::*;

    #[test]
    fn a_mirror_of_composer_maven_and_go_becomes_the_upstream() {
        let mirror = FakeUpstream::start();
        let sandbox = Sandbox::new();
        for (_, file, text) in settings_of(&mirror.url()) {
            sandbox.write(file, &text);
        }
        let config = sandbox.write("server/vouchsafe.toml", "# By hand.\n").display().to_string();
        let mut args = vec!["adopt", "--config", &config, "--data", "data", "--url", HERE];
        for (id, ..) in settings_of("") {
            args.extend(["--ecosystem", id]);
        }
        let before = files(&sandbox);
        let mut dry = args.clone();
        dry.push("--dry-run");
        let shown = run(&sandbox, &dry).ok().says("would write these upstreams");
        for (id, ..) in settings_of("") {
            let fetches = format!("fetches from {}/{id}/", mirror.url());
            assert!(shown.stdout.contains(&fetches), "{id}: {}", shown.text());
            assert!(shown.stdout.contains(&format!("{HERE}/{id}")), "{id}: {}", shown.text());
        }
        assert_eq!(
            changed(&sandbox, &before),
            Vec::<PathBuf>::new(),
            "a dry run changed something"
        );

        run(&sandbox, &args).ok().says("wrote the upstreams");
        let written = std::fs::read_to_string(&config).unwrap();
        assert!(written.contains("# By hand."), "{written}");
        for (id, file, _) in settings_of("") {
            let section = format!("[upstreams.{id}]\nurl = \"{}/{id}/\"", mirror.url());
            assert!(written.contains(&section), "{written}");
            let pointed = std::fs::read_to_string(sandbox.home().join(file)).unwrap();
            // JSON may be written with `\/`.
            let pointed = pointed.replace("\\/", "/");
            assert!(pointed.contains(&format!("{HERE}/{id}")), "{id}: {pointed}");
            assert!(sandbox.home().join(format!("{file}.vouchsafe-backup")).is_file(), "{file}");
        }
        // Gradle is one of Maven's clients, and installed.
        let gradle: Vec<_> = files(&sandbox)
            .into_iter()
            .filter(|(path, _)| path.starts_with(sandbox.home().join(".gradle/init.d")))
            .collect();
        let script = gradle
            .iter()
            .find(|(_, text)| String::from_utf8_lossy(text).contains(&format!("{HERE}/maven")));
        assert!(script.is_some(), "{gradle:?}");
        run(&sandbox, &["config", "check", "--config", &config, "--data", "data"]).ok();
        run(&sandbox, &args).fails().says("points here already");
        assert_eq!(mirror.all_hits(), 0, "adopting asks the clients and nobody else");
    }

    #[test]
    fn a_setup_said_twice_changes_nothing_more_and_hides_its_token() {
        let sandbox = Sandbox::new();
        let project = sandbox.dir("project");
        sandbox.write("project/composer.json", "{}\n");
        sandbox.write("project/build.gradle", "");
        let project = project.display().to_string();
        for ecosystem in ["composer", "maven", "golang"] {
            let mut args = vec!["client", "setup", ecosystem, "--url", "https://registry.example"];
            args.extend(["--token", "vsf_secret0123", "--dir", &project]);
            let mut dry = args.clone();
            dry.push("--dry-run");
            let before = files(&sandbox);
            let shown = run(&sandbox, &dry).ok().says("registry.example");
            assert!(!shown.text().contains("vsf_secret0123"), "{}", shown.text());
            assert_eq!(
                changed(&sandbox, &before),
                Vec::<PathBuf>::new(),
                "{ecosystem}: a dry run changed something"
            );
            run(&sandbox, &args).ok().says("wrote ");
            let after = files(&sandbox);
            let is_outside = |path: &PathBuf| !path.starts_with(&project);
            let outside =
                |all: &[(PathBuf, Vec<u8>)]| all.iter().filter(|(p, _)| is_outside(p)).count();
            assert_eq!(outside(&after), outside(&before), "{ecosystem}: written outside");
            run(&sandbox, &args).ok().says("everything was set up already");
            assert_eq!(
                changed(&sandbox, &after),
                Vec::<PathBuf>::new(),
                "{ecosystem}: the second time changed something"
            );
        }
    }

    /// A machine with `go` alone.
    #[test]
    fn a_client_that_is_not_installed_is_left_out() {
        let mirror = FakeUpstream::start();
        let sandbox = Sandbox::new();
        sandbox.write("go.env", &format!("GOPROXY={}/golang\n", mirror.url()));
        let programs = sandbox.dir("bin");
        std::os::unix::fs::symlink(vouchsafe_testkit::sandbox::find("go"), programs.join("go"))
            .unwrap();
        let adopt = |more: &[&str]| {
            let mut command = Command::new(BINARY);
            command.env_clear().env("PATH", &programs).env("HOME", sandbox.home());
            command.env("GOENV", sandbox.home().join("go.env"));
            command.args(["adopt", "--data", "data", "--url", HERE]).args(more);
            command.current_dir(sandbox.home());
            Ran::of(command)
        };
        let shown = adopt(&["--dry-run"]).ok().says("golang: go fetches from");
        for id in ["cargo", "npm", "pypi", "composer", "maven"] {
            assert!(
                shown.stderr.contains(&format!("{id}: left out: none of ")),
                "{}",
                shown.text()
            );
        }
        adopt(&["--ecosystem", "composer"]).fails().says("none of composer is installed");
        adopt(&["--ecosystem", "maven"]).fails().says("--upstream maven=URL");
        adopt(&[]).ok();
        let written = std::fs::read_to_string(sandbox.home().join("data/vouchsafe.toml")).unwrap();
        assert_eq!(written.matches("[upstreams.").count(), 1, "{written}");
        assert!(written.contains("[upstreams.golang]"), "{written}");
        assert!(!sandbox.home().join(".m2").exists(), "settings of a missing client were written");
    }
}

#[test]
fn help_names_every_ecosystem_and_client() {
    let folder = tempfile::tempdir().unwrap();
    let help = vouchsafe(folder.path(), &[], &["client", "setup", "--help"]).ok();
    for name in ["cargo", "npm", "pypi", "composer", "maven", "golang", "gradle", "yarn", "go)"] {
        assert!(help.stdout.contains(name), "{name}: {}", help.stdout);
    }
}
