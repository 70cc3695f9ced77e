//! A server, an account and a home that `vouchsafe client setup` has prepared.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions, http};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");
/// The registry's name in a prepared home.
pub(crate) const REGISTRY: &str = "vouchsafe";

/// How long a change by another process may take to be seen. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the account `alice`, and her home.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) home: Sandbox,
    pub(crate) token: String,
}

impl Stage {
    /// * `config`: text of the server's configuration file.
    pub(crate) fn new(config: &str) -> Self {
        let server = Server::start(BINARY, ServerOptions::config(config));
        let token = server.user_and_token("alice");
        let home = home_of(&server, Some(&token));
        Self { server, home, token }
    }

    /// Another home, with another token or none.
    pub(crate) fn another_home(&self, token: Option<&str>) -> Sandbox {
        home_of(&self.server, token)
    }

    /// Writes a crate below alice's home.
    pub(crate) fn krate(&self, name: &str, version: &str) -> Krate<'_> {
        Krate::new(&self.home, name, version)
    }

    /// Writes and publishes a crate with an empty library.
    pub(crate) fn publish(&self, name: &str, version: &str) {
        self.krate(name, version).write().publish().ok();
    }

    /// Runs a command beside the server, and waits until the server has seen what it changed in
    /// the index file of a crate.
    pub(crate) fn cli_until(
        &self,
        args: &[&str],
        path: &str,
        has_changed: impl Fn(&http::Answer) -> bool,
    ) {
        self.server.cli(args).ok();
        let gives_up_at = Instant::now() + PATIENCE;
        while !has_changed(&http::get(self.server.address(), &format!("/cargo/index/{path}"))) {
            assert!(Instant::now() < gives_up_at, "{args:?} has not reached {path}");
        }
    }

    /// The index file of a crate, which must be there.
    pub(crate) fn index_text(&self, path: &str) -> String {
        let answer = http::get(self.server.address(), &format!("/cargo/index/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// The lines of an index file.
    pub(crate) fn index_lines(&self, path: &str) -> Vec<serde_json::Value> {
        self.index_text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A home whose Cargo is pointed at a server by the binary itself.
fn home_of(server: &Server, token: Option<&str>) -> Sandbox {
    let home = Sandbox::new();
    let mut setup = home.command(BINARY);
    setup.args(["client", "setup", "cargo", "--url", &server.url()]);
    if let Some(token) = token {
        setup.args(["--token", token]);
    }
    Ran::of(setup).ok();
    home
}

/// A crate on disk, before it is written and after.
pub(crate) struct Krate<'a> {
    home: &'a Sandbox,
    name: String,
    manifest: String,
    files: Vec<(String, String)>,
}

impl<'a> Krate<'a> {
    /// A library crate in `home`, in a folder of its name.
    pub(crate) fn new(home: &'a Sandbox, name: &str, version: &str) -> Self {
        let manifest = format!(
            "[workspace]\n[package]\nname = \"{name}\"\nversion = \"{version}\"\n\
             edition = \"2021\"\ndescription = \"The crate {name}\"\nlicense = \"MIT\"\n"
        );
        let files = vec![("src/lib.rs".to_owned(), String::new())];
        Self { home, name: name.to_owned(), manifest, files }
    }

    /// Further lines of the manifest; keys of `[package]` first.
    pub(crate) fn manifest(mut self, lines: &str) -> Self {
        self.manifest.push_str(lines);
        self.manifest.push('\n');
        self
    }

    /// A file of the crate.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Writes it.
    pub(crate) fn write(self) -> Project<'a> {
        self.home.write(&format!("{}/Cargo.toml", self.name), &self.manifest);
        for (path, text) in &self.files {
            self.home.write(&format!("{}/{path}", self.name), text);
        }
        Project { home: self.home, dir: self.home.home().join(&self.name) }
    }
}

/// A folder with a manifest, and the home whose Cargo runs there.
pub(crate) struct Project<'a> {
    pub(crate) home: &'a Sandbox,
    pub(crate) dir: PathBuf,
}

impl Project<'_> {
    /// Runs Cargo here.
    pub(crate) fn cargo(&self, args: &[&str]) -> Ran {
        self.home.run(&self.dir, "cargo", args)
    }

    /// Publishes without building first.
    pub(crate) fn publish(&self) -> Ran {
        self.cargo(&["publish", "--no-verify", "--registry", REGISTRY])
    }

    /// Publishes with another token than the home's.
    pub(crate) fn publish_as(&self, token: &str) -> Ran {
        cargo_as(self.home, &self.dir, token, &["publish", "--no-verify", "--registry", REGISTRY])
    }

    /// The lock file.
    pub(crate) fn lock(&self) -> String {
        std::fs::read_to_string(self.dir.join("Cargo.lock")).unwrap()
    }

    /// The version a lock file has of a crate.
    #[track_caller]
    pub(crate) fn locked(&self, name: &str) -> String {
        let lock = self.lock();
        let entry = lock.split("[[package]]").find(|e| e.contains(&format!("\nname = \"{name}\"")));
        let entry = entry.unwrap_or_else(|| panic!("{name} is not locked:\n{lock}"));
        let version = entry.lines().find_map(|line| line.strip_prefix("version = ")).unwrap();
        version.trim_matches('"').to_owned()
    }
}

/// Runs Cargo with a token in its environment, which wins over the stored one.
pub(crate) fn cargo_as(home: &Sandbox, dir: &Path, token: &str, args: &[&str]) -> Ran {
    let mut command = home.command("cargo");
    command.args(args).current_dir(dir).env("CARGO_REGISTRIES_VOUCHSAFE_TOKEN", token);
    Ran::of(command)
}
