//! Real package managers, each in a home of its own, with nothing of this machine's settings.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A program that ran to its end.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What was run, for messages.
    pub line: String,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: Command) -> Self {
        Self::with_input(command, "")
    }

    /// Runs a command to its end with this standard input.
    pub fn with_input(mut command: Command, input: &str) -> Self {
        let line = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Self {
            line,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both outputs, one after the other.
    pub fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// It must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{} failed:\n{}", self.line, self.text());
        self
    }

    /// It must have failed.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert_ne!(self.code, Some(0), "{} succeeded:\n{}", self.line, self.text());
        self
    }

    /// A person must have been able to read this, in either output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = self.text();
        assert!(all.contains(text), "{} does not say {text:?}:\n{all}", self.line);
        self
    }
}

/// A home folder for package managers.
pub struct Sandbox {
    folder: TempDir,
    env: Vec<(String, String)>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// An empty home.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("vouchsafe-home-").tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("tmp")).unwrap();
        Self { folder, env: Vec::new() }
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for every program that runs here.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.env.push((key.to_owned(), value.into()));
    }

    /// Makes a folder below the home.
    pub fn dir(&self, name: &str) -> PathBuf {
        let dir = self.home().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// Writes a file below the home, with its folders.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command with the environment of this home and nothing else: no setting of the machine,
    /// no proxy, no token reaches it. The certificates of the machine stay known.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        command.env_clear();
        let home = self.home().display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("HOME", &home).env("PATH", tools_path(&path)).env("LANG", "C.UTF-8");
        command.env("TMPDIR", self.home().join("tmp")).env("CI", "true").env("NO_COLOR", "1");
        command.env("CARGO_HOME", self.home().join(".cargo"));
        command.env("CARGO_NET_RETRY", "1").env("CARGO_TERM_COLOR", "never");
        command.env("npm_config_update_notifier", "false");
        command.env("npm_config_fund", "false");
        command.env("YARN_ENABLE_TELEMETRY", "0");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_NO_INPUT", "1");
        command.env("UV_NO_PROGRESS", "1").env("UV_PYTHON_DOWNLOADS", "never");
        command.env("POETRY_VIRTUALENVS_IN_PROJECT", "true");
        command.env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring");
        command.env("COMPOSER_HOME", self.home().join(".composer"));
        command.env("COMPOSER_CACHE_DIR", self.home().join(".composer-cache"));
        command.env("COMPOSER_ALLOW_SUPERUSER", "1").env("COMPOSER_NO_INTERACTION", "1");
        command.env("GRADLE_USER_HOME", self.home().join(".gradle"));
        command.env("GOPATH", self.home().join("go")).env("GOENV", self.home().join("go.env"));
        command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-modcacherw");
        for (key, value) in std::env::vars() {
            let is_needed = key.contains("CERT")
                || key.contains("CA_BUNDLE")
                || key == "RUSTUP_HOME"
                || key == "RUSTUP_TOOLCHAIN"
                || key == "PYENV_VERSION";
            if is_needed && key != "PIP_CERT" {
                command.env(key, value);
            }
        }
        // A toolchain manager looks for its toolchains in the real home.
        if std::env::var_os("RUSTUP_HOME").is_none()
            && let Some(home) = std::env::home_dir()
        {
            command.env("RUSTUP_HOME", home.join(".rustup"));
        }
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs a program in a folder.
    pub fn run(&self, dir: &Path, program: &str, args: &[&str]) -> Ran {
        let mut command = self.command(program);
        command.args(args).current_dir(dir);
        Ran::of(command)
    }
}

/// The folder that `cargo xtask tools` fills.
pub fn tools_dir() -> PathBuf {
    match std::env::var_os("VOUCHSAFE_TOOLS") {
        Some(dir) => dir.into(),
        None => panic!("no package managers to test with: run this through `cargo xtask test`"),
    }
}

fn tools_path(path: &str) -> String {
    let tools = tools_dir();
    let ours = ["node/node_modules/.bin", "python/bin", "php/bin", "java/bin"];
    let ours = ours.map(|dir| tools.join(dir));
    let ours: Vec<_> = ours.iter().map(|dir| dir.display().to_string()).collect();
    format!("{}:{path}", ours.join(":"))
}

/// Finds a program: the pinned one first, then one of the machine.
pub fn find(program: &str) -> PathBuf {
    let path = tools_path(&std::env::var("PATH").unwrap_or_default());
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|at| at.is_file());
    found.unwrap_or_else(|| panic!("`{program}` is missing: run this through `cargo xtask test`"))
}
