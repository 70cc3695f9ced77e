//! `vouchsafe adopt`.

use std::net::ToSocketAddrs as _;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use url::Url;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_clients::{Discovered, Env, Target, discover, setup};
use vouchsafe_domain::EcosystemId;

use crate::client::carry_out;
use crate::config::{AdoptedUpstream, ConfigFile, DataArgs, Settings, write_upstreams};

/// Take over where this machine's package managers fetch from, and point them here.
///
/// Asks each installed client where it fetches from today (a company mirror is found like any
/// other), writes that into the server's configuration as the upstream, and changes the client's
/// settings so that it asks this server from now on. Restart the server afterwards.
#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// Only this ecosystem; repeat for more [default: every one whose client is installed].
    #[arg(long = "ecosystem", value_name = "ECOSYSTEM")]
    ecosystems: Vec<EcosystemId>,

    /// Print what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Learn the upstreams only; leave the clients as they are.
    #[arg(long)]
    keep_clients: bool,

    /// Address of the server, as clients shall use it [default: the configured one].
    #[arg(long, value_name = "BASE")]
    url: Option<Url>,

    /// Change the clients' settings of the project in this folder instead of your own.
    #[arg(long, value_name = "PROJECT")]
    dir: Option<PathBuf>,

    #[command(flatten)]
    data: DataArgs,
}

pub(crate) fn run(
    args: AdoptArgs,
    adapters: &'static [&'static dyn Ecosystem],
) -> anyhow::Result<()> {
    let settings = Settings::read(&args.data, adapters)?;
    let site_url = match &args.url {
        Some(url) => url.clone(),
        None => settings.app.site_url.parse().context("the configured address")?,
    };
    let env = Env::of_this_process()?;
    let wanted: Vec<EcosystemId> = if args.ecosystems.is_empty() {
        adapters.iter().map(|adapter| adapter.id()).collect()
    } else {
        args.ecosystems.clone()
    };
    let found = find_upstreams(&wanted, !args.ecosystems.is_empty(), &site_url, &env)?;
    if found.is_empty() {
        bail!("no package manager of this machine names an upstream; say it by hand: --upstream");
    }
    let config_path = Settings::config_path(&args.data, &settings.data_dir);
    let upstreams: Vec<_> = found.iter().map(|(id, found)| adopted(id, found)).collect();
    if args.dry_run {
        eprintln!("would write these upstreams into {}", config_path.display());
    } else {
        write_upstreams(&config_path, &upstreams)?;
        ConfigFile::read(&config_path)?;
        eprintln!("wrote the upstreams into {}", config_path.display());
    }
    if !args.keep_clients {
        point_clients(&args, &found, &site_url, &env)?;
    }
    if !args.dry_run {
        eprintln!("next: (re)start the server with: {}", serve_command(&args.data));
    }
    Ok(())
}

fn find_upstreams(
    wanted: &[EcosystemId],
    is_explicit: bool,
    site_url: &Url,
    env: &Env,
) -> anyhow::Result<Vec<(EcosystemId, Discovered)>> {
    let mut found = Vec::new();
    for id in wanted {
        match discover(id, env) {
            Ok(discovered) if is_ours(&discovered.upstream, site_url) => {
                println!("{id}: {} points here already", discovered.client);
            }
            Ok(discovered) => {
                let secret =
                    if discovered.credential.is_some() { " (with a credential)" } else { "" };
                println!(
                    "{id}: {} fetches from {}{secret}, says {}",
                    discovered.client, discovered.upstream, discovered.source
                );
                found.push((id.clone(), discovered));
            }
            Err(error) if is_explicit => {
                return Err(error).with_context(|| format!("{id} cannot be adopted"));
            }
            Err(error) => eprintln!("{id}: left out: {error}"),
        }
    }
    Ok(found)
}

/// Adopting ourselves would make a loop.
fn is_ours(upstream: &Url, site_url: &Url) -> bool {
    upstream.host_str() == site_url.host_str()
        && upstream.port_or_known_default() == site_url.port_or_known_default()
}

/// An upstream on a private network also keeps its files there, on hosts that only its documents
/// name, so all of that network is opened to it.
fn adopted<'a>(id: &'a EcosystemId, found: &'a Discovered) -> AdoptedUpstream<'a> {
    let is_private = is_private(&found.upstream);
    if is_private {
        println!(
            "{id}: {} has no public address on this network, so its documents may lead to private \
             addresses (allow_private_network = true)",
            found.upstream.host_str().unwrap_or_default()
        );
    }
    AdoptedUpstream {
        id,
        url: &found.upstream,
        authorization: found.credential.as_ref(),
        allow_private_network: is_private,
    }
}

/// Whether the host has addresses, and none of them is public. A host that cannot be looked up now
/// gets no more than others.
fn is_private(upstream: &Url) -> bool {
    let host = upstream.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = upstream.port_or_known_default().unwrap_or_default();
    let Ok(mut addresses) = (host, port).to_socket_addrs().map(Iterator::peekable) else {
        return false;
    };
    addresses.peek().is_some() && addresses.all(|at| !vouchsafe_upstream::is_public(at.ip()))
}

fn point_clients(
    args: &AdoptArgs,
    found: &[(EcosystemId, Discovered)],
    site_url: &Url,
    env: &Env,
) -> anyhow::Result<()> {
    let mut target = Target::new(site_url.clone(), None)?;
    if let Some(dir) = &args.dir {
        target = target.in_project(dir);
    }
    for (id, _) in found {
        let plan = setup(id, &target, env).with_context(|| format!("{id}"))?;
        carry_out(&plan, args.dry_run)?;
    }
    Ok(())
}

fn serve_command(data: &DataArgs) -> String {
    let mut command = String::from("vouchsafe serve");
    for (flag, path) in [("--data", &data.data), ("--config", &data.config)] {
        if let Some(path) = path {
            command.push_str(&format!(" {flag} {}", path.display()));
        }
    }
    command
}
