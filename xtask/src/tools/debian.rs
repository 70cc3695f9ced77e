//! Debian packages: which ones a task needs, whether they are there, and apt.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Need;
use crate::{command, progress};

/// A Debian package, and what shows that it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct DebianPackage {
    pub(super) name: &'static str,
    proof: Proof,
}

#[derive(Debug, Clone, Copy)]
enum Proof {
    /// A program on the search path.
    Program(&'static str),
    /// A server program of PostgreSQL, which Debian keeps off the search path.
    PostgresProgram(&'static str),
    /// PHP loads this extension.
    PhpExtension(&'static str),
}

const fn package(name: &'static str, proof: Proof) -> DebianPackage {
    DebianPackage { name, proof }
}

/// For tests of pages.
pub(super) const BROWSER: DebianPackage = package("chromium", Proof::Program("chromium"));

const SERVICES: [DebianPackage; 1] = [package("postgresql", Proof::PostgresProgram("postgres"))];

const CLIENTS: [DebianPackage; 9] = [
    package("php-cli", Proof::Program("php")),
    package("php-curl", Proof::PhpExtension("curl")),
    package("php-mbstring", Proof::PhpExtension("mbstring")),
    package("php-xml", Proof::PhpExtension("dom")),
    package("php-zip", Proof::PhpExtension("zip")),
    package("composer", Proof::Program("composer")),
    package("default-jdk-headless", Proof::Program("javac")),
    package("maven", Proof::Program("mvn")),
    package("gradle", Proof::Program("gradle")),
];

const BENCHMARK: [DebianPackage; 2] =
    [package("nginx-light", Proof::Program("nginx")), package("wrk", Proof::Program("wrk"))];

impl DebianPackage {
    /// Where its program is, or the program that it extends.
    pub(super) fn find(&self) -> Option<PathBuf> {
        match self.proof {
            Proof::Program(program) => command::find_program(program),
            Proof::PostgresProgram(program) => {
                postgres_bin_dir().map(|folder| folder.join(program))
            }
            Proof::PhpExtension(extension) => {
                let php = command::find_program("php")?;
                let question = format!("exit(extension_loaded('{extension}') ? 0 : 1);");
                command::output(Command::new(&php).args(["-r", &question]), "ask PHP")
                    .is_ok()
                    .then_some(php)
            }
        }
    }
}

/// The Debian packages that a task needs.
pub(super) fn packages(need: Need) -> Vec<DebianPackage> {
    let mut packages = SERVICES.to_vec();
    if need != Need::Services {
        packages.extend(CLIENTS);
    }
    if need == Need::Benchmark {
        packages.extend(BENCHMARK);
    }
    packages
}

/// The folder of PostgreSQL's server programs. Debian keeps them off `PATH`, one folder per major
/// version; the newest is taken.
pub(super) fn postgres_bin_dir() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder).or_else(|| {
        let initdb = command::find_program("initdb")?;
        initdb.parent().map(Path::to_owned)
    })
}

/// Installs the packages whose programs are missing.
pub(super) fn install(packages: &[DebianPackage]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|package| package.find().is_none())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    progress::step(format!("apt-get install {}", missing.join(" ")));
    apt_get(&["update", "--quiet"])?;
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    arguments.extend(&missing);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = if command::is_root()? {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "apt-get"]);
        sudo
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command::output(&mut command, "install Debian packages (by hand: apt-get install NAME)")
        .map(drop)
}
