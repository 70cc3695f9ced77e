//! The command line: parse, read the configuration, wire the parts, call one use case, print.
//!
//! One file per command. Output that is data can be had as JSON with `--json`; everything else a
//! person reads goes to standard error, so that `$(vouchsafe token add …)` is the token alone.

#![allow(rustdoc::bare_urls, reason = "doc comments here are help texts, read in a terminal")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod adopt;
mod backup;
mod claim;
mod client;
mod composer;
mod config;
mod fsck;
mod namespace;
mod open;
mod policy;
mod print;
mod reference;
mod serve;
mod token;
mod user;
mod yank;

use clap::{Parser, Subcommand};
use vouchsafe_adapter::Ecosystem;

/// One registry server for Cargo, npm, PyPI, Composer, Maven and Go, hosted and proxied, that
/// vouches for what it serves.
///
/// Start it with `vouchsafe serve`, make yourself an account with `vouchsafe user add`, a token
/// with `vouchsafe token add`, and point your package manager at it with `vouchsafe client setup`
/// or `vouchsafe adopt`.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::ServeArgs),
    /// Make and list accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make, list and revoke access tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Point a package manager at a registry.
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Take over where this machine's package managers fetch from, and point them here.
    Adopt(adopt::AdoptArgs),
    /// Claim names and prefixes that are never asked upstream.
    #[command(subcommand)]
    Claim(claim::ClaimCommand),
    /// Publish Composer packages, and import tags of git repositories as releases of them.
    #[command(subcommand)]
    Composer(composer::ComposerCommand),
    /// Give beginnings of package names to accounts.
    #[command(subcommand)]
    Namespace(namespace::NamespaceCommand),
    /// Deny, allow and exempt releases.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Yank a release, or take that back.
    Yank(yank::YankArgs),
    /// Check the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check that every row has its blob and every blob its digest.
    Fsck(fsck::FsckArgs),
    /// Write everything into one file, while the server runs.
    Backup(backup::BackupArgs),
    /// Fill an empty data folder from a backup.
    Restore(backup::RestoreArgs),
    /// Print a page of the reference as Markdown.
    #[command(subcommand, hide = true)]
    Reference(reference::ReferenceCommand),
    /// Print shell completions.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Parses the command line and runs the command. The exit code is 0, 1 for a failure, 2 for a
/// command line that cannot be read.
#[must_use]
pub fn main(adapters: &'static [&'static dyn Ecosystem]) -> std::process::ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(cli.command, adapters));
    // A blocking thread that hangs must not hold up a server that has stopped.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", format!("{error:#}").trim_end());
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, adapters: &'static [&'static dyn Ecosystem]) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::run(args, adapters).await,
        Command::User(command) => user::run(command, adapters).await,
        Command::Token(command) => token::run(command, adapters).await,
        Command::Client(command) => client::run(command),
        Command::Adopt(args) => adopt::run(args, adapters),
        Command::Claim(command) => claim::run(command, adapters).await,
        Command::Composer(command) => composer::run(command, adapters).await,
        Command::Namespace(command) => namespace::run(command, adapters).await,
        Command::Policy(command) => policy::run(command, adapters).await,
        Command::Yank(args) => yank::run(args, adapters).await,
        Command::Config(command) => config::run(command, adapters),
        Command::Fsck(args) => fsck::run(args, adapters).await,
        Command::Backup(args) => backup::backup(args, adapters).await,
        Command::Restore(args) => backup::restore(args, adapters).await,
        Command::Reference(page) => {
            use clap::CommandFactory as _;
            reference::run(&page, Cli::command())
        }
        Command::Completions { shell } => {
            use clap::CommandFactory as _;
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vouchsafe", &mut script);
            print::bytes(&script)
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        super::Cli::command().debug_assert();
    }
}
