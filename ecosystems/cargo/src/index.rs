//! The index file: one JSON line per version.
//!
//! A release keeps its line without the three keys that are not its own to say (`cksum`, `yanked`,
//! `pubtime`), hosted and proxied alike. Rendering appends them to the kept text, so a thousand
//! versions cost one pass of copying.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use vouchsafe_domain::index::{Document, DocumentKey, PackageView, ReleaseView};

use crate::dependency::IndexDependency;

/// The only document a crate has.
pub(crate) const DOCUMENT: DocumentKey = DocumentKey::from_static("index");

/// Keys that rendering adds, and that are taken away from an upstream's lines.
pub(crate) const ADDED_KEYS: [&str; 3] = ["cksum", "yanked", "pubtime"];

/// An index line as it is kept.
///
/// # Source
///
/// The Cargo Book, "Registry Index", section "JSON schema".
#[derive(Debug, Serialize)]
pub(crate) struct IndexLine {
    name: String,
    vers: String,
    deps: Vec<IndexDependency>,
    features: BTreeMap<String, Vec<String>>,
    /// Features in the syntax of Cargo 1.60: `dep:x` and `x?/y`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    features2: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust_version: Option<String>,
    /// 2 when `features2` is there, so that older Cargos skip the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u32>,
}

impl IndexLine {
    pub(crate) fn new(
        name: String,
        vers: String,
        deps: Vec<IndexDependency>,
        features: BTreeMap<String, Vec<String>>,
        links: Option<String>,
        rust_version: Option<String>,
    ) -> Self {
        let (features, features2) = split_features(features);
        let v = (!features2.is_empty()).then_some(2);
        Self { name, vers, deps, features, features2, links, rust_version, v }
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> String {
        // Strings, lists and maps with text keys always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Takes features apart: those of the old syntax, and those that use the new one or switch on a
/// feature that does.
fn split_features(
    mut old: BTreeMap<String, Vec<String>>,
) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
    let mut new = BTreeMap::new();
    loop {
        let is_new = |value: &String| {
            value.starts_with("dep:") || value.contains("?/") || new.contains_key(value)
        };
        let moving: Vec<String> = old
            .iter()
            .filter(|(_, values)| values.iter().any(is_new))
            .map(|(name, _)| name.clone())
            .collect();
        if moving.is_empty() {
            return (old, new);
        }
        new.extend(moving.iter().filter_map(|name| old.remove_entry(name)));
    }
}

/// Writes the index file. `None` when there is no line to write.
///
/// A withheld release stays listed as yanked: resolvers pass it by, and a lock file that names it
/// leads to the download, whose refusal tells the reason.
pub(crate) fn render(view: &PackageView) -> Option<Document> {
    let served = view.releases.iter().map(|release| (release, release.yanked.is_some()));
    let withheld = view.withheld.iter().map(|held| (&held.release, true));
    let kept_bytes: usize = served.clone().map(|(release, _)| release.manifest.len() + 160).sum();
    let mut body = String::with_capacity(kept_bytes);
    for (release, is_yanked) in served.chain(withheld) {
        push_line(&mut body, release, is_yanked);
    }
    (!body.is_empty()).then(|| Document {
        content_type: "text/plain; charset=utf-8",
        headers: Vec::new(),
        body: body.into_bytes(),
    })
}

/// Appends one line. A release without a digest cannot be downloaded and gets none.
fn push_line(body: &mut String, release: &ReleaseView, is_yanked: bool) {
    let cksum = release.artifacts.iter().find_map(|artifact| artifact.digests.sha256());
    let kept = release.manifest.strip_suffix('}');
    let (Some(cksum), Some(kept)) = (cksum, kept) else { return };
    body.push_str(kept);
    // Writing to a `String` cannot fail.
    let _ = write!(body, ",\"cksum\":\"{}\",\"yanked\":{is_yanked}", cksum.to_hex());
    if let Some(published_at) = release.published_at {
        let _ = write!(body, ",\"pubtime\":\"{}\"", published_at.to_rfc3339_secs());
    }
    body.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(features: &[(&str, &[&str])], expect_new: &[&str]) {
        let owned = features.iter().map(|(name, values)| {
            ((*name).to_owned(), values.iter().map(ToString::to_string).collect())
        });
        let (old, new) = split_features(owned.collect());
        assert_eq!(new.keys().collect::<Vec<_>>(), expect_new);
        assert_eq!(old.len() + new.len(), features.len());
    }

    #[test]
    fn features_of_the_new_syntax_are_split_off_with_all_that_switch_them_on() {
        check(&[("a", &["b", "x/y"]), ("b", &[])], &[]);
        check(&[("a", &["dep:x"]), ("b", &[])], &["a"]);
        check(&[("a", &["x?/y"]), ("b", &["a"]), ("c", &["b"]), ("d", &[])], &["a", "b", "c"]);
    }
}
