//! Clients and servers that the tests and the benchmark run, installed below `target/tools/`.
//!
//! Every part is pinned in this crate (`xtask/tools/`), installed by the ordinary package client
//! of its language, and remembered by a stamp: a second run reads the stamps and does nothing.
//! Only Debian packages are global, and only those whose programs are missing.
//!
//! Three versions of Maven and two of Composer are there, because they differ in what they send
//! and check: Debian's own under their usual names, `mvn-3.9`, `mvn-4` and `composer-current`
//! beside them. Gradle is Debian's alone: no registry of packages carries a newer one.
//!
//! What is expected to be there already: cargo, git, Python 3.11 or newer with `venv`, Node 20 or
//! newer with npm, Go 1.24 or newer. A missing one is an error that names it.

mod debian;
mod install;
mod java;
mod php;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{command, progress, workspace};
use install::{Part, Stage};

/// Install the clients and servers that tests and benchmarks need, below `target/tools/`.
///
/// Fast when everything is there already. Debian packages whose programs are missing (PostgreSQL,
/// PHP and Composer, a JDK, Maven and Gradle; nginx and wrk for the benchmark) are installed with
/// apt-get, as root or through sudo.
#[derive(Debug, clap::Args)]
pub(crate) struct ToolsArgs {
    /// Install nothing: print what would be used, and what is missing.
    #[arg(long)]
    list: bool,

    /// Also the browser for tests of pages.
    #[arg(long)]
    browser: bool,

    /// Leave out what only the benchmark needs.
    #[arg(long)]
    tests_only: bool,
}

/// What a task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// PostgreSQL and the S3 server: tests without real package clients.
    Services,
    /// And the package clients.
    Tests,
    /// Everything: the servers to compare with, nginx and wrk.
    Benchmark,
}

/// Where everything is. Paths are absolute and exist after [`ensure`].
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// `target/tools`.
    pub(crate) root: PathBuf,
    /// npm, pnpm and yarn.
    pub(crate) node_bin_dir: PathBuf,
    /// pip, twine, uv, poetry, build.
    pub(crate) python_bin_dir: PathBuf,
    /// `composer-current`; Debian's `composer` and `php` are on the usual path.
    pub(crate) php_bin_dir: PathBuf,
    /// `mvn-3.9` and `mvn-4`; Debian's `mvn` and `gradle` are on the usual path.
    pub(crate) java_bin_dir: PathBuf,
    /// `initdb`, `postgres`, `pg_isready`.
    pub(crate) postgres_bin_dir: PathBuf,
    /// An S3-compatible server.
    pub(crate) s3_server: PathBuf,
}

/// What only the benchmark uses, apart from [`Tools`].
#[derive(Debug, Clone)]
pub(crate) struct BenchmarkTools {
    /// The physical limit.
    pub(crate) nginx: PathBuf,
    /// The load generator.
    pub(crate) wrk: PathBuf,
    /// pypi-server, devpi-init, devpi-server.
    pub(crate) peers_python_bin_dir: PathBuf,
    /// verdaccio.
    pub(crate) peers_node_bin_dir: PathBuf,
}

impl Tools {
    /// The tools below this `target/tools`, whether they are there or not.
    fn below(root: PathBuf) -> Self {
        Self {
            node_bin_dir: root.join("node/node_modules/.bin"),
            python_bin_dir: root.join("python/bin"),
            php_bin_dir: root.join(php::FOLDER).join("bin"),
            java_bin_dir: root.join(java::FOLDER).join("bin"),
            postgres_bin_dir: debian::postgres_bin_dir().unwrap_or_default(),
            s3_server: root.join("go/bin/versitygw"),
            root,
        }
    }

    /// What tests find in their environment: `VOUCHSAFE_TOOLS`, and a `PATH` on which the pinned
    /// clients come first.
    ///
    /// # Errors
    ///
    /// When a folder cannot be written in a `PATH` because of a colon in its name.
    pub(crate) fn environment(&self) -> Result<Vec<(&'static str, OsString)>> {
        #[expect(clippy::disallowed_methods, reason = "the inherited PATH is extended")]
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let ours = [
            &self.node_bin_dir,
            &self.python_bin_dir,
            &self.php_bin_dir,
            &self.java_bin_dir,
            &self.postgres_bin_dir,
        ];
        let path = std::env::join_paths(
            ours.into_iter().cloned().chain(std::env::split_paths(&inherited)),
        )
        .context("the path of the target directory cannot be part of PATH")?;
        Ok(vec![("VOUCHSAFE_TOOLS", self.root.clone().into_os_string()), ("PATH", path)])
    }
}

impl BenchmarkTools {
    /// The tools below this `target/tools`.
    ///
    /// # Errors
    ///
    /// When nginx or wrk is missing.
    pub(crate) fn find(tools: &Tools) -> Result<Self> {
        let program = |name: &str| {
            command::find_program(name)
                .with_context(|| format!("`{name}` is missing; `cargo xtask tools` installs it"))
        };
        Ok(Self {
            nginx: program("nginx")?,
            wrk: program("wrk")?,
            peers_python_bin_dir: tools.root.join("peers-python/bin"),
            peers_node_bin_dir: tools.root.join("peers-node/node_modules/.bin"),
        })
    }
}

/// Runs the command.
///
/// # Errors
///
/// When something cannot be installed, or with `--list` when something is missing.
pub(crate) fn run(args: &ToolsArgs) -> Result<()> {
    let need = if args.tests_only { Need::Tests } else { Need::Benchmark };
    if args.list {
        return list(need, args.browser);
    }
    let tools = ensure(need)?;
    if args.browser {
        debian::install(&[debian::BROWSER])?;
    }
    progress::step(format!("everything is in place below {}", tools.root.display()));
    Ok(())
}

/// Installs what is missing and says where everything is.
///
/// # Errors
///
/// When a part cannot be installed. What does not build upon it is installed all the same, so that
/// a second try has less to do; the error names every part that failed.
pub(crate) fn ensure(need: Need) -> Result<Tools> {
    let root = tools_root()?;
    std::fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
    let missing = install::parts(need).into_iter().filter(|part| !part.is_installed(&root));
    let (first, after_debian): (Vec<Part>, Vec<Part>) =
        missing.partition(|part| part.stage() == Stage::First);

    let failures: Vec<String> = std::thread::scope(|scope| {
        let one_by_one = scope.spawn(|| {
            debian::install(&debian::packages(need)).context("Debian packages")?;
            after_debian.iter().try_for_each(|part| install_part(part, &root))
        });
        let beside: Vec<_> =
            first.iter().map(|part| scope.spawn(|| install_part(part, &root))).collect();
        beside
            .into_iter()
            .chain([one_by_one])
            .filter_map(|handle| match handle.join() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{error:#}")),
                Err(_) => Some("an installing thread panicked".to_owned()),
            })
            .collect()
    });
    if !failures.is_empty() {
        bail!("not everything could be installed\n{}", failures.join("\n"));
    }
    Ok(Tools::below(root))
}

fn install_part(part: &Part, root: &Path) -> Result<()> {
    progress::step(format!("installing {}", part.description));
    part.install(root).context(part.description)
}

/// `target/tools`.
fn tools_root() -> Result<PathBuf> {
    Ok(workspace::target_dir()?.join("tools"))
}

/// Prints the parts and whether they are there.
fn list(need: Need, browser: bool) -> Result<()> {
    let root = tools_root()?;
    let mut missing = 0_usize;
    let mut show = |description: &str, place: Option<&Path>| {
        missing += usize::from(place.is_none());
        let place = place.map_or("missing".to_owned(), |place| place.display().to_string());
        progress::note(format!("{description}: {place}"));
    };
    for part in install::parts(need) {
        let folder = root.join(part.folder);
        show(part.description, part.is_installed(&root).then_some(&folder));
    }
    let browser: &[debian::DebianPackage] = if browser { &[debian::BROWSER] } else { &[] };
    for package in debian::packages(need).iter().chain(browser) {
        show(package.name, package.find().as_deref());
    }
    for (program, version_flag) in
        [("python3", "--version"), ("node", "--version"), ("npm", "--version"), ("go", "version")]
    {
        let answer = command::output(Command::new(program).arg(version_flag), "ask for a version");
        match answer {
            Ok(version) => progress::note(format!("{program}: {}", version.trim())),
            Err(_) => show(program, None),
        }
    }
    if missing > 0 {
        bail!("{missing} missing; `cargo xtask tools` installs all but the language runtimes");
    }
    Ok(())
}
