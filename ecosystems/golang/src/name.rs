//! Module paths: which texts are one.
//!
//! A module path is the beginning of the import paths of its packages, and begins like a host
//! name. It is case-sensitive; a major version from 2 on is part of it (`example.com/x/v2`), so
//! that each major version is a package of its own.
//!
//! # Source
//!
//! `golang.org/x/mod/module`, `CheckPath`. One rule is left to the upstream: paths below the one
//! host whose major versions are written `.vN` need one.

use vouchsafe_domain::PackageName;
use vouchsafe_domain::name::{MAX_PACKAGE_NAME_BYTES, NameError};

/// Names of Windows devices: no file can be called so there, whatever follows a dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Reads a module path, not escaped.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    if raw.is_empty() {
        return Err(NameError::Empty);
    }
    if raw.len() > MAX_PACKAGE_NAME_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_PACKAGE_NAME_BYTES });
    }
    raw.split('/').try_for_each(check_element)?;
    check_first_element(raw.split('/').next().unwrap_or_default())?;
    check_major_version(raw)?;
    PackageName::new(raw, raw, raw.to_ascii_lowercase())
}

fn check_element(element: &str) -> Result<(), NameError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if let Some(found) = element.chars().find(|c| !is_allowed(*c)) {
        return Err(NameError::Forbidden { found: found.escape_default().to_string() });
    }
    if element.is_empty() || element.starts_with('.') || element.ends_with('.') {
        return Err(NameError::rule(
            "an element of a module path is not empty and neither starts nor ends with a dot",
        ));
    }
    let stem = element.split('.').next().unwrap_or_default();
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return Err(NameError::rule("an element of a module path is a file name on Windows, too"));
    }
    let is_short_name = stem.rsplit_once('~').is_some_and(|(_, digits)| is_number(digits));
    if is_short_name {
        return Err(NameError::rule("an element of a module path does not end in `~` and digits"));
    }
    Ok(())
}

fn check_first_element(first: &str) -> Result<(), NameError> {
    let is_host_like =
        first.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
    if !is_host_like || !first.contains('.') || first.starts_with('-') {
        return Err(NameError::rule(
            "a module path begins like a host name: lower case, with a dot in it",
        ));
    }
    Ok(())
}

/// `/v0`, `/v1`, `/v02` and `/v1.2` at the end look like major versions and are none.
fn check_major_version(path: &str) -> Result<(), NameError> {
    let Some((_, last)) = path.rsplit_once('/') else { return Ok(()) };
    let Some(major) = last.strip_prefix('v').filter(|major| !major.is_empty()) else {
        return Ok(());
    };
    if !major.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Ok(());
    }
    if !is_number(major) || major.starts_with('0') || major == "1" {
        return Err(NameError::rule("a major version in a module path is `/v2` or higher"));
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths_are_what_go_takes_for_one() {
        for good in [
            "example.com",
            "example.com/x",
            "example.com/Acme/x_y~z",
            "example.com/x/v2",
            "example.com/x/v20",
            "example.com/v",
            "example.com/x.v1",
            "example.com/v2x",
            "example.com/x~1y",
            "example.com/x~",
            "0.example/consul",
        ] {
            assert!(parse(good).is_ok(), "{good:?} was refused: {:?}", parse(good));
        }
        for bad in [
            "fmt",
            "std/x",
            "Example.com/x",
            "-example.com/x",
            "ex_ample.com/x",
            "example.com/.x",
            "example.com/x.",
            "example.com/...",
            "example.com/x/v0",
            "example.com/x/v1",
            "example.com/x/v02",
            "example.com/x/v1.2",
            "example.com/x/v2.0.0",
            "example.com/con",
            "example.com/CoM1.txt",
            "example.com/progra~1",
            "example.com/progra~12.x",
            "example.com/x!y",
            "example.com/x@v1",
            "example.com/\u{e9}",
        ] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn case_tells_modules_apart_and_collides() {
        let (upper, lower) =
            (parse("example.com/Acme").unwrap(), parse("example.com/acme").unwrap());
        assert_ne!(upper, lower);
        assert_eq!(upper.collision_key(), lower.collision_key());
    }
}
