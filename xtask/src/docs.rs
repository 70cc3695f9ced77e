//! The generated reference in `docs/reference/`: written by the program that it describes.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{command, progress, workspace};

/// Pages: the word that `vouchsafe reference` knows, which is the name of the file, too.
const PAGES: [&str; 2] = ["commands", "configuration"];

/// Write the generated reference in docs/reference.
#[derive(Debug, clap::Args)]
pub(crate) struct DocsArgs {
    /// Write nothing; fail when a page is not what would be written.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the program cannot be built, a page cannot be written, or, with `--check`, one differs.
pub(crate) fn run(args: &DocsArgs) -> Result<()> {
    if args.check {
        if !is_current()? {
            bail!("run `cargo xtask docs`");
        }
    } else {
        for page in PAGES {
            let path = workspace::root().join(path_of(page));
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, generated(page)?)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    progress::step("docs/reference is what the program says");
    Ok(())
}

/// Whether every page is what would be written; those that are not are named.
///
/// # Errors
///
/// When the program cannot be built.
pub(crate) fn is_current() -> Result<bool> {
    let mut is_current = true;
    for page in PAGES {
        let path = path_of(page);
        let found = std::fs::read_to_string(workspace::root().join(&path)).unwrap_or_default();
        if found != generated(page)? {
            progress::note(format!("problem: {path} is out of date: run `cargo xtask docs`"));
            is_current = false;
        }
    }
    Ok(is_current)
}

fn path_of(page: &str) -> String {
    format!("docs/reference/{page}.md")
}

fn generated(page: &str) -> Result<String> {
    let mut cargo: Command = workspace::cargo();
    cargo.args(["run", "--quiet", "--package", "vouchsafe", "--", "reference", page]);
    command::output(&mut cargo, "write the reference")
}
