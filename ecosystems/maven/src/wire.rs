//! Addresses below the mount, and answers in the shapes of this protocol.
//!
//! | address | GET, HEAD | PUT |
//! |---|---|---|
//! | `{group}/{artifact}/{version}/{file}` | the file | stage it |
//! | `….md5`, `….sha1`, `….sha256`, `….sha512` of it | that digest | compare it |
//! | `{group}/{artifact}/maven-metadata.xml` | versions, plugins | publish what is staged |
//! | `{group}/{artifact}/{version}-SNAPSHOT/maven-metadata.xml` | builds | publish this snapshot |
//! | digests of either | digest of the document | nothing, and a success |
//! | `.meta/prefixes.txt`, and its digests | groups | |
//! | `{group}/{artifact}/`, `{group}/{artifact}/{version}/` | a page for people | |
//!
//! The upload of metadata is how Maven and Gradle say that a release is complete. Which ones they
//! mean is all that is read of it. A request that reads and fits nowhere is a 404, because
//! clients look into several repositories; one that writes hears what is wrong.

use http::{Method, StatusCode};
use vouchsafe_adapter::body::SmallBody;
use vouchsafe_adapter::{Decoded, WireError, WireRequest, WireResponse};
use vouchsafe_domain::call::{Answer, Call};
use vouchsafe_domain::deploy::Deploy;
use vouchsafe_domain::index::DocumentKey;
use vouchsafe_domain::{DigestAlgorithm, Filename, PackageName, Version};

use crate::checksum::{self, MAX_TEXT_BYTES};
use crate::documents::DocumentName;
use crate::layout::{self, Misplaced, Place};
use crate::name::SNAPSHOT_ENDING;
use crate::upload::FileBody;
use crate::{metadata, portal};

/// Largest metadata document that a client may send, in bytes.
const MAX_SENT_METADATA_BYTES: usize = 8 * 1024 * 1024;

/// See [`Ecosystem::decode`](vouchsafe_adapter::Ecosystem::decode).
pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    let path = request.path();
    if let Some(below) = portal::below(&path) {
        return portal::decode(request, below);
    }
    match *request.method {
        Method::GET | Method::HEAD => read(request, &path).map(Decoded::Call),
        Method::PUT if !request.has_trailing_slash => write(&path),
        _ => Err(WireError::MethodNotAllowed { method: request.method.to_string() }),
    }
}

fn read(request: &WireRequest<'_>, path: &[&str]) -> Result<Call, WireError> {
    if request.has_trailing_slash {
        return listing(path).map_err(|_| WireError::UnknownRoute);
    }
    if let [".meta", file] = path {
        return match layout::split_checksum(file) {
            ("prefixes.txt", checksum) => {
                Ok(Call::ListPackages { document: DocumentName::Prefixes.key(checksum) })
            }
            _ => Err(WireError::UnknownRoute),
        };
    }
    let (place, checksum) = layout::place(path).map_err(|_| WireError::UnknownRoute)?;
    match place {
        Place::File { package, version, filename } => Ok(match checksum {
            Some(algorithm) => Call::ReadDigest { package, version, filename, algorithm },
            None => Call::ReadArtifact { package, version: Some(version), filename },
        }),
        Place::Metadata { package, snapshot } => {
            let document = match snapshot {
                Some(version) => DocumentName::Snapshot(version.canonical()).key(checksum),
                None => DocumentName::Metadata.key(checksum),
            };
            Ok(Call::ReadDocument { package, document })
        }
        Place::TopGroupMetadata => Err(WireError::UnknownRoute),
    }
}

/// The last directory of a page is a version when it looks like one: nothing else tells.
fn listing(path: &[&str]) -> Result<Call, Misplaced> {
    let document = |package, document: DocumentKey| Call::ReadDocument { package, document };
    match path {
        [group @ .., artifact, last] if !group.is_empty() && looks_like_version(last) => {
            let version = layout::version_of(last)?;
            let key = DocumentName::ReleaseListing(version.canonical()).key(None);
            Ok(document(layout::package(group, artifact)?, key))
        }
        [group @ .., artifact] if !group.is_empty() => {
            Ok(document(layout::package(group, artifact)?, DocumentName::Listing.key(None)))
        }
        _ => Err(Misplaced("there is no page of this directory".to_owned())),
    }
}

fn looks_like_version(directory: &str) -> bool {
    let digits = directory.strip_prefix(['v', 'V']).unwrap_or(directory);
    digits.starts_with(|c: char| c.is_ascii_digit()) || directory.ends_with(SNAPSHOT_ENDING)
}

fn write(path: &[&str]) -> Result<Decoded, WireError> {
    let (place, checksum) =
        layout::place(path).map_err(|Misplaced(reason)| WireError::malformed("address", reason))?;
    match place {
        Place::File { package, version, filename } => {
            write_file(package, version, filename, checksum)
        }
        Place::Metadata { package, snapshot } => Ok(write_metadata(package, snapshot, checksum)),
        // A plugin of such a group is found by its coordinates. Its client still sends this.
        Place::TopGroupMetadata => Ok(accepted()),
    }
}

/// Which releases a client means, and that all their files were sent.
fn write_metadata(
    package: PackageName,
    snapshot: Option<Version>,
    checksum: Option<DigestAlgorithm>,
) -> Decoded {
    // Ours has another digest, because it is another document.
    if checksum.is_some() {
        return accepted();
    }
    let finish = move |sent: &[u8]| {
        let versions = match snapshot {
            Some(version) => vec![version],
            None => {
                let listed = metadata::parse(sent)
                    .map_err(|reason| WireError::malformed("metadata", reason))?;
                // The document of a group ends no release: nothing is staged under its name.
                listed.versions
            }
        };
        Ok(Call::Deploy(Deploy::Finish { package, versions }))
    };
    Decoded::Body(Box::new(SmallBody::new(MAX_SENT_METADATA_BYTES, finish)))
}

/// The answer to what means nothing here and must not fail.
fn accepted() -> Decoded {
    Decoded::Fixed { response: WireResponse::empty(StatusCode::CREATED), is_public: false }
}

fn write_file(
    package: PackageName,
    version: Version,
    filename: Filename,
    checksum: Option<DigestAlgorithm>,
) -> Result<Decoded, WireError> {
    if let Some(reason) = layout::unpublishable(&package, &version, &filename) {
        return Err(WireError::malformed("file name", reason));
    }
    let Some(algorithm) = checksum else {
        let stage = Deploy::Stage { package, version, filename };
        return Ok(Decoded::Body(Box::new(FileBody::new(stage))));
    };
    let check = move |text: &[u8]| {
        let stated = checksum::parse(algorithm, text)?;
        Ok(Call::Deploy(Deploy::Check { package, version, filename, stated }))
    };
    Ok(Decoded::Body(Box::new(SmallBody::new(MAX_TEXT_BYTES, check))))
}

/// See [`Ecosystem::encode`](vouchsafe_adapter::Ecosystem::encode).
pub(crate) fn encode(request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
    let path = request.path();
    if let Some(below) = portal::below(&path) {
        return portal::encode(below, answer);
    }
    match answer {
        Answer::Digest(hex) => WireResponse::text(StatusCode::OK, hex.clone()),
        Answer::Staged { is_unchanged: true } => WireResponse::empty(StatusCode::OK),
        Answer::Deployed(published) => {
            let warnings = published.iter().flat_map(|release| &release.warnings);
            let warnings: Vec<&str> = warnings.map(String::as_str).collect();
            match warnings.is_empty() {
                true => WireResponse::empty(StatusCode::CREATED),
                false => WireResponse::text(StatusCode::CREATED, warnings.join("\n")),
            }
        }
        _ => WireResponse::empty(StatusCode::CREATED),
    }
}
