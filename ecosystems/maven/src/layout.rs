//! The maven2 layout: which place of a repository a path names.
//!
//! `{group, dots as slashes}/{artifactId}/{version}/{artifactId}-{version}[-{classifier}].{extension}`.
//! A snapshot's directory has the version `1.0-SNAPSHOT`, its files have that of one build,
//! `1.0-20260102.030405-7`. Beside every file stands one with a digest, named by its ending.
//!
//! # Invariants
//!
//! - A path names at most one place: a directory of a group has no dot in its name, and a file
//!   belongs to the release of its directory or is nowhere.

use vouchsafe_domain::{DigestAlgorithm, Filename, PackageName, Version};

use crate::name::{self, SNAPSHOT_ENDING};
use crate::version;

/// The document that lists versions, builds or plugins, at three levels.
pub(crate) const METADATA: &str = "maven-metadata.xml";

/// Endings of files with a digest.
const CHECKSUMS: [(&str, DigestAlgorithm); 4] = [
    (".md5", DigestAlgorithm::Md5),
    (".sha1", DigestAlgorithm::Sha1),
    (".sha256", DigestAlgorithm::Sha256),
    (".sha512", DigestAlgorithm::Sha512),
];

/// Endings of signatures: a signature belongs to the file that is named before them.
pub(crate) const SIGNATURES: [&str; 3] = [".asc", ".sigstore.json", ".sigstore"];

/// A place of a repository.
#[derive(Debug)]
pub(crate) enum Place {
    /// A file of a release.
    File { package: PackageName, version: Version, filename: Filename },
    /// The metadata of a package and of the group that has the same path, or of one snapshot.
    Metadata { package: PackageName, snapshot: Option<Version> },
    /// The metadata of a group that is no package, because it has one word only.
    TopGroupMetadata,
}

/// Why a path is no place, for a publisher.
#[derive(Debug)]
pub(crate) struct Misplaced(pub(crate) String);

/// The name without the ending of a digest, and which digest that is.
pub(crate) fn split_checksum(filename: &str) -> (&str, Option<DigestAlgorithm>) {
    for (ending, algorithm) in CHECKSUMS {
        if let Some(stem) = filename.strip_suffix(ending) {
            return (stem, Some(algorithm));
        }
    }
    (filename, None)
}

/// Finds the place of a path, and whether one of its digests is meant.
pub(crate) fn place(path: &[&str]) -> Result<(Place, Option<DigestAlgorithm>), Misplaced> {
    let Some((last, directories)) = path.split_last() else {
        return Err(Misplaced("it is the root of the repository".to_owned()));
    };
    let (file, checksum) = split_checksum(last);
    let place = match file {
        METADATA => metadata_place(directories)?,
        _ => file_place(directories, file)?,
    };
    Ok((place, checksum))
}

fn metadata_place(directories: &[&str]) -> Result<Place, Misplaced> {
    match directories {
        [] => Err(Misplaced("the repository itself has no metadata".to_owned())),
        [group @ .., artifact, base] if base.ends_with(SNAPSHOT_ENDING) => {
            let package = package(group, artifact)?;
            Ok(Place::Metadata { package, snapshot: Some(version_of(base)?) })
        }
        [_] => Ok(Place::TopGroupMetadata),
        [group @ .., artifact] => {
            Ok(Place::Metadata { package: package(group, artifact)?, snapshot: None })
        }
    }
}

fn file_place(directories: &[&str], file: &str) -> Result<Place, Misplaced> {
    let [group @ .., artifact, raw_version] = directories else {
        return Err(Misplaced("it is not `group/artifact/version/file`".to_owned()));
    };
    let package = package(group, artifact)?;
    let version = version_of(raw_version)?;
    let filename: Filename = file.parse().map_err(|error| Misplaced(format!("{error}")))?;
    if FileParts::of(&package, &version, &filename).is_none() {
        return Err(Misplaced(format!(
            "the name of a file of {package} {version} begins with `{artifact}-{}`",
            version.canonical().strip_suffix("SNAPSHOT").unwrap_or(raw_version)
        )));
    }
    Ok(Place::File { package, version, filename })
}

/// The package of a directory.
pub(crate) fn package(group: &[&str], artifact: &str) -> Result<PackageName, Misplaced> {
    if group.iter().any(|directory| directory.contains('.')) {
        return Err(Misplaced("dots of a groupId are slashes in a path".to_owned()));
    }
    name::of(&group.join("."), artifact).map_err(|error| Misplaced(error.to_string()))
}

pub(crate) fn version_of(raw: &str) -> Result<Version, Misplaced> {
    version::parse(raw).map_err(|error| Misplaced(error.to_string()))
}

/// One build of a snapshot, as file names tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Build<'a> {
    /// `1.0-20260102.030405-7`
    pub(crate) value: &'a str,
    /// `20260102.030405`, UTC.
    pub(crate) timestamp: &'a str,
    /// `7`
    pub(crate) number: u32,
}

/// What a file name says, beside artifactId and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileParts<'a> {
    /// For files of snapshots; `None` for a name that all builds share.
    pub(crate) build: Option<Build<'a>>,
    /// Empty for the main artifact.
    pub(crate) classifier: &'a str,
    /// Without the first dot: `jar`, `tar.gz`, `jar.asc`.
    pub(crate) extension: &'a str,
}

impl<'a> FileParts<'a> {
    /// Reads a file name against the release it must be of.
    pub(crate) fn of(
        package: &PackageName,
        version: &Version,
        filename: &'a Filename,
    ) -> Option<Self> {
        let name = filename.as_str();
        let is_allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~' | '@');
        if !name.chars().all(is_allowed) || name.contains("..") || name.ends_with('.') {
            return None;
        }
        let (_, artifact) = name::split(package);
        let versioned = name.strip_prefix(artifact)?.strip_prefix('-')?;
        let (build, rest) = match version.canonical().strip_suffix(SNAPSHOT_ENDING) {
            None => (None, versioned.strip_prefix(version.canonical())?),
            Some(base) => {
                let behind = versioned.strip_prefix(base)?.strip_prefix('-')?;
                match behind.strip_prefix("SNAPSHOT") {
                    Some(rest) => (None, rest),
                    None => {
                        let (timestamp, number, rest) = split_build(behind)?;
                        let value = versioned.get(..versioned.len() - rest.len())?;
                        (Some(Build { value, timestamp, number }), rest)
                    }
                }
            }
        };
        let (classifier, extension) = split_classifier(rest)?;
        Some(Self { build, classifier, extension })
    }

    /// What the file is once the endings of signatures are taken away.
    pub(crate) fn signed_extension(&self) -> &'a str {
        let ending = SIGNATURES.iter().find_map(|ending| self.extension.strip_suffix(ending));
        ending.unwrap_or(self.extension)
    }

    /// Whether this is a signature rather than something signed.
    pub(crate) fn is_signature(&self) -> bool {
        self.signed_extension() != self.extension
    }
}

/// `20260102.030405-7{rest}`
fn split_build(text: &str) -> Option<(&str, u32, &str)> {
    let (timestamp, behind) = text.split_at_checked(15)?;
    if !is_build_timestamp(timestamp) {
        return None;
    }
    let behind = behind.strip_prefix('-')?;
    let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
    let (number, rest) = behind.split_at(end);
    Some((timestamp, number.parse().ok()?, rest))
}

/// Whether a text is `yyyyMMdd.HHmmss`.
pub(crate) fn is_build_timestamp(text: &str) -> bool {
    text.len() == 15
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'.',
            _ => byte.is_ascii_digit(),
        })
}

/// `.jar` or `-sources.jar`. An extension may have dots, and so may a classifier: the extension is
/// what follows the last dot, together with what always stands before it.
fn split_classifier(rest: &str) -> Option<(&str, &str)> {
    if let Some(extension) = rest.strip_prefix('.') {
        return (!extension.is_empty()).then_some(("", extension));
    }
    let rest = rest.strip_prefix('-')?;
    let unsigned = SIGNATURES.iter().find_map(|ending| rest.strip_suffix(ending)).unwrap_or(rest);
    let (mut stem, last) = unsigned.rsplit_once('.')?;
    if matches!(last, "gz" | "bz2" | "xz" | "zst" | "lz4") {
        stem = stem.strip_suffix(".tar").unwrap_or(stem);
    }
    let extension = rest.get(stem.len() + 1..)?;
    let is_whole = !stem.is_empty() && !last.is_empty();
    is_whole.then_some((stem, extension))
}

/// What a publisher is told about a file that no client would find.
pub(crate) fn unpublishable(
    package: &PackageName,
    release: &Version,
    filename: &Filename,
) -> Option<String> {
    if let Some(reason) = version::unpublishable(release) {
        return Some(reason.to_owned());
    }
    let parts = FileParts::of(package, release, filename)?;
    if version::is_snapshot(release) && parts.build.is_none() {
        return Some(format!(
            "`{filename}` has no timestamp. Builds of a snapshot are told apart by it: deploy with \
             Maven 3 or later, or Gradle's `maven-publish`, and not with `uniqueVersion` off"
        ));
    }
    None
}
