//! Opening a registry: database, blobs, upstreams, app.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_app::{App, SystemClock};
use vouchsafe_store::Store;
use vouchsafe_store::blob::Blobs;
use vouchsafe_upstream::{ClientLimits, Upstreams};

use crate::config::{DataArgs, Settings};

/// Opens the registry that the arguments and the configuration name. A server may be running on it.
///
/// # Errors
///
/// When there is none: a command that was meant for another folder must not make one and find
/// nothing wrong with it.
pub(crate) async fn open(
    args: &DataArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<App> {
    let settings = Settings::read(args, adapters)?;
    let file = settings.database_url.strip_prefix("sqlite:");
    if let Some(file) = file.filter(|file| !Path::new(file).exists()) {
        anyhow::bail!(
            "there is no registry at {file}; name its folder with --data, or begin one: \
             vouchsafe serve --data DIR"
        );
    }
    build(&settings, adapters).await
}

/// Opens a registry, or begins one.
pub(crate) async fn open_or_begin(
    args: &DataArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<App> {
    build(&Settings::read(args, adapters)?, adapters).await
}

/// Builds the app that settings describe. The data folder is made when it is missing.
pub(crate) async fn build(
    settings: &Settings,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<App> {
    make_private_dir(&settings.data_dir)?;
    let store = Store::open(&settings.database_url).await.context("cannot open the database")?;
    let blobs = Blobs::open(settings.blobs.clone()).await.context("cannot open the blob store")?;
    let limits = ClientLimits { via_name: via_name(&settings.app.site_url), ..Default::default() };
    let upstreams = Upstreams::new(settings.upstreams.clone(), limits)
        .context("the upstreams cannot be used as they are configured")?;
    let clock = Arc::new(SystemClock);
    let app =
        App::new(settings.app.clone(), store, blobs, upstreams, adapters, clock, Arc::new(()));
    app.await.context("cannot start")
}

/// The name by which this registry recognizes its own requests: its host, without tricks.
fn via_name(site_url: &str) -> String {
    let host: String = site_url
        .rsplit("://")
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .take(80)
        .collect();
    format!("vouchsafe-{host}")
}

fn make_private_dir(dir: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir).with_context(|| format!("cannot make the data folder {}", dir.display()))
}
