//! A server, an account and a home that `vouchsafe client setup` has prepared.

use std::path::{Path, PathBuf};

use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions, http};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");
/// The registry's name in a prepared home.
pub const REGISTRY: &str = "vouchsafe";

/// A server with the account `alice`, and her home.
pub struct Stage {
    pub server: Server,
    pub home: Sandbox,
    pub token: String,
}

impl Stage {
    /// * `config`: text of the server's configuration file.
    pub fn new(config: &str) -> Self {
        let server = Server::start(BINARY, ServerOptions::config(config));
        let token = server.user_and_token("alice");
        let home = home_of(&server, Some(&token));
        Self { server, home, token }
    }

    /// Another home, with another token or none.
    pub fn another_home(&self, token: Option<&str>) -> Sandbox {
        home_of(&self.server, token)
    }

    /// Writes a crate below alice's home.
    pub fn krate(&self, name: &str, version: &str) -> Krate<'_> {
        Krate::new(&self.home, name, version)
    }

    /// Writes and publishes a crate with an empty library.
    pub fn publish(&self, name: &str, version: &str) {
        self.krate(name, version).write().publish().ok();
    }

    /// The index file of a crate, which must be there.
    pub fn index_text(&self, path: &str) -> String {
        let answer = http::get(self.server.address(), &format!("/cargo/index/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// The lines of an index file.
    pub fn index_lines(&self, path: &str) -> Vec<serde_json::Value> {
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
pub struct Krate<'a> {
    home: &'a Sandbox,
    name: String,
    manifest: String,
    files: Vec<(String, String)>,
}

impl<'a> Krate<'a> {
    /// A library crate in `home`, in a folder of its name.
    pub fn new(home: &'a Sandbox, name: &str, version: &str) -> Self {
        let manifest = format!(
            "[workspace]\n[package]\nname = \"{name}\"\nversion = \"{version}\"\n\
             edition = \"2021\"\ndescription = \"The crate {name}\"\nlicense = \"MIT\"\n"
        );
        let files = vec![("src/lib.rs".to_owned(), String::new())];
        Self { home, name: name.to_owned(), manifest, files }
    }

    /// Further lines of the manifest; keys of `[package]` first.
    pub fn manifest(mut self, lines: &str) -> Self {
        self.manifest.push_str(lines);
        self.manifest.push('\n');
        self
    }

    /// A file of the crate.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Writes it.
    pub fn write(self) -> Project<'a> {
        self.home.write(&format!("{}/Cargo.toml", self.name), &self.manifest);
        for (path, text) in &self.files {
            self.home.write(&format!("{}/{path}", self.name), text);
        }
        Project { home: self.home, dir: self.home.home().join(&self.name) }
    }
}

/// A folder with a manifest, and the home whose Cargo runs there.
pub struct Project<'a> {
    pub home: &'a Sandbox,
    pub dir: PathBuf,
}

impl Project<'_> {
    /// Runs Cargo here.
    pub fn cargo(&self, args: &[&str]) -> Ran {
        self.home.run(&self.dir, "cargo", args)
    }

    /// Publishes without building first.
    pub fn publish(&self) -> Ran {
        self.cargo(&["publish", "--no-verify", "--registry", REGISTRY])
    }

    /// Publishes with another token than the home's.
    pub fn publish_as(&self, token: &str) -> Ran {
        cargo_as(self.home, &self.dir, token, &["publish", "--no-verify", "--registry", REGISTRY])
    }

    /// The lock file.
    pub fn lock(&self) -> String {
        std::fs::read_to_string(self.dir.join("Cargo.lock")).unwrap()
    }

    /// The version a lock file has of a crate.
    #[track_caller]
    pub fn locked(&self, name: &str) -> String {
        let lock = self.lock();
        let entry = lock.split("[[package]]").find(|e| e.contains(&format!("\nname = \"{name}\"")));
        let entry = entry.unwrap_or_else(|| panic!("{name} is not locked:\n{lock}"));
        let version = entry.lines().find_map(|line| line.strip_prefix("version = ")).unwrap();
        version.trim_matches('"').to_owned()
    }
}

/// Runs Cargo with a token in its environment, which wins over the stored one.
pub fn cargo_as(home: &Sandbox, dir: &Path, token: &str, args: &[&str]) -> Ran {
    let mut command = home.command("cargo");
    command.args(args).current_dir(dir).env("CARGO_REGISTRIES_VOUCHSAFE_TOKEN", token);
    Ran::of(command)
}
