//! A server, an account, a repository: what every test here starts with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use vouchsafe_testkit::http::{Answer, get, send};
use vouchsafe_testkit::{Ran, Server, ServerOptions};

/// With repositories on this machine.
pub(crate) const LOCAL: &str = "[sources]\nallow_private_network = true\n";
pub(crate) const PURL: &str = "pkg:composer/acme/lib";
/// How long something that happens by itself may take. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the account `ann`, and a repository of `acme/lib`.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) repository: Repository,
    /// A token of `ann` that may do everything.
    pub(crate) token: String,
}

/// A repository that was added.
pub(crate) struct Hook {
    /// Path and query of its webhook.
    pub(crate) path: String,
    pub(crate) secret: String,
}

impl Stage {
    /// With this configuration file.
    pub(crate) fn new(config: &str) -> Self {
        let server = Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::config(config));
        let token = server.user_and_token("ann");
        let repository = Repository::new(server.scratch().join("git/lib"));
        Self { server, repository, token }
    }

    /// `vouchsafe composer source` with these arguments.
    pub(crate) fn source(&self, args: &[&str]) -> Ran {
        let mut all = vec!["composer", "source"];
        all.extend(args);
        self.server.cli(&all)
    }

    /// Adds the repository at this address as `ann`'s.
    pub(crate) fn add(&self, url: &str) -> Hook {
        let ran = self.source(&["add", PURL, "--git", url, "--user", "ann", "--json"]).ok();
        let added: Value = serde_json::from_str(&ran.stdout).unwrap();
        let hook_url = added["hook_url"].as_str().unwrap();
        let path = hook_url.find("/api/").map(|at| hook_url[at..].to_owned());
        Hook { path: path.unwrap(), secret: added["secret"].as_str().unwrap().to_owned() }
    }

    /// Imports now; tag and outcome of everything that is new.
    pub(crate) fn import(&self) -> Vec<(String, String)> {
        let ran = self.source(&["import", PURL, "--json"]);
        let tags: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let text = |tag: &Value, key: &str| tag[key].as_str().unwrap().to_owned();
        let tags = tags.as_array().unwrap().iter();
        tags.map(|tag| (text(tag, "tag"), text(tag, "outcome"))).collect()
    }

    /// The one repository, as `source list` shows it.
    pub(crate) fn listed(&self) -> Value {
        let ran = self.source(&["list", "--json"]).ok();
        let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
        listed[0].clone()
    }

    /// What became of a tag, and why.
    pub(crate) fn tag(&self, name: &str) -> Value {
        let listed = self.listed();
        let tags = listed["tags"].as_array().unwrap();
        let tag = tags.iter().find(|tag| tag["tag"] == name);
        tag.unwrap_or_else(|| panic!("{name} is not in {listed}")).clone()
    }

    /// The published versions of `acme/lib`, as they are spelled, newest first.
    pub(crate) fn versions(&self) -> Vec<String> {
        let answer = get(self.server.address(), "/composer/p2/acme/lib.json");
        if answer.status == 404 {
            return Vec::new();
        }
        let document = answer.json();
        let versions = document["packages"]["acme/lib"].as_array().unwrap().iter();
        versions.map(|version| version["version"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a server that works by itself has these versions.
    pub(crate) fn wait_for(&self, versions: &[&str]) {
        self.wait_until(|| self.versions() == versions);
    }

    pub(crate) fn wait_until(&self, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "it never happened: {}", self.listed());
            std::thread::yield_now();
        }
    }

    /// Sends a webhook.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send(self.server.address(), "POST", path, headers, body)
    }

    /// The kinds of all events about `acme/lib`.
    pub(crate) fn events(&self) -> Vec<String> {
        let database = self.server.data_dir().join("vouchsafe.db");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", database.display());
            let store = vouchsafe_store::Store::open(&url).await.unwrap();
            let events = store.events_after(0, 10_000).await.unwrap();
            store.close().await;
            let ours = events.into_iter().filter(|event| event.subject.starts_with(PURL));
            ours.map(|event| event.kind).collect()
        })
    }
}

/// A git repository on this machine.
pub(crate) struct Repository {
    pub(crate) path: PathBuf,
}

impl Repository {
    pub(crate) fn new(path: PathBuf) -> Self {
        std::fs::create_dir_all(&path).unwrap();
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(&self.path).args(args);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ann");
            command.env(format!("GIT_{who}_EMAIL"), "ann@example.org");
        }
        Ran::of(command).ok().stdout.trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let at = self.path.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }

    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A commit of `acme/lib` with this content, and a tag of it.
    pub(crate) fn release(&self, tag: &str, content: &str) -> String {
        self.write("composer.json", manifest("acme/lib"));
        self.write("src/lib.php", content);
        let commit = self.commit();
        self.git(&["tag", "--force", tag]);
        commit
    }

    pub(crate) fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }
}

/// A `composer.json` without a version.
pub(crate) fn manifest(name: &str) -> String {
    format!(r#"{{"name":"{name}","description":"A library","license":"MIT","type":"library"}}"#)
}

/// `vouchsafe` with these arguments, in a folder, with this environment and nothing of ours.
pub(crate) fn vouchsafe(dir: &Path, args: &[&str], env: &[(&str, &str)], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe"));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("VOUCHSAFE_") {
            command.env_remove(key);
        }
    }
    command.args(args).current_dir(dir).envs(env.iter().copied());
    Ran::with_input(command, input)
}
