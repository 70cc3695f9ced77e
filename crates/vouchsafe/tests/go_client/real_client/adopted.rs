//! Modules from the proxy that this machine's `go` has, learned by `vouchsafe adopt`: from the
//! network, then from the cache alone, then with a cooldown of years.

use std::path::PathBuf;
use std::process::Command;

use vouchsafe_testkit::{Ran, Server, ServerOptions};

use crate::stage::{BINARY, Developer};

/// A module with tags on both sides of any cooldown, which needs modules without any tag.
const TAGGED: &str = "github.com/stretchr/testify";
/// A module that never had a tag.
const UNTAGGED: &str = "golang.org/x/exp";

struct Adopted {
    server: Server,
    developer: Developer,
    config: PathBuf,
    learned: String,
}

impl Adopted {
    fn new() -> Self {
        let developer = Developer::unprepared();
        let config = developer.home.write("server/vouchsafe.toml", "");
        let options = ServerOptions {
            args: vec!["--config".to_owned(), config.display().to_string()],
            ..ServerOptions::default()
        };
        let mut server = Server::start(BINARY, options);
        server.stop();
        // Learned with the settings of whoever runs this, as `adopt` would for them.
        let mut adopt = Command::new(BINARY);
        adopt.args(["adopt", "--keep-clients", "--ecosystem", "golang", "--config"]);
        adopt.arg(&config).arg("--data").arg(server.data_dir()).current_dir(developer.home.home());
        Ran::of(adopt).ok().says("golang: go fetches from");
        let learned = std::fs::read_to_string(&config).unwrap();
        let mut adopted = Self { server, developer, config, learned };
        // What stands for a public host may have a private address where this runs.
        if !adopted.learned.contains("allow_private_network") {
            adopted.learned.push_str("allow_private_network = true\n");
        }
        let learned = adopted.learned.clone();
        adopted.restart(&learned);
        let mut setup = adopted.developer.home.command(BINARY);
        setup.args(["client", "setup", "golang", "--url", &adopted.server.url()]);
        Ran::of(setup).ok();
        adopted
    }

    fn restart(&mut self, config: &str) {
        self.server.stop();
        std::fs::write(&self.config, config).unwrap();
        self.server.up();
    }

    /// From now on the upstream's address is one where nobody answers.
    fn cut_off(&mut self) {
        let lines = self.learned.lines().map(|line| match line.starts_with("url = ") {
            true => "url = \"http://127.0.0.1:9/\"\n".to_owned(),
            false => format!("{line}\n"),
        });
        let config = lines.collect::<String>();
        self.restart(&config);
    }
}

#[test]
fn modules_come_with_and_without_the_upstream_and_old_ones_under_a_cooldown_of_years() {
    let mut adopted = Adopted::new();
    let developer = &adopted.developer;
    developer.home.write(
        "app/main.go",
        "package main\n\nimport (\n\t_ \"github.com/stretchr/testify/suite\"\n\
         \t_ \"golang.org/x/exp/constraints\"\n)\n\nfunc main() {}\n",
    );
    developer
        .go_unlisted(&["get", &format!("{TAGGED}@v1.8.4"), &format!("{UNTAGGED}@latest")])
        .ok();
    developer.go_unlisted(&["mod", "tidy"]).ok();
    developer.go_unlisted(&["list", "-deps", "./..."]).ok().says("github.com/davecgh/go-spew/spew");
    let untagged = developer.required(UNTAGGED);
    assert!(untagged.starts_with("v0.0.0-20"), "{untagged} is no pseudo-version");
    let sums = std::fs::read_to_string(developer.home.home().join("app/go.sum")).unwrap();
    assert!(sums.contains("gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405"), "{sums}");
    let newest = developer.go_unlisted(&["list", "-m", &format!("{TAGGED}@latest")]).ok().stdout;

    adopted.cut_off();
    let developer = &adopted.developer;
    developer.forget_modules();
    developer.go_unlisted(&["mod", "download"]).ok();
    developer.go_unlisted(&["list", "-deps", "./..."]).ok().says("github.com/davecgh/go-spew/spew");
    assert_eq!(
        developer.go_unlisted(&["list", "-m", &format!("{TAGGED}@latest")]).ok().stdout,
        newest
    );
    developer.go_unlisted(&["mod", "verify"]).ok();

    let config = format!("{}\n[policy]\ncooldown = \"730d\"\n", adopted.learned);
    adopted.restart(&config);
    let developer = &adopted.developer;
    developer.forget_modules();
    let pinned = developer.go_unlisted(&["mod", "download"]).fails();
    pinned.says("403").says("server response:").says("is younger than 730 days");
    developer.start_over("");
    developer.go_unlisted(&["get", TAGGED]).ok();
    let older = developer.required(TAGGED);
    assert!(!newest.contains(&older), "{older} is not years old");
    let versions = developer.go_unlisted(&["list", "-m", "-versions", TAGGED]).ok().stdout;
    assert!(versions.trim_end().ends_with(&older), "{versions}");
    let young = developer.go_unlisted(&["get", &format!("{UNTAGGED}@{untagged}")]).fails();
    young.says("is younger than 730 days");
}
