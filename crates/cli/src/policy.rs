//! `vouchsafe policy`.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::{NamePattern, Timestamp};
use vouchsafe_store::PolicyEntryKind;

use crate::config::DataArgs;
use crate::open::open;
use crate::print;

/// Deny, allow and exempt releases.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Serve it to nobody.
    Deny(EntryArgs),
    /// Serve it where only what is allowed is served (`policy.allow_only`).
    Allow(EntryArgs),
    /// Let it skip the cooldown and the allow list. A denial stays a denial.
    Exempt(EntryArgs),
    /// List the entries.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        data: DataArgs,
    },
    /// Take an entry back.
    Remove {
        /// Its id, as `list` shows it.
        id: String,

        #[command(flatten)]
        data: DataArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EntryArgs {
    /// A package, a release or a prefix: `pkg:npm/left-pad`, `pkg:npm/left-pad@1.3.0`,
    /// `pkg:npm/@acme/*`.
    purl: String,

    /// Why. People who are refused read it.
    #[arg(long)]
    reason: String,

    /// Who decided.
    #[arg(long, default_value = "operator")]
    author: String,

    /// Days until the entry ends by itself.
    #[arg(long, value_name = "N", conflicts_with = "until")]
    days: Option<u32>,

    /// When the entry ends by itself: a date or an RFC 3339 time.
    #[arg(long, value_name = "DATE")]
    until: Option<String>,

    #[command(flatten)]
    data: DataArgs,
}

#[derive(Serialize)]
struct EntryLine {
    id: String,
    kind: &'static str,
    pattern: String,
    version: Option<String>,
    reason: String,
    author: String,
    ends_at: Option<String>,
}

pub(crate) async fn run(
    command: PolicyCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Deny(args) => add(PolicyEntryKind::Deny, args, adapters).await,
        PolicyCommand::Allow(args) => add(PolicyEntryKind::Allow, args, adapters).await,
        PolicyCommand::Exempt(args) => add(PolicyEntryKind::Exempt, args, adapters).await,
        PolicyCommand::List { json, data } => list(json, &data, adapters).await,
        PolicyCommand::Remove { id, data } => {
            let app = open(&data, adapters).await?;
            app.remove_policy_entry(&id, "operator").await?;
            app.store().close().await;
            eprintln!("removed {id}");
            Ok(())
        }
    }
}

async fn add(
    kind: PolicyEntryKind,
    args: EntryArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let (pattern, version) = split(&args.purl)?;
    let app = open(&args.data, adapters).await?;
    let ends_at = match (&args.days, &args.until) {
        (Some(days), _) => Some(app.now().plus(Duration::from_secs(u64::from(*days) * 86_400))),
        (None, Some(text)) => Some(parse_date(text)?),
        (None, None) => None,
    };
    let entry =
        app.add_policy_entry(kind, pattern, version, &args.reason, &args.author, ends_at).await?;
    app.store().close().await;
    println!("{}", entry.id);
    Ok(())
}

async fn list(
    json: bool,
    data: &DataArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let app = open(data, adapters).await?;
    let entries = app.list_policy_entries().await?;
    let lines: Vec<_> = entries
        .into_iter()
        .map(|entry| EntryLine {
            id: entry.id.to_string(),
            kind: entry.kind.as_str(),
            pattern: entry.pattern.to_string(),
            version: entry.version,
            reason: entry.reason,
            author: entry.author,
            ends_at: entry.ends_at.map(|at| at.to_string()),
        })
        .collect();
    let header = ["ID", "KIND", "WHAT", "AUTHOR", "ENDS", "REASON"];
    print::rows(json, &lines, &header, |line| {
        let version = line.version.as_ref().map(|v| format!("@{v}")).unwrap_or_default();
        vec![
            line.id.clone(),
            line.kind.to_owned(),
            format!("{}{version}", line.pattern),
            line.author.clone(),
            line.ends_at.clone().unwrap_or_else(|| "never".to_owned()),
            line.reason.clone(),
        ]
    })
}

/// `pkg:npm/@acme/x@1.0.0` is the pattern `pkg:npm/@acme/x` and the version `1.0.0`.
fn split(purl: &str) -> anyhow::Result<(NamePattern, Option<String>)> {
    let parsed: vouchsafe_domain::reference::UnverifiedPurl = purl.parse()?;
    let pattern = format!("pkg:{}/{}", parsed.ecosystem, parsed.name);
    let pattern = pattern.parse().with_context(|| format!("`{purl}`"))?;
    Ok((pattern, parsed.version))
}

fn parse_date(text: &str) -> anyhow::Result<Timestamp> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    match full.parse() {
        Ok(at) => Ok(at),
        Err(error) => bail!("--until {text}: {error}; write 2027-01-31 or 2027-01-31T12:00:00Z"),
    }
}
