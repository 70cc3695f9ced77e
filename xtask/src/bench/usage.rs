//! Processor time and memory of a server and its children, as Linux counts them.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::command;

/// Memory, in bytes, summed over a server's processes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident_bytes: u64,
    /// The most that was resident since the server started.
    pub(crate) peak_bytes: u64,
}

/// Processor time that a process and its living children have used so far.
///
/// # Errors
///
/// When the process has ended.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for stat in tree(pid)? {
        let nanos = stat.cpu_ticks.saturating_mul(1_000_000_000) / ticks_per_sec();
        // The first counts in steps of 10 ms, the second leaves out threads that have ended: each
        // is at most the truth.
        sum += Duration::from_nanos(nanos).max(time_of_threads(stat.pid));
    }
    Ok(sum)
}

/// Processor time of a process's living threads, to the nanosecond; zero where the kernel does not
/// count it.
fn time_of_threads(pid: u32) -> Duration {
    let threads = std::fs::read_dir(proc(pid).join("task"));
    let nanos = threads.into_iter().flatten().flatten().filter_map(|thread| {
        let schedstat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Memory of a process and its living children.
///
/// # Errors
///
/// When the process has ended.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let mut sum = Memory::default();
    for stat in tree(pid)? {
        let path = proc(stat.pid).join("status");
        let status = std::fs::read_to_string(path).context("cannot read a process's memory")?;
        sum.resident_bytes += field_bytes(&status, "VmRSS:");
        sum.peak_bytes += field_bytes(&status, "VmHWM:");
    }
    Ok(sum)
}

/// Forgets the most that was resident so far, so that the next look shows the most since now.
///
/// # Errors
///
/// When the process has ended.
pub(crate) fn reset_peak(pid: u32) -> Result<()> {
    for stat in tree(pid)? {
        // Documented in proc(5): 5 resets the peak to what is resident now.
        std::fs::write(proc(stat.pid).join("clear_refs"), "5")
            .context("cannot reset a process's peak of memory")?;
    }
    Ok(())
}

/// What `/proc/PID/stat` says, as far as it is used here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    cpu_ticks: u64,
}

fn proc(pid: u32) -> PathBuf {
    PathBuf::from("/proc").join(pid.to_string())
}

/// A process and everything it started.
fn tree(root: u32) -> Result<Vec<Stat>> {
    let mut all: Vec<Stat> = std::fs::read_dir("/proc")
        .context("processes are measured through /proc, which Linux has")?
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // A process may end while the list is read.
            parse_stat(pid, &std::fs::read_to_string(proc(pid).join("stat")).ok()?)
        })
        .collect();
    let mut tree: Vec<Stat> = all.extract_if(.., |stat| stat.pid == root).collect();
    if tree.is_empty() {
        anyhow::bail!("the server has ended");
    }
    loop {
        let children: Vec<Stat> = all
            .extract_if(.., |stat| tree.iter().any(|parent| parent.pid == stat.parent))
            .collect();
        if children.is_empty() {
            return Ok(tree);
        }
        tree.extend(children);
    }
}

/// Fields 4 (parent), 14 and 15 (user and system time); the name in parentheses may hold anything.
fn parse_stat(pid: u32, text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        cpu_ticks: number(11)? + number(12)?,
    })
}

fn field_bytes(status: &str, name: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

fn ticks_per_sec() -> u64 {
    static TICKS: OnceLock<u64> = OnceLock::new();
    *TICKS.get_or_init(|| {
        command::output(std::process::Command::new("getconf").arg("CLK_TCK"), "ask for CLK_TCK")
            .ok()
            .and_then(|printed| printed.trim().parse().ok())
            .unwrap_or(100)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_cannot_confuse_the_reader() {
        let text = "7 (a) S 99 (b)) S 3 7 7 0 -1 4194560 1 2 3 4 50 6 7 8 20 0 1 0 100";
        assert_eq!(parse_stat(7, text), Some(Stat { pid: 7, parent: 3, cpu_ticks: 56 }));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(field_bytes("VmHWM:\t  20 kB\nVmRSS:\t  10 kB\n", "VmRSS:"), 10 * 1024);
    }

    #[test]
    fn this_process_uses_memory() {
        let memory = memory(std::process::id()).expect("this process runs");
        assert!(memory.resident_bytes > 0 && memory.peak_bytes >= memory.resident_bytes);
    }
}
