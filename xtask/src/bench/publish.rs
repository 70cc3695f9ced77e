//! Filling a server, which is a measurement too: how long one publish takes when a package is new
//! and when it has many versions, and how many publishes per second many clients get.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::contenders::Running;
use super::data_set::{DataSet, Release};
use super::http::Connection;
use super::{usage, wire};

/// Clients that publish at the same time.
const CLIENTS: usize = 16;

/// What publishing cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublishSample {
    /// Versions of the large package, published one after another.
    pub(crate) versions: usize,
    /// Median time of the first tenth of them.
    pub(crate) first: Duration,
    /// Median time of the last tenth of them.
    pub(crate) last: Duration,
    /// Publishes per second by 16 clients, each to packages of its own.
    pub(crate) per_sec: f64,
    /// Processor time of the server per such publish, in microseconds.
    pub(crate) cpu_us: f64,
}

impl fmt::Display for PublishSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "publish {:.1} ms at first and {:.1} ms after {} versions, {:.0} per second by \
             {CLIENTS} clients at {:.0} µs CPU",
            self.first.as_secs_f64() * 1e3,
            self.last.as_secs_f64() * 1e3,
            self.versions,
            self.per_sec,
            self.cpu_us
        )
    }
}

/// Publishes the whole data set to a server.
///
/// # Errors
///
/// When the server refuses anything.
pub(crate) fn fill(server: &Running, data: &DataSet, limit: usize) -> Result<PublishSample> {
    let mut connection = Connection::new(server.address);
    for release in [data.tiny(), data.big()] {
        publish(server, data, &mut connection, &release)?;
    }

    let filler: Vec<Release> = data.filler(limit).collect();
    let cpu_before = usage::cpu_time(server.service.pid())?;
    let start = Instant::now();
    by_many(server, data, &filler)?;
    let elapsed = start.elapsed();
    let cpu = usage::cpu_time(server.service.pid())?.saturating_sub(cpu_before);

    let mut times = Vec::new();
    for release in data.large(limit) {
        let start = Instant::now();
        publish(server, data, &mut connection, &release)?;
        times.push(start.elapsed());
    }
    let tenth = times.len().div_ceil(10);
    let count = filler.len().max(1) as f64;
    Ok(PublishSample {
        versions: times.len(),
        first: median(times.get(..tenth).unwrap_or_default()),
        last: median(times.get(times.len() - tenth..).unwrap_or_default()),
        per_sec: count / elapsed.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
    })
}

fn publish(
    server: &Running,
    data: &DataSet,
    connection: &mut Connection,
    release: &Release,
) -> Result<()> {
    let mount = server.mount.as_ref().context("a mirror takes no uploads")?;
    let request = wire::publish(data.ecosystem, mount, release);
    connection
        .send(&request)?
        .success()
        .with_context(|| format!("{} was refused", release.filename))
        .map(drop)
}

/// Publishes by many clients. Versions of one package stay with one client, in order: servers may
/// refuse two changes of one package at the same time.
fn by_many(server: &Running, data: &DataSet, releases: &[Release]) -> Result<()> {
    let packages: Vec<&[Release]> =
        releases.chunk_by(|left, right| left.package == right.package).collect();
    let queue = Mutex::new(packages.into_iter());
    let next = || queue.lock().ok()?.next();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let mut connection = Connection::new(server.address);
                    while let Some(package) = next() {
                        for release in package {
                            publish(server, data, &mut connection, release)?;
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| {
            client.join().unwrap_or_else(|_| anyhow::bail!("a publishing thread panicked"))
        })
    })
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
