//! Every type that `GLOSSARY.md` gives to a term exists in the source.

use std::collections::BTreeSet;

/// What a definition of a type begins with.
const KEYWORDS: &[&str] = &["struct", "enum", "trait", "type"];

/// Compares the terms with the sources.
pub(super) fn check<'a>(glossary: &str, sources: impl Iterator<Item = &'a str>) -> Vec<String> {
    let defined: BTreeSet<&str> = sources.flat_map(definitions).collect();
    terms(glossary)
        .filter(|(_, name)| !defined.contains(name))
        .map(|(term, name)| {
            format!(
                "GLOSSARY.md gives `{name}` as the type of \"{term}\", and there is no such type"
            )
        })
        .collect()
}

/// Terms and their types: rows of a table whose second column is one or more `Name`s.
fn terms(glossary: &str) -> impl Iterator<Item = (&str, &str)> {
    glossary.lines().flat_map(|line| {
        let mut cells = line.trim().strip_prefix('|').unwrap_or_default().split('|');
        let (term, types) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        types
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|name| {
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric())
            })
            .map(move |name| (term.trim(), name))
    })
}

/// The names of types that a source file defines.
fn definitions(source: &str) -> impl Iterator<Item = &str> {
    let mut words = source.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut previous = "";
    std::iter::from_fn(move || {
        for word in words.by_ref().filter(|word| !word.is_empty()) {
            let is_definition = KEYWORDS.contains(&previous);
            previous = word;
            if is_definition {
                return Some(word);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOSSARY: &str = "
| term | type | meaning |
| --- | --- | --- |
| release | `Release`, `ReleaseRef` | one version |
| purl | `File.ext`, `lower` | an address |
";

    #[track_caller]
    fn check_source(source: &str, expect_problems: usize) {
        let problems = check(GLOSSARY, [source].into_iter());
        assert_eq!(problems.len(), expect_problems, "{problems:?}");
    }

    #[test]
    fn a_type_that_exists_is_fine() {
        check_source("pub struct Release { } pub(crate) type ReleaseRef<'a> = &'a Release;", 0);
    }

    #[test]
    fn a_type_that_is_only_used_does_not_exist() {
        check_source("fn f(release: Release) -> ReleaseRef {}", 2);
    }
}
