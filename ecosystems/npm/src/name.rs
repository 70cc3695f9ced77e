//! Package names, scoped and not.
//!
//! Two rules apply. [`parse`] takes every name that npm clients can ask for, mixed case of the
//! early years included, because proxied packages have such names. [`check_new`] is stricter and
//! applies to what is published here.

use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{Filename, PackageName};

use vouchsafe_domain::Version;

/// Longest name, scope included (npm's `validate-npm-package-name`).
const MAX_NAME_BYTES: usize = 214;

/// Modules of Node.js itself: `require("fs")` must never find a package.
const CORE_MODULES: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "ffi",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "quic",
    "readline",
    "repl",
    "sea",
    "sqlite",
    "stream",
    "string_decoder",
    "sys",
    "test",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// `name`, or `@scope/name` taken apart.
fn split_scope(raw: &str) -> Result<(Option<&str>, &str), NameError> {
    match raw.strip_prefix('@') {
        None => Ok((None, raw)),
        Some(rest) => match rest.split_once('/') {
            Some((scope, name)) if !scope.is_empty() && !name.is_empty() => Ok((Some(scope), name)),
            _ => Err(NameError::rule("a scoped name looks like @scope/name")),
        },
    }
}

/// The part of a name behind its scope.
pub(crate) fn unscoped(name: &PackageName) -> &str {
    match split_scope(name.display()) {
        Ok((_scope, name)) => name,
        Err(_) => name.display(),
    }
}

/// Reads a name. Names are compared byte by byte, as npm does; the collision key ignores case
/// and punctuation of the part behind the scope, and never the scope.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    if raw.is_empty() {
        return Err(NameError::Empty);
    }
    if raw.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_NAME_BYTES });
    }
    let (scope, name) = split_scope(raw)?;
    // What JavaScript's `encodeURIComponent` leaves alone.
    let is_allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '!' | '~' | '*' | '\'' | '(' | ')')
    };
    let part = [scope.unwrap_or_default(), name];
    if let Some(found) = part.iter().flat_map(|part| part.chars()).find(|c| !is_allowed(*c)) {
        return Err(NameError::Forbidden { found: found.escape_default().to_string() });
    }
    if part.iter().any(|part| part.starts_with('.')) {
        return Err(NameError::rule("a package name must not start with a period"));
    }
    if raw.starts_with(['-', '_']) {
        return Err(NameError::rule("a package name must not start with `-` or `_`"));
    }
    if ["node_modules", "favicon.ico"].contains(&raw.to_ascii_lowercase().as_str()) {
        return Err(NameError::rule(format!("`{raw}` is a reserved name")));
    }
    PackageName::new(raw, raw, collision_key(scope, name))
}

fn collision_key(scope: Option<&str>, name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let letters: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let key = if letters.is_empty() { lower } else { letters };
    match scope {
        Some(scope) => format!("@{}/{key}", scope.to_ascii_lowercase()),
        None => key,
    }
}

/// What must hold beside [`parse`] for a name that is published here.
pub(crate) fn check_new(name: &PackageName) -> Result<(), NameError> {
    let raw = name.display();
    if raw.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(NameError::rule("a new package name is lower case"));
    }
    if raw.contains(['~', '\'', '!', '(', ')', '*']) {
        return Err(NameError::rule("a new package name has no special characters (~'!()*)"));
    }
    if unscoped(name).starts_with(['.', '_', '-']) {
        return Err(NameError::rule("a new package name starts with a letter or a digit"));
    }
    if CORE_MODULES.contains(&raw) {
        return Err(NameError::rule(format!("`{raw}` is a module of Node.js itself")));
    }
    Ok(())
}

/// The file name of a release's tarball: `<name without scope>-<version>.tgz`.
pub(crate) fn tarball(name: &PackageName, version: &Version) -> Result<Filename, NameError> {
    format!("{}-{}.tgz", unscoped(name), version.display()).try_into()
}

/// Reads the file name of a tarball as it stands in an address. Every tarball that this adapter
/// names ends in `.tgz` and is ASCII, whatever an upstream calls its own.
pub(crate) fn parse_tarball(raw: &str) -> Option<Filename> {
    (raw.is_ascii() && raw.ends_with(".tgz")).then(|| raw.parse().ok())?
}

/// The version in a tarball's file name, the reverse of [`tarball`].
pub(crate) fn tarball_version<'f>(name: &PackageName, filename: &'f str) -> Option<&'f str> {
    filename.strip_prefix(unscoped(name))?.strip_prefix('-')?.strip_suffix(".tgz")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_clients_can_ask_for_are_read() {
        for good in ["lodash", "JSONStream", "@acme/left-pad", "@acme/_x", "x.y", "a~b", "0"] {
            assert_eq!(parse(good).unwrap().display(), good);
        }
        for bad in [
            "",
            "-",
            "_x",
            ".x",
            "@",
            "@/x",
            "@s/",
            "@s",
            "@s/a/b",
            "a/b",
            "a b",
            "a%2fb",
            "é",
            "@s/.x",
            "@./x",
            "node_modules",
            "Favicon.ico",
            "a\\b",
            "a\n",
            "..",
            "@s/..",
        ] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(parse(&"a".repeat(214)).is_ok());
        assert!(parse(&"a".repeat(215)).is_err());
    }

    #[test]
    fn letter_case_makes_two_names_that_collide() {
        let (upper, lower) = (parse("JSONStream").unwrap(), parse("jsonstream").unwrap());
        assert_ne!(upper, lower);
        assert_eq!(upper.collision_key(), lower.collision_key());
    }

    #[track_caller]
    fn check_collision(left: &str, right: &str, expect: bool) {
        let (left, right) = (parse(left).unwrap(), parse(right).unwrap());
        assert_eq!(left.collision_key() == right.collision_key(), expect, "{left} and {right}");
    }

    #[test]
    fn punctuation_does_not_tell_names_apart_and_scopes_do() {
        check_collision("react-native", "reactnative", true);
        check_collision("react.native", "react_native", true);
        check_collision("@a/react-native", "@a/reactnative", true);
        check_collision("@a/react", "@b/react", false);
        check_collision("@a-b/react", "@ab/react", false);
        check_collision("@a/react", "react", false);
        check_collision("@a/react", "a-react", false);
    }

    #[test]
    fn new_names_follow_the_stricter_rule() {
        for bad in ["JSONStream", "fs", "http2", "a~b", "@acme/_x", "@acme/-x", "@Acme/x"] {
            assert!(check_new(&parse(bad).unwrap()).is_err(), "{bad:?} was accepted");
        }
        for good in ["lodash", "@acme/fs", "left.pad", "x_y"] {
            assert_eq!(check_new(&parse(good).unwrap()), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn tarball_names_go_both_ways() {
        let name = parse("@acme/left-pad").unwrap();
        let version = crate::version::parse("1.0.0-beta.1").unwrap();
        let filename = tarball(&name, &version).unwrap();
        assert_eq!(filename.as_str(), "left-pad-1.0.0-beta.1.tgz");
        assert_eq!(tarball_version(&name, filename.as_str()), Some("1.0.0-beta.1"));
        assert_eq!(tarball_version(&name, "right-pad-1.0.0.tgz"), None);
    }

    proptest! {
        #[test]
        fn canonical_forms_are_fixed_points(raw in "(@[a-zA-Z._-]{1,4}/)?[a-zA-Z0-9._~-]{1,8}") {
            if let Ok(name) = parse(&raw) {
                let again = parse(name.canonical()).unwrap();
                prop_assert_eq!(again.canonical(), name.canonical());
                prop_assert_eq!(again.collision_key(), name.collision_key());
            }
        }
    }
}
