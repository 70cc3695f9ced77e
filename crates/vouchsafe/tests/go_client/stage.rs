//! A server in front of a module proxy, and a developer whose `go` is pointed at it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{FakeUpstream, Ran, Sandbox, Server, ServerOptions};

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");

/// How long a change by another process may take to be seen. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A configuration with this upstream.
pub(crate) fn config(upstream: &FakeUpstream, rest: &str) -> String {
    format!(
        "[upstreams.golang]\nurl = \"{}/\"\nallow_private_network = true\n{rest}",
        upstream.url()
    )
}

/// A server in front of an upstream.
pub(crate) fn start(config: impl Into<String>) -> Server {
    Server::start(BINARY, ServerOptions::config(config))
}

/// What the server answers below the mount of Go.
pub(crate) fn get(server: &Server, path: &str) -> Answer {
    http::get(server.address(), &format!("/golang/{path}"))
}

/// The versions that the server lists.
pub(crate) fn listed(server: &Server, module: &str) -> Vec<String> {
    let answer = get(server, &format!("{module}/@v/list"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().lines().map(str::to_owned).collect()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it did not come about: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A developer with a module of their own.
pub(crate) struct Developer {
    pub(crate) home: Sandbox,
    app: PathBuf,
}

impl Developer {
    /// Pointed at a server by the binary itself.
    pub(crate) fn at(server: &Server) -> Self {
        let developer = Self::unprepared();
        let mut setup = developer.home.command(BINARY);
        setup.args(["client", "setup", "golang", "--url", &server.url()]);
        Ran::of(setup).ok();
        developer
    }

    /// Pointed nowhere yet.
    pub(crate) fn unprepared() -> Self {
        let home = Sandbox::new();
        let app = home.dir("app");
        let developer = Self { home, app };
        developer.start_over("");
        developer
    }

    /// Writes the module anew.
    ///
    /// * `requires`: further lines of `go.mod`.
    pub(crate) fn start_over(&self, requires: &str) {
        let go_mod = format!("module app.example/app\n\ngo 1.24\n{requires}");
        self.home.write("app/go.mod", &go_mod);
        self.home.write("app/main.go", "package main\n\nfunc main() {}\n");
        let _ = std::fs::remove_file(self.app.join("go.sum"));
    }

    /// Deletes every module that `go` has kept.
    pub(crate) fn forget_modules(&self) {
        let kept = self.home.home().join("go/pkg");
        if kept.exists() {
            std::fs::remove_dir_all(kept).unwrap();
        }
    }

    pub(crate) fn go(&self, args: &[&str]) -> Ran {
        self.home.run(&self.app, "go", args)
    }

    /// Like [`go`](Self::go), for modules that no checksum database knows.
    pub(crate) fn go_unlisted(&self, args: &[&str]) -> Ran {
        let mut command = self.home.command("go");
        command.args(args).current_dir(&self.app).env("GONOSUMDB", "*");
        Ran::of(command)
    }

    /// The version of a module that the application requires.
    pub(crate) fn required(&self, module: &str) -> String {
        let text = std::fs::read_to_string(self.app.join("go.mod")).unwrap();
        let mut words = text.split_whitespace().skip_while(|word| *word != module);
        words.nth(1).unwrap_or_else(|| panic!("{module} is not required: {text}")).to_owned()
    }
}
