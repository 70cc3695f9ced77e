//! Servers that tests talk to: PostgreSQL and an S3-compatible store, started fresh and ended with
//! the command, however the command ends.
//!
//! Nothing they hold is worth keeping: data lies in temporary folders and is never synced.

mod postgres;
mod process;
mod s3;

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::tools::{self, Need, Tools};
use crate::{command, progress};
pub(crate) use process::{Launch, Service, StopSignal, free_port};

/// Start PostgreSQL and the S3 server, run a command with their addresses in its environment, and
/// end them.
///
/// Without a command: print the addresses and wait for Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct ServicesArgs {
    /// The command and its arguments, for example `cargo test -p vouchsafe-store`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Running services. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Services {
    postgres: postgres::Postgres,
    s3: s3::S3,
}

impl Services {
    /// Starts everything and returns when all of it answers.
    ///
    /// # Errors
    ///
    /// When a server does not come up; the end of its log is in the error.
    pub(crate) fn start(tools: &Tools) -> Result<Self> {
        process::remove_leftovers();
        Ok(Self { s3: s3::S3::start(tools)?, postgres: postgres::Postgres::start(tools)? })
    }

    /// What tests find in their environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("VOUCHSAFE_TEST_POSTGRES", self.postgres.url()), ("VOUCHSAFE_TEST_S3", self.s3.url())]
    }
}

/// Runs the command.
///
/// # Errors
///
/// When a service does not start or the command fails.
pub(crate) fn run(args: &ServicesArgs) -> Result<()> {
    // A command may be a test run, so it gets the clients too; for the services alone they do
    // not have to be installed.
    let need = if args.command.is_empty() { Need::Services } else { Need::Tests };
    let tools = tools::ensure(need)?;
    let services = Services::start(&tools)?;
    for (name, value) in services.environment() {
        progress::note(format!("{name}={value}"));
    }
    let Some((program, arguments)) = args.command.split_first() else {
        progress::step("the services run until Ctrl-C");
        let mut line = String::new();
        while std::io::stdin().read_line(&mut line).context("cannot wait for the end")? > 0 {
            line.clear();
        }
        return Ok(());
    };
    let mut command = Command::new(program);
    command.args(arguments).envs(tools.environment()?).envs(services.environment());
    if !command::shown(&mut command)? {
        bail!("`{program}` failed");
    }
    Ok(())
}
