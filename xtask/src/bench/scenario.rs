//! What is measured under load: one line each.

use super::wire::{Ecosystem, Form};

/// Which bytes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The index document of a package with one version.
    TinyIndex(Form),
    /// The index document of the package with many versions.
    LargeIndex(Form),
    /// A file of 10 kB.
    SmallArtifact,
    /// A file of 5 MB.
    BigArtifact,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    /// A short name, for the command line and the report.
    pub(crate) name: &'static str,
    /// What happens, for people.
    pub(crate) description: &'static str,
    /// Which bytes.
    pub(crate) subject: Subject,
    /// Whether the client accepts gzip.
    pub(crate) gzip: bool,
    /// Whether the client has the document already and asks for news.
    pub(crate) conditional: bool,
    /// How many clients ask at the same time.
    pub(crate) connections: u32,
    /// Whose clients do so; empty means all.
    only: &'static [Ecosystem],
}

const PLAIN: Scenario = Scenario {
    name: "",
    description: "",
    subject: Subject::TinyIndex(Form::Full),
    gzip: false,
    conditional: false,
    connections: 32,
    only: &[],
};

/// All scenarios.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "tiny-index", description: "index document of one version", ..PLAIN },
    Scenario { name: "tiny-index-1", description: "the same, one client", connections: 1, ..PLAIN },
    Scenario {
        name: "large-index",
        description: "index document of many versions",
        subject: Subject::LargeIndex(Form::Full),
        ..PLAIN
    },
    Scenario {
        name: "large-index-gzip",
        description: "the same, compressed",
        subject: Subject::LargeIndex(Form::Full),
        gzip: true,
        ..PLAIN
    },
    Scenario {
        name: "large-index-modern-gzip",
        description: "the newer form of it, compressed",
        subject: Subject::LargeIndex(Form::Modern),
        gzip: true,
        only: &[Ecosystem::Npm, Ecosystem::Pypi],
        ..PLAIN
    },
    Scenario {
        name: "large-index-304",
        description: "nothing new in it",
        subject: Subject::LargeIndex(Form::Full),
        conditional: true,
        ..PLAIN
    },
    Scenario {
        name: "artifact-10kB",
        description: "a small file",
        subject: Subject::SmallArtifact,
        ..PLAIN
    },
    Scenario {
        name: "artifact-5MB",
        description: "a big file",
        subject: Subject::BigArtifact,
        connections: 8,
        ..PLAIN
    },
];

/// The scenarios of one ecosystem.
pub(crate) fn of(ecosystem: Ecosystem) -> impl Iterator<Item = Scenario> {
    SCENARIOS
        .iter()
        .copied()
        .filter(move |scenario| scenario.only.is_empty() || scenario.only.contains(&ecosystem))
}
