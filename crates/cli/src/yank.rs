//! `vouchsafe yank`.

use clap::Args;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::reference::UnverifiedPurl;

use crate::config::DataArgs;
use crate::open::open;

/// Yank a release, or take that back, while the server runs.
///
/// A yanked release is not picked anew; lock files and exact pins that have it go on working. npm
/// knows no yank: its clients show the reason as a deprecation. What must not be installed at all
/// is a case for `vouchsafe policy deny`.
#[derive(Debug, Args)]
pub(crate) struct YankArgs {
    /// The release: `pkg:pypi/acme-client@1.2.0`, `pkg:npm/@acme/client@1.2.0`.
    purl: UnverifiedPurl,

    /// Why. People who meet the release read it.
    #[arg(long, default_value = "", conflicts_with = "undo")]
    reason: String,

    /// Take the yank back.
    #[arg(long)]
    undo: bool,

    #[command(flatten)]
    data: DataArgs,
}

pub(crate) async fn run(
    args: YankArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let app = open(&args.data, adapters).await?;
    let yanked = (!args.undo).then(|| args.reason.trim().to_owned());
    let release = app.yank_as_operator(&args.purl, yanked).await?;
    app.store().close().await;
    eprintln!("{} {release}", if args.undo { "took back the yank of" } else { "yanked" });
    Ok(())
}
