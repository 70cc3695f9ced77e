//! What a read, a publish and a start cost with a hundred packages and with a million (growth, R1).
//!
//! Large stores are not published package by package: one package is, and `seed.py` multiplies its
//! rows. Reads are of packages picked at random, so that they come from the database rather than
//! from the memory of the last one.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::contenders::vouchsafe::Vouchsafe;
use super::contenders::{Running, Stage, Target};
use super::data_set::{DataSet, Release};
use super::http::Connection;
use super::load::{self, Sample};
use super::publish::{self, Latency};
use super::random::Random;
use super::scratch::Scratch;
use super::spread::Spread;
use super::wire::{self, Ecosystem, Form};
use super::{Bench, usage};
use crate::{command, progress};

/// Multiplies rows.
const SEED_SCRIPT: &str = include_str!("seed.py");

/// What the script replaces in the name of the template package.
const TEMPLATE: &str = "template";

/// Different packages that are read one after another, after each start.
const READS: usize = 200;

/// Packages that are published one after another, after each start.
const PUBLISHES: usize = 100;

/// What a server does after its start, before it is idle.
const SETTLING: Duration = Duration::from_secs(1);

/// The number that scatters names; `seed.py` has the same.
const SCATTER: u64 = 2_654_435_761;

/// One size of the store. Figures that are lists have one per start.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// Packages in it.
    pub(crate) packages: usize,
    /// From the start of the process to the first index document.
    pub(crate) starts: Vec<Duration>,
    /// Resident when idle, in bytes.
    pub(crate) idle_bytes: u64,
    /// Processor time of a read that is answered from the database, in microseconds.
    pub(crate) cold_cpu_us: Vec<f64>,
    /// How long such reads took.
    pub(crate) cold: Latency,
    /// Processor time of a read that is answered from memory, in microseconds.
    pub(crate) warm_cpu_us: Vec<f64>,
    /// Processor time of a publish by one client, in microseconds.
    pub(crate) publish_cpu_us: Vec<f64>,
    /// How long such publishes took.
    pub(crate) publish: Latency,
    /// Size of the database, in bytes.
    pub(crate) database_bytes: u64,
}

/// Measures all sizes of the store, ascending.
///
/// # Errors
///
/// When the store cannot be seeded or the server fails.
pub(crate) fn run(bench: &Bench<'_>, data: &DataSet) -> Result<Vec<Point>> {
    if !bench.wants("growth") && !bench.wants("R1") {
        return Ok(Vec::new());
    }
    let scratch = Scratch::new(bench.folder.join("growth"))?;
    let grown = Grown { bench, stage: bench.stage(data), folder: &scratch.0 };
    grown.make_template()?;
    let mut points = Vec::new();
    let mut seeded = 1;
    for &packages in &bench.effort.growth {
        progress::step(format!("growth: {packages} packages"));
        grown.seed(seeded, packages)?;
        seeded = packages.max(seeded);
        let point = grown.measure(packages)?;
        progress::note(format!(
            "start {} ms, {} MB idle, cold read {:.0} µs, warm read {:.1} µs, publish {:.1} ms and \
             {:.0} µs CPU",
            point.starts.first().map_or(0, Duration::as_millis),
            point.idle_bytes / 1_000_000,
            median(&point.cold_cpu_us),
            median(&point.warm_cpu_us),
            point.publish.p50.as_secs_f64() * 1e3,
            median(&point.publish_cpu_us),
        ));
        points.push(point);
    }
    Ok(points)
}

/// A store that grows.
struct Grown<'a> {
    bench: &'a Bench<'a>,
    stage: Stage<'a>,
    folder: &'a Path,
}

impl Grown<'_> {
    fn data_dir(&self) -> std::path::PathBuf {
        self.folder.join("data")
    }

    fn serve(&self, ready_path: &str) -> Result<Running> {
        Vouchsafe::default().serve(&self.stage, self.folder, &self.data_dir(), ready_path)
    }

    /// Publishes the package whose rows are multiplied, and ends the server.
    fn make_template(&self) -> Result<()> {
        std::fs::create_dir_all(self.data_dir()).context("cannot create a data folder")?;
        Vouchsafe::default().prepare(&self.stage, &self.data_dir())?;
        let server = self.serve("/healthz")?;
        let release: Release = self.stage.data.named(&format!("seed-{TEMPLATE}"));
        let uploads = publish::uploads(&server, self.stage.data, std::iter::once(release))?;
        publish::one_by_one(&server, &uploads).map(drop)
    }

    /// Multiplies its rows until there are this many packages.
    fn seed(&self, from: usize, packages: usize) -> Result<()> {
        if packages <= from {
            return Ok(());
        }
        let start = Instant::now();
        let mut python = Command::new(&self.stage.programs.python);
        python.args(["-c", SEED_SCRIPT]).arg(self.data_dir().join("vouchsafe.db")).args([
            TEMPLATE,
            &from.to_string(),
            &packages.to_string(),
        ]);
        command::output(&mut python, "multiply packages")?;
        progress::note(format!("seeded in {} s", start.elapsed().as_secs()));
        Ok(())
    }

    fn measure(&self, packages: usize) -> Result<Point> {
        let mut rounds = Vec::new();
        for number in 0..self.bench.effort.starts {
            rounds.push(self.round(packages, number)?);
        }
        let database = self.data_dir().join("vouchsafe.db");
        let times = |of: fn(&Round) -> &Vec<Duration>| {
            let all: Vec<Duration> = rounds.iter().flat_map(of).copied().collect();
            let elapsed = all.iter().sum();
            Latency::of(all, elapsed)
        };
        let figures = |of: fn(&Round) -> f64| rounds.iter().map(of).collect();
        Ok(Point {
            packages,
            starts: rounds.iter().map(|round| round.start).collect(),
            idle_bytes: rounds.iter().map(|round| round.idle_bytes).max().unwrap_or(0),
            cold_cpu_us: figures(|round| round.cold_cpu_us),
            cold: times(|round| &round.cold),
            warm_cpu_us: figures(|round| round.warm_cpu_us),
            publish_cpu_us: figures(|round| round.publish_cpu_us),
            publish: times(|round| &round.publishes),
            database_bytes: database.metadata().context("there is no database")?.len(),
        })
    }

    /// One start of the server and what it does afterwards. A server that has just been started
    /// has no document in memory.
    fn round(&self, packages: usize, number: usize) -> Result<Round> {
        let mut names = picked(&format!("growth {packages} {number}"), packages);
        let ready = names.pop().context("there are packages")?;
        let server = self.serve(&format!("/npm/{ready}"))?;
        let pid = server.service.pid();
        std::thread::sleep(SETTLING);
        let idle_bytes = usage::memory(pid)?.resident_bytes;
        let (cold, cold_cpu_us) = cost(&server, || read_all(&server, &names))?;
        let warm = self.read_warm(&server, &ready)?;
        let prefix = format!("grown-{packages}-{number}");
        let releases = self.stage.data.singles(&prefix, PUBLISHES);
        let uploads = publish::uploads(&server, self.stage.data, releases)?;
        let (publishes, publish_cpu_us) =
            cost(&server, || publish::one_by_one(&server, &uploads).map(|(_, times)| times))?;
        Ok(Round {
            start: server.first_answer,
            idle_bytes,
            cold,
            cold_cpu_us,
            warm_cpu_us: warm.cpu_us,
            publishes,
            publish_cpu_us,
        })
    }

    fn read_warm(&self, server: &Running, name: &str) -> Result<Sample> {
        let mount = server.mount.as_ref().context("it has a mount")?;
        let request = wire::index(Ecosystem::Npm, mount, name, Form::Modern);
        let plan = load::Plan {
            wrk: &self.stage.programs.wrk,
            core: self.bench.args.load_core,
            time: self.bench.effort.time,
            connections: 32,
        };
        let target = Target { path: request.path, headers: request.headers };
        load::measure(&plan, server, &target)
    }
}

/// What was measured after one start.
struct Round {
    start: Duration,
    idle_bytes: u64,
    cold: Vec<Duration>,
    cold_cpu_us: f64,
    warm_cpu_us: f64,
    publishes: Vec<Duration>,
    publish_cpu_us: f64,
}

/// Does something to the server, and says what each request cost it: processor time, in
/// microseconds.
fn cost(
    server: &Running,
    requests: impl FnOnce() -> Result<Vec<Duration>>,
) -> Result<(Vec<Duration>, f64)> {
    let before = usage::cpu_time(server.service.pid())?;
    let times = requests()?;
    let spent = usage::cpu_time(server.service.pid())?.saturating_sub(before);
    let count = times.len().max(1) as f64;
    Ok((times, spent.as_secs_f64() * 1e6 / count))
}

/// Reads the index documents of packages one after another.
fn read_all(server: &Running, names: &[String]) -> Result<Vec<Duration>> {
    let mount = server.mount.as_ref().context("it has a mount")?;
    let mut connection = Connection::new(server.address);
    let mut times = Vec::new();
    for name in names {
        let request = wire::index(Ecosystem::Npm, mount, name, Form::Modern);
        let start = Instant::now();
        connection.send(&request)?.success().with_context(|| format!("reading {name}"))?;
        times.push(start.elapsed());
    }
    Ok(times)
}

fn median(values: &[f64]) -> f64 {
    Spread::of_values(values.to_vec()).map_or(0.0, |spread| spread.median)
}

/// Different copies, picked at random; no more than half of them all.
fn picked(seed: &str, packages: usize) -> Vec<String> {
    let mut random = Random::seeded(seed);
    // The template itself is package 0 and has another kind of name.
    let copies = packages.saturating_sub(1).max(1);
    let mut numbers = BTreeSet::new();
    while numbers.len() < READS.min(copies.div_ceil(2)) {
        numbers.insert(1 + random.below(copies));
    }
    // In the order of the words that they become, which is none.
    numbers.into_iter().map(seeded_name).collect()
}

/// The name of a copy; `seed.py` makes the same.
fn seeded_name(number: usize) -> String {
    let scattered = (number as u64).wrapping_mul(SCATTER) & 0xffff_ffff;
    format!("seed-{scattered:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_script_makes() {
        assert!(SEED_SCRIPT.contains(&format!("SCATTER = {SCATTER}")));
        assert_eq!(seeded_name(1), "seed-9e3779b1");
        assert_eq!(seeded_name(2), "seed-3c6ef362");
    }

    #[test]
    fn packages_that_are_read_differ_and_exist() {
        for (packages, count) in [(2, 1), (100, 50), (10_000, READS)] {
            let names = picked("seed", packages);
            assert_eq!(names.len(), count);
            let all: Vec<String> = (1..packages).map(seeded_name).collect();
            assert!(names.iter().all(|name| all.contains(name)));
        }
    }
}
