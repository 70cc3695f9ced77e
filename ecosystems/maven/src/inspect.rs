//! Looks into the files of a draft and proves that they are the release they were sent as.
//!
//! The pom is the truth of a release. Everything else that names coordinates must name the same:
//! the `.module` that Gradle reads instead, and the pom packed into the jar that scanners read.

use std::io::SeekFrom;

use serde_json::json;
use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::call::{DraftFile, Inspected, PublishDraft};
use vouchsafe_domain::{PackageName, Version};

use crate::jar::{self, Descriptors};
use crate::layout::FileParts;
use crate::module::{self, MAX_MODULE_BYTES};
use crate::pom::{Coordinates, MAX_POM_BYTES, Pom};
use crate::xml::{self, child_text, one_line};
use crate::{metadata::Plugin, name, version};

/// Longest summary, in characters.
const MAX_SUMMARY_CHARS: usize = 300;

/// See [`Ecosystem::inspect`](vouchsafe_adapter::Ecosystem::inspect).
pub(crate) fn inspect(
    draft: &PublishDraft,
    files: &mut [Box<dyn ArtifactBytes>],
) -> Result<Inspected, FormatError> {
    if draft.files.len() != files.len() {
        return Err(FormatError::archive("the draft and its files do not match"));
    }
    let mut looked = Looked::default();
    for (file, bytes) in draft.files.iter().zip(files.iter_mut()) {
        looked.look_at(draft, file, bytes)?;
    }
    let Some(pom) = looked.pom.take() else {
        return Err(FormatError::manifest("the release has no pom"));
    };
    looked.check_packed_pom(draft, &pom)?;
    let has_module = draft.files.iter().any(|file| file.filename.as_str().ends_with(".module"));
    let mut warnings = Vec::new();
    if pom.manifest.has_gradle_metadata && !has_module {
        warnings.push(
            "the pom says that there is a Gradle `.module` file, and none was sent".to_owned(),
        );
    }
    let (_, artifact) = name::split(&draft.package);
    let summary = pom.manifest.description.as_deref().or(pom.manifest.name.as_deref());
    Ok(Inspected {
        manifest: serde_json::to_string(&pom.manifest).map_err(FormatError::manifest)?,
        package_extras: None,
        file_extras: vec![None; draft.files.len()],
        derived: Vec::new(),
        namespace_entry: looked.plugin_entry(&pom, artifact),
        summary: one_line(summary.unwrap_or_default(), MAX_SUMMARY_CHARS),
        keywords: Vec::new(),
        warnings,
        shortcomings: shortcomings(draft, &pom),
    })
}

/// What was found while going through the files.
#[derive(Default)]
struct Looked {
    /// Of the newest build: the first of the draft.
    pom: Option<Pom>,
    /// Of the newest build's main artifact.
    descriptors: Descriptors,
    has_main: bool,
}

impl Looked {
    fn look_at(
        &mut self,
        draft: &PublishDraft,
        file: &DraftFile,
        bytes: &mut Box<dyn ArtifactBytes>,
    ) -> Result<(), FormatError> {
        let (package, release) = (&draft.package, &draft.version);
        let filename = &file.filename;
        let Some(parts) = FileParts::of(package, release, filename) else {
            return Err(FormatError::filename(format!(
                "`{filename}` is not a file of {package} {release}"
            )));
        };
        match parts.extension {
            "pom" if parts.classifier.is_empty() => {
                let pom = Pom::parse(&read_small(bytes, MAX_POM_BYTES, filename.as_str())?)
                    .map_err(|reason| FormatError::manifest(format!("`{filename}`: {reason}")))?;
                check_coordinates(&pom.coordinates, package, release, filename.as_str())?;
                self.pom.get_or_insert(pom);
            }
            "module" if parts.classifier.is_empty() => {
                let module = read_small(bytes, MAX_MODULE_BYTES, filename.as_str())?;
                module::check(&module, package, release, &parts, &draft.files)
                    .map_err(|reason| FormatError::manifest(format!("`{filename}`: {reason}")))?;
            }
            extension if jar::EXTENSIONS.contains(&extension) => {
                let descriptors = jar::read(bytes).map_err(|error| match error {
                    FormatError::Archive { reason } => {
                        FormatError::archive(format!("`{filename}`: {reason}"))
                    }
                    other => other,
                })?;
                // Files come in the order of their names: of several builds the last is kept.
                if parts.classifier.is_empty() {
                    self.descriptors = descriptors;
                    self.has_main = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A jar that Maven built has its own pom in it. One with several had others merged into it,
    /// and Gradle packs none, so that a single one may well be that of something merged.
    fn check_packed_pom(&self, draft: &PublishDraft, pom: &Pom) -> Result<(), FormatError> {
        let Some((group, artifact, bytes)) = &self.descriptors.pom else { return Ok(()) };
        let (own_group, own_artifact) = name::split(&draft.package);
        let is_own = group == own_group && artifact == own_artifact;
        if self.descriptors.poms != 1 || (!is_own && pom.manifest.has_gradle_metadata) {
            return Ok(());
        }
        let place = "the pom inside of the jar";
        if !is_own {
            return Err(FormatError::manifest(format!(
                "{place} lies at `{}:{}`, and the release is {}",
                shown(group),
                shown(artifact),
                draft.package
            )));
        }
        let packed = Pom::parse(bytes)
            .map_err(|reason| FormatError::manifest(format!("{place}: {reason}")))?;
        // Properties are filled in when a pom is published, and not in the one that is packed.
        let literal = |stated: String, wanted: &str| match stated.contains("${") {
            true => wanted.to_owned(),
            false => stated,
        };
        let coordinates = Coordinates {
            group: literal(packed.coordinates.group, own_group),
            artifact: literal(packed.coordinates.artifact, own_artifact),
            version: literal(packed.coordinates.version, draft.version.canonical()),
        };
        check_coordinates(&coordinates, &draft.package, &draft.version, place)
    }

    /// The entry of a plugin in the document of its group.
    fn plugin_entry(&self, pom: &Pom, artifact: &str) -> Option<String> {
        if pom.manifest.packaging != "maven-plugin" || !self.has_main {
            return None;
        }
        let descriptor = self.descriptors.plugin.as_deref().and_then(|bytes| {
            let source = xml::decode(bytes).ok()?;
            let document = xml::parse(&source, "plugin").ok()?;
            let root = document.root_element();
            Some((child_text(root, "goalPrefix"), child_text(root, "name")))
        });
        let (prefix, name) = descriptor.unwrap_or_default();
        let prefix = prefix.or_else(|| default_prefix(artifact))?;
        let name = name.or_else(|| pom.manifest.name.clone());
        let plugin = Plugin {
            prefix: one_line(&prefix, 100),
            artifact_id: artifact.to_owned(),
            name: one_line(&name.unwrap_or_else(|| artifact.to_owned()), 200),
        };
        serde_json::to_string(&json!(plugin)).ok()
    }
}

/// Whether two plugins of a group answer to one prefix.
pub(crate) fn have_one_prefix(entry: &str, other: &str) -> bool {
    let read = |entry: &str| serde_json::from_str::<Plugin>(entry).ok();
    let both = read(entry).zip(read(other));
    both.is_some_and(|(one, other)| {
        one.prefix == other.prefix && one.artifact_id != other.artifact_id
    })
}

/// What Maven makes of an artifactId when a plugin names no prefix.
fn default_prefix(artifact: &str) -> Option<String> {
    let of_maven = artifact.strip_prefix("maven-").and_then(|rest| rest.strip_suffix("-plugin"));
    let prefix = of_maven.or_else(|| artifact.strip_suffix("-maven-plugin"))?;
    (!prefix.is_empty()).then(|| prefix.to_owned())
}

fn check_coordinates(
    stated: &Coordinates,
    package: &PackageName,
    release: &Version,
    place: &str,
) -> Result<(), FormatError> {
    let (group, artifact) = name::split(package);
    let wanted = [
        ("groupId", &stated.group, group),
        ("artifactId", &stated.artifact, artifact),
        ("version", &stated.version, release.canonical()),
    ];
    for (field, found, wanted) in wanted {
        if found.contains("${") {
            return Err(FormatError::manifest(format!(
                "the {field} of {place} is the property `{}`, which nobody else can resolve: \
                 publish with the flatten plugin or Maven 4",
                shown(found)
            )));
        }
        if found != wanted {
            return Err(FormatError::manifest(format!(
                "the {field} of {place} is `{}`, and the release's is `{wanted}`",
                shown(found)
            )));
        }
    }
    Ok(())
}

/// A stranger's text, fit for a message.
fn shown(text: &str) -> String {
    text.escape_debug().take(80).collect()
}

fn read_small(
    file: &mut Box<dyn ArtifactBytes>,
    limit_bytes: u64,
    place: &str,
) -> Result<Vec<u8>, FormatError> {
    use std::io::{Read as _, Seek as _};

    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    // Grows with what is there, up to one byte more than allowed.
    file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(FormatError::manifest(format!("`{place}` is larger than {limit_bytes} bytes")));
    }
    Ok(bytes)
}

/// What Maven Central would have refused a release for. It takes no snapshots to judge.
fn shortcomings(draft: &PublishDraft, pom: &Pom) -> Vec<String> {
    if version::is_snapshot(&draft.version) {
        return Vec::new();
    }
    let mut found: Vec<String> =
        pom.missing.iter().map(|field| format!("the pom has no `{field}`")).collect();
    let parts: Vec<FileParts<'_>> = draft
        .files
        .iter()
        .filter_map(|file| FileParts::of(&draft.package, &draft.version, &file.filename))
        .collect();
    let has = |classifier: &str, extension: &str| {
        parts.iter().any(|part| part.classifier == classifier && part.extension == extension)
    };
    if pom.manifest.packaging != "pom" {
        for classifier in ["sources", "javadoc"] {
            if !has(classifier, "jar") {
                found.push(format!("there is no `-{classifier}.jar`"));
            }
        }
    }
    for part in parts.iter().filter(|part| !part.is_signature()) {
        if !has(part.classifier, &format!("{}.asc", part.extension)) {
            let dash = if part.classifier.is_empty() { "" } else { "-" };
            found.push(format!(
                "`{dash}{}.{}` has no signature (`.asc`)",
                part.classifier, part.extension
            ));
        }
    }
    found
}
