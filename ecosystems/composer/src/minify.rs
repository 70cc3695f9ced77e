//! The short form of version lists: each version only tells what differs from the one before it.
//!
//! # Source
//!
//! The behavior of the library `composer/metadata-minifier`, named `composer/2.0` in documents.

use serde_json::{Map, Value};

/// What a document in this form says of itself.
pub(crate) const MARKER: &str = "composer/2.0";
/// Stands for a key that the version before had and this one has not.
const UNSET: &str = "__unset";

/// One version, or what differs.
pub(crate) type Entry = Map<String, Value>;

/// Leaves out what the entry before says, too.
pub(crate) fn minify(versions: Vec<Entry>) -> Vec<Entry> {
    let mut before = Entry::new();
    let mut minified = Vec::with_capacity(versions.len());
    for version in versions {
        let mut entry = Entry::new();
        for (key, value) in &version {
            if before.get(key) != Some(value) {
                entry.insert(key.clone(), value.clone());
            }
        }
        for key in before.keys().filter(|key| !version.contains_key(*key)) {
            entry.insert(key.clone(), UNSET.into());
        }
        minified.push(entry);
        before = version;
    }
    minified
}

/// Takes what an entry says over into the version before it, which becomes the version meant.
pub(crate) fn apply(version: &mut Entry, entry: Entry) {
    for (key, value) in entry {
        if value == UNSET {
            version.shift_remove(&key);
        } else {
            version.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn versions() -> impl Strategy<Value = Vec<Entry>> {
        let value = prop_oneof![
            Just(Value::Null),
            Just(Value::Bool(false)),
            Just(Value::from(0)),
            Just(Value::from("")),
            Just(serde_json::json!({"php": ">=8"})),
            Just(serde_json::json!({})),
            Just(serde_json::json!([])),
        ];
        let entry = prop::collection::vec(("[a-d]", value), 0..5)
            .prop_map(|pairs| pairs.into_iter().collect::<Entry>());
        prop::collection::vec(entry, 0..8)
    }

    proptest! {
        #[test]
        fn expanding_gives_back_what_was_minified(versions in versions()) {
            let mut current = Entry::new();
            let mut expanded = Vec::new();
            for entry in minify(versions.clone()) {
                apply(&mut current, entry);
                expanded.push(current.clone());
            }
            prop_assert_eq!(expanded, versions);
        }
    }

    #[test]
    fn only_differences_are_written() {
        let entry = |json: &str| serde_json::from_str::<Entry>(json).unwrap();
        let minified = minify(vec![
            entry(r#"{"name":"a/b","version":"2","bin":["x"]}"#),
            entry(r#"{"name":"a/b","version":"1"}"#),
        ]);
        let text = serde_json::to_string(&minified).unwrap();
        let expected =
            r#"[{"name":"a/b","version":"2","bin":["x"]},{"version":"1","bin":"__unset"}]"#;
        assert_eq!(text, expected);
    }
}
