//! `cargo xtask`: everything around the build. Installs what tests need, starts the services they
//! talk to, runs the one test command, checks the house rules, measures.
//!
//! Nothing here is part of the product. What a command does is in its own module; shared are only
//! [`workspace`] (where things are), [`command`] (running programs) and [`progress`] (one line on
//! stderr per step).

mod bench;
mod command;
mod docs;
mod progress;
mod services;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks around the Vouchsafe workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Tools(tools::ToolsArgs),
    Services(services::ServicesArgs),
    Test(test::TestArgs),
    Tidy(tidy::TidyArgs),
    Docs(docs::DocsArgs),
    Bench(bench::BenchArgs),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Tools(args) => tools::run(&args),
        Task::Services(args) => services::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Tidy(args) => tidy::run(&args),
        Task::Docs(args) => docs::run(&args),
        Task::Bench(args) => bench::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::error(&error);
            ExitCode::FAILURE
        }
    }
}
