//! What `cargo publish` says about a crate, beside the archive. Believed in nothing: it is compared
//! with the manifest inside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a [`PublishDraft`](vouchsafe_domain::call::PublishDraft) of this adapter carries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DraftMetadata {
    /// This registry's index, as manifests name it.
    pub(crate) index_url: String,
    /// The request's JSON, as far as it is looked at.
    pub(crate) publish: PublishMetadata,
}

/// The JSON of a publish request. Keys that only describe the crate are read from the archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublishMetadata {
    pub(crate) name: String,
    pub(crate) vers: String,
    #[serde(default)]
    pub(crate) deps: Vec<PublishDependency>,
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One dependency of [`PublishMetadata`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PublishDependency {
    /// The crate's name, not its alias.
    pub(crate) name: String,
    pub(crate) version_req: String,
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default = "yes")]
    pub(crate) default_features: bool,
    pub(crate) target: Option<String>,
    pub(crate) kind: Option<String>,
    /// `None` is this registry.
    pub(crate) registry: Option<String>,
    pub(crate) explicit_name_in_toml: Option<String>,
    /// Unstable in Cargo; anything here is refused.
    pub(crate) artifact: Option<Vec<String>>,
}

impl DraftMetadata {
    /// Reads the JSON of a request.
    pub(crate) fn from_request(index_url: &str, json: &[u8]) -> serde_json::Result<Self> {
        Ok(Self { index_url: index_url.to_owned(), publish: serde_json::from_slice(json)? })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    pub(crate) fn from_json(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// For the draft.
    pub(crate) fn to_json(&self) -> String {
        // Strings, lists and maps with text keys always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

pub(crate) fn yes() -> bool {
    true
}
