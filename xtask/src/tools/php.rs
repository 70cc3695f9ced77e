//! A current Composer beside the one of the Debian release that this machine runs.
//!
//! The older one knows neither filter lists nor the blocking of updates, and is in wide use; tests
//! need both. The current one is taken from Debian's next release through an apt with sources,
//! lists and package state of its own, and unpacked rather than installed: the machine's sources
//! and packages stay as they are. It runs on the machine's PHP.
//!
//! Which version that is moves with Debian, which keeps no older one at the same address. So it is
//! not pinned: a floor is checked instead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::command;

/// Below `target/tools`.
pub(super) const FOLDER: &str = "php";

/// Debian's name for its next release, the package, and the oldest version that will do.
pub(super) const PINS: &str = "testing composer >= 2.10, functions of PHP 8.4";

const SUITE: &str = "testing";
const OLDEST: (u32, u32) = (2, 10);
/// Debian's own keys; nothing signed by other keys of this machine is taken.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Functions that the package takes from Debian's newer PHP.
const FUNCTIONS: &str = include_str!("../../tools/php-8.4-functions.php");
const FUNCTIONS_FILE: &str = "php-8.4-functions.php";

/// Where Debian's PHP libraries are, and name each other with this absolute path.
const LIBRARY_DIR: &str = "/usr/share/php";

/// Puts `bin/composer-current` and all it needs into an empty folder.
pub(super) fn install(folder: &Path) -> Result<()> {
    let apt = Apt::new(folder)?;
    apt.get(&["update", "--quiet"])?;
    let packages = apt.php_packages()?;
    let downloads = folder.join("packages");
    fs::create_dir_all(&downloads).context("cannot create a folder for packages")?;
    apt.download(&packages, &downloads)?;

    let unpacked = folder.join("composer-current");
    for entry in fs::read_dir(&downloads).context("cannot list the packages")? {
        let package = entry.context("cannot list the packages")?.path();
        command::output(
            Command::new("dpkg-deb").arg("-x").arg(&package).arg(&unpacked),
            "unpack a Debian package",
        )?;
    }
    relocate(&unpacked.join("usr/share/php"), &unpacked)?;
    for leftover in [&downloads, &apt.folder] {
        fs::remove_dir_all(leftover).context("cannot remove what is no longer needed")?;
    }

    let functions = unpacked.join(FUNCTIONS_FILE);
    fs::write(&functions, FUNCTIONS).context("cannot write the functions of a newer PHP")?;
    let program = write_script(
        &folder.join("bin/composer-current"),
        &format!(
            "exec php -d 'auto_prepend_file={}' '{}' \"$@\"\n",
            functions.display(),
            unpacked.join("usr/bin/composer").display()
        ),
    )?;
    check_version(&program, &folder.join("home"))
}

/// An apt that leaves the machine's alone.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(parent: &Path) -> Result<Self> {
        let folder = parent.join("apt");
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).context("cannot create apt's folders")?;
        }
        // No package is installed as far as this apt knows, so it names all that Composer needs.
        fs::write(folder.join("state/status"), "").context("cannot write apt's state")?;
        let source = format!("deb [signed-by={KEYRING}] {} {SUITE} main\n", mirror()?);
        fs::write(folder.join("sources.list"), source).context("cannot write apt's sources")?;
        Ok(Self { folder })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        for (option, path) in [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::State", "state"),
            ("Dir::State::status", "state/status"),
            ("Dir::Cache", "cache"),
        ] {
            command.arg("-o").arg(format!("{option}={}", self.folder.join(path).display()));
        }
        for option in
            ["Dir::Etc::sourceparts", "Dir::Etc::preferences", "Dir::Etc::preferencesparts"]
        {
            command.arg("-o").arg(format!("{option}=/dev/null"));
        }
        command.args(["-o", "Acquire::Languages=none"]);
        command
    }

    fn get(&self, arguments: &[&str]) -> Result<String> {
        command::output(self.command().args(arguments), "ask apt for a newer Composer")
    }

    /// Composer and the libraries written in PHP that it needs.
    fn php_packages(&self) -> Result<Vec<String>> {
        let plan = self.get(&["install", "--dry-run", "--no-install-recommends", "composer"])?;
        let packages = php_packages(&plan);
        ensure!(!packages.is_empty(), "apt names no package for Composer");
        Ok(packages)
    }

    fn download(&self, packages: &[String], folder: &Path) -> Result<()> {
        let mut command = self.command();
        command.current_dir(folder).args(["--quiet", "download"]).args(packages);
        command::output(&mut command, "download Debian packages").map(drop)
    }
}

/// The packages of a plan (`Inst NAME (VERSION …)`) that may hold PHP code. `php-*` are libraries
/// and empty packages that stand for an extension; extensions themselves are `php8.4-*`.
fn php_packages(plan: &str) -> Vec<String> {
    plan.lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
        .filter(|name| matches!(*name, "composer" | "jsonlint") || name.starts_with("php-"))
        .map(str::to_owned)
        .collect()
}

/// The address that this machine has Debian from.
fn mirror() -> Result<String> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    command.args(["Origin: Debian", "Label: Debian"]);
    let targets = command::output(&mut command, "ask apt for its sources")?;
    let first = targets.lines().next().map(str::to_owned);
    first.context("apt has no package list of Debian; run `apt-get update` once")
}

/// Makes the libraries find each other where they were unpacked.
fn relocate(folder: &Path, root: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            relocate(&path, root)?;
        } else if path.file_name().is_some_and(|name| name == "autoload.php") {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let ours = format!("'{}{LIBRARY_DIR}/", root.display());
            fs::write(&path, text.replace(&format!("'{LIBRARY_DIR}/"), &ours))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Writes a shell script that can be run.
pub(super) fn write_script(path: &Path, body: &str) -> Result<PathBuf> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).context("cannot create a folder for programs")?;
    }
    fs::write(path, format!("#!/bin/sh\n{body}"))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}

/// Runs it once: a library that is missing or too new for this PHP shows here, not in a test.
fn check_version(program: &Path, home: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["--no-ansi", "--version"]).env("COMPOSER_HOME", home);
    command.env("COMPOSER_ALLOW_SUPERUSER", "1");
    let printed = command::output(&mut command, "run the current Composer")?;
    match version(&printed) {
        Some(version) if version >= OLDEST => Ok(()),
        _ => bail!("Composer is too old, or does not say its version: {printed}"),
    }
}

/// Major and minor out of `Composer version 2.10.3 2026-…`.
fn version(printed: &str) -> Option<(u32, u32)> {
    let (_, rest) = printed.split_once("Composer version ")?;
    let mut numbers = rest.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_unpacked_and_the_language_is_not() {
        let plan = "NOTE: a dry run\nInst libc6 (2.43-7 Debian [amd64])\nInst php8.4-cli (8.4 x)\n\
                    Inst php-react-promise (3.3.0-3 x)\nInst jsonlint (1.12 x)\nInst composer (2 x)\n\
                    Conf composer (2 x)\n";
        assert_eq!(php_packages(plan), ["php-react-promise", "jsonlint", "composer"]);
    }

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        assert_eq!(version("Composer version 2.10.3 2026-09-01 10:00:00\n"), Some((2, 10)));
        assert!(version("Composer version 2.5.5 2023-03-21").is_some_and(|old| old < OLDEST));
        assert_eq!(version("nothing"), None);
    }
}
