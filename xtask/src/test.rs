//! The one test command. Everything that must hold runs here, in the order in which a person
//! wants to hear of it: format, lints, house rules, documentation, tests.
//!
//! Nothing is skipped silently: a tool that cannot be installed or a service that does not start
//! fails the run. `cargo test` runs last and once, and its own output ends the run.

use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::services::Services;
use crate::tools::{self, Need};
use crate::{command, docs, progress, tidy, workspace};

/// Tests that drive a real package client live in a module of this name.
const REAL_CLIENT_MODULE: &str = "real_client";

/// Run everything that must hold: format, lints, house rules, documentation, and all tests with
/// real clients, PostgreSQL and S3.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Leave out the tests that drive real package clients.
    #[arg(long)]
    fast: bool,

    /// Run only tests whose path contains one of these, and no other check.
    filter: Vec<String>,
}

/// Runs the command.
///
/// # Errors
///
/// When any check fails; all of them run first.
pub(crate) fn run(args: &TestArgs) -> Result<()> {
    let need = if args.fast { Need::Services } else { Need::Tests };
    let tools = tools::ensure(need)?;
    progress::step("starting PostgreSQL and the S3 server");
    let services = Services::start(&tools)?;

    let mut environment = tools.environment()?;
    environment
        .extend(services.environment().into_iter().map(|(name, value)| (name, value.into())));
    let mut run = Run { environment, failed: Vec::new() };

    if args.filter.is_empty() {
        run.check("format", |_| command::shown(workspace::cargo().args(["fmt", "--check"])));
        run.check("house rules", |_| tidy::report().map(|report| report.is_clean()));
        run.check("lints", |run| {
            let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            command::shown(run.with_environment(workspace::cargo().args(lints)))
        });
        run.check("documentation", |run| {
            let mut cargo = workspace::cargo();
            cargo
                .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
                // The pages are for those who change the code: they may link to what is private.
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links");
            command::shown(run.with_environment(&mut cargo))
        });
    }
    if args.filter.is_empty() {
        run.check("reference", |_| docs::is_current());
    }
    run.check("tests", |run| command::shown(run.with_environment(&mut cargo_test(args))));
    run.finish()
}

/// `cargo test`, once, for everything that is wanted.
fn cargo_test(args: &TestArgs) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    if args.fast || !args.filter.is_empty() {
        cargo.arg("--");
    }
    if args.fast {
        cargo.args(["--skip", REAL_CLIENT_MODULE]);
    }
    cargo.args(&args.filter);
    cargo
}

/// Checks that ran, and what they run with.
struct Run {
    environment: Vec<(&'static str, OsString)>,
    failed: Vec<&'static str>,
}

impl Run {
    /// Runs one check; a failure is remembered, and the next check runs all the same.
    fn check(&mut self, name: &'static str, check: impl FnOnce(&Self) -> Result<bool>) {
        progress::step(name);
        let start = Instant::now();
        let passed = check(self).unwrap_or_else(|error| {
            progress::error(&error);
            false
        });
        let word = if passed { "passed" } else { "FAILED" };
        progress::note(format!("{name} {word} after {} s", start.elapsed().as_secs()));
        if !passed {
            self.failed.push(name);
        }
    }

    fn with_environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if is_ci() {
            // Nobody will build on this target directory: incremental data only costs.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    fn finish(self) -> Result<()> {
        if !self.failed.is_empty() {
            bail!("{}", self.failed.join(", "));
        }
        progress::step("all passed");
        Ok(())
    }
}

/// Whether this is a build server.
fn is_ci() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the variable that every build server sets")]
    std::env::var_os("CI").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fast: bool, filter: &[&str], expect: &str) {
        let filter = filter.iter().map(ToString::to_string).collect();
        let command = cargo_test(&TestArgs { fast, filter });
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        assert_eq!(words.join(" "), expect);
    }

    #[test]
    fn all_tests_run_in_one_invocation() {
        check(false, &[], "test --workspace --no-fail-fast");
    }

    #[test]
    fn fast_leaves_out_real_clients_only() {
        check(true, &[], "test --workspace --no-fail-fast -- --skip real_client");
    }

    #[test]
    fn filters_reach_the_test_programs() {
        check(false, &["a", "b"], "test --workspace --no-fail-fast -- a b");
    }
}
