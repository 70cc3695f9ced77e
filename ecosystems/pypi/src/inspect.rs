//! Compares an upload's request with what its archive says, and makes of it what is stored.
//!
//! The archive is the truth: an installer reads that. What the form says beside it must not
//! disagree, or the index would promise something else than what is installed.

use serde::{Deserialize, Serialize};
use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::Filename;
use vouchsafe_domain::call::{DerivedFile, DraftFile, Inspected, PublishDraft};

use crate::file::{FileExtras, SIDECAR_ENDING};
use crate::filename::{self, Distribution, Kind};
use crate::metadata::{self, CoreMetadata};
use crate::{archive, name, stdlib, version};

/// What the form of an upload says about the file, as it travels in
/// [`PublishDraft::metadata`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FormMetadata {
    pub(crate) metadata_version: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) filetype: String,
    pub(crate) requires_python: Option<String>,
    pub(crate) requires_dist: Vec<String>,
    pub(crate) comment: Option<String>,
}

/// See [`Ecosystem::inspect`](vouchsafe_adapter::Ecosystem::inspect).
pub(crate) fn inspect(
    draft: &PublishDraft,
    files: &mut [Box<dyn ArtifactBytes>],
) -> Result<Inspected, FormatError> {
    let form: FormMetadata = serde_json::from_str(&draft.metadata)
        .map_err(|error| FormatError::manifest(format!("the request's metadata: {error}")))?;
    if stdlib::is_stdlib_module(draft.package.canonical()) {
        return Err(FormatError::manifest(format!(
            "`{}` is the name of a module of Python's standard library; choose another name",
            draft.package
        )));
    }
    let ([file], [bytes]) = (draft.files.as_slice(), files) else {
        return Err(FormatError::manifest("an upload carries exactly one file"));
    };
    let distribution =
        filename::parse_uploaded(file.filename.as_str(), &draft.package, &draft.version)
            .map_err(FormatError::filename)?;
    let raw = match distribution.kind {
        Kind::Wheel { .. } => archive::read_wheel(bytes, &draft.package, &draft.version)?,
        Kind::Sdist => archive::read_sdist(bytes, &distribution.stem)?,
        Kind::Egg { .. } => return Err(FormatError::filename("eggs are not accepted any more")),
    };
    let metadata = metadata::parse(&raw)?;
    check_release(draft, &metadata)?;
    check_form(&form, &metadata, &distribution)?;
    inspected(file, &distribution, metadata, form.comment, raw)
}

fn check_release(draft: &PublishDraft, metadata: &CoreMetadata) -> Result<(), FormatError> {
    let found = name::parse(&metadata.name);
    if !found.is_ok_and(|found| found == draft.package) {
        return Err(disagreement("name", &metadata.name, draft.package.display()));
    }
    let found = version::parse(&metadata.version);
    if !found.is_ok_and(|found| found == draft.version) {
        return Err(disagreement("version", &metadata.version, draft.version.display()));
    }
    Ok(())
}

fn check_form(
    form: &FormMetadata,
    metadata: &CoreMetadata,
    distribution: &Distribution,
) -> Result<(), FormatError> {
    if form.filetype != distribution.kind.package_type() {
        let kind = distribution.kind.package_type();
        return Err(disagreement("filetype", kind, &form.filetype));
    }
    if form.metadata_version != metadata.metadata_version {
        let found = &metadata.metadata_version;
        return Err(disagreement("metadata_version", found, &form.metadata_version));
    }
    // What the form leaves out, it does not deny.
    if let Some(stated) = form.requires_python.as_deref().filter(|stated| !stated.is_empty()) {
        let found = metadata.requires_python.as_deref().unwrap_or_default();
        if plain(stated) != plain(found) {
            return Err(disagreement("requires_python", found, stated));
        }
    }
    if !form.requires_dist.is_empty() {
        let sorted = |list: &[String]| {
            let mut plain_list: Vec<String> = list.iter().map(|text| plain(text)).collect();
            plain_list.sort();
            plain_list
        };
        if sorted(&form.requires_dist) != sorted(&metadata.requires_dist) {
            return Err(FormatError::manifest(
                "`requires_dist` of the request differs from `Requires-Dist` in the archive",
            ));
        }
    }
    Ok(())
}

/// A requirement without what tools write differently: spaces, quotes, brackets around versions.
fn plain(requirement: &str) -> String {
    let kept = requirement.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')'));
    kept.map(|c| if c == '\'' { '"' } else { c }).collect()
}

fn disagreement(field: &str, archive: &str, request: &str) -> FormatError {
    let shown = |text: &str| text.escape_debug().take(80).collect::<String>();
    FormatError::manifest(format!(
        "`{field}` is `{}` in the archive and `{}` in the request",
        shown(archive),
        shown(request)
    ))
}

fn inspected(
    file: &DraftFile,
    distribution: &Distribution,
    metadata: CoreMetadata,
    comment: Option<String>,
    raw: Vec<u8>,
) -> Result<Inspected, FormatError> {
    let is_wheel = matches!(distribution.kind, Kind::Wheel { .. });
    let extras = FileExtras {
        packagetype: distribution.kind.package_type().into(),
        python_version: distribution.kind.python_version().to_owned(),
        requires_python: metadata.requires_python.clone(),
        core_metadata: is_wheel,
        comment_text: comment.filter(|comment| !comment.is_empty()),
        yanked: None,
    };
    let mut derived = Vec::new();
    if is_wheel {
        let sidecar: Result<Filename, _> = format!("{}{SIDECAR_ENDING}", file.filename).try_into();
        derived.push(DerivedFile { filename: sidecar.map_err(FormatError::filename)?, bytes: raw });
    }
    let summary = metadata.summary.clone().unwrap_or_default();
    let keywords = metadata.keywords.as_deref().unwrap_or_default();
    let separator = if keywords.contains(',') { ',' } else { ' ' };
    let keywords = keywords.split(separator).map(str::trim).filter(|word| !word.is_empty());
    let keywords = keywords.take(50).map(str::to_owned).collect();
    Ok(Inspected {
        manifest: to_json(&metadata)?,
        file_extras: vec![Some(to_json(&extras)?)],
        derived,
        summary,
        keywords,
        ..Inspected::default()
    })
}

fn to_json(value: &impl Serialize) -> Result<String, FormatError> {
    serde_json::to_string(value).map_err(FormatError::manifest)
}
