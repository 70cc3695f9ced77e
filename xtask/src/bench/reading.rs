//! Reading under load: every server of one ecosystem side by side, in turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::contenders::{Contender, Running, Stage, nginx, vouchsafe};
use super::load::{self, Sample};
use super::publish::{self, PublishSample};
use super::scenario::{Origin, Scenario};
use super::wire::Ecosystem;
use super::{Bench, usage};
use crate::progress;

/// What was measured of one server in one ecosystem.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The ecosystem.
    pub(crate) ecosystem: Ecosystem,
    /// Where the packages live.
    pub(crate) origin: Origin,
    /// The server.
    pub(crate) server: String,
    /// Its version.
    pub(crate) version: String,
    /// From the start of the process to the first answer, with an empty store.
    pub(crate) first_answer: Duration,
    /// Memory right after that.
    pub(crate) idle: usage::Memory,
    /// What filling it cost.
    pub(crate) publish: Option<PublishSample>,
    /// Rounds, by scenario.
    pub(crate) samples: BTreeMap<&'static str, Vec<Sample>>,
}

impl Measured {
    fn new(stage: &Stage<'_>, origin: Origin, running: &Running) -> Result<Self> {
        Ok(Self {
            ecosystem: stage.data.ecosystem,
            origin,
            server: running.name.clone(),
            version: running.version.clone(),
            first_answer: running.first_answer,
            idle: usage::memory(running.service.pid())?,
            publish: None,
            samples: BTreeMap::new(),
        })
    }
}

/// Starts every server, fills those that host, measures all in turns, and ends them.
///
/// # Errors
///
/// When a server cannot be started or filled, or answers with an error under load.
pub(crate) fn run(
    bench: &Bench<'_>,
    stage: &Stage<'_>,
    origin: Origin,
    contenders: &[Box<dyn Contender>],
    scenarios: &[Scenario],
) -> Result<Vec<Measured>> {
    let folder = bench.folder.join(match origin {
        Origin::Hosted => stage.data.ecosystem.name(),
        Origin::Proxied => "proxied",
    });
    let mut running = Vec::new();
    let mut measured = Vec::new();
    for contender in contenders {
        if bench.args.without.iter().any(|name| name == contender.name()) {
            continue;
        }
        let folder = folder.join(contender.name().replace([',', ' '], ""));
        std::fs::create_dir_all(&folder).context("cannot create a server's folder")?;
        let (server, row) = start(stage, origin, contender.as_ref(), &folder)?;
        running.push(server);
        measured.push(row);
    }
    let Some(reference) = running.first() else {
        bail!("no server is left to measure for {}", stage.data.ecosystem.name());
    };
    if !scenarios.is_empty() {
        let mirror = nginx::start(stage, &folder.join("nginx"), reference, scenarios)?;
        measured.insert(0, Measured::new(stage, origin, &mirror)?);
        running.insert(0, mirror);
        rounds(bench, stage, scenarios, &running, &mut measured)?;
    }
    drop(running);
    std::fs::remove_dir_all(&folder).context("cannot remove the servers' folders")?;
    Ok(measured)
}

/// Starts one server and, when it hosts, fills it.
fn start(
    stage: &Stage<'_>,
    origin: Origin,
    contender: &dyn Contender,
    folder: &Path,
) -> Result<(Running, Measured)> {
    let (ecosystem, name) = (stage.data.ecosystem.name(), contender.name());
    progress::step(format!("{ecosystem}: starting {name}"));
    let running = contender.start(stage, folder)?;
    let mut row = Measured::new(stage, origin, &running)?;
    if origin == Origin::Hosted {
        progress::step(format!("{ecosystem}: filling {name}"));
        let sample = publish::fill(&running, stage.data, contender.version_limit())
            .with_context(|| format!("cannot publish to {name}"))?;
        progress::note(format!("{name}: {sample}"));
        row.publish = Some(sample);
    }
    Ok((running, row))
}

/// Measures all servers in turns, so that a bad minute hits everybody.
fn rounds(
    bench: &Bench<'_>,
    stage: &Stage<'_>,
    scenarios: &[Scenario],
    running: &[Running],
    measured: &mut [Measured],
) -> Result<()> {
    for round in 1..=bench.effort.rounds {
        for scenario in scenarios {
            progress::step(format!(
                "{}: round {round} of {}, {}",
                stage.data.ecosystem.name(),
                bench.effort.rounds,
                scenario.name
            ));
            for (server, row) in running.iter().zip(&mut *measured) {
                if server.name == vouchsafe::OPEN_NAME && !scenario.with_open {
                    continue;
                }
                let target = server.target(scenario, stage.data);
                let target =
                    target.with_context(|| format!("{}: {}", server.name, scenario.name))?;
                let Some(target) = target else {
                    progress::note(format!("{}: cannot do it", server.name));
                    continue;
                };
                let plan = load::Plan {
                    wrk: &stage.programs.wrk,
                    core: bench.args.load_core,
                    time: bench.effort.time,
                    connections: scenario.connections,
                };
                let sample = load::measure(&plan, server, &target)
                    .with_context(|| format!("{} in {}", server.name, scenario.name))?;
                progress::note(format!("{}: {sample}", server.name));
                row.samples.entry(scenario.name).or_default().push(sample);
            }
        }
    }
    Ok(())
}
