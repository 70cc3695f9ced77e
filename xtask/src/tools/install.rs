//! How each part is installed, and how a later run sees that nothing has changed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Need, java, php};
use crate::command;

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

/// When a part can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// At once, beside all others.
    First,
    /// By programs that Debian packages or earlier parts brought; in the order of [`parts`].
    AfterDebian,
}

#[derive(Debug, Clone, Copy)]
enum Means {
    PythonVenv,
    NpmPrefix,
    GoInstall,
    CurrentComposer,
    Mavens,
    MavenRepository,
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
        parts.push(Part {
            description: "Composer as in Debian's next release",
            folder: php::FOLDER,
            proof: "bin/composer-current",
            pins: php::PINS,
            means: Means::CurrentComposer,
        });
        parts.push(Part {
            description: "Maven 3.9 and 4",
            folder: java::FOLDER,
            proof: "bin/mvn-4",
            pins: java::PINS,
            means: Means::Mavens,
        });
        parts.push(Part {
            description: "plugins of all three Mavens",
            folder: java::REPOSITORY_FOLDER,
            proof: "org/apache/maven/plugins/maven-deploy-plugin",
            pins: java::REPOSITORY_PINS,
            means: Means::MavenRepository,
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

    /// When it can be installed.
    pub(super) const fn stage(&self) -> Stage {
        match self.means {
            Means::PythonVenv | Means::NpmPrefix | Means::GoInstall => Stage::First,
            Means::CurrentComposer | Means::Mavens | Means::MavenRepository => Stage::AfterDebian,
        }
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
            Means::CurrentComposer => php::install(&folder)?,
            Means::Mavens => java::install(&folder)?,
            Means::MavenRepository => java::fill_repository(root, &folder)?,
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
