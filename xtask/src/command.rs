//! Running programs: quietly when they work, with all they said when they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// How many lines of a failed program's output are shown.
const TAIL_LINES: usize = 40;

/// Runs a program to its end and returns what it wrote to stdout.
///
/// # Errors
///
/// When it cannot be started, or ends with a failure; the error then carries the end of its output.
pub(crate) fn output(command: &mut Command, purpose: &str) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot {purpose}: `{program}` does not start"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!(
            "cannot {purpose}: `{program}` ended with {}\n{}",
            output.status,
            tail(&format!("{stdout}{stderr}"))
        );
    }
    Ok(stdout)
}

/// Runs a program to its end with this terminal as its output, and says whether it succeeded.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn shown(command: &mut Command) -> Result<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{program}` does not start"))?;
    Ok(status.success())
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// The first program of this name in `PATH` or in the system folders that a user's `PATH` often
/// leaves out.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "looking a program up is what PATH is for")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Whether this process runs as root.
///
/// # Errors
///
/// When `id` does not answer.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id(&["-u"])? == 0)
}

/// A number that `id` prints.
///
/// # Errors
///
/// When `id` fails, for example because the user does not exist.
pub(crate) fn id(arguments: &[&str]) -> Result<u32> {
    let printed = output(Command::new("id").args(arguments), "ask for a user id")?;
    printed.trim().parse().with_context(|| format!("`id` printed {printed:?}"))
}

/// Reads the end of a log file; empty when there is none.
pub(crate) fn log_tail(path: &Path) -> String {
    std::fs::read_to_string(path).map(|text| tail(&text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_program_is_reported_with_what_it_said() {
        let error =
            output(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), "try")
                .expect_err("exit code 3 is a failure");
        let message = format!("{error:#}");
        for part in ["cannot try", "exit status: 3", "out", "err"] {
            assert!(message.contains(part), "{part:?} is missing in {message:?}");
        }
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = output(&mut Command::new("no-such-program-here"), "try").expect_err("no such");
        assert!(format!("{error:#}").contains("no-such-program-here"));
    }

    #[test]
    fn a_tail_keeps_the_last_lines() {
        let text: String = (0..100).map(|n| format!("{n}\n")).collect();
        assert!(tail(&text).ends_with("98\n99"));
        assert_eq!(tail(&text).lines().count(), TAIL_LINES);
    }
}
