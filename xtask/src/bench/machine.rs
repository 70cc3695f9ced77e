//! What the numbers were measured on.

use std::process::Command;

use anyhow::Result;

use crate::{command, workspace};

/// Facts for the head of the report: name and value.
///
/// # Errors
///
/// When the compiler does not say its version.
pub(crate) fn facts(load_before: &str) -> Result<Vec<(&'static str, String)>> {
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, value)| value.trim())
        })
        .unwrap_or("unknown");
    // Not what this process may use: it is bound to one of them by now.
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory_kb: u64 = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let commit = command::output(
        Command::new("git").current_dir(workspace::root()).args([
            "rev-parse",
            "--short=12",
            "HEAD",
        ]),
        "read the commit",
    )
    .unwrap_or_else(|_| "not committed".to_owned());
    let changes = command::output(
        Command::new("git").current_dir(workspace::root()).args(["status", "--porcelain"]),
        "look for changes",
    );
    let is_changed = changes.is_ok_and(|changes| !changes.trim().is_empty());
    let with_changes = if is_changed { ", with changes on top" } else { "" };
    let rustc = command::output(Command::new("rustc").arg("--version"), "ask for the compiler")?;
    Ok(vec![
        ("processor", format!("{model}, {cores} cores")),
        ("memory", format!("{} GiB", memory_kb / 1024 / 1024)),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("compiler", rustc.trim().to_owned()),
        ("commit", format!("{}{with_changes}", commit.trim())),
        ("load before and after", format!("{load_before} and {}", load_average())),
    ])
}

/// The load of the last minute.
pub(crate) fn load_average() -> String {
    read("/proc/loadavg").split(' ').next().unwrap_or("unknown").to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
