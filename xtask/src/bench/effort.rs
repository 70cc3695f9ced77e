//! How much is measured: enough for figures that hold, or as much as fits into a coffee break.

use std::time::Duration;

use super::BenchArgs;

/// One size of everything.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    /// How often each scenario is measured.
    pub(crate) rounds: u32,
    /// How long one measurement takes.
    pub(crate) time: Duration,
    /// Versions of the large package.
    pub(crate) versions: usize,
    /// Further packages that fill the index.
    pub(crate) packages: usize,
    /// Size of the huge artifact, in bytes.
    pub(crate) huge_bytes: usize,
    /// Uploads, and as many downloads, of the huge artifact at the same time.
    pub(crate) transfers: usize,
    /// Packages in the store, ascending.
    pub(crate) growth: Vec<usize>,
    /// Starts that are timed.
    pub(crate) starts: usize,
}

impl Effort {
    /// What the command line asks for.
    pub(crate) fn of(args: &BenchArgs) -> Self {
        let mut effort = if args.quick { Self::quick() } else { Self::full() };
        effort.rounds = args.rounds.unwrap_or(effort.rounds).max(1);
        effort.time = args.seconds.map_or(effort.time, |secs| Duration::from_secs(secs.into()));
        effort.versions = args.versions.unwrap_or(effort.versions).max(1);
        effort.packages = args.packages.unwrap_or(effort.packages).max(1);
        effort
    }

    fn full() -> Self {
        Self {
            rounds: 3,
            time: Duration::from_secs(2),
            versions: 1_000,
            packages: 500,
            huge_bytes: 200_000_000,
            transfers: 64,
            growth: vec![100, 10_000, 100_000, 1_000_000],
            starts: 5,
        }
    }

    /// Fewer of everything, but the same kinds. Targets that name a size are not judged.
    fn quick() -> Self {
        Self {
            rounds: 1,
            time: Duration::from_secs(1),
            versions: 200,
            packages: 50,
            huge_bytes: 20_000_000,
            transfers: 8,
            growth: vec![100, 10_000],
            starts: 3,
        }
    }
}
