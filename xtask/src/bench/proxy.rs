//! An upstream behind the server: what a cached answer costs, and what happens when many clients
//! ask for something that nobody has asked for before.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Bench;
use super::contenders::{self, Contender, Stage};
use super::data_set::{DataSet, Release};
use super::fake_upstream::FakeUpstream;
use super::http::{Connection, Request};
use super::reading::{self, Measured};
use super::scenario::{self, Origin};
use super::wire::{self, Ecosystem, Form, Mount};
use crate::progress;

/// Clients that ask for one missing object at the same time.
pub(crate) const CLIENTS: usize = 100;

/// What many clients that want one missing object got, and what their upstream saw.
#[derive(Debug, Clone)]
pub(crate) struct Burst {
    /// The server.
    pub(crate) server: String,
    /// Times the upstream was asked for the index document.
    pub(crate) index_hits: usize,
    /// Times the upstream was asked for the file.
    pub(crate) artifact_hits: usize,
    /// Until the last client had its index document.
    pub(crate) index_time: Duration,
    /// Until the last client had its file.
    pub(crate) artifact_time: Duration,
}

/// Warm answers, beside nginx (P1).
///
/// # Errors
///
/// As [`reading::run`].
pub(crate) fn warm(bench: &Bench<'_>, data: &DataSet) -> Result<Vec<Measured>> {
    let scenarios: Vec<_> = scenario::of(Ecosystem::Npm, Origin::Proxied)
        .filter(|scenario| bench.wants(scenario.name))
        .collect();
    if scenarios.is_empty() {
        return Ok(Vec::new());
    }
    let upstream = FakeUpstream::start()?;
    publish_upstream(&upstream, &[data.tiny()]);
    publish_upstream(&upstream, &data.large(usize::MAX).collect::<Vec<_>>());
    let stage = bench.stage(data);
    let contenders = contenders::proxying(&upstream.url());
    reading::run(bench, &stage, Origin::Proxied, &contenders, &scenarios)
}

/// Many clients, one missing object (P2).
///
/// # Errors
///
/// When a client does not get its object.
pub(crate) fn bursts(bench: &Bench<'_>, data: &DataSet) -> Result<Vec<Burst>> {
    if !bench.wants("P2") {
        return Ok(Vec::new());
    }
    let upstream = FakeUpstream::start()?;
    let release = data.singles("bench-missing", 1).next().context("there is one")?;
    publish_upstream(&upstream, std::slice::from_ref(&release));
    let stage = bench.stage(data);
    let mut bursts = Vec::new();
    for contender in contenders::proxying(&upstream.url()) {
        if bench.args.without.iter().any(|name| name == contender.name()) {
            continue;
        }
        progress::step(format!("P2: {CLIENTS} clients, one missing object: {}", contender.name()));
        let burst = burst(bench, &stage, contender.as_ref(), &upstream, &release)
            .with_context(|| format!("{} in P2", contender.name()))?;
        progress::note(format!(
            "upstream was asked {} times for the index and {} times for the file",
            burst.index_hits, burst.artifact_hits
        ));
        bursts.push(burst);
    }
    Ok(bursts)
}

fn burst(
    bench: &Bench<'_>,
    stage: &Stage<'_>,
    contender: &dyn Contender,
    upstream: &FakeUpstream,
    release: &Release,
) -> Result<Burst> {
    let folder = bench.folder.join("burst").join(contender.name());
    std::fs::create_dir_all(&folder).context("cannot create a server's folder")?;
    let server = contender.start(stage, &folder)?;
    let mount: &Mount = server.mount.as_ref().context("a proxy has a mount")?;
    let (index_path, file_path) = paths(release);

    let before = upstream.hits(&index_path);
    let ask = wire::index(Ecosystem::Npm, mount, &release.package, Form::Modern);
    let index_time = ask_at_once(server.address, &ask)?;
    let index_hits = upstream.hits(&index_path) - before;

    let before = upstream.hits(&file_path);
    let mut connection = Connection::new(server.address);
    let ask = wire::artifact(Ecosystem::Npm, mount, &mut connection, release)?;
    let artifact_time = ask_at_once(server.address, &ask)?;
    let artifact_hits = upstream.hits(&file_path) - before;

    let burst =
        Burst { server: server.name.clone(), index_hits, artifact_hits, index_time, artifact_time };
    drop(server);
    std::fs::remove_dir_all(&folder).context("cannot remove a server's folder")?;
    Ok(burst)
}

/// Sends one request over many connections at the same moment; all must succeed.
fn ask_at_once(address: std::net::SocketAddr, request: &Request) -> Result<Duration> {
    let barrier = Barrier::new(CLIENTS + 1);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    barrier.wait();
                    Connection::new(address).send(request)?.success().map(drop)
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        for client in clients {
            client.join().unwrap_or_else(|_| bail!("a client panicked"))?;
        }
        Ok(start.elapsed())
    })
}

/// Where the upstream has the index document and the file of a release.
fn paths(release: &Release) -> (String, String) {
    let package = &release.package;
    (format!("/{package}"), format!("/{package}/-/{}", release.filename))
}

/// Puts a package at the upstream.
fn publish_upstream(upstream: &FakeUpstream, releases: &[Release]) {
    let (packument, files) = wire::npm::upstream_packument(&upstream.url(), releases);
    for (path, release) in files.iter().zip(releases) {
        upstream.on(path, "application/octet-stream", release.archive.clone());
    }
    if let Some(release) = releases.first() {
        let (index_path, _) = paths(release);
        upstream.on(&index_path, "application/json", packument.to_string().into_bytes());
    }
}
