//! `vouchsafe composer`: what Composer itself has no command for.

mod archive;
mod exclude;
mod files;
mod glob;
mod manifest;
mod publish;
mod secrets;
mod source;

use anyhow::Context;
use clap::Subcommand;
use vouchsafe_adapter::Ecosystem;

/// Publish Composer packages, and import tags of git repositories as releases of them.
#[derive(Debug, Subcommand)]
pub(crate) enum ComposerCommand {
    /// Pack a folder and publish it, or publish a zip archive.
    Publish(publish::PublishArgs),
    /// Import tags of git repositories as releases.
    #[command(subcommand)]
    Source(source::SourceCommand),
}

pub(crate) async fn run(
    command: ComposerCommand,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    match command {
        ComposerCommand::Publish(args) => publish::run(args, adapter(adapters)?).await,
        ComposerCommand::Source(command) => source::run(command, adapters).await,
    }
}

/// The adapter that knows Composer's names and versions.
fn adapter(adapters: &'static [&'static dyn Ecosystem]) -> anyhow::Result<&'static dyn Ecosystem> {
    let found = adapters.iter().find(|adapter| adapter.id().as_str() == ECOSYSTEM);
    found.copied().context("this program was built without Composer")
}

/// The package-URL type.
const ECOSYSTEM: &str = "composer";
