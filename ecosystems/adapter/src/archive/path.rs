//! Paths inside archives: which ones are safe, and which ones contradict each other.
//!
//! # Invariants
//!
//! - What [`PathLedger::admit`] hands out is relative, UTF-8, without empty, `.` or `..` segments,
//!   without control characters, backslashes or a drive letter, and within [`Limits`].
//! - No path is admitted twice, and none lies below a path that is a file.

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

use super::Limits;
use crate::FormatError;

/// Largest sum of all paths, in bytes: what the ledger may remember of one archive.
const MAX_LEDGER_BYTES: usize = 16 * 1024 * 1024;

/// What an entry is. Nothing else is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// Remembers every path of one archive.
pub(super) struct PathLedger<'a> {
    limits: &'a Limits,
    seen: BTreeMap<Box<str>, EntryKind>,
    bytes: usize,
}

impl<'a> PathLedger<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, seen: BTreeMap::new(), bytes: 0 }
    }

    /// Checks a path and remembers it. `None` is the archive's own root (`./`), which is nothing
    /// to look at.
    ///
    /// # Errors
    ///
    /// [`FormatError::Archive`] when the path is unsafe, over a limit, or contradicts another.
    pub(super) fn admit(
        &mut self,
        raw: &[u8],
        kind: EntryKind,
    ) -> Result<Option<String>, FormatError> {
        let Some(path) = safe_path(raw, kind, self.limits)? else { return Ok(None) };
        self.bytes = self.bytes.saturating_add(path.len());
        if self.bytes > MAX_LEDGER_BYTES {
            return Err(FormatError::archive("its paths are too long altogether"));
        }
        let key = if self.limits.is_case_insensitive { path.to_lowercase() } else { path.clone() };
        self.check_conflicts(&key, kind, &path)?;
        self.seen.insert(key.into(), kind);
        Ok(Some(path))
    }

    fn check_conflicts(&self, key: &str, kind: EntryKind, path: &str) -> Result<(), FormatError> {
        if self.seen.contains_key(key) {
            return refuse(path, "appears twice");
        }
        let mut parents = key.match_indices('/').filter_map(|(at, _)| key.get(..at));
        if parents.any(|parent| self.seen.get(parent) == Some(&EntryKind::File)) {
            return refuse(path, "lies below a path that is a file");
        }
        if kind == EntryKind::File {
            let below = format!("{key}/");
            let next = self.seen.range::<str, _>((Included(below.as_str()), Unbounded)).next();
            if next.is_some_and(|(other, _)| other.starts_with(&below)) {
                return refuse(path, "is a file, and other paths lie below it");
            }
        }
        Ok(())
    }
}

/// Checks one path on its own and takes a leading `./` and a directory's trailing `/` away.
fn safe_path(raw: &[u8], kind: EntryKind, limits: &Limits) -> Result<Option<String>, FormatError> {
    if raw.len() > limits.max_path_bytes {
        let limit = limits.max_path_bytes;
        return Err(FormatError::archive(format!("a path is longer than {limit} bytes")));
    }
    let Ok(path) = std::str::from_utf8(raw) else {
        return refuse(&String::from_utf8_lossy(raw), "is not UTF-8");
    };
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return refuse(path, "has a control character or a backslash");
    }
    let is_directory = kind == EntryKind::Directory;
    let trimmed = match path.strip_suffix('/') {
        Some(_) if !is_directory => return refuse(path, "is a file with the name of a directory"),
        Some(trimmed) => trimmed,
        None => path,
    };
    if is_directory && trimmed == "." {
        return Ok(None);
    }
    let trimmed = trimmed.strip_prefix("./").unwrap_or(trimmed);
    if has_drive_letter(trimmed) {
        return refuse(path, "starts with a drive letter");
    }
    if trimmed.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse(path, "is not a plain relative path");
    }
    if trimmed.split('/').count() > limits.max_depth {
        return refuse(path, "is nested too deeply");
    }
    Ok(Some(trimmed.to_owned()))
}

fn has_drive_letter(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn refuse<T>(path: &str, what: &str) -> Result<T, FormatError> {
    Err(FormatError::archive(format!("`{}` {what}", shown(path))))
}

/// A stranger's path, fit for a message: escaped and at most 80 characters.
pub(super) fn shown(path: &str) -> String {
    path.escape_debug().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, kind: EntryKind, expect: Option<&str>) {
        let limits = Limits { max_path_bytes: 40, max_depth: 4, ..Limits::default() };
        let mut ledger = PathLedger::new(&limits);
        let admitted = ledger.admit(raw.as_bytes(), kind).ok().map(Option::unwrap_or_default);
        assert_eq!(admitted.as_deref(), expect, "{raw:?}");
    }

    #[test]
    fn plain_relative_paths_are_admitted() {
        check("a", EntryKind::File, Some("a"));
        check("a/b.c", EntryKind::File, Some("a/b.c"));
        check("./a/b", EntryKind::File, Some("a/b"));
        check("a/b/", EntryKind::Directory, Some("a/b"));
        check("./", EntryKind::Directory, Some(""));
        check(".hidden/...", EntryKind::File, Some(".hidden/..."));
        check("naïve/日本", EntryKind::File, Some("naïve/日本"));
    }

    #[test]
    fn path_tricks_are_refused() {
        let tricks = [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "a//b",
            "a/./b",
            "././a",
            ".",
            "a\\b",
            "..\\x",
            "C:",
            "c:/x",
            "C:x",
            "./C:/x",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "a/b/",
            "a/b/c/d/e",
            "//a",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ];
        for trick in tricks {
            check(trick, EntryKind::File, None);
        }
        check("a//", EntryKind::Directory, None);
        check("../", EntryKind::Directory, None);
    }

    #[track_caller]
    fn check_together(paths: &[(&str, EntryKind)], is_case_insensitive: bool, accepted: bool) {
        let limits = Limits { is_case_insensitive, ..Limits::default() };
        let mut ledger = PathLedger::new(&limits);
        let all = paths.iter().all(|(path, kind)| ledger.admit(path.as_bytes(), *kind).is_ok());
        assert_eq!(all, accepted, "{paths:?}");
    }

    #[test]
    fn paths_must_not_contradict_each_other() {
        use EntryKind::{Directory, File};
        check_together(&[("a/b", File), ("a/c", File), ("a", Directory)], false, true);
        check_together(&[("a", File), ("a-b", File), ("a.b", File)], false, true);
        check_together(&[("a", File), ("a", File)], false, false);
        check_together(&[("a", File), ("./a", File)], false, false);
        check_together(&[("a", Directory), ("a/", Directory)], false, false);
        check_together(&[("a", File), ("a/b", File)], false, false);
        check_together(&[("a/b/c", File), ("a-x", File), ("a", File)], false, false);
        check_together(&[("a", Directory), ("a", File)], false, false);
    }

    #[test]
    fn letter_case_matters_only_when_asked() {
        use EntryKind::File;
        check_together(&[("a", File), ("A", File)], false, true);
        check_together(&[("a", File), ("A", File)], true, false);
        check_together(&[("Ä", File), ("ä", File)], true, false);
        check_together(&[("a/b", File), ("A", File)], true, false);
    }
}
