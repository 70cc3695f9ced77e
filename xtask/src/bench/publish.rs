//! Filling a server, which is a measurement too: how long one publish takes when a package is new
//! and when it has many versions, and how many publishes per second many clients get.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contenders::Running;
use super::data_set::{DataSet, Release};
use super::http::{Connection, Request};
use super::{usage, wire};

/// Clients that publish at the same time.
const CLIENTS: usize = 16;

/// Packages that one client publishes one after another.
const SINGLES: usize = 100;

/// Versions at either end of the large package that are looked at.
const EDGE: usize = 50;

/// How long requests took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    /// Half of them took at most this long.
    pub(crate) p50: Duration,
    /// All but one in a hundred took at most this long.
    pub(crate) p99: Duration,
    /// How many per second.
    pub(crate) per_sec: f64,
}

impl Latency {
    /// * `elapsed`: from the first request to the last answer.
    pub(crate) fn of(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        times.sort();
        let at = |hundredths: usize| {
            let last = times.len().saturating_sub(1);
            times.get((times.len() * hundredths / 100).min(last)).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), per_sec: times.len() as f64 / elapsed.as_secs_f64() }
    }
}

/// What publishing cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublishSample {
    /// One client, a new package of 10 kB each time.
    pub(crate) one: Latency,
    /// 16 clients, each with packages of its own, of 10 kB.
    pub(crate) many: Latency,
    /// Versions of the large package, published one after another.
    pub(crate) versions: usize,
    /// Median time of the first 50 of them.
    pub(crate) first: Duration,
    /// Median time of the last 50 of them.
    pub(crate) last: Duration,
    /// Processor time of the server per publish by one of 16 clients, in microseconds.
    pub(crate) cpu_us: f64,
}

impl fmt::Display for PublishSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "publish {:.1} ms by one client; {:.0} per second by {CLIENTS} clients at {:.0} µs CPU; \
             {:.1} ms at first and {:.1} ms after {} versions",
            ms(self.one.p50),
            self.many.per_sec,
            self.cpu_us,
            ms(self.first),
            ms(self.last),
            self.versions,
        )
    }
}

/// Publishes the whole data set to a server.
///
/// * `limit`: releases per phase, where publishing is too slow for all of them.
///
/// # Errors
///
/// When the server refuses anything.
pub(crate) fn fill(server: &Running, data: &DataSet, limit: usize) -> Result<PublishSample> {
    for release in [Some(data.tiny()), Some(data.big()), data.huge()].into_iter().flatten() {
        Upload::new(server, data, &release)?.send(&mut Connection::new(server.address))?;
    }
    let singles = uploads(server, data, data.singles("bench-single", SINGLES.min(limit)))?;
    let (one, _) = one_by_one(server, &singles)?;

    let filler = uploads(server, data, data.filler(limit))?;
    let cpu_before = usage::cpu_time(server.service.pid())?;
    let many = by_many(server, &filler)?;
    let cpu = usage::cpu_time(server.service.pid())?.saturating_sub(cpu_before);

    let (_, times) = one_by_one(server, &uploads(server, data, data.large(limit))?)?;
    let edge = EDGE.min(times.len().div_ceil(2));
    Ok(PublishSample {
        one,
        many,
        versions: times.len(),
        first: median(times.get(..edge).unwrap_or_default()),
        last: median(times.get(times.len() - edge..).unwrap_or_default()),
        cpu_us: cpu.as_secs_f64() * 1e6 / filler.len().max(1) as f64,
    })
}

/// A release, ready to be sent: making the request is not what is timed.
#[derive(Debug)]
pub(crate) struct Upload {
    package: String,
    filename: String,
    requests: Vec<Request>,
}

impl Upload {
    fn new(server: &Running, data: &DataSet, release: &Release) -> Result<Self> {
        let mount = server.mount.as_ref().context("a mirror takes no uploads")?;
        Ok(Self {
            package: release.package.clone(),
            filename: release.filename.clone(),
            requests: wire::publish(data.ecosystem, mount, release),
        })
    }

    /// Sends it and says how long that took.
    fn send(&self, connection: &mut Connection) -> Result<Duration> {
        let start = Instant::now();
        for request in &self.requests {
            let answer = connection.send(request)?;
            answer.success().with_context(|| format!("{} was refused", self.filename))?;
        }
        Ok(start.elapsed())
    }
}

/// Prepares releases for sending.
///
/// # Errors
///
/// When the server is one that takes no uploads.
pub(crate) fn uploads(
    server: &Running,
    data: &DataSet,
    releases: impl Iterator<Item = Release>,
) -> Result<Vec<Upload>> {
    releases.map(|release| Upload::new(server, data, &release)).collect()
}

/// Publishes by one client, one after another; gives the times in that order, too.
///
/// # Errors
///
/// When the server refuses anything.
pub(crate) fn one_by_one(server: &Running, uploads: &[Upload]) -> Result<(Latency, Vec<Duration>)> {
    let mut connection = Connection::new(server.address);
    let start = Instant::now();
    let times: Result<Vec<Duration>> =
        uploads.iter().map(|upload| upload.send(&mut connection)).collect();
    let times = times?;
    Ok((Latency::of(times.clone(), start.elapsed()), times))
}

/// Publishes by many clients. Versions of one package stay with one client, in order: servers may
/// refuse two changes of one package at the same time.
fn by_many(server: &Running, uploads: &[Upload]) -> Result<Latency> {
    let packages: Vec<&[Upload]> =
        uploads.chunk_by(|left, right| left.package == right.package).collect();
    let queue = Mutex::new(packages.into_iter());
    let next = || queue.lock().ok()?.next();
    let client = || -> Result<Vec<Duration>> {
        let mut connection = Connection::new(server.address);
        let mut times = Vec::new();
        while let Some(package) = next() {
            for upload in package {
                times.push(upload.send(&mut connection)?);
            }
        }
        Ok(times)
    };
    let start = Instant::now();
    let times: Result<Vec<Vec<Duration>>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|_| bail!("a publishing thread panicked")))
            .collect()
    });
    Ok(Latency::of(times?.concat(), start.elapsed()))
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
