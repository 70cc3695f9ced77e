//! Paths and queries: split first, decoded once, refused when they play tricks.

use percent_encoding::percent_decode_str;

/// Segments in a path at most.
const MAX_SEGMENTS: usize = 32;
/// Query pairs at most.
const MAX_PAIRS: usize = 64;

/// Why a path is not one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("the path has an empty or dot segment")]
    Traversal,
    #[error("the path is not percent-encoded UTF-8")]
    Encoding,
    #[error("the path has a control character or a backslash")]
    Forbidden,
    #[error("the path or query has too many parts")]
    TooMany,
}

/// A path below a mount.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) segments: Vec<String>,
    pub(crate) has_trailing_slash: bool,
}

/// Decodes what follows a mount's prefix; `raw` has no leading slash.
pub(crate) fn decode_path(raw: &str) -> Result<Decoded, PathError> {
    let has_trailing_slash = raw.ends_with('/') || raw.is_empty();
    let trimmed = raw.strip_suffix('/').unwrap_or(raw);
    if trimmed.is_empty() {
        return Ok(Decoded { segments: Vec::new(), has_trailing_slash });
    }
    let mut segments = Vec::new();
    for piece in trimmed.split('/') {
        if segments.len() == MAX_SEGMENTS {
            return Err(PathError::TooMany);
        }
        segments.push(decode_segment(piece)?);
    }
    Ok(Decoded { segments, has_trailing_slash })
}

fn decode_segment(piece: &str) -> Result<String, PathError> {
    if has_broken_escape(piece) {
        return Err(PathError::Encoding);
    }
    let decoded = percent_decode_str(piece).decode_utf8().map_err(|_| PathError::Encoding)?;
    // A decoded slash (npm's `@scope%2fname`) stays inside its segment, and is no way upward.
    if decoded.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(PathError::Traversal);
    }
    if decoded.chars().any(|c| c.is_control() || c == '\\') {
        return Err(PathError::Forbidden);
    }
    Ok(decoded.into_owned())
}

/// `%` without two hexadecimal digits is left alone by most decoders, and read differently by
/// each reader after them.
fn has_broken_escape(piece: &str) -> bool {
    let mut bytes = piece.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let pair = (bytes.next(), bytes.next());
            let is_hex = |digit: Option<u8>| digit.is_some_and(|d| d.is_ascii_hexdigit());
            if !(is_hex(pair.0) && is_hex(pair.1)) {
                return true;
            }
        }
    }
    false
}

/// Decodes a query string; `+` is a space.
pub(crate) fn decode_query(raw: &str) -> Result<Vec<(String, String)>, PathError> {
    let pairs: Vec<_> = url::form_urlencoded::parse(raw.as_bytes())
        .take(MAX_PAIRS + 1)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    if pairs.len() > MAX_PAIRS {
        return Err(PathError::TooMany);
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_come_apart() {
        let decoded = decode_path("@scope%2fname/-/name-1.0.0.tgz").unwrap();
        assert_eq!(decoded.segments, ["@scope/name", "-", "name-1.0.0.tgz"]);
        assert!(decode_path("simple/").unwrap().has_trailing_slash);
        assert!(decode_path("").unwrap().segments.is_empty());
    }

    #[test]
    fn tricks_are_refused() {
        for bad in [
            "../etc/passwd",
            "%2e%2e/etc/passwd",
            "a/%2e%2e%2fb",
            "a//b",
            "%2f%2fetc",
            "a/./b",
            "a%5c..%5cb",
            "a%00",
            "a%0d%0aSet-Cookie:x",
            "%c0%ae%c0%ae/x",
            "a%zz",
            "a%2",
            "%",
        ] {
            assert!(decode_path(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(decode_path(&"a/".repeat(40)), Err(PathError::TooMany));
    }
}
