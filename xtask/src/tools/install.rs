//! How each part is installed, and how a later run sees that nothing has changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Need;
use crate::{command, progress};

/// The S3-compatible server: Apache-2.0, one program, keeps objects as files.
const S3_SERVER_MODULE: &str = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

const PYTHON_PINS: &str = include_str!("../../tools/python.txt");
const PEERS_PYTHON_PINS: &str = include_str!("../../tools/peers.txt");
const NODE_PINS: &str = include_str!("../../tools/clients.package.json");
const PEERS_NODE_PINS: &str = include_str!("../../tools/peers.package.json");

/// One folder below `target/tools`.
#[derive(Debug)]
pub(super) struct Part {
    /// For people.
    pub(super) description: &'static str,
    /// The folder. Nothing else writes there; installing starts by emptying it.
    pub(super) folder: &'static str,
    /// A file inside that is there when the part is.
    proof: &'static str,
    /// What is installed.
    pins: &'static str,
    /// By which means.
    means: Means,
}

#[derive(Debug, Clone, Copy)]
enum Means {
    PythonVenv,
    NpmPrefix,
    GoInstall,
}

/// The parts that a task needs.
pub(super) fn parts(need: Need) -> Vec<Part> {
    let mut parts = vec![Part {
        description: "the S3 server (built from source, takes minutes the first time)",
        folder: "go",
        proof: "bin/versitygw",
        pins: S3_SERVER_MODULE,
        means: Means::GoInstall,
    }];
    if need != Need::Services {
        parts.push(Part {
            description: "Python clients (pip, twine, uv, poetry, build)",
            folder: "python",
            proof: "bin/twine",
            pins: PYTHON_PINS,
            means: Means::PythonVenv,
        });
        parts.push(Part {
            description: "npm clients (npm, pnpm, yarn)",
            folder: "node",
            proof: "node_modules/.bin/pnpm",
            pins: NODE_PINS,
            means: Means::NpmPrefix,
        });
    }
    if need == Need::Benchmark {
        parts.push(Part {
            description: "Python registries to compare with (pypiserver, devpi)",
            folder: "peers-python",
            proof: "bin/devpi-server",
            pins: PEERS_PYTHON_PINS,
            means: Means::PythonVenv,
        });
        parts.push(Part {
            description: "npm registry to compare with (verdaccio)",
            folder: "peers-node",
            proof: "node_modules/.bin/verdaccio",
            pins: PEERS_NODE_PINS,
            means: Means::NpmPrefix,
        });
    }
    parts
}

impl Part {
    /// Whether the stamp says that exactly this was installed exactly here.
    pub(super) fn is_installed(&self, root: &Path) -> bool {
        let folder = root.join(self.folder);
        folder.join(self.proof).exists()
            && std::fs::read_to_string(folder.join("stamp"))
                .is_ok_and(|stamp| stamp == self.stamp(&folder))
    }

    /// The pins themselves, and the folder: programs of a virtual environment name their own path,
    /// so a target directory that was moved is installed again.
    fn stamp(&self, folder: &Path) -> String {
        format!("{}\n{}", folder.display(), self.pins)
    }

    /// Installs the part; the stamp comes last.
    pub(super) fn install(&self, root: &Path) -> Result<()> {
        let folder = root.join(self.folder);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        match self.means {
            Means::PythonVenv => python_venv(&folder, self.pins)?,
            Means::NpmPrefix => npm_prefix(&folder, self.pins)?,
            Means::GoInstall => go_install(&folder, self.pins)?,
        }
        std::fs::write(folder.join("stamp"), self.stamp(&folder)).context("cannot write the stamp")
    }
}

fn python_venv(folder: &Path, requirements: &str) -> Result<()> {
    command::output(
        Command::new("python3").args(["-m", "venv"]).arg(folder),
        "make a Python virtual environment",
    )?;
    let list = folder.join("requirements.txt");
    std::fs::write(&list, requirements).context("cannot write requirements.txt")?;
    command::output(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&list),
        "install Python packages",
    )
    .map(drop)
}

fn npm_prefix(folder: &Path, package_json: &str) -> Result<()> {
    std::fs::write(folder.join("package.json"), package_json)
        .context("cannot write package.json")?;
    command::output(
        Command::new("npm").current_dir(folder).args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--loglevel=error",
        ]),
        "install npm packages",
    )
    .map(drop)
}

fn go_install(folder: &Path, module: &str) -> Result<()> {
    command::output(
        Command::new("go")
            .current_dir(folder)
            .args(["install", "-ldflags=-s -w", module])
            .env("GOBIN", folder.join("bin"))
            .env("CGO_ENABLED", "0"),
        "build the S3 server",
    )
    .map(drop)
}

/// A Debian package, and the program that shows that it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct DebianPackage {
    pub(super) name: &'static str,
    program: &'static str,
}

const POSTGRESQL: DebianPackage = DebianPackage { name: "postgresql", program: "postgres" };
const NGINX: DebianPackage = DebianPackage { name: "nginx-light", program: "nginx" };
const WRK: DebianPackage = DebianPackage { name: "wrk", program: "wrk" };
/// For tests of pages.
pub(super) const BROWSER: DebianPackage = DebianPackage { name: "chromium", program: "chromium" };

impl DebianPackage {
    /// Where its program is.
    pub(super) fn find(&self) -> Option<PathBuf> {
        if self.program == POSTGRESQL.program {
            return postgres_bin_dir().map(|folder| folder.join(self.program));
        }
        command::find_program(self.program)
    }
}

/// The Debian packages that a task needs.
pub(super) fn debian(need: Need) -> &'static [DebianPackage] {
    match need {
        Need::Services | Need::Tests => &[POSTGRESQL],
        Need::Benchmark => &[POSTGRESQL, NGINX, WRK],
    }
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
pub(super) fn debian_packages(packages: &[DebianPackage]) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(pins: &'static str) -> Part {
        Part {
            description: "a part",
            folder: "part",
            proof: "program",
            pins,
            means: Means::GoInstall,
        }
    }

    /// Lays out what an installation of `installed` leaves behind and asks about `wanted`.
    #[track_caller]
    fn check(installed: &'static str, wanted: &'static str, with_program: bool, expect: bool) {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("part");
        std::fs::create_dir(&folder).expect("create");
        if with_program {
            std::fs::write(folder.join("program"), "").expect("write");
        }
        std::fs::write(folder.join("stamp"), part(installed).stamp(&folder)).expect("write");
        assert_eq!(part(wanted).is_installed(root.path()), expect);
    }

    #[test]
    fn the_same_pins_are_not_installed_again() {
        check("a==1", "a==1", true, true);
    }

    #[test]
    fn changed_pins_are_installed_again() {
        check("a==1", "a==2", true, false);
    }

    #[test]
    fn a_part_whose_program_is_gone_is_installed_again() {
        check("a==1", "a==1", false, false);
    }

    #[test]
    fn every_python_pin_is_exact() {
        for line in [PYTHON_PINS, PEERS_PYTHON_PINS].into_iter().flat_map(str::lines) {
            assert!(line.starts_with('#') || line.contains("=="), "{line:?} is not pinned");
        }
    }
}
