//! From a version as people type it to the form that is compared.

use super::modifier::{Case, Modifier};
use super::{MAX_VERSION_BYTES, SemverError};

/// What a branch has in place of a number it leaves open.
const OPEN: &str = "9999999";
/// Flags that may follow an `@`.
pub(super) const STABILITY_FLAGS: [&str; 5] = ["stable", "RC", "beta", "alpha", "dev"];

/// Normalizes a version.
///
/// # Errors
///
/// [`SemverError::TooLong`]; [`SemverError::NotAVersion`].
pub fn normalize(raw: &str) -> Result<String, SemverError> {
    if raw.len() > MAX_VERSION_BYTES {
        return Err(SemverError::TooLong { limit_bytes: MAX_VERSION_BYTES });
    }
    let version = without_alias(trim(raw));
    let version = split_flag(version).map_or(version, |(version, _)| version);
    if matches!(version, "master" | "trunk" | "default") {
        return Ok(format!("dev-{version}"));
    }
    if let Some((prefix, branch)) = version.split_at_checked(4)
        && prefix.eq_ignore_ascii_case("dev-")
    {
        return Ok(format!("dev-{branch}"));
    }
    let version = without_build(version);
    let numbered = classic(version).or_else(|| dated(version));
    numbered.or_else(|| numeric_branch(version)).ok_or(SemverError::NotAVersion)
}

/// Normalizes the name of a branch.
pub fn normalize_branch(raw: &str) -> String {
    let name = trim(raw);
    open_numbers(name).unwrap_or_else(|| format!("dev-{name}"))
}

/// What PHP's `trim` takes away.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\0', '\x0B'])
}

/// `1.0 as 2.0` is `1.0`.
pub(super) fn without_alias(text: &str) -> &str {
    let is_plain = |part: &str| !part.is_empty() && !part.contains([',']) && !has_space(part);
    let Some((version, rest)) = text.split_once(' ') else { return text };
    let alias = rest.trim_start_matches(' ').strip_prefix("as ");
    let alias = alias.map(|alias| alias.trim_start_matches(' '));
    if is_plain(version) && alias.is_some_and(is_plain) { version } else { text }
}

pub(super) fn has_space(text: &str) -> bool {
    text.contains([' ', '\t', '\n', '\r', '\x0B', '\x0C'])
}

/// Splits `1.0@beta` into the version and the flag as typed.
pub(super) fn split_flag(text: &str) -> Option<(&str, &str)> {
    let (version, flag) = text.rsplit_once('@')?;
    let is_flag = STABILITY_FLAGS.iter().any(|known| known.eq_ignore_ascii_case(flag));
    is_flag.then_some((version, flag))
}

/// `1.0+build` is `1.0`.
fn without_build(text: &str) -> &str {
    match text.split_once('+') {
        Some((version, build))
            if !version.is_empty()
                && !build.is_empty()
                && !version.contains(',')
                && !has_space(version)
                && !has_space(build) =>
        {
            version
        }
        _ => text,
    }
}

fn without_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

/// Takes digits from the front: at least one, at most `limit`.
fn take_digits(text: &str, limit: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(limit).take_while(u8::is_ascii_digit).count();
    if count == 0 { None } else { text.split_at_checked(count) }
}

/// One to four numbers, the first of at most five digits, and a suffix.
fn classic(version: &str) -> Option<String> {
    let (major, mut rest) = take_digits(without_v(version), 5)?;
    let mut numbers = vec![major];
    while numbers.len() < 4 {
        let next = rest.strip_prefix('.').and_then(|rest| take_digits(rest, usize::MAX));
        let Some((number, behind)) = next else { break };
        numbers.push(number);
        rest = behind;
    }
    let modifier = Modifier::parse(rest, Case::Insensitive)?;
    numbers.resize(4, "0");
    Some(with_modifier(numbers.join("."), &modifier))
}

/// Four digits of a year, one to six groups of two, at most two groups of up to three, a suffix.
fn dated(version: &str) -> Option<String> {
    let version = without_v(version);
    let (_, behind_year) = take_digits(version, 4).filter(|(year, _)| year.len() == 4)?;
    let rest = behind_pairs(behind_year, 6)?;
    let (number, _) = version.split_at_checked(version.len() - rest.len())?;
    let modifier = Modifier::parse(rest, Case::Insensitive)?;
    Some(with_modifier(number.replace([':', '-'], "."), &modifier))
}

/// What follows the groups of a date: the longest reading whose rest is a suffix.
fn behind_pairs(text: &str, left: usize) -> Option<&str> {
    let behind = take_group(text, 2).filter(|(taken, _)| *taken == 2).map(|(_, behind)| behind)?;
    let deeper = if left > 1 { behind_pairs(behind, left - 1) } else { None };
    deeper.or_else(|| behind_last_groups(behind, 2))
}

fn behind_last_groups(text: &str, left: usize) -> Option<&str> {
    let longest = if left == 0 { 0 } else { take_group(text, 3).map_or(0, |(taken, _)| taken) };
    let longer = (1..=longest).rev().find_map(|limit| {
        let (_, behind) = take_group(text, limit)?;
        behind_last_groups(behind, left - 1)
    });
    longer.or_else(|| Modifier::parse(text, Case::Insensitive).map(|_| text))
}

/// Takes at most `limit` digits with an optional separator before them; says how many digits.
fn take_group(text: &str, limit: usize) -> Option<(usize, &str)> {
    let text = text.strip_prefix(['.', ':', '-']).unwrap_or(text);
    take_digits(text, limit).map(|(digits, behind)| (digits.len(), behind))
}

fn with_modifier(mut version: String, modifier: &Modifier<'_>) -> String {
    // Composer looks at the letters as typed here: `-STABLE` is not dropped.
    if modifier.typed_word == "stable" {
        return version;
    }
    if let Some(word) = modifier.word {
        version.push('-');
        version.push_str(match word {
            "a" => "alpha",
            "b" => "beta",
            "p" | "pl" => "patch",
            other => other,
        });
        version.push_str(modifier.digits.trim_start_matches(['.', '-']));
    }
    if modifier.is_dev {
        version.push_str("-dev");
    }
    version
}

/// `1.2.x-dev`: a branch named by numbers.
fn numeric_branch(version: &str) -> Option<String> {
    let (name, dev) = version.split_at_checked(version.len().checked_sub(3)?)?;
    if !dev.eq_ignore_ascii_case("dev") {
        return None;
    }
    open_numbers(trim(name.strip_suffix(['.', '-']).unwrap_or(name)))
}

/// One to four numbers, of which all but the first may be open.
fn open_numbers(name: &str) -> Option<String> {
    let mut parts = without_v(name).split('.');
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut numbers = vec![parts.next().filter(is_number)?];
    for part in parts {
        let is_open = matches!(part, "x" | "X" | "*");
        numbers.push(if is_open { OPEN } else { Some(part).filter(is_number)? });
    }
    if numbers.len() > 4 {
        return None;
    }
    numbers.resize(4, OPEN);
    Some(numbers.join(".") + "-dev")
}
