//! Extension headers: PAX records and GNU long names.

use super::Extension;
use crate::FormatError;

/// Reads the PAX header of one entry: its path and size. Times, owners and comments are nothing
/// to us; records that change what the entry *is* are refused.
pub(super) fn local(bytes: &[u8]) -> Result<Extension, FormatError> {
    let mut extension = Extension::default();
    for_each_record(bytes, |key, value| {
        let is_second = match key {
            b"path" => extension.path.replace(value.to_vec()).is_some(),
            b"size" => extension.size_bytes.replace(decimal(value)?).is_some(),
            _ => return check_harmless(key),
        };
        if is_second {
            return Err(FormatError::archive("a PAX header has a record twice"));
        }
        Ok(())
    })?;
    Ok(extension)
}

/// A global header applies to all entries that follow. Git writes one with a comment; one that
/// names or sizes entries is refused.
pub(super) fn check_global(bytes: &[u8]) -> Result<(), FormatError> {
    for_each_record(bytes, |key, _| match key {
        b"path" | b"size" => {
            Err(FormatError::archive("a global PAX header names or sizes entries"))
        }
        other => check_harmless(other),
    })
}

/// The content of a GNU long-name entry: a path, ended by one NUL.
pub(super) fn gnu_long_name(bytes: &[u8]) -> Result<&[u8], FormatError> {
    let name = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if name.contains(&0) {
        return Err(FormatError::archive("a GNU long name has a NUL inside"));
    }
    Ok(name)
}

fn check_harmless(key: &[u8]) -> Result<(), FormatError> {
    if key == b"linkpath" || key.starts_with(b"GNU.sparse.") || key.starts_with(b"SCHILY.realsize")
    {
        return Err(FormatError::archive("a PAX header makes a link or a sparse file"));
    }
    Ok(())
}

/// Records are `<length> <key>=<value>\n`, where the length counts the whole record.
fn for_each_record(
    mut bytes: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    while !bytes.is_empty() {
        let Some((key, value, rest)) = split_record(bytes) else {
            return Err(FormatError::archive("a PAX header cannot be read"));
        };
        each(key, value)?;
        bytes = rest;
    }
    Ok(())
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(12).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(bytes.get(..space)?).ok()?).ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = record.split_at_checked(equals)?;
    Some((key, value.get(1..)?, rest)).filter(|(key, _, _)| !key.is_empty())
}

fn decimal(digits: &[u8]) -> Result<u64, FormatError> {
    let text = std::str::from_utf8(digits).ok();
    let plain = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    plain
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| FormatError::archive("a PAX header has a number that cannot be read"))
}
