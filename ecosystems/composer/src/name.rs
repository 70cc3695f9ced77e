//! Package names: `vendor/package`, lower case.

use vouchsafe_domain::PackageName;
use vouchsafe_domain::name::NameError;

/// Longest name, in bytes: the public index has no room for more.
const MAX_NAME_BYTES: usize = 191;
/// Names that Windows keeps for devices; a package named so cannot be unpacked there.
const DEVICES: [&str; 4] = ["nul", "con", "prn", "aux"];

/// Reads a name.
///
/// Names that differ only in how their words are joined (`a/b-c`, `a/b_c`, `a/b.c`) share a
/// collision key.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    if raw.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_NAME_BYTES });
    }
    if raw.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(NameError::rule("package names are in lower case"));
    }
    let Some((vendor, package)) = raw.split_once('/') else {
        return Err(NameError::rule("a package name is a vendor, a slash and a word"));
    };
    if !is_word(vendor, 1) || !is_word(package, 2) {
        return Err(NameError::rule(
            "vendor and package are letters and digits, joined by single `-`, `_` or `.`",
        ));
    }
    if is_device(vendor) || is_device(package) {
        return Err(NameError::rule("names of Windows devices are reserved"));
    }
    if package.ends_with(".json") {
        return Err(NameError::rule("a package name must not end in `.json`"));
    }
    let key = raw.replace("--", "-").replace(['_', '.'], "-");
    PackageName::new(raw, raw, key)
}

/// Runs of letters and digits with one separator between them; `-` up to `dashes` times.
fn is_word(text: &str, dashes: usize) -> bool {
    let is_run = |run: &str| {
        !run.is_empty() && run.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let text = if dashes == 2 { text.replace("--", "-") } else { text.to_owned() };
    text.split(['-', '_', '.']).all(is_run)
}

fn is_device(word: &str) -> bool {
    let port = word.strip_prefix("com").or_else(|| word.strip_prefix("lpt"));
    DEVICES.contains(&word) || port.is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']))
}
