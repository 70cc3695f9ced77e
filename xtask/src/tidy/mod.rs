//! House rules that neither the compiler nor clippy knows. Each is a function from what it reads
//! to a list of problems, so that it is tested from literals; the same functions run over the
//! workspace in `cargo test -p xtask` and in `cargo xtask tidy`.

mod error_pages;
mod file_size;
mod glossary;
mod hosts;
mod layers;
mod licenses;
mod links;
mod markers;

use anyhow::{Context as _, Result, bail};

use crate::workspace::{self, TextFile};
use crate::{command, progress};

/// Check the house rules: layers, error pages, glossary, links, licenses, forbidden words.
#[derive(Debug, clap::Args)]
pub(crate) struct TidyArgs {}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Broken rules.
    problems: Vec<String>,
    /// Smells: worth a look, not a failure.
    remarks: Vec<String>,
}

impl Report {
    /// Whether no rule is broken.
    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Runs the command.
///
/// # Errors
///
/// When a rule is broken, or what the rules are about cannot be read.
pub(crate) fn run(_: &TidyArgs) -> Result<()> {
    let report = report()?;
    if !report.is_clean() {
        bail!("{} house rules are broken", report.problems.len());
    }
    progress::step("tidy");
    Ok(())
}

/// Checks everything and prints what is wrong.
///
/// # Errors
///
/// When files or cargo's metadata cannot be read.
pub(crate) fn report() -> Result<Report> {
    let report = check(&Sources::read()?)?;
    for remark in &report.remarks {
        progress::note(format!("remark: {remark}"));
    }
    for problem in &report.problems {
        progress::note(format!("problem: {problem}"));
    }
    Ok(report)
}

/// Everything that rules read.
struct Sources {
    files: Vec<TextFile>,
    metadata: cargo_metadata::Metadata,
    /// What `cargo tree` prints of everything that is built.
    tree: String,
}

impl Sources {
    fn read() -> Result<Self> {
        let mut cargo = workspace::cargo();
        let json = command::output(
            cargo.args(["metadata", "--format-version", "1"]),
            "read the dependency graph",
        )?;
        let metadata = cargo_metadata::MetadataCommand::parse(json)
            .context("cannot understand the output of `cargo metadata`")?;
        let tree = command::output(
            workspace::cargo()
                .args(["tree", "--workspace", "--target", "all", "--prefix", "none"])
                .args(["--edges", "normal,build,dev", "--format", "{p}"]),
            "read what is built",
        )?;
        Ok(Self { files: workspace::text_files()?, metadata, tree })
    }

    /// The text of one file of the repository.
    fn text(&self, path: &str) -> Result<&str> {
        let file = self.files.iter().find(|file| file.path == path);
        Ok(&file.with_context(|| format!("{path} is missing"))?.text)
    }
}

fn check(sources: &Sources) -> Result<Report> {
    let files = &sources.files;
    let rust = |file: &&TextFile| file.path.ends_with(".rs");
    let mut report = Report::default();
    let problems = &mut report.problems;
    problems.extend(layers::check(&layers::manifests(&sources.metadata)));
    problems.extend(licenses::check(
        sources.text("deny.toml")?,
        &licenses::packages(&sources.metadata, &sources.tree),
    )?);
    problems.extend(error_pages::check(
        sources.text("crates/domain/src/error_code.rs")?,
        &error_pages::pages(files),
    ));
    problems.extend(glossary::check(
        sources.text("GLOSSARY.md")?,
        files.iter().filter(rust).map(|file| file.text.as_str()),
    ));
    problems.extend(links::check(files, |path| workspace::root().join(path).exists()));
    problems.extend(files.iter().flat_map(hosts::check));
    problems.extend(files.iter().flat_map(markers::check));
    report.remarks.extend(files.iter().filter(rust).filter_map(file_size::check));
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_the_house_rules() {
        let sources = Sources::read().expect("the workspace can be read");
        let report = check(&sources).expect("the rules can be checked");
        assert!(report.is_clean(), "\n{}\n", report.problems.join("\n"));
    }
}
