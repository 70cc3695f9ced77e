//! `vouchsafe claim`.

use clap::Subcommand;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::NamePattern;

use crate::config::DataArgs;
use crate::open::open;
use crate::print;

/// Claim names and prefixes that are never asked upstream.
///
/// A claimed name is served from this registry or not at all: nobody can slip a package of that
/// name in through the upstream (dependency confusion).
#[derive(Debug, Subcommand)]
pub(crate) enum ClaimCommand {
    /// Claim a name, or every name with a prefix.
    Add {
        /// What to claim: `pkg:npm/@acme/*`, `pkg:pypi/acme-*`, `pkg:cargo/acme-core`.
        pattern: NamePattern,

        /// Why, for those who read it later.
        #[arg(long, default_value = "")]
        reason: String,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a claim up.
    Remove {
        /// What was claimed.
        pattern: NamePattern,

        #[command(flatten)]
        data: DataArgs,
    },
    /// List the claims.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Serialize)]
struct ClaimLine {
    pattern: String,
    author: String,
    reason: String,
    created_at: String,
}

pub(crate) async fn run(
    command: ClaimCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        ClaimCommand::Add { pattern, reason, data } => {
            let app = open(&data, adapters).await?;
            app.add_claim(pattern.clone(), "system", &reason).await?;
            app.store().close().await;
            eprintln!("claimed {pattern}");
            Ok(())
        }
        ClaimCommand::Remove { pattern, data } => {
            let app = open(&data, adapters).await?;
            app.remove_claim(pattern.clone(), "system").await?;
            app.store().close().await;
            eprintln!("gave up {pattern}");
            Ok(())
        }
        ClaimCommand::List { json, data } => {
            let app = open(&data, adapters).await?;
            let claims = app.list_claims().await?;
            let lines: Vec<_> = claims
                .into_iter()
                .map(|claim| ClaimLine {
                    pattern: claim.pattern.to_string(),
                    author: claim.author,
                    reason: claim.reason,
                    created_at: claim.created_at.to_string(),
                })
                .collect();
            print::rows(json, &lines, &["PATTERN", "AUTHOR", "SINCE", "REASON"], |line| {
                vec![
                    line.pattern.clone(),
                    line.author.clone(),
                    line.created_at.clone(),
                    line.reason.clone(),
                ]
            })
        }
    }
}
