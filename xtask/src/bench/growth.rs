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
use super::wire::{self, Ecosystem, Form};
use super::{Bench, usage};
use crate::{command, progress};

/// Multiplies rows.
const SEED_SCRIPT: &str = include_str!("seed.py");

/// What the script replaces in the name of the template package.
const TEMPLATE: &str = "template";

/// Different packages that are read one after another, after each start.
const READS: usize = 200;

/// Packages that are published one after another.
const PUBLISHES: usize = 200;

/// What a server does after its start, before it is idle.
const SETTLING: Duration = Duration::from_secs(1);

/// The number that scatters names; `seed.py` has the same.
const SCATTER: u64 = 2_654_435_761;

/// One size of the store.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// Packages in it.
    pub(crate) packages: usize,
    /// From the start of the process to the first index document, each start.
    pub(crate) starts: Vec<Duration>,
    /// Resident when idle, in bytes.
    pub(crate) idle_bytes: u64,
    /// Processor time of a read that is answered from the database, in microseconds.
    pub(crate) cold_cpu_us: f64,
    /// Median time of such a read.
    pub(crate) cold_p50: Duration,
    /// Reads that are answered from memory.
    pub(crate) warm: Sample,
    /// Publishes by one client.
    pub(crate) publish: Latency,
    /// Processor time of a publish, in microseconds.
    pub(crate) publish_cpu_us: f64,
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
            point.cold_cpu_us,
            point.warm.cpu_us,
            point.publish.p50.as_secs_f64() * 1e3,
            point.publish_cpu_us,
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
        let mut cold = Cold::default();
        let mut starts = Vec::new();
        let mut names = Vec::new();
        let mut server = None;
        for number in 0..self.bench.effort.starts {
            // A server that has just been started has nothing in memory: each one reads some.
            drop(server.take());
            names = picked(&format!("growth {packages} {number}"), packages);
            let ready = names.pop().context("there are packages")?;
            let running = self.serve(&format!("/npm/{ready}"))?;
            starts.push(running.first_answer);
            cold.read(&running, &names)?;
            server = Some(running);
        }
        let server = server.context("there is a start at least")?;
        let pid = server.service.pid();
        let warm = self.read_warm(&server, names.first().context("there are packages")?)?;

        let prefix = format!("grown-{packages}");
        let releases = self.stage.data.singles(&prefix, PUBLISHES);
        let uploads = publish::uploads(&server, self.stage.data, releases)?;
        let before = usage::cpu_time(pid)?;
        let (publish, _) = publish::one_by_one(&server, &uploads)?;
        let spent = usage::cpu_time(pid)?.saturating_sub(before);
        let database = self.data_dir().join("vouchsafe.db");
        cold.times.sort();
        Ok(Point {
            packages,
            starts,
            idle_bytes: cold.idle_bytes,
            cold_cpu_us: cold.spent.as_secs_f64() * 1e6 / cold.times.len().max(1) as f64,
            cold_p50: cold.times.get(cold.times.len() / 2).copied().unwrap_or_default(),
            warm,
            publish,
            publish_cpu_us: spent.as_secs_f64() * 1e6 / uploads.len().max(1) as f64,
            database_bytes: database.metadata().context("there is no database")?.len(),
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

/// Reads that are answered from the database, over several starts.
#[derive(Debug, Default)]
struct Cold {
    times: Vec<Duration>,
    spent: Duration,
    /// Resident before the first of them.
    idle_bytes: u64,
}

impl Cold {
    fn read(&mut self, server: &Running, names: &[String]) -> Result<()> {
        let pid = server.service.pid();
        let mount = server.mount.as_ref().context("it has a mount")?;
        if self.times.is_empty() {
            std::thread::sleep(SETTLING);
            self.idle_bytes = usage::memory(pid)?.resident_bytes;
        }
        let mut connection = Connection::new(server.address);
        let before = usage::cpu_time(pid)?;
        for name in names {
            let request = wire::index(Ecosystem::Npm, mount, name, Form::Modern);
            let start = Instant::now();
            connection.send(&request)?.success().with_context(|| format!("reading {name}"))?;
            self.times.push(start.elapsed());
        }
        self.spent += usage::cpu_time(pid)?.saturating_sub(before);
        Ok(())
    }
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
