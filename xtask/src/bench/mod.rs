//! The benchmark: Vouchsafe beside the servers people use today and beside nginx with the same
//! bytes, in one run on one machine, written to a page of the documentation.
//!
//! What is measured is a ratio. Throughput and latency depend on what else the machine does; the
//! processor time that a server spends per request hardly does, so that is the first column.
//! Servers are bound to one core and the load generator to another; rounds are interleaved, so
//! that a bad minute hits everybody.
//!
//! To add a scenario, add a line to [`scenario::SCENARIOS`]; to add a server, implement
//! [`contenders::Contender`].

mod archive;
mod contenders;
mod data_set;
mod http;
mod load;
mod machine;
mod publish;
mod random;
mod report;
mod scenario;
mod usage;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::tools::{self, BenchmarkTools, Need};
use crate::{progress, workspace};
use contenders::{Contender, Running, Stage, nginx};
use data_set::{DataSet, Size};
use load::Sample;
use publish::PublishSample;
use scenario::Scenario;
use wire::Ecosystem;

/// Measure the server beside others and write the page of benchmarks.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// How often each scenario is measured.
    #[arg(long, default_value_t = 5)]
    rounds: u32,

    /// How long one measurement takes, in seconds.
    #[arg(long, default_value_t = 8)]
    seconds: u32,

    /// Versions of the large package.
    #[arg(long, default_value_t = 1_000)]
    versions: usize,

    /// Further packages that fill the index.
    #[arg(long, default_value_t = 500)]
    packages: usize,

    /// Only these ecosystems.
    #[arg(long)]
    ecosystem: Vec<Ecosystem>,

    /// Only scenarios whose name contains one of these.
    #[arg(long)]
    scenario: Vec<String>,

    /// Leave these servers out.
    #[arg(long)]
    without: Vec<String>,

    /// The core of the server under test.
    #[arg(long, default_value_t = 0)]
    server_core: u32,

    /// The core of the load generator.
    #[arg(long, default_value_t = 1)]
    load_core: u32,

    /// Where the report goes; `-` is stdout.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
}

/// What was measured of one server in one ecosystem.
#[derive(Debug)]
pub(crate) struct Measured {
    ecosystem: Ecosystem,
    server: String,
    version: String,
    first_answer: std::time::Duration,
    idle: usage::Memory,
    publish: Option<PublishSample>,
    samples: BTreeMap<&'static str, Vec<Sample>>,
}

/// Runs the command.
///
/// # Errors
///
/// When a server cannot be started or filled, or answers with an error under load.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let tools = tools::ensure(Need::Benchmark)?;
    let programs = BenchmarkTools::find(&tools)?;
    let folder = workspace::target_dir()?.join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("cannot empty the folder of the last run")?;
    }
    let before = machine::load_average();
    let mut measured = Vec::new();
    for ecosystem in Ecosystem::ALL {
        if args.ecosystem.is_empty() || args.ecosystem.contains(&ecosystem) {
            let folder = folder.join(ecosystem.name());
            measured.extend(bench_ecosystem(args, &programs, ecosystem, &folder)?);
        }
    }
    let facts = machine::facts(&before)?;
    let text = report::write(args, &facts, &measured);
    if args.out == Path::new("-") {
        use std::io::Write as _;
        return std::io::stdout().write_all(text.as_bytes()).context("cannot write to stdout");
    }
    let out = workspace::root().join(&args.out);
    std::fs::write(&out, text).with_context(|| format!("cannot write {}", out.display()))?;
    progress::step(format!("wrote {}", args.out.display()));
    Ok(())
}

/// Starts and fills every server of one ecosystem, measures them in turns, and ends them.
fn bench_ecosystem(
    args: &BenchArgs,
    programs: &BenchmarkTools,
    ecosystem: Ecosystem,
    folder: &Path,
) -> Result<Vec<Measured>> {
    let data = DataSet::new(ecosystem, Size { versions: args.versions, packages: args.packages });
    let stage = Stage { data: &data, programs, core: args.server_core };
    let scenarios: Vec<Scenario> = scenario::of(ecosystem)
        .filter(|scenario| {
            args.scenario.is_empty()
                || args.scenario.iter().any(|part| scenario.name.contains(part))
        })
        .collect();

    let mut running = Vec::new();
    let mut measured = Vec::new();
    for contender in contenders::of(ecosystem) {
        if args.without.iter().any(|name| name == contender.name()) {
            continue;
        }
        let folder = folder.join(contender.name());
        std::fs::create_dir_all(&folder).context("cannot create a server's folder")?;
        let (server, row) = start(contender.as_ref(), &stage, &folder)?;
        running.push(server);
        measured.push(row);
    }
    let Some(reference) = running.first() else {
        bail!("no server is left to measure for {}", ecosystem.name());
    };
    let mirror = nginx::start(&stage, &folder.join("nginx"), reference, &scenarios)?;
    measured.insert(0, describe(ecosystem, &mirror, None)?);
    running.insert(0, mirror);

    for round in 1..=args.rounds {
        for scenario in &scenarios {
            progress::step(format!(
                "{}: round {round} of {}, {}",
                ecosystem.name(),
                args.rounds,
                scenario.name
            ));
            for (server, row) in running.iter().zip(&mut measured) {
                let Some(target) = server.target(scenario, &data)? else {
                    progress::note(format!("{}: cannot do it", server.name));
                    continue;
                };
                let plan = load::Plan {
                    wrk: &programs.wrk,
                    core: args.load_core,
                    seconds: args.seconds,
                    connections: scenario.connections,
                };
                let sample = load::measure(&plan, server, &target)
                    .with_context(|| format!("{} in {}", server.name, scenario.name))?;
                progress::note(format!("{}: {sample}", server.name));
                row.samples.entry(scenario.name).or_default().push(sample);
            }
        }
    }
    Ok(measured)
}

/// Starts one server, fills it, and measures both.
fn start(
    contender: &dyn Contender,
    stage: &Stage<'_>,
    folder: &Path,
) -> Result<(Running, Measured)> {
    let ecosystem = stage.data.ecosystem;
    progress::step(format!("{}: starting {}", ecosystem.name(), contender.name()));
    let running = contender.start(stage, folder)?;
    let mut row = describe(ecosystem, &running, None)?;
    progress::step(format!("{}: filling {}", ecosystem.name(), contender.name()));
    let publish = publish::fill(&running, stage.data, contender.version_limit())
        .with_context(|| format!("cannot publish to {}", contender.name()))?;
    progress::note(format!("{}: {publish}", contender.name()));
    row.publish = Some(publish);
    Ok((running, row))
}

fn describe(
    ecosystem: Ecosystem,
    running: &Running,
    publish: Option<PublishSample>,
) -> Result<Measured> {
    Ok(Measured {
        ecosystem,
        server: running.name.clone(),
        version: running.version.clone(),
        first_answer: running.first_answer,
        idle: usage::memory(running.service.pid())?,
        publish,
        samples: BTreeMap::new(),
    })
}
