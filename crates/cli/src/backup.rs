//! `vouchsafe backup` and `vouchsafe restore`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vouchsafe_adapter::Ecosystem;
use vouchsafe_store::backup::{Progress, backup as write_backup};
use vouchsafe_store::restore::restore as read_backup;

use crate::config::DataArgs;
use crate::open::{open, open_or_begin};

/// Write everything into one file, while the server runs.
///
/// The file holds all rows and all files, and fits both databases: a registry on SQLite is restored
/// into PostgreSQL and back. It holds password and token hashes: keep it as safe as the data folder.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write. It must not exist.
    file: PathBuf,

    #[command(flatten)]
    data: DataArgs,
}

/// Fill an empty data folder (or an empty database) from a backup.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The file that `vouchsafe backup` wrote.
    file: PathBuf,

    #[command(flatten)]
    data: DataArgs,
}

pub(crate) async fn backup(
    args: BackupArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let app = open(&args.data, adapters).await?;
    let bar = bar();
    let report =
        write_backup(app.store(), app.blobs(), &args.file, app.now(), |step| show(&bar, &step))
            .await;
    bar.finish_and_clear();
    let report = report.with_context(|| format!("no backup in {}", args.file.display()))?;
    app.store().close().await;
    eprintln!(
        "wrote {}: {} rows, {} blobs, {} bytes",
        args.file.display(),
        report.rows,
        report.blobs,
        report.blob_bytes
    );
    if !report.lost.is_empty() {
        bail!(
            "{} blobs are missing or damaged and not in it; run vouchsafe fsck",
            report.lost.len()
        );
    }
    Ok(())
}

pub(crate) async fn restore(
    args: RestoreArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let app = open_or_begin(&args.data, adapters).await?;
    let bar = bar();
    let told = bar.clone();
    let report =
        read_backup(app.store(), app.blobs(), &args.file, move |step| show(&told, &step)).await;
    bar.finish_and_clear();
    let report =
        report.with_context(|| format!("nothing restored from {}", args.file.display()))?;
    app.store().close().await;
    eprintln!("restored {} rows, {} blobs, {} bytes", report.rows, report.blobs, report.blob_bytes);
    Ok(())
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, step: &Progress) {
    match step {
        Progress::Table { name, rows } => bar.set_message(format!("{name}: {rows} rows")),
        Progress::Blob { done, total } => {
            if let Some(total) = total {
                bar.set_length(*total);
            }
            bar.set_position(*done);
            bar.set_message("blobs");
        }
    }
}
