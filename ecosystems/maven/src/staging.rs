//! Staged files become a draft.
//!
//! Clients send files one by one, in any order and several at a time. When they say that they are
//! done, all that came for a release is one draft, with its pom first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vouchsafe_adapter::FormatError;
use vouchsafe_domain::call::{DraftFile, PublishDraft};
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::{Filename, PackageName, Version};

use crate::{layout, name, snapshot, version};

/// What a draft carries to the inspection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DraftMetadata {
    pub(crate) group_id: String,
    pub(crate) artifact_id: String,
    pub(crate) version: String,
    /// The newest build of a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
}

/// See [`Ecosystem::assemble`](vouchsafe_adapter::Ecosystem::assemble).
pub(crate) fn assemble(
    package: &PackageName,
    version: &Version,
    files: &[StagedFile],
) -> Result<PublishDraft, FormatError> {
    let mut folded = BTreeSet::new();
    for file in files {
        if layout::FileParts::of(package, version, &file.filename).is_none() {
            let filename = &file.filename;
            return Err(FormatError::filename(format!(
                "`{filename}` is not a file of {package} {version}"
            )));
        }
        if let Some(reason) = layout::unpublishable(package, version, &file.filename) {
            return Err(FormatError::filename(reason));
        }
        if !folded.insert(file.filename.as_str().to_ascii_lowercase()) {
            let filename = &file.filename;
            return Err(FormatError::filename(format!(
                "two files differ from `{filename}` in letter case alone"
            )));
        }
    }
    let build = snapshot::newest_build(package, version, files.iter().map(|file| &file.filename));
    let (group, artifact) = name::split(package);
    let pom = match build {
        Some(build) => format!("{artifact}-{}.pom", build.value),
        None => format!("{artifact}-{version}.pom"),
    };
    if !files.iter().any(|file| file.filename.as_str() == pom) {
        return Err(FormatError::manifest(format!(
            "no `{pom}` was sent, and no release is without a pom"
        )));
    }
    let metadata = DraftMetadata {
        group_id: group.to_owned(),
        artifact_id: artifact.to_owned(),
        version: version.canonical().to_owned(),
        build: build.map(|build| build.value.to_owned()),
    };
    let mut files: Vec<DraftFile> = files.iter().map(draft_file).collect();
    let order = |filename: &Filename| (filename.as_str() != pom, filename.clone());
    files.sort_by_key(|file| order(&file.filename));
    Ok(PublishDraft {
        package: package.clone(),
        version: version.clone(),
        may_extend: version::is_snapshot(version),
        files,
        tags: Vec::new(),
        metadata: serde_json::to_string(&metadata).map_err(FormatError::manifest)?,
    })
}

/// Digests are those that were computed here: the inspection compares what files say of each
/// other with them.
fn draft_file(file: &StagedFile) -> DraftFile {
    DraftFile {
        filename: file.filename.clone(),
        stated_digests: file.digests.clone(),
        stated_size_bytes: Some(file.size_bytes),
    }
}
