//! Project names: PEP 508 decides what is one, PEP 503 which two are the same.

use vouchsafe_domain::PackageName;
use vouchsafe_domain::name::NameError;

/// Reads a project name of any spelling.
///
/// # Errors
///
/// [`NameError`] when it is not ASCII letters, digits, `-`, `_`, `.` with a letter or digit at
/// both ends.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let is_inside = |c: char| is_edge(c) || matches!(c, '-' | '_' | '.');
    if raw.is_empty() {
        return Err(NameError::Empty);
    }
    if !raw.chars().all(is_inside) || !raw.starts_with(is_edge) || !raw.ends_with(is_edge) {
        return Err(NameError::rule(
            "a project name has ASCII letters, digits, `-`, `_` and `.`, \
             and a letter or digit at both ends",
        ));
    }
    PackageName::new(raw, canonical(raw), collision_key(raw))
}

/// Lower case, every run of `-`, `_`, `.` as one `-` (PEP 503).
pub(crate) fn canonical(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.push(other.to_ascii_lowercase()),
        }
    }
    out
}

/// The canonical name as it stands in file names (PEP 625, wheel specification).
pub(crate) fn in_filename(package: &PackageName) -> String {
    package.canonical().replace('-', "_")
}

/// What the Python index calls ultranormalized: `l`, `i` and `1` are one, `o` and `0`, and
/// separators are nothing.
fn collision_key(raw: &str) -> String {
    let letters = raw.chars().filter(|c| !matches!(c, '-' | '_' | '.'));
    let keys = letters.map(|c| match c.to_ascii_lowercase() {
        'l' | 'i' => '1',
        'o' => '0',
        other => other,
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, canonical: &str, key: &str) {
        let name = parse(raw).unwrap();
        assert_eq!((name.display(), name.canonical(), name.collision_key()), (raw, canonical, key));
        assert_eq!(parse(name.canonical()).unwrap().canonical(), canonical, "not idempotent");
    }

    #[test]
    fn spellings_of_one_project_have_one_canonical_name() {
        check("Foo_Bar", "foo-bar", "f00bar");
        check("foo.-_.bar", "foo-bar", "f00bar");
        check("foobar", "foobar", "f00bar");
        check("zope.interface", "zope-interface", "z0pe1nterface");
        check("A", "a", "a");
        check("Il1O0", "il1o0", "11100");
    }

    #[test]
    fn what_is_not_a_project_name_is_refused() {
        for bad in ["", "-a", "a-", ".a", "_", "a b", "a/b", "..", "näme", "a\n", "a%20", "a@b"] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(parse(&"a".repeat(300)).is_err());
    }
}
