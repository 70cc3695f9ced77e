//! The package managers of a machine: where they fetch from today, and how they are pointed here.
//!
//! Two questions. [`discover`] asks an installed client where it fetches from, so that no address
//! of a public registry stands in our code and a company mirror is found by itself. [`setup`]
//! works out the edits that make a client use a Vouchsafe server, and [`apply`] makes them.
//!
//! Discovery reads and never writes. It runs the clients themselves, in an empty folder, and none
//! of the commands it runs reaches the network.
//!
//! # Invariants
//!
//! - People's settings and comments stay: files are edited, not rewritten, and the first version
//!   of each is kept beside it as `NAME.vouchsafe-backup`.
//! - Running a setup twice changes nothing the second time.
//! - Credentials are [`Secret`]s; previews and errors show `****`. A file that
//!   holds one is readable by its owner alone.
//! - With a project folder nothing outside that folder is written, symbolic links included.

mod cargo;
mod change;
mod composer;
mod discovered;
mod draft;
mod env;
mod go;
mod ini;
mod json_file;
mod maven;
mod netrc;
mod npm;
mod pypi;
mod target;
mod toml_file;
mod xml_file;
mod yaml;
mod yarn;

use vouchsafe_domain::EcosystemId;

pub use change::{BACKUP_SUFFIX, Change, apply};
pub use discovered::{DiscoverError, Discovered};
pub use draft::{Plan, SetupError};
pub use env::{Env, EnvError};
pub use target::{Target, TargetError};
#[cfg(doc)]
use vouchsafe_domain::Secret;

/// The name under which clients that name their registries know this one.
pub const REGISTRY_NAME: &str = "vouchsafe";

/// A package manager that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// Cargo.
    Cargo,
    /// npm, and pnpm, which reads the same file.
    Npm,
    /// Yarn 2 and later.
    Yarn,
    /// pip.
    Pip,
    /// uv.
    Uv,
    /// Twine, which uploads only.
    Twine,
    /// Poetry.
    Poetry,
    /// Composer.
    Composer,
    /// Maven.
    Maven,
    /// Gradle.
    Gradle,
    /// Go.
    Go,
}

impl Client {
    /// Every client there is.
    pub const ALL: [Self; 11] = [
        Self::Cargo,
        Self::Npm,
        Self::Yarn,
        Self::Pip,
        Self::Uv,
        Self::Twine,
        Self::Poetry,
        Self::Composer,
        Self::Maven,
        Self::Gradle,
        Self::Go,
    ];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Yarn => "yarn",
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Twine => "twine",
            Self::Poetry => "poetry",
            Self::Composer => "composer",
            Self::Maven => "maven",
            Self::Gradle => "gradle",
            Self::Go => "go",
        }
    }

    /// The package-URL type of its ecosystem.
    pub const fn ecosystem(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm | Self::Yarn => "npm",
            Self::Pip | Self::Uv | Self::Twine | Self::Poetry => "pypi",
            Self::Composer => "composer",
            Self::Maven | Self::Gradle => "maven",
            Self::Go => "golang",
        }
    }

    /// Whether setting up an ecosystem includes this client when nobody says otherwise. The
    /// common ones always; the others where something of theirs is found.
    fn is_wanted(self, target: &Target, env: &Env) -> bool {
        match self {
            Self::Cargo | Self::Npm | Self::Pip | Self::Uv | Self::Twine => true,
            Self::Composer | Self::Maven | Self::Go => true,
            Self::Yarn => yarn::is_in_use(target, env),
            Self::Poetry => pypi::poetry::is_in_use(target, env),
            Self::Gradle => maven::gradle::is_in_use(target, env),
        }
    }
}

/// Asks the clients of an ecosystem that are installed here where they fetch from.
///
/// # Errors
///
/// [`DiscoverError`], which tells a person what to do instead (`--upstream`).
pub fn discover(ecosystem: &EcosystemId, env: &Env) -> Result<Discovered, DiscoverError> {
    match ecosystem.as_str() {
        "cargo" => cargo::discover(env),
        "npm" => npm::discover(env),
        "pypi" => pypi::discover(env),
        "composer" => composer::discover(env),
        "maven" => maven::discover(env),
        "golang" => go::discover(env),
        _ => Err(DiscoverError::UnknownEcosystem { ecosystem: ecosystem.to_string() }),
    }
}

/// Works out how the clients of an ecosystem are pointed at a server. Nothing is written yet.
///
/// # Errors
///
/// [`SetupError`] when a configuration file cannot be read or understood; nothing was changed.
pub fn setup(ecosystem: &EcosystemId, target: &Target, env: &Env) -> Result<Plan, SetupError> {
    let is_wanted = |client: &Client| match &target.clients {
        Some(chosen) => chosen.contains(client),
        None => client.is_wanted(target, env),
    };
    let clients: Vec<Client> = Client::ALL
        .into_iter()
        .filter(|client| client.ecosystem() == ecosystem.as_str())
        .filter(is_wanted)
        .collect();
    if clients.is_empty() {
        return Err(SetupError::NoClient { ecosystem: ecosystem.to_string() });
    }
    let mut draft = draft::Draft::new(target)?;
    for client in clients {
        match client {
            Client::Cargo => cargo::setup(&mut draft, target, env)?,
            Client::Npm => npm::setup(&mut draft, target, env)?,
            Client::Yarn => yarn::setup(&mut draft, target, env)?,
            Client::Pip => pypi::pip::setup(&mut draft, target, env)?,
            Client::Uv => pypi::uv::setup(&mut draft, target, env)?,
            Client::Twine => pypi::twine::setup(&mut draft, target, env)?,
            Client::Poetry => pypi::poetry::setup(&mut draft, target, env)?,
            Client::Composer => composer::setup(&mut draft, target, env)?,
            Client::Maven => maven::setup(&mut draft, target, env)?,
            Client::Gradle => maven::gradle::setup(&mut draft, target, env)?,
            Client::Go => go::setup(&mut draft, target, env)?,
        }
    }
    draft.finish()
}
