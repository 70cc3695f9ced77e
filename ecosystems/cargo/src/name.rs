//! Crate names, their place in the index, and the name of a release's file.
//!
//! Cargo itself keeps `-` and `_` apart: it asks for `foo-bar` and for `foo_bar` as for two
//! crates, also to build suggestions, and a public registry knows only one of them. So the
//! canonical form (lower case) keeps them apart too; were they one, asking for the spelling that
//! does not exist upstream would make the one that does look absent. That no two *hosted* crates
//! differ by these alone is what the collision key is for.

use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{Filename, PackageName, Version};

/// Longest crate name, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 64;

/// Names with this many separators have all their mixtures of `-` and `_` looked for upstream.
const MAX_MIXED_SEPARATORS: usize = 3;

/// Names that nobody may publish: crates of the Rust distribution (a dependency on one would
/// shadow it) and files that Windows cannot create. As collision keys.
const RESERVED: &[&str] = &[
    "alloc",
    "arena",
    "ast",
    "builtins",
    "collections",
    "compiler_builtins",
    "compiler_rt",
    "compiletest",
    "core",
    "coretest",
    "debug",
    "driver",
    "flate",
    "fmt_macros",
    "grammar",
    "graphviz",
    "macro",
    "macros",
    "proc_macro",
    "rbml",
    "rust_installer",
    "rustbook",
    "rustc",
    "rustc_back",
    "rustc_borrowck",
    "rustc_driver",
    "rustc_llvm",
    "rustc_resolve",
    "rustc_trans",
    "rustc_typeck",
    "rustdoc",
    "rustllvm",
    "rustuv",
    "serialize",
    "std",
    "std_unicode",
    "syntax",
    "test",
    "unicode", // Windows devices follow.
    "nul",
    "con",
    "prn",
    "aux",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
];

/// Reads a crate name: an ASCII letter, then letters, digits, `-` and `_`.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    if raw.is_empty() {
        return Err(NameError::Empty);
    }
    if raw.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_NAME_BYTES });
    }
    if !raw.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(NameError::rule("a crate name starts with an ASCII letter"));
    }
    if !raw.bytes().all(is_name_byte) {
        return Err(NameError::rule("a crate name has only ASCII letters, digits, `-` and `_`"));
    }
    let canonical = raw.to_ascii_lowercase();
    let collision_key = canonical.replace('-', "_");
    PackageName::new(raw, canonical, collision_key)
}

/// The name under which a manifest uses a dependency: like a crate name, or starting with `_`.
pub(crate) fn is_alias(raw: &str) -> bool {
    let has_start = raw.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    has_start && raw.len() <= MAX_NAME_BYTES && raw.bytes().all(is_name_byte)
}

/// Refuses names that can be asked for and must not be published.
pub(crate) fn check_publishable(name: &PackageName) -> Result<(), NameError> {
    if RESERVED.contains(&name.collision_key()) {
        return Err(NameError::rule("this name is reserved for Rust or for the operating system"));
    }
    Ok(())
}

/// The same name with its separators the other way: Cargo suggests them for each other. All
/// mixtures up to [`MAX_MIXED_SEPARATORS`], beyond that only all `-` and all `_`.
pub(crate) fn look_alikes(name: &PackageName) -> Vec<PackageName> {
    let separators = name.collision_key().matches('_').count();
    let mixtures: Vec<u32> = match separators {
        0 => Vec::new(),
        1..=MAX_MIXED_SEPARATORS => (0..1 << separators).collect(),
        _ => vec![0, u32::MAX],
    };
    let spell = |mixture: u32| -> String {
        let mut seen: u32 = 0;
        let replace = |c| {
            if c != '_' {
                return c;
            }
            // A name of 64 letters may have more separators than there are bits.
            let is_dash = mixture.checked_shr(seen).map_or(mixture != 0, |bits| bits & 1 == 1);
            seen += 1;
            if is_dash { '-' } else { '_' }
        };
        name.collision_key().chars().map(replace).collect()
    };
    let spelled = mixtures.into_iter().map(spell).filter(|text| text != name.canonical());
    spelled.filter_map(|text| parse(&text).ok()).collect()
}

/// Where a crate's index file is, e.g. `se/rd/serde`. Always lower case.
///
/// # Source
///
/// The Cargo Book, "Registry Index", section "Index files".
pub(crate) fn index_path(name: &PackageName) -> String {
    let name = name.canonical();
    format!("{}/{name}", prefix(name))
}

/// The directories of an index file, in the case of `name`: the `{prefix}` marker of `dl`.
pub(crate) fn prefix(name: &str) -> String {
    let part = |from, to| name.get(from..to).unwrap_or_default();
    match name.len() {
        length @ 0..=2 => length.to_string(),
        3 => format!("3/{}", part(0, 1)),
        _ => format!("{}/{}", part(0, 2), part(2, 4)),
    }
}

/// The file of a release. Decoding a download, publishing and reading an upstream all use this.
pub(crate) fn artifact_filename(
    name: &PackageName,
    version: &Version,
) -> Result<Filename, NameError> {
    format!("{}-{}.crate", name.canonical(), version.display()).try_into()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(name: &str, expect: &str) {
        assert_eq!(index_path(&parse(name).unwrap()), expect);
    }

    #[test]
    fn index_paths_follow_the_cargo_book() {
        check_path("a", "1/a");
        check_path("ab", "2/ab");
        check_path("AbC", "3/a/abc");
        check_path("Serde", "se/rd/serde");
        check_path("a-_b", "a-/_b/a-_b");
    }

    #[track_caller]
    fn check_look_alikes(name: &str, expect: &[&str]) {
        let found = look_alikes(&parse(name).unwrap());
        let found: Vec<_> = found.iter().map(PackageName::display).collect();
        assert_eq!(found, expect, "for {name}");
    }

    #[test]
    fn look_alikes_are_the_other_mixtures_of_separators() {
        check_look_alikes("serde", &[]);
        check_look_alikes("serde-json", &["serde_json"]);
        check_look_alikes("Serde_json", &["serde-json"]);
        check_look_alikes("a-b_c", &["a_b_c", "a_b-c", "a-b-c"]);
        check_look_alikes("a-b-c_d-e", &["a_b_c_d_e", "a-b-c-d-e"]);
        let long = ["a"; 32].join("-_");
        assert_eq!(look_alikes(&parse(&long[..64]).unwrap()).len(), 2);
    }

    #[test]
    fn a_reserved_name_can_be_asked_for_but_not_published() {
        for reserved in ["std", "Core", "proc-macro", "NUL", "com1", "compiler_rt"] {
            let name = parse(reserved).unwrap();
            assert!(check_publishable(&name).is_err(), "{reserved} was accepted");
        }
        for free in ["rustc-hash", "stdx", "com10"] {
            assert!(check_publishable(&parse(free).unwrap()).is_ok(), "{free} was refused");
        }
    }
}
