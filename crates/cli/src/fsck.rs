//! `vouchsafe fsck`.

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_store::fsck::{Finding, fsck};

use crate::config::DataArgs;
use crate::open::open;

/// Check that every row has its blob and every blob its digest.
///
/// Works while the server runs. Exits with 1 when something is wrong. Blobs that no row refers to
/// are told and are no error: the server deletes them after a day.
#[derive(Debug, Args)]
pub(crate) struct FsckArgs {
    /// Look at sizes only; do not read every blob.
    #[arg(long)]
    quick: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data: DataArgs,
}

#[derive(Serialize)]
struct Report {
    is_clean: bool,
    references: u64,
    blobs: u64,
    orphans: u64,
    orphan_bytes: u64,
    finding_count: u64,
    findings: Vec<String>,
}

pub(crate) async fn run(
    args: FsckArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let app = open(&args.data, adapters).await?;
    let as_json = args.json;
    let tell = |finding: &Finding| {
        if !as_json {
            println!("{finding}");
        }
    };
    let found = fsck(app.store(), app.blobs(), !args.quick, tell).await?;
    app.store().close().await;
    let report = Report {
        is_clean: found.is_clean(),
        references: found.references,
        blobs: found.blobs,
        orphans: found.orphans,
        orphan_bytes: found.orphan_bytes,
        finding_count: found.finding_count,
        findings: found.findings.iter().map(ToString::to_string).collect(),
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!(
            "{} references, {} blobs, {} orphans ({} bytes), {} findings",
            report.references,
            report.blobs,
            report.orphans,
            report.orphan_bytes,
            report.finding_count
        );
    }
    if !report.is_clean {
        bail!("something is wrong; what was lost can be taken from a backup");
    }
    Ok(())
}
