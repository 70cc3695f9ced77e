//! A server, an account, and homes whose Maven and Gradle `vouchsafe client setup` has pointed at
//! the server.

use std::fs;
use std::path::{Path, PathBuf};

use vouchsafe_domain::event::Event;
use vouchsafe_store::Store;
use vouchsafe_testkit::sandbox::tools_dir;
use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions};

use crate::wire::Sender;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");

/// A server with the account `ada`, and her home.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) home: Home,
    pub(crate) token: String,
}

impl Stage {
    /// * `config`: text of the server's configuration file.
    pub(crate) fn new(config: &str) -> Self {
        let server = Server::start(BINARY, ServerOptions::config(config));
        let token = server.user_and_token("ada");
        let home = Home::new(&server, Some(&token));
        Self { server, home, token }
    }

    /// Another home, with another token or none.
    pub(crate) fn another_home(&self, token: Option<&str>) -> Home {
        Home::new(&self.server, token)
    }

    /// Where packages are published and resolved.
    pub(crate) fn repository(&self) -> String {
        format!("{}/maven/", self.server.url())
    }

    /// Plain requests with `ada`'s token.
    pub(crate) fn ada(&self) -> Sender {
        Sender::new(self.server.address(), &self.token)
    }

    /// Plain requests with a token of somebody else.
    pub(crate) fn another(&self, name: &str) -> Sender {
        Sender::new(self.server.address(), &self.server.user_and_token(name))
    }

    /// Plain requests without a token.
    pub(crate) fn anybody(&self) -> Sender {
        Sender::anonymous(self.server.address())
    }
}

/// Every event of one kind, in order.
pub(crate) fn events(server: &Server, kind: &str) -> Vec<Event> {
    let url = format!("sqlite:{}", server.data_dir().join("vouchsafe.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let events = runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let events = store.events_after(0, 1000).await.unwrap();
        store.close().await;
        events
    });
    events.into_iter().filter(|event| event.kind == kind).collect()
}

/// One of the Mavens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maven {
    /// Sends and fetches through Wagon.
    V3_8,
    V3_9,
    V4,
}

impl Maven {
    fn program(self) -> &'static str {
        match self {
            Self::V3_8 => "mvn",
            Self::V3_9 => "mvn-3.9",
            Self::V4 => "mvn-4",
        }
    }
}

/// A home that `vouchsafe client setup` has prepared for Maven and Gradle.
pub(crate) struct Home {
    pub(crate) sandbox: Sandbox,
}

impl Home {
    pub(crate) fn new(server: &Server, token: Option<&str>) -> Self {
        let home = Self { sandbox: Sandbox::new() };
        // Gradle is set up beside Maven where there is a sign of it.
        home.sandbox.dir(".gradle");
        let mut setup = home.sandbox.command(BINARY);
        setup.args(["client", "setup", "maven", "--url", &server.url()]);
        if let Some(token) = token {
            setup.args(["--token", token]);
        }
        Ran::of(setup).ok();
        home
    }

    /// Runs Maven. What earlier runs in this home fetched stays in its local repository.
    pub(crate) fn mvn(&self, maven: Maven, dir: &Path, args: &[&str]) -> Ran {
        Ran::of(self.mvn_command(maven, dir, args))
    }

    pub(crate) fn mvn_command(
        &self,
        maven: Maven,
        dir: &Path,
        args: &[&str],
    ) -> std::process::Command {
        let local = self.sandbox.home().join(format!("{maven:?}"));
        let seed = tools_dir().join("maven-repository");
        let mut command = self.sandbox.command(maven.program());
        command.current_dir(dir).args(["-B", "-ntp"]);
        command.arg(format!("-Dmaven.repo.local={}", local.display()));
        match maven {
            Maven::V3_8 if !local.exists() => copy_folder(&seed, &local),
            Maven::V3_8 => {}
            _ => {
                command.arg(format!("-Dmaven.repo.local.tail={}", seed.display()));
            }
        }
        // Java does not take the home from the environment.
        let options = format!("-Duser.home={}", self.sandbox.home().display());
        command.env("MAVEN_OPTS", options).args(args);
        command
    }

    /// Runs Gradle.
    pub(crate) fn gradle(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut all = vec!["--no-daemon", "--console", "plain"];
        all.extend(args);
        self.sandbox.run(dir, "gradle", &all)
    }
}

/// Hard links where that is possible: nobody changes a file in place.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is_so() {
        assert!(started.elapsed().as_secs() < 30, "it did not come about: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
