//! The README is true: its shell blocks run, in order, as a new user would paste them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use vouchsafe_testkit::sandbox::tools_dir;
use vouchsafe_testkit::{Ran, Sandbox, Server, ServerOptions};

const README: &str = include_str!("../../../../README.md");
/// The address that the README tells people.
const TOLD: &str = "http://127.0.0.1:7878";

/// The fenced blocks of one language, in order.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while lines.by_ref().any(|line| line == fence) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    blocks
}

mod real_client {
    use super::*;

    #[test]
    fn the_five_minutes_work_as_they_are_written() {
        let server = Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::default());
        let sandbox = Sandbox::new();
        // Maven's plugins, which come from Maven's own repository. Links where that is possible.
        let mut seed = sandbox.command("bash");
        seed.arg("-c").arg("cp -alT \"$0\" \"$1\" || cp -aT \"$0\" \"$1\"");
        seed.arg(tools_dir().join("maven-repository")).arg(sandbox.dir(".m2").join("repository"));
        Ran::of(seed).ok();
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_vouchsafe")).parent().unwrap();
        let script: Vec<String> = blocks("sh")
            .into_iter()
            .map(|block| block.replace(TOLD, &server.url()))
            .map(|block| block.replace("$PWD/target/release", &bin.display().to_string()))
            .collect();
        assert!(script.len() >= 6, "the README has lost its examples");
        let script = format!("set -eux\n{}\n", script.join("\n"));
        let mut command = sandbox.command("bash");
        command.arg("-c").arg(script).current_dir(sandbox.dir("work"));
        // The README's server keeps its data in the folder it is started in; this one elsewhere.
        command.env("VOUCHSAFE_DATA", server.data_dir());
        command.env("GIT_AUTHOR_NAME", "a").env("GIT_AUTHOR_EMAIL", "a@example.org");
        let ran = Ran::of(command).ok();
        for fetched in ["hello-crate", "hello-npm", "hello_python", "hello-composer", "hello-maven"]
        {
            assert!(
                ran.text().contains(fetched),
                "{fetched} did not come through:\n{}",
                ran.text()
            );
        }
    }
}

#[test]
fn configuration_in_the_readme_is_accepted() {
    let server = Server::start(env!("CARGO_BIN_EXE_vouchsafe"), ServerOptions::default());
    for (index, block) in blocks("toml").iter().enumerate() {
        let file = server.scratch().join(format!("readme-{index}.toml"));
        std::fs::write(&file, block).unwrap();
        server.cli(&["config", "check", "--config", file.to_str().unwrap()]).ok();
    }
}
