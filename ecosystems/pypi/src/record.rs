//! `RECORD`: a wheel's own list of its files with their digests.
//!
//! An installer checks what it unpacks against this list, or does not; a registry that accepts a
//! wrong list serves a file of which nobody can say what it holds.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vouchsafe_adapter::FormatError;
use vouchsafe_domain::Sha256;

/// What was really found of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sha256: Sha256,
    pub(crate) size_bytes: u64,
}

/// Compares the text of a `RECORD` with what the archive holds.
///
/// * `dist_info`: the directory the list lies in; itself and its signatures carry no digest.
///
/// # Errors
///
/// [`FormatError::Archive`] when a file is missing from one of the two, listed twice, or differs.
///
/// # Source
///
/// "Recording installed projects", section The RECORD file.
pub(crate) fn check(
    text: &[u8],
    dist_info: &str,
    found: &BTreeMap<String, Found>,
) -> Result<(), FormatError> {
    let text = std::str::from_utf8(text).map_err(|_| refused("", "is not UTF-8"))?;
    let is_exempt = |path: &str| {
        let own = path.strip_prefix(dist_info).and_then(|path| path.strip_prefix('/'));
        matches!(own, Some("RECORD" | "RECORD.jws" | "RECORD.p7s"))
    };
    let mut listed = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some([path, hash, size]) = split_csv(line) else {
            return Err(refused(line, "is not a line of three fields"));
        };
        let Some(file) = found.get(&path) else {
            return Err(refused(&path, "is listed and not in the archive"));
        };
        if !is_exempt(&path) {
            check_hash(&path, &hash, file)?;
            if !size.is_empty() && size != file.size_bytes.to_string() {
                return Err(refused(&path, "does not have the size that is listed"));
            }
        }
        if !listed.insert(path.clone()) {
            return Err(refused(&path, "is listed twice"));
        }
    }
    match found.keys().find(|path| !listed.contains(*path) && !is_exempt(path)) {
        Some(path) => Err(refused(path, "is in the archive and not listed")),
        None => Ok(()),
    }
}

fn check_hash(path: &str, hash: &str, file: &Found) -> Result<(), FormatError> {
    // Every builder writes SHA-256. Another algorithm could be right, and would not be checked.
    let Some(encoded) = hash.strip_prefix("sha256=") else {
        return Err(refused(path, "is listed without a SHA-256"));
    };
    if encoded.trim_end_matches('=') != URL_SAFE_NO_PAD.encode(file.sha256.as_bytes()) {
        return Err(refused(path, "differs from its listed digest"));
    }
    Ok(())
}

/// Splits a line of comma-separated values; a quoted value may hold commas and doubled quotes.
fn split_csv(line: &str) -> Option<[String; 3]> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars().peekable();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        let is_last = fields.len() == 3;
        let field = fields.last_mut()?;
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if field.is_empty() => is_quoted = true,
            ',' if !is_quoted && is_last => return None,
            ',' if !is_quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    if is_quoted { None } else { fields.try_into().ok() }
}

fn refused(path: &str, what: &str) -> FormatError {
    let path: String = path.escape_debug().take(80).collect();
    FormatError::archive(format!("RECORD: `{path}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> BTreeMap<String, Found> {
        let file = |byte| Found { sha256: Sha256::new([byte; 32]), size_bytes: 3 };
        let paths = [("a.py", 1), ("b,\"c.py", 2), ("x-1.dist-info/RECORD", 3)];
        paths.into_iter().map(|(path, byte)| (path.to_owned(), file(byte))).collect()
    }

    fn hash(byte: u8) -> String {
        format!("sha256={}", URL_SAFE_NO_PAD.encode([byte; 32]))
    }

    #[track_caller]
    fn check_text(text: &str, expect: Option<&str>) {
        let result = check(text.as_bytes(), "x-1.dist-info", &found());
        match (result, expect) {
            (Ok(()), None) => {}
            (Err(error), Some(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (result, expect) => panic!("{result:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn a_true_list_is_accepted() {
        let (one, two) = (hash(1), hash(2));
        let quoted = format!("\"b,\"\"c.py\",{two},");
        check_text(&format!("a.py,{one},3\n{quoted}\nx-1.dist-info/RECORD,,\n"), None);
        check_text(&format!("a.py,{one},\r\n{quoted}\r\n"), None);
        check_text(&format!("{quoted}\na.py,{one}=,3"), None);
    }

    #[test]
    fn a_list_that_is_not_true_is_refused() {
        let (one, two) = (hash(1), hash(2));
        let rest = format!("\"b,\"\"c.py\",{two},3\n");
        check_text(&rest, Some("`a.py` is in the archive and not listed"));
        check_text(&format!("{rest}a.py,{two},3\n"), Some("differs from its listed digest"));
        check_text(&format!("{rest}a.py,{one},4\n"), Some("size"));
        check_text(&format!("{rest}a.py,,\n"), Some("without a SHA-256"));
        check_text(&format!("{rest}a.py,md5=abc,3\n"), Some("without a SHA-256"));
        check_text(&format!("{rest}a.py,{one},3\na.py,{one},3\n"), Some("twice"));
        check_text(&format!("{rest}a.py,{one},3\nz.py,{one},3\n"), Some("not in the archive"));
        check_text(&format!("{rest}a.py,{one}\n"), Some("three fields"));
        check_text(&format!("{rest}a.py,{one},3,4\n"), Some("three fields"));
        check_text(&format!("{rest}\"a.py,{one},3\n"), Some("three fields"));
    }
}
