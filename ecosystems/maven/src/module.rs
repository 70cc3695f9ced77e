//! Gradle module metadata (`.module`): what Gradle reads instead of the pom.
//!
//! It names the component it is of and the files of each variant with sizes and digests. A module
//! that tells another story than the files beside it would be a way to show one thing to Maven
//! and scanners, and another to Gradle.
//!
//! # See also
//!
//! Gradle, "Module metadata specification 1.1".

use serde::Deserialize;
use vouchsafe_domain::call::DraftFile;
use vouchsafe_domain::{Digest, DigestAlgorithm, PackageName, Version};

use crate::layout::FileParts;
use crate::{name, version};

/// Largest module, in bytes.
pub(crate) const MAX_MODULE_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Module {
    format_version: String,
    component: Component,
    #[serde(default)]
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Component {
    group: String,
    module: String,
    version: String,
    /// Where the component is described, when this file describes a part of it only.
    url: Option<String>,
}

#[derive(Deserialize)]
struct Variant {
    #[serde(default)]
    files: Vec<ModuleFile>,
    #[serde(rename = "available-at")]
    available_at: Option<Component>,
}

#[derive(Deserialize)]
struct ModuleFile {
    url: String,
    size: Option<u64>,
    md5: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    sha512: Option<String>,
}

/// Checks a module against the release it is in.
///
/// * `parts`: of the module's own file name: the files of a snapshot are those of its build.
/// * `files`: of the release, with their digests.
///
/// # Errors
///
/// A reason, when it is no module or says something else than the release.
pub(crate) fn check(
    bytes: &[u8],
    package: &PackageName,
    release: &Version,
    parts: &FileParts<'_>,
    files: &[DraftFile],
) -> Result<(), String> {
    let module: Module = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if !module.format_version.starts_with("1.") {
        return Err("its `formatVersion` is not 1.x".to_owned());
    }
    check_component(&module.component, package, release)?;
    for variant in &module.variants {
        if let Some(Component { group, module, version, url: Some(url) }) = &variant.available_at
            && !is_module_address(url, module, version)
        {
            return Err(format!("a variant of {group}:{module} is at an odd address"));
        }
        for file in &variant.files {
            check_file(file, release, parts, files)?;
        }
    }
    Ok(())
}

fn check_component(
    component: &Component,
    package: &PackageName,
    release: &Version,
) -> Result<(), String> {
    let (group, artifact) = name::split(package);
    // A part of a component (a platform of a Kotlin library) points to the whole.
    let is_right = match &component.url {
        None => component.module == artifact,
        Some(url) => is_module_address(url, &component.module, &component.version),
    };
    if !is_right || component.group != group || component.version != release.canonical() {
        return Err(format!("its component is not {package} {release}"));
    }
    Ok(())
}

/// `../../{module}/{version}/{module}-{version}.module`, with more steps up for another group: the
/// one kind of address that leaves a release's directory.
fn is_module_address(url: &str, module: &str, version: &str) -> bool {
    let target = url.trim_start_matches("../");
    let is_relative = !target.contains("..") && !target.contains([':', '\\', '%', '?', '#']);
    is_relative
        && !target.starts_with('/')
        && target.ends_with(&format!("{module}/{version}/{module}-{version}.module"))
}

fn check_file(
    file: &ModuleFile,
    release: &Version,
    parts: &FileParts<'_>,
    files: &[DraftFile],
) -> Result<(), String> {
    let shown: String = file.url.escape_debug().take(80).collect();
    if file.url.contains(['/', '\\', ':', '%', '?', '#']) || file.url.contains("..") {
        return Err(format!("`{shown}` is not the name of a file beside it"));
    }
    // Gradle writes the name that all builds share, and looks for that of its own build.
    let wanted = match parts.build {
        Some(build) => file.url.replacen(release.canonical(), build.value, 1),
        None => file.url.clone(),
    };
    let Some(staged) = files.iter().find(|staged| staged.filename.as_str() == wanted) else {
        return match version::is_snapshot(release) {
            true => Ok(()),
            false => Err(format!("`{shown}` is not among the files of the release")),
        };
    };
    if let (Some(stated), Some(size)) = (file.size, staged.stated_size_bytes)
        && stated != size
    {
        return Err(format!("`{shown}` has {size} bytes and not {stated}"));
    }
    let stated = [
        (DigestAlgorithm::Md5, &file.md5),
        (DigestAlgorithm::Sha1, &file.sha1),
        (DigestAlgorithm::Sha256, &file.sha256),
        (DigestAlgorithm::Sha512, &file.sha512),
    ];
    for (algorithm, stated) in stated {
        let Some(stated) = stated else { continue };
        // Gradle leaves leading zeros out.
        let padded = format!("{stated:0>width$}", width = algorithm.len_bytes() * 2);
        let stated = Digest::from_hex(algorithm, &padded).map_err(|error| error.to_string())?;
        if staged.stated_digests.get(algorithm).is_some_and(|digest| *digest != stated) {
            return Err(format!("the {} of `{shown}` is another one", algorithm.as_str()));
        }
    }
    Ok(())
}
