//! The benchmark: Vouchsafe beside the servers people use today and beside nginx with the same
//! bytes, in one run on one machine, written to a page of the documentation.
//!
//! What is measured is a ratio. Throughput and latency depend on what else the machine does; the
//! processor time that a server spends per request hardly does, so that is the first column.
//! Servers are bound to one core and the load generator to another; rounds are interleaved, so
//! that a bad minute hits everybody.
//!
//! To add a scenario, add a line to [`scenario::SCENARIOS`]; to add a server, implement
//! [`contenders::Contender`]; to add a target, add it to [`verdict`].

mod archive;
mod contenders;
mod data_set;
mod effort;
mod fake_upstream;
mod growth;
mod http;
mod huge_wheel;
mod load;
mod machine;
mod proxy;
mod publish;
mod random;
mod reading;
mod report;
mod scenario;
mod scratch;
mod spread;
mod transfers;
mod usage;
mod verdict;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::tools::{self, BenchmarkTools, Need};
use crate::{command, progress, workspace};
use contenders::Stage;
use data_set::{DataSet, Size};
use effort::Effort;
use scenario::Origin;
use scratch::Scratch;
use wire::Ecosystem;

/// Measure the server beside others and write the page of benchmarks.
///
/// About 15 minutes; with --quick under 4. Scenarios: M1, M2-*, M3, M4 (index documents), D1, D2, D3,
/// D3-range (files), A1 (M1 and D1 with and without sign-in and policy), U1 (publishing), P1-*, P2
/// (an upstream behind the server), G1 (memory under many huge transfers), R1 and growth (large
/// stores).
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Fewer rounds, smaller packages, smaller stores.
    #[arg(long)]
    quick: bool,

    /// Only scenarios whose name begins with one of these, e.g. M2 or growth.
    #[arg(long, value_name = "SCENARIO")]
    only: Vec<String>,

    /// Only these ecosystems. Proxying and growth are measured with npm, G1 with PyPI.
    #[arg(long)]
    ecosystem: Vec<Ecosystem>,

    /// Leave these servers out.
    #[arg(long, value_name = "SERVER")]
    without: Vec<String>,

    /// How often each scenario is measured.
    #[arg(long)]
    rounds: Option<u32>,

    /// How long one measurement takes, in seconds.
    #[arg(long)]
    seconds: Option<u32>,

    /// Versions of the large package.
    #[arg(long)]
    versions: Option<usize>,

    /// Further packages that fill the index.
    #[arg(long)]
    packages: Option<usize>,

    /// The core of the server under test.
    #[arg(long, default_value_t = 0)]
    server_core: u32,

    /// The core of the load generator.
    #[arg(long, default_value_t = 1)]
    load_core: u32,

    /// Measure this program instead of building one. The report says so.
    #[arg(long, value_name = "FILE")]
    server_binary: Option<PathBuf>,

    /// Where the report goes; `-` is stdout.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
}

/// Where programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Ours.
    pub(crate) vouchsafe: PathBuf,
    /// The physical limit.
    pub(crate) nginx: PathBuf,
    /// The load generator.
    pub(crate) wrk: PathBuf,
    /// pypi-server, devpi-init, devpi-server.
    pub(crate) peers_python_bin_dir: PathBuf,
    /// verdaccio.
    pub(crate) peers_node_bin_dir: PathBuf,
    /// Seeds large stores.
    pub(crate) python: PathBuf,
}

/// What every part of a run needs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    args: &'a BenchArgs,
    effort: &'a Effort,
    programs: &'a Programs,
    folder: &'a Path,
}

impl<'a> Bench<'a> {
    /// Whether a scenario is asked for.
    fn wants(&self, name: &str) -> bool {
        let begins = |part: &String| {
            name.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
        };
        self.args.only.is_empty() || self.args.only.iter().any(begins)
    }

    fn wants_ecosystem(&self, ecosystem: Ecosystem) -> bool {
        self.args.ecosystem.is_empty() || self.args.ecosystem.contains(&ecosystem)
    }

    fn stage<'s>(&self, data: &'s DataSet) -> Stage<'s>
    where
        'a: 's,
    {
        Stage { data, programs: self.programs, core: Some(self.args.server_core) }
    }

    fn data_set(&self, ecosystem: Ecosystem) -> DataSet {
        let has_huge = self.wants("D3") || self.wants("D3-range");
        DataSet::new(
            ecosystem,
            Size {
                versions: self.effort.versions,
                packages: self.effort.packages,
                huge_bytes: if has_huge { self.effort.huge_bytes } else { 0 },
            },
        )
    }
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    measured: Vec<reading::Measured>,
    bursts: Vec<proxy::Burst>,
    transfers: Option<transfers::Transfers>,
    growth: Vec<growth::Point>,
}

/// Runs the command.
///
/// # Errors
///
/// When a server cannot be started or filled, or answers with an error under load.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let effort = Effort::of(args);
    let target = workspace::target_dir()?;
    let lock = std::fs::File::create(target.join("bench.lock")).context("cannot make a lock")?;
    if lock.try_lock().is_err() {
        bail!("another benchmark runs here; both would measure each other");
    }
    let programs = programs(args)?;
    let folder = target.join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("cannot empty the folder of the last run")?;
    }
    let scratch = Scratch::new(folder)?;
    let bench = Bench { args, effort: &effort, programs: &programs, folder: &scratch.0 };
    let before = machine::load_average();
    let results = measure(&bench)?;
    let facts = machine::facts(&before)?;
    let text = report::write(&bench, &facts, &results);
    if args.out == Path::new("-") {
        use std::io::Write as _;
        return std::io::stdout().write_all(text.as_bytes()).context("cannot write to stdout");
    }
    let out = workspace::root().join(&args.out);
    std::fs::write(&out, text).with_context(|| format!("cannot write {}", out.display()))?;
    progress::step(format!("wrote {}", args.out.display()));
    Ok(())
}

fn measure(bench: &Bench<'_>) -> Result<Results> {
    let mut results = Results::default();
    // First, while this process may still use all cores.
    if bench.wants_ecosystem(Ecosystem::Pypi) {
        results.transfers = transfers::run(bench, &bench.data_set(Ecosystem::Pypi))?;
    }
    bind_to_core(bench.args.load_core)?;
    for ecosystem in Ecosystem::ALL {
        if bench.wants_ecosystem(ecosystem) {
            results.measured.extend(hosted(bench, ecosystem)?);
        }
    }
    if bench.wants_ecosystem(Ecosystem::Npm) {
        let data = bench.data_set(Ecosystem::Npm);
        results.measured.extend(proxy::warm(bench, &data)?);
        results.bursts = proxy::bursts(bench, &data)?;
        results.growth = growth::run(bench, &data)?;
    }
    Ok(results)
}

/// Publishing to and reading from the servers of one ecosystem.
fn hosted(bench: &Bench<'_>, ecosystem: Ecosystem) -> Result<Vec<reading::Measured>> {
    let scenarios: Vec<_> = scenario::of(ecosystem, Origin::Hosted)
        .filter(|scenario| bench.wants(scenario.name) || (scenario.with_open && bench.wants("A1")))
        .collect();
    if scenarios.is_empty() && !bench.wants("U1") {
        return Ok(Vec::new());
    }
    let data = bench.data_set(ecosystem);
    let stage = bench.stage(&data);
    reading::run(bench, &stage, Origin::Hosted, &contenders::hosting(ecosystem), &scenarios)
}

/// Installs what is missing, and builds ours.
fn programs(args: &BenchArgs) -> Result<Programs> {
    let tools = tools::ensure(Need::Benchmark)?;
    let BenchmarkTools { nginx, wrk, peers_python_bin_dir, peers_node_bin_dir } =
        BenchmarkTools::find(&tools)?;
    let vouchsafe = match &args.server_binary {
        Some(given) => given.canonicalize().context("there is no such server binary")?,
        None => {
            progress::step("building vouchsafe");
            let mut cargo = workspace::cargo();
            cargo.args(["build", "--release", "--package", "vouchsafe", "--quiet"]);
            if !command::shown(&mut cargo)? {
                bail!("vouchsafe cannot be built");
            }
            workspace::target_dir()?.join("release/vouchsafe")
        }
    };
    let python = peers_python_bin_dir.join("python3");
    Ok(Programs { vouchsafe, nginx, wrk, peers_python_bin_dir, peers_node_bin_dir, python })
}

/// Keeps this process, and the clients it is made of, off the core of the server.
fn bind_to_core(core: u32) -> Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--cpu-list", "--pid", &core.to_string(), &std::process::id().to_string()]);
    command::output(&mut taskset, "bind the clients to a core").map(drop)
}
