//! `vouchsafe serve`.

use std::io::IsTerminal as _;

use anyhow::Context;
use clap::Args;
use tokio::sync::watch;
use url::Url;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::EcosystemId;
use vouchsafe_http::Server;

use crate::config::{ConfigFile, DataArgs, LogFormat, Settings, UpstreamSection};
use crate::open;

/// Run the server.
///
/// Without any option it keeps everything in ./vouchsafe-data, listens on 127.0.0.1:7878, and
/// serves what is published to it. Give it upstreams, here or by `vouchsafe adopt`, and it serves
/// public packages at the same addresses.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,

    /// Address and port to listen on [default: 127.0.0.1:7878].
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,

    /// Address under which clients reach this server, e.g. behind a reverse proxy.
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,

    /// Where packages of an ecosystem are fetched from, e.g. npm=https://mirror.example/npm/
    #[arg(long = "upstream", value_name = "ECOSYSTEM=URL", value_parser = parse_upstream)]
    upstreams: Vec<(EcosystemId, Url)>,
}

fn parse_upstream(text: &str) -> Result<(EcosystemId, Url), String> {
    let (id, url) = text.split_once('=').ok_or("write ECOSYSTEM=URL, for example npm=https://…")?;
    let id = id.parse().map_err(|error| format!("{error}"))?;
    let url = url.parse().map_err(|error| format!("`{url}` is not a URL: {error}"))?;
    Ok((id, url))
}

pub(crate) async fn run(
    args: ServeArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let settings = Settings::read_with(&args.data, adapters, |file| lay_over(file, &args))?;
    start_log(&settings);
    vouchsafe_http::install_metrics();
    raise_file_limit();
    let stop = stop_signal()?;
    let server = Server::bind(settings.server.clone()).await?;
    let mut settings = settings;
    settings.follow_port(server.address()?);
    let app = open::build(&settings, adapters).await?;
    let site_url = &settings.app.site_url;
    println!("vouchsafe is listening on {} and serves {site_url}", server.address()?);
    print_next_steps(&app, &settings).await?;

    let (stop_jobs, stopped) = watch::channel(false);
    let jobs = tokio::spawn(vouchsafe_jobs::run(app.clone(), stopped));
    server.run(app.clone(), stop).await;
    stop_jobs.send_replace(true);
    jobs.await.context("the worker")?;
    if let Err(error) = app.flush_token_uses().await {
        tracing::warn!(error = ?error, "the last uses of tokens were not written down");
    }
    app.store().close().await;
    Ok(())
}

fn lay_over(file: &mut ConfigFile, args: &ServeArgs) {
    if let Some(listen) = &args.listen {
        file.server.listen = Some(listen.clone());
    }
    if let Some(url) = &args.public_url {
        file.server.public_url = Some(url.clone());
    }
    for (id, url) in &args.upstreams {
        match file.upstreams.get_mut(id) {
            Some(section) => section.url = url.clone(),
            None => {
                file.upstreams.insert(id.clone(), UpstreamSection::at(url.clone()));
            }
        }
    }
}

/// Says what a person would do next, as long as nobody has done it.
async fn print_next_steps(app: &vouchsafe_app::App, settings: &Settings) -> anyhow::Result<()> {
    if app.store().last_event_seq().await? > 0 {
        return Ok(());
    }
    let (data, url) = (settings.data_dir.display(), &settings.app.site_url);
    eprintln!("next: vouchsafe user add NAME --email ADDRESS --admin --data {data}");
    eprintln!("      vouchsafe token add --user NAME --data {data}");
    let ecosystems: Vec<String> =
        app.ecosystems().iter().map(|mounted| mounted.id.to_string()).collect();
    if let [first, others @ ..] = ecosystems.as_slice() {
        let others = others.join(", ");
        eprintln!("      vouchsafe client setup {first} --url {url} --token TOKEN   (or {others})");
    }
    eprintln!("      open {url}/ in a browser");
    Ok(())
}

fn start_log(settings: &Settings) {
    let filter = tracing_subscriber::EnvFilter::new(&settings.log_level);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let started = match settings.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    // A second subscriber in one process is a test's; the first one goes on.
    drop(started);
}

/// Ready when the process is asked to stop. It is listened for from this call on, not from the first
/// poll: who has read that the server listens may stop it at once.
#[cfg(unix)]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let refuse = "cannot listen for the signals that stop a server";
    let mut interrupt = signal(SignalKind::interrupt()).context(refuse)?;
    let mut terminate = signal(SignalKind::terminate()).context(refuse)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Ready when the process is asked to stop.
#[cfg(not(unix))]
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        // It fails where there is no console; then nobody can ask.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tracing::info!("stopping");
    })
}

/// Takes as many open files as the system lets us have: connections, spooled uploads and blobs that
/// are read all count, and the usual soft limit of a shell is low.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(error = %error, "the limit of open files stays as it is");
    }
}
