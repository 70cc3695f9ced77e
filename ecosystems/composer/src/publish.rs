//! Uploads: Composer has no publish command, so an archive is sent as it is.
//!
//! The archive says what it is. Address and query only narrow it down, and supply the version that
//! most `composer.json` files do without.

use serde_json::{Map, Value};
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{FormatError, WireError};
use vouchsafe_domain::call::{Call, DraftFile, Inspected, PublishDraft, UnnamedUpload};
use vouchsafe_domain::{Digests, PackageName, Version};

use crate::file::{FileExtras, filename};
use crate::manifest::shown;
use crate::{archive, manifest, name, version};

/// What is kept of a description for search results, in characters.
const MAX_SUMMARY_CHARS: usize = 500;
/// Keywords that are kept for searching.
const MAX_KEYWORDS: usize = 20;
/// Digits of a digest that tell the files of a moving version apart.
const MARK_DIGITS: usize = 12;

/// A body that is the archive and nothing else.
pub(crate) struct ArchiveBody {
    upload: Box<UnnamedUpload>,
    has_begun: bool,
}

impl ArchiveBody {
    pub(crate) fn new(package: Option<PackageName>, version: Option<String>) -> Self {
        let upload = UnnamedUpload { package, version, metadata: "{}".to_owned() };
        Self { upload: Box::new(upload), has_begun: false }
    }
}

impl BodyDecoder for ArchiveBody {
    fn push(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        if chunk.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            sink.begin();
        }
        sink.write(chunk);
        Ok(())
    }

    fn finish(self: Box<Self>, _sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        match self.has_begun {
            true => Ok(Call::PublishUnnamed(self.upload)),
            false => Err(WireError::malformed("archive", "it is empty")),
        }
    }
}

/// Reads out of an archive which release it is.
pub(crate) fn identify(
    upload: &UnnamedUpload,
    file: &mut dyn ArtifactBytes,
) -> Result<PublishDraft, FormatError> {
    let manifest = archive::read_manifest(file)?;
    let package = package_of(&manifest)?;
    if upload.package.as_ref().is_some_and(|stated| *stated != package) {
        return Err(FormatError::manifest(format!(
            "composer.json names `{package}`, which is another package than the address does"
        )));
    }
    let version = match (&upload.version, version_of(&manifest)?) {
        (None, None) => {
            return Err(FormatError::manifest(
                "composer.json has no `version`, and the request states none (add `?version=`)",
            ));
        }
        (None, Some(version)) => version,
        (Some(stated), own) => {
            let stated = parse_version(stated)?;
            check_version(&stated, own.as_ref())?;
            stated
        }
    };
    let is_moving = version::is_moving(&version);
    let digest = if is_moving { archive::sha256_hex(file)? } else { String::new() };
    let mark = digest.get(..MARK_DIGITS);
    let filename = filename(&package, &version, mark, "zip").map_err(FormatError::filename)?;
    Ok(PublishDraft {
        package,
        version,
        may_extend: is_moving,
        files: vec![DraftFile {
            filename,
            stated_digests: Digests::none(),
            stated_size_bytes: None,
        }],
        tags: Vec::new(),
        metadata: "{}".to_owned(),
    })
}

/// Checks the one archive of a draft and makes the version's metadata of what is in it.
pub(crate) fn inspect(
    draft: &PublishDraft,
    files: &mut [Box<dyn ArtifactBytes>],
) -> Result<Inspected, FormatError> {
    let [file] = files else {
        return Err(FormatError::archive("an upload of a package is exactly one archive"));
    };
    let manifest = archive::read_manifest(file.as_mut())?;
    if package_of(&manifest)? != draft.package {
        return Err(FormatError::manifest("composer.json names another package"));
    }
    check_version(&draft.version, version_of(&manifest)?.as_ref())?;
    let mut kept = manifest::known_keys(&manifest).map_err(FormatError::manifest)?;
    manifest::check_constraints(&kept).map_err(FormatError::manifest)?;
    // When it was published is the registry's to say, and branches are not known here.
    kept.shift_remove("time");
    kept.shift_remove("default-branch");

    let description = kept.get("description").and_then(Value::as_str).unwrap_or_default();
    let summary = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let keywords = kept.get("keywords").and_then(Value::as_array).into_iter().flatten();
    let keywords = keywords.filter_map(Value::as_str).map(str::to_owned);
    let extras = draft
        .may_extend
        .then(|| FileExtras { manifest: Some(kept.clone()), ..FileExtras::default() }.to_json());
    Ok(Inspected {
        manifest: Value::Object(kept.clone()).to_string(),
        file_extras: vec![extras],
        summary: summary.chars().take(MAX_SUMMARY_CHARS).collect(),
        keywords: keywords.take(MAX_KEYWORDS).collect(),
        warnings: manifest::warnings(&kept),
        ..Inspected::default()
    })
}

fn package_of(manifest: &Map<String, Value>) -> Result<PackageName, FormatError> {
    let Some(raw) = manifest.get("name").and_then(Value::as_str) else {
        return Err(FormatError::manifest("composer.json has no `name`"));
    };
    name::parse(raw)
        .map_err(|error| FormatError::manifest(format!("`name` is `{}`: {error}", shown(raw))))
}

fn version_of(manifest: &Map<String, Value>) -> Result<Option<Version>, FormatError> {
    match manifest.get("version") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(raw)) => parse_version(raw).map(Some),
        Some(_) => Err(FormatError::manifest("`version` of composer.json is no text")),
    }
}

fn parse_version(raw: &str) -> Result<Version, FormatError> {
    version::parse(raw)
        .map_err(|error| FormatError::manifest(format!("`{}` is no version: {error}", shown(raw))))
}

fn check_version(stated: &Version, own: Option<&Version>) -> Result<(), FormatError> {
    match own {
        Some(own) if own != stated => Err(FormatError::manifest(format!(
            "composer.json says it is version {own}, and the request says {stated}"
        ))),
        _ => Ok(()),
    }
}
