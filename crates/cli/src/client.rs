//! `vouchsafe client`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use url::Url;
use vouchsafe_clients::{Client, Env, Plan, Target, apply, setup};
use vouchsafe_domain::{EcosystemId, Secret};

/// Point a package manager at a registry.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Write the client's own configuration, so that it installs from and publishes to a registry.
    ///
    /// Settings and comments that are there stay; the first version of every changed file is kept
    /// beside it as NAME.vouchsafe-backup.
    Setup {
        /// Which ecosystem: cargo, npm, pypi, composer, maven, golang.
        ecosystem: EcosystemId,

        /// Address of the registry server, e.g. http://127.0.0.1:7878
        #[arg(long, value_name = "BASE")]
        url: Url,

        /// Token to send. It is written into files that only you can read.
        #[arg(long, env = "VOUCHSAFE_TOKEN", hide_env_values = true)]
        token: Option<String>,

        /// Change the settings of the project in this folder instead of your own.
        #[arg(long, value_name = "PROJECT")]
        dir: Option<PathBuf>,

        /// Only this client (cargo, npm, yarn, pip, uv, twine, poetry, composer, maven, gradle, go);
        /// repeat for more.
        #[arg(long = "client", value_name = "CLIENT", value_parser = parse_client)]
        clients: Vec<Client>,

        /// Print what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

fn parse_client(text: &str) -> Result<Client, String> {
    let found = Client::ALL.into_iter().find(|client| client.as_str() == text);
    found.ok_or_else(|| {
        let all: Vec<_> = Client::ALL.iter().map(|client| client.as_str()).collect();
        format!("there is {}", all.join(", "))
    })
}

pub(crate) fn run(command: ClientCommand) -> anyhow::Result<()> {
    let ClientCommand::Setup { ecosystem, url, token, dir, clients, dry_run } = command;
    if let Some(dir) = &dir
        && !dir.is_dir()
    {
        bail!("there is no folder {}", dir.display());
    }
    let mut target = Target::new(url, token.map(Secret::new))?;
    if let Some(dir) = dir {
        target = target.in_project(dir);
    }
    target.clients = (!clients.is_empty()).then_some(clients);
    let plan = setup(&ecosystem, &target, &Env::of_this_process()?)?;
    carry_out(&plan, dry_run)
}

/// Makes the changes of a plan, or shows them.
pub(crate) fn carry_out(plan: &Plan, dry_run: bool) -> anyhow::Result<()> {
    if dry_run {
        for change in &plan.changes {
            println!("{}", change.preview());
        }
        if plan.changes.is_empty() {
            eprintln!("nothing would change");
        }
        return Ok(());
    }
    apply(&plan.changes)?;
    for change in &plan.changes {
        eprintln!("wrote {}", change.path.display());
    }
    if plan.changes.is_empty() {
        eprintln!("everything was set up already");
    }
    for line in &plan.next_steps {
        eprintln!("{line}");
    }
    Ok(())
}
