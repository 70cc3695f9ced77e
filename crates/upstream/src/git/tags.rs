//! Which tags a repository has.

use std::collections::BTreeMap;

use url::Url;

use super::command::GitCommand;
use super::{GitConfig, GitError, address};

/// Longest list of tags, in bytes: some forty thousand of them.
const MAX_LIST_BYTES: u64 = 4 * 1024 * 1024;
/// Longest name of a tag that is looked at, in bytes.
const MAX_TAG_BYTES: usize = 128;

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTag {
    /// Its name: letters, digits, and `.`, `_`, `+`, `-` between them.
    pub name: String,
    /// What it leads to in the end: the id of an object, usually a commit, in hexadecimal.
    pub target: String,
}

/// Whether a tag has a name that a version can have, and that means nothing to git or a file
/// system: it begins with a letter or digit, and goes on with those and `.`, `_`, `+`, `-`.
pub fn is_plain_tag(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    name.len() <= MAX_TAG_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_allowed)
        && !name.contains("..")
        && !name.ends_with(['.', '-', '+'])
        && !name.ends_with(".lock")
}

pub(super) async fn list(config: &GitConfig, repository: &Url) -> Result<Vec<RemoteTag>, GitError> {
    let pin = address::pin(repository, config.allow_private_network).await?;
    let command = GitCommand::new(&config.search_path, "list the tags", repository.scheme())?;
    let command = command.pinned(pin);
    let command = command.args(["ls-remote", "--quiet", "--tags", "--", repository.as_str()]);
    let listed = command.output(MAX_LIST_BYTES, config.timeout).await?;
    Ok(read(&String::from_utf8_lossy(&listed)))
}

/// Reads lines of `ID\trefs/tags/NAME`. An annotated tag has a second line, `NAME^{}`, with what it
/// leads to.
fn read(listed: &str) -> Vec<RemoteTag> {
    let mut tags = BTreeMap::new();
    for line in listed.lines() {
        let Some((id, name)) = line.split_once("\trefs/tags/") else { continue };
        if !is_object_id(id) {
            continue;
        }
        let (name, is_peeled) = match name.strip_suffix("^{}") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if is_plain_tag(name) && (is_peeled || !tags.contains_key(name)) {
            tags.insert(name.to_owned(), id.to_owned());
        }
    }
    tags.into_iter().map(|(name, target)| RemoteTag { name, target }).collect()
}

/// A SHA-1 or SHA-256 in lower-case hexadecimal.
pub(super) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[track_caller]
    fn check(listed: &str, expected: &[(&str, &str)]) {
        let found = read(listed);
        let found: Vec<_> =
            found.iter().map(|tag| (tag.name.as_str(), tag.target.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_annotated_tag_leads_to_its_commit() {
        let listed =
            format!("{A}\trefs/tags/v1.0.0\n{B}\trefs/tags/v1.0.0^{{}}\n{A}\trefs/tags/v1.1.0\n");
        check(&listed, &[("v1.0.0", B), ("v1.1.0", A)]);
    }

    #[test]
    fn what_is_no_tag_is_passed_over() {
        check(&format!("{A}\trefs/heads/main\nxyz\trefs/tags/v1\n{A} refs/tags/v2\n\n"), &[]);
    }

    #[test]
    fn names_that_mean_something_else_are_no_tags() {
        for name in [
            "--upload-pack=id",
            "-v1.0",
            "v1;id",
            "$(id)",
            "`id`",
            "v1 0",
            "v1..2",
            "../v1",
            "a/b",
            "v1:refs/heads/x",
            "v1.lock",
            "v1.",
            "",
            "v1\u{202e}",
            "@{u}",
            "v1~1",
            "v1^",
        ] {
            assert!(!is_plain_tag(name), "{name}");
            check(&format!("{A}\trefs/tags/{name}\n"), &[]);
        }
        for name in ["v1.0.0", "1.0.0-RC1", "release_1", "1.0.0+build"] {
            assert!(is_plain_tag(name), "{name}");
        }
    }
}
