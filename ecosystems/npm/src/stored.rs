//! What is kept of a release: its manifest, sorted into the parts that rendering wants.
//!
//! The full and the abbreviated packument need different members of the same manifest. Sorting
//! once, when a release comes in, makes writing either of them a concatenation of texts:
//!
//! ```json
//! {"slim": {…}, "rest": {…}, "dist": {…}, "trust": {…}}
//! ```
//!
//! `slim` is in both forms, `rest` in the full one only; no key stands in both. `dist` holds what
//! neither the store nor the address decides (file count, signatures, attestations). `trust`, when
//! present, is the part of `_npmUser` that pnpm's trust policy reads. `name`, `version`, `_id`,
//! `deprecated`, the digests and the tarball's address are never kept: the view says them.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::object::{Fields, ObjectWriter, into_text};

/// Members of a version that installers read: what the abbreviated packument is made of.
const SLIM: &[&str] = &[
    "dependencies",
    "acceptDependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "bundledDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bin",
    "directories",
    "engines",
    "cpu",
    "os",
    "libc",
    "funding",
    "hasInstallScript",
    "_hasShrinkwrap",
];
/// Members that the view decides, or that no reader of a version wants.
const DROPPED: &[&str] = &[
    "name",
    "version",
    "_id",
    "dist",
    "deprecated",
    "readme",
    "_rev",
    "_attachments",
    "_revisions",
];
/// Members of `dist` that the view decides.
const DROPPED_OF_DIST: &[&str] = &["tarball", "integrity", "shasum"];
/// Members of `_npmUser` that tell how a release came to be.
const TRUST: &[&str] = &["trustedPublisher", "approver"];

/// A kept manifest, taken apart.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored<'a> {
    #[serde(borrow)]
    pub(crate) slim: &'a RawValue,
    #[serde(borrow)]
    pub(crate) rest: &'a RawValue,
    #[serde(borrow)]
    pub(crate) dist: &'a RawValue,
    #[serde(borrow)]
    pub(crate) trust: Option<&'a RawValue>,
}

impl<'a> Stored<'a> {
    /// Reads what [`store`] wrote. `None` when it did not.
    pub(crate) fn parse(manifest: &'a str) -> Option<Self> {
        serde_json::from_str(manifest).ok()
    }
}

/// Sorts a version's manifest. When a key stands twice, the last one counts, as in JavaScript.
pub(crate) fn store(manifest: &Fields<'_>, dist: &Fields<'_>) -> String {
    let mut json = Vec::new();
    let mut object = ObjectWriter::begin(&mut json);
    write_members(object.object("slim"), manifest, |key| SLIM.contains(&key));
    write_members(object.object("rest"), manifest, |key| {
        !SLIM.contains(&key) && !DROPPED.contains(&key)
    });
    write_members(object.object("dist"), dist, |key| !DROPPED_OF_DIST.contains(&key));
    let user = manifest.get("_npmUser").and_then(|raw| Fields::parse(raw.get()).ok());
    if let Some(user) = user.filter(|user| user.iter().any(|(key, _)| TRUST.contains(&key))) {
        write_members(object.object("trust"), &user, |key| TRUST.contains(&key));
    }
    object.end();
    into_text(json)
}

fn write_members(mut to: ObjectWriter<'_>, from: &Fields<'_>, wanted: impl Fn(&str) -> bool) {
    for (key, value) in from.iter().filter(|(key, _)| wanted(key)) {
        let is_last = from.get(key).is_some_and(|last| std::ptr::eq(last, value));
        if is_last {
            to.raw(key, value.get());
        }
    }
    to.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_and_the_last_of_two_counts() {
        let manifest = Fields::parse(
            r#"{"name":"x","main":"a.js","os":["linux"],"main":"b.js","deprecated":"no",
            "_npmUser":{"name":"al","trustedPublisher":{"id":"github"}},"dist":{}}"#,
        )
        .unwrap();
        let dist = Fields::parse(r#"{"tarball":"t","fileCount":3,"signatures":[]}"#).unwrap();
        insta::assert_snapshot!(
            store(&manifest, &dist),
            @r#"{"slim":{"os":["linux"]},"rest":{"main":"b.js","_npmUser":{"name":"al","trustedPublisher":{"id":"github"}}},"dist":{"fileCount":3,"signatures":[]},"trust":{"trustedPublisher":{"id":"github"}}}"#
        );
    }
}
