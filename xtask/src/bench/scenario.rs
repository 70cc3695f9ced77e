//! What is measured under load by wrk: one line each. What needs more than one address under load
//! has a module of its own ([`publish`](super::publish), [`proxy`](super::proxy),
//! [`transfers`](super::transfers), [`growth`](super::growth)).

use super::wire::{Ecosystem, Form};

/// Which bytes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The index document of a package with one version.
    TinyIndex(Form),
    /// The index document of the package with many versions.
    LargeIndex(Form),
    /// The digest beside it.
    LargeIndexDigest,
    /// The document that clients read first.
    Root,
    /// A file of 10 kB.
    SmallArtifact,
    /// A file of 5 MB.
    BigArtifact,
    /// A file of 200 MB, or 64 kB out of its middle.
    HugeArtifact {
        /// Only the part.
        is_part: bool,
    },
}

/// Where the packages live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// They were published to the server under test.
    Hosted,
    /// They are at an upstream, and the server has them cached.
    Proxied,
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
    /// Where they live.
    pub(crate) origin: Origin,
    /// Whether the client accepts gzip.
    pub(crate) gzip: bool,
    /// Whether the client has the document already and asks for news.
    pub(crate) conditional: bool,
    /// How many clients ask at the same time.
    pub(crate) connections: u32,
    /// Whether a server without accounts and policy is measured too.
    pub(crate) with_open: bool,
    /// Whose clients do so; empty means all.
    only: &'static [Ecosystem],
}

const PLAIN: Scenario = Scenario {
    name: "",
    description: "",
    subject: Subject::TinyIndex(Form::Full),
    origin: Origin::Hosted,
    gzip: false,
    conditional: false,
    connections: 32,
    with_open: false,
    only: &[],
};

/// Slow servers need seconds for one of these: fewer clients, or none gets its answer in time.
const LARGE: Scenario =
    Scenario { subject: Subject::LargeIndex(Form::Full), connections: 8, ..PLAIN };

/// All scenarios.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "M1", description: "index document of one version", with_open: true, ..PLAIN },
    Scenario { name: "M2-full", description: "index document of many versions", ..LARGE },
    Scenario { name: "M2-full-gzip", description: "the same, compressed", gzip: true, ..LARGE },
    Scenario {
        name: "M2-modern",
        description: "the newer form of it: abbreviated packument, JSON page",
        subject: Subject::LargeIndex(Form::Modern),
        only: &[Ecosystem::Npm, Ecosystem::Pypi],
        ..LARGE
    },
    Scenario {
        name: "M2-modern-gzip",
        description: "the same, compressed",
        subject: Subject::LargeIndex(Form::Modern),
        gzip: true,
        only: &[Ecosystem::Npm, Ecosystem::Pypi],
        ..LARGE
    },
    Scenario {
        name: "M3",
        description: "nothing new in the index document of many versions (304)",
        conditional: true,
        ..LARGE
    },
    Scenario {
        name: "M2-sha1",
        description: "digest of the index document of many versions",
        subject: Subject::LargeIndexDigest,
        only: &[Ecosystem::Maven],
        ..PLAIN
    },
    Scenario {
        name: "M4",
        description: "root document (packages.json)",
        subject: Subject::Root,
        only: &[Ecosystem::Composer],
        ..PLAIN
    },
    Scenario {
        name: "M4-gzip",
        description: "the same, compressed",
        subject: Subject::Root,
        gzip: true,
        only: &[Ecosystem::Composer],
        ..PLAIN
    },
    Scenario {
        name: "D1",
        description: "a file of 10 kB",
        subject: Subject::SmallArtifact,
        with_open: true,
        ..PLAIN
    },
    Scenario {
        name: "D2",
        description: "a file of 5 MB",
        subject: Subject::BigArtifact,
        connections: 8,
        ..PLAIN
    },
    Scenario {
        name: "D3",
        description: "a huge file",
        subject: Subject::HugeArtifact { is_part: false },
        connections: 2,
        only: &[Ecosystem::Pypi],
        ..PLAIN
    },
    Scenario {
        name: "D3-range",
        description: "64 kB out of the middle of a huge file",
        subject: Subject::HugeArtifact { is_part: true },
        only: &[Ecosystem::Pypi],
        ..PLAIN
    },
    Scenario {
        name: "P1-index",
        description: "index document of one version, cached from an upstream",
        origin: Origin::Proxied,
        only: &[Ecosystem::Npm],
        ..PLAIN
    },
    Scenario {
        name: "P1-large-index",
        description: "abbreviated index document of many versions, cached from an upstream",
        subject: Subject::LargeIndex(Form::Modern),
        origin: Origin::Proxied,
        connections: 8,
        only: &[Ecosystem::Npm],
        ..PLAIN
    },
    Scenario {
        name: "P1-artifact",
        description: "a file of 10 kB, cached from an upstream",
        subject: Subject::SmallArtifact,
        origin: Origin::Proxied,
        only: &[Ecosystem::Npm],
        ..PLAIN
    },
];

/// The scenarios of one ecosystem.
pub(crate) fn of(ecosystem: Ecosystem, origin: Origin) -> impl Iterator<Item = Scenario> {
    SCENARIOS.iter().copied().filter(move |scenario| {
        let is_ours = scenario.only.is_empty() || scenario.only.contains(&ecosystem);
        is_ours && scenario.origin == origin
    })
}
