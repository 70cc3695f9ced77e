//! Files of releases: their names, and what is kept about each.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{Filename, PackageName, Version};

/// The adapter's own JSON about a file. Both `inspect` and `parse_index` write it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileExtras {
    /// How it is packed; a zip archive when nothing is said.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// What an upstream knows these bytes by: usually a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// What this file's `composer.json` says, when files of the release may differ in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<Map<String, Value>>,
}

impl FileExtras {
    pub(crate) fn from_json(json: Option<&str>) -> Self {
        json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    pub(crate) fn to_json(&self) -> String {
        // Texts and tables with text keys always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `acme-tool-1.2.0.zip`, or `acme-tool-dev-main-0123456789ab.zip` when more than one file can
/// bear the version.
///
/// * `mark`: what tells files of one version apart.
pub(crate) fn filename(
    package: &PackageName,
    version: &Version,
    mark: Option<&str>,
    extension: &str,
) -> Result<Filename, NameError> {
    let stem = format!("{}-{}", package.canonical().replace('/', "-"), version.display());
    let mark = mark.map(|mark| format!("-{mark}")).unwrap_or_default();
    format!("{stem}{mark}.{extension}").parse()
}

/// Whether a file of this name can exist here.
pub(crate) fn is_filename(raw: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let has_extension = [".zip", ".tar"].iter().any(|extension| raw.ends_with(extension));
    has_extension && !raw.contains("..") && raw.chars().all(is_allowed)
}
