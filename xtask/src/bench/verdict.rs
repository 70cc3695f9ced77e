//! Targets: what the design promises, beside what was measured.

use std::time::Duration;

use super::Results;
use super::contenders::nginx;
use super::contenders::vouchsafe;
use super::effort::Effort;
use super::reading::Measured;
use super::scenario::{self, Origin, Subject};
use super::spread::{Spread, megabytes, millis, number};
use super::transfers::Transfers;

/// Processor time per request, at most this many times that of nginx.
const MAX_TIMES_NGINX: f64 = 2.0;

/// On the large documents, at least this many times below each of the others.
const MIN_TIMES_BELOW: [(&str, f64); 3] =
    [("verdaccio", 100.0), ("pypiserver", 20.0), ("devpi", 20.0)];

/// "The same" in a measurement that is never the same twice.
const SAME: f64 = 1.25;

const MAX_PUBLISH: Duration = Duration::from_millis(15);
const MIN_PUBLISHES_PER_SEC: f64 = 200.0;
const MAX_IDLE_BYTES: u64 = 40_000_000;
const MAX_PEAK_BYTES: u64 = 150_000_000;
const MAX_START: Duration = Duration::from_millis(300);
/// Packages in the store whose start is judged.
const START_PACKAGES: usize = 100_000;
/// Uploads, and as many downloads, that are judged.
const TRANSFERS: usize = 64;
/// Size of each, in bytes.
const TRANSFER_BYTES: usize = 200_000_000;

/// One target.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What was measured.
    pub(crate) what: String,
    /// What it must be.
    pub(crate) target: String,
    /// What it was.
    pub(crate) measured: String,
    /// Whether that is enough.
    pub(crate) is_met: bool,
}

/// Judges everything that was measured. What was not measured is not in the list.
pub(crate) fn judge(results: &Results, effort: &Effort) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    reads(&mut verdicts, &results.measured);
    publishes(&mut verdicts, &results.measured, effort);
    for burst in results.bursts.iter().filter(|burst| burst.server == vouchsafe::NAME) {
        for (what, hits) in [("index", burst.index_hits), ("file", burst.artifact_hits)] {
            verdicts.push(Verdict {
                what: format!("P2, {what}: requests to the upstream"),
                target: "1".to_owned(),
                measured: hits.to_string(),
                is_met: hits == 1,
            });
        }
    }
    memory(&mut verdicts, results);
    growth(&mut verdicts, results);
    verdicts
}

/// Processor time per request of one server in one scenario, by round; empty when not measured.
fn cpu_us(row: &Measured, scenario: &str) -> Vec<f64> {
    row.samples.get(scenario).into_iter().flatten().map(|sample| sample.cpu_us).collect()
}

/// Two costs, and how many times the second the first is: the median of the rounds.
struct Ratio {
    median: f64,
    shown: String,
}

impl Ratio {
    /// `None` unless both were measured. Rounds are paired: a bad minute hits both.
    fn of(over: &[f64], under: &[f64]) -> Option<Self> {
        let ratios = over.iter().zip(under).map(|(over, under)| over / under.max(1e-9)).collect();
        let (over, under) = (Spread::of_values(over.to_vec())?, Spread::of_values(under.to_vec())?);
        let ratio = Spread::of_values(ratios)?;
        let shown = match ratio.show().split_once(' ') {
            Some((median, range)) => format!("{median}x {range}"),
            None => format!("{}x", number(ratio.median)),
        };
        let (over, under) = (number(over.median), number(under.median));
        Some(Self { median: ratio.median, shown: format!("{over} / {under} µs = {shown}") })
    }
}

fn reads(verdicts: &mut Vec<Verdict>, measured: &[Measured]) {
    for ours in measured.iter().filter(|row| row.server == vouchsafe::NAME) {
        let is_beside =
            |row: &&Measured| (row.ecosystem, row.origin) == (ours.ecosystem, ours.origin);
        let beside: Vec<&Measured> = measured.iter().filter(is_beside).collect();
        for scenario in scenario::of(ours.ecosystem, ours.origin) {
            // Huge files have no target.
            if matches!(scenario.subject, Subject::HugeArtifact { .. }) {
                continue;
            }
            let cost = cpu_us(ours, scenario.name);
            let of = |server: &str| {
                let row = beside.iter().find(|row| row.server == server);
                row.map(|row| cpu_us(row, scenario.name)).unwrap_or_default()
            };
            let what = format!("{}, {}: CPU per request", scenario.name, ours.ecosystem.name());
            if let Some(ratio) = Ratio::of(&cost, &of(nginx::NAME)) {
                verdicts.push(Verdict {
                    what: what.clone(),
                    target: format!("at most {MAX_TIMES_NGINX}x nginx"),
                    measured: ratio.shown,
                    is_met: ratio.median <= MAX_TIMES_NGINX,
                });
            }
            let is_large = matches!(scenario.subject, Subject::LargeIndex(_));
            if !is_large || ours.origin == Origin::Proxied {
                continue;
            }
            for (peer, times) in MIN_TIMES_BELOW {
                let Some(ratio) = Ratio::of(&of(peer), &cost) else { continue };
                verdicts.push(Verdict {
                    what: what.clone(),
                    target: format!("{times}x below {peer}"),
                    measured: ratio.shown,
                    is_met: ratio.median >= times,
                });
            }
        }
    }
}

fn publishes(verdicts: &mut Vec<Verdict>, measured: &[Measured], effort: &Effort) {
    for ours in measured.iter().filter(|row| row.server == vouchsafe::NAME) {
        let Some(publish) = ours.publish else { continue };
        let ecosystem = ours.ecosystem.name();
        verdicts.push(Verdict {
            what: format!("U1, {ecosystem}: p50 of a publish of 10 kB, one client"),
            target: format!("under {} ms", MAX_PUBLISH.as_millis()),
            measured: format!("{} ms", millis(publish.one.p50)),
            is_met: publish.one.p50 < MAX_PUBLISH,
        });
        verdicts.push(Verdict {
            what: format!("U1, {ecosystem}: publishes per second, 16 clients"),
            target: format!("at least {MIN_PUBLISHES_PER_SEC}"),
            measured: number(publish.many.per_sec),
            is_met: publish.many.per_sec >= MIN_PUBLISHES_PER_SEC,
        });
        let ratio = publish.last.as_secs_f64() / publish.first.as_secs_f64().max(1e-9);
        verdicts.push(Verdict {
            what: format!(
                "U1, {ecosystem}: publish of version {} as of version 1",
                effort.versions.min(publish.versions)
            ),
            target: format!("the same (at most {SAME}x)"),
            measured: format!(
                "{} / {} ms = {}x",
                millis(publish.last),
                millis(publish.first),
                number(ratio)
            ),
            is_met: ratio <= SAME,
        });
    }
}

fn memory(verdicts: &mut Vec<Verdict>, results: &Results) {
    let of_empty = results
        .measured
        .iter()
        .filter(|row| row.server == vouchsafe::NAME)
        .map(|row| row.idle.resident_bytes);
    let of_largest = results.growth.last().map(|point| (point.packages, point.idle_bytes));
    let empty = of_empty.max().map(|bytes| (0, bytes));
    for (packages, bytes) in [empty, of_largest].into_iter().flatten() {
        verdicts.push(Verdict {
            what: format!("memory when idle, {packages} packages"),
            target: format!("under {}", megabytes(MAX_IDLE_BYTES)),
            measured: megabytes(bytes),
            is_met: bytes < MAX_IDLE_BYTES,
        });
    }
    let is_judged =
        |transfers: &Transfers| transfers.clients >= TRANSFERS && transfers.bytes >= TRANSFER_BYTES;
    if let Some(transfers) = results.transfers.filter(is_judged) {
        verdicts.push(Verdict {
            what: "G1: peak of memory, 64 uploads and 64 downloads of 200 MB".to_owned(),
            target: format!("under {}", megabytes(MAX_PEAK_BYTES)),
            measured: megabytes(transfers.peak_bytes),
            is_met: transfers.peak_bytes < MAX_PEAK_BYTES,
        });
    }
}

fn growth(verdicts: &mut Vec<Verdict>, results: &Results) {
    if let Some(point) = results.growth.iter().find(|point| point.packages == START_PACKAGES) {
        let mut starts = point.starts.clone();
        starts.sort();
        let start = starts.get(starts.len() / 2).copied().unwrap_or_default();
        verdicts.push(Verdict {
            what: format!("R1: start to first answer, {START_PACKAGES} packages"),
            target: format!("within {} ms", MAX_START.as_millis()),
            measured: format!("{} ms", millis(start)),
            is_met: start <= MAX_START,
        });
    }
    let (Some(small), Some(large)) = (results.growth.first(), results.growth.last()) else {
        return;
    };
    if small.packages == large.packages {
        return;
    }
    let costs = [
        ("CPU per read from the database", &small.cold_cpu_us, &large.cold_cpu_us),
        ("CPU per read from memory", &small.warm_cpu_us, &large.warm_cpu_us),
        ("CPU per publish", &small.publish_cpu_us, &large.publish_cpu_us),
    ];
    for (what, before, after) in costs {
        let Some(ratio) = Ratio::of(after, before) else { continue };
        verdicts.push(Verdict {
            what: format!("growth from {} to {} packages: {what}", small.packages, large.packages),
            target: format!("the same (at most {SAME}x)"),
            measured: ratio.shown,
            is_met: ratio.median <= SAME,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::proxy::Burst;

    #[track_caller]
    fn check_burst(index_hits: usize, is_met: bool) {
        let burst = Burst {
            server: vouchsafe::NAME.to_owned(),
            index_hits,
            artifact_hits: 1,
            index_time: Duration::ZERO,
            artifact_time: Duration::ZERO,
        };
        let other = Burst { server: "other".to_owned(), index_hits: 100, ..burst.clone() };
        let results = Results { bursts: vec![burst, other], ..Results::default() };
        let effort = Effort {
            rounds: 1,
            time: Duration::ZERO,
            versions: 1,
            packages: 1,
            huge_bytes: 0,
            transfers: 0,
            growth: Vec::new(),
            starts: 1,
        };
        let verdicts = judge(&results, &effort);
        assert_eq!(
            verdicts.iter().map(|verdict| verdict.is_met).collect::<Vec<_>>(),
            [is_met, true]
        );
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        let ratio = Ratio::of(&[10.0, 40.0, 12.0], &[10.0, 20.0, 10.0]).expect("measured");
        assert_eq!(ratio.shown, "12.0 / 10.0 µs = 1.20x (1.00–2.00)");
        assert!(Ratio::of(&[1.0], &[]).is_none());
    }

    #[test]
    fn only_our_own_server_has_targets_and_one_request_is_one() {
        check_burst(1, true);
        check_burst(2, false);
        check_burst(0, false);
    }
}
