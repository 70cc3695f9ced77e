//! What operators meet: configuration, commands, logs, metrics, limits, stopping, TLS, host names,
//! several nodes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod adopting;
mod clients;
mod commands;
mod configuration;
mod connections;
mod gate;
mod host_names;
mod log_secrets;
mod logs;
mod nodes;
mod staged;
mod stopping;
mod storage;
mod tls;
mod watching;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use vouchsafe_testkit::{Ran, Server, ServerOptions};

const BINARY: &str = env!("CARGO_BIN_EXE_vouchsafe");

/// How long something that will happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(config: &str) -> Server {
    Server::start(BINARY, ServerOptions::config(config))
}

/// Runs the binary in a folder, without any setting of this machine.
fn vouchsafe(dir: &Path, env: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = Command::new(BINARY);
    command.env_clear().envs(env.iter().copied()).args(args).current_dir(dir);
    Ran::of(command)
}

/// Asks again and again until it is so.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "still not so: {what}");
        std::thread::yield_now();
    }
}
