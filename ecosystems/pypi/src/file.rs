//! What is kept about one file beside its name, size and digests.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use vouchsafe_domain::index::ArtifactView;

/// What a wheel's metadata is served under: the wheel's name with this behind it (PEP 658).
pub(crate) const SIDECAR_ENDING: &str = ".metadata";

/// The adapter's JSON about a file. Both `inspect` and `parse_index` write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FileExtras {
    /// `bdist_wheel`, `sdist`, `bdist_egg`.
    pub(crate) packagetype: Cow<'static, str>,
    /// `source`, or the python tag.
    pub(crate) python_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requires_python: Option<String>,
    /// Whether a sidecar with the metadata exists.
    pub(crate) core_metadata: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment_text: Option<String>,
    /// An upstream yanked this one file and not the whole release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yanked: Option<String>,
}

impl FileExtras {
    /// Reads what is kept of an artifact. What cannot be read counts as nothing kept.
    pub(crate) fn of(artifact: &ArtifactView) -> Self {
        let kept = artifact.extras.as_deref();
        kept.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}

/// Whether an artifact is the metadata of another one, and so no distribution itself.
pub(crate) fn is_sidecar(artifact: &ArtifactView) -> bool {
    artifact.filename.as_str().ends_with(SIDECAR_ENDING)
}
