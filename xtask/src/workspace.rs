//! Where the workspace is and which files belong to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;

/// The root of the workspace: the parent of this crate's folder.
pub(crate) fn root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir).to_owned()
}

/// The cargo target directory.
///
/// # Errors
///
/// When `cargo metadata` fails.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("cannot ask cargo where its target directory is")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// The program that is this cargo.
pub(crate) fn cargo() -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells its tools this way which cargo runs"
    )]
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Every text file that is tracked by git, or would be with `git add .`; sorted by path.
///
/// # Errors
///
/// When git is not there or this is not a git checkout.
pub(crate) fn text_files() -> Result<Vec<TextFile>> {
    let root = root();
    let listing = command::output(
        Command::new("git").current_dir(&root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]),
        "list the files of the repository",
    )?;
    let mut files: Vec<TextFile> = listing
        .split('\0')
        .filter(|path| !path.is_empty())
        .filter_map(|path| {
            // A file that is deleted but not committed yet, or that is not text, has no say.
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(TextFile { path: path.to_owned(), text })
        })
        .collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files.dedup_by(|left, right| left.path == right.path);
    Ok(files)
}
