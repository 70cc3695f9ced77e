//! What a package leaves out of its archives: `export-ignore` in `.gitattributes`, then
//! `archive.exclude` in `composer.json`, as `composer archive` does it.

use serde_json::{Map, Value};

use super::glob::Pattern;

/// Rules, in the order in which they are applied: the last one that fits decides.
#[derive(Debug, Default)]
pub(super) struct Exclude {
    patterns: Vec<Pattern>,
}

impl Exclude {
    /// * `manifest`: `composer.json`.
    /// * `gitattributes`: the text of that file at the top, empty when there is none.
    pub(super) fn new(manifest: &Map<String, Value>, gitattributes: &str) -> Self {
        let mut patterns: Vec<Pattern> = gitattributes.lines().filter_map(read_attribute).collect();
        let listed = manifest.get("archive").and_then(|archive| archive.get("exclude"));
        let listed = listed.and_then(Value::as_array).into_iter().flatten();
        patterns.extend(listed.filter_map(Value::as_str).filter_map(Pattern::new));
        Self { patterns }
    }

    /// Whether a path is left out.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let decides = self.patterns.iter().rev().find(|pattern| pattern.fits(path));
        decides.is_some_and(|pattern| !pattern.is_negative)
    }
}

/// `tests export-ignore` leaves out, `tests -export-ignore` takes back.
fn read_attribute(line: &str) -> Option<Pattern> {
    let mut words = line.split_whitespace();
    let pattern = words.next().filter(|pattern| !pattern.starts_with('#'))?;
    let is_ignored = words.fold(None, |known, word| match word {
        "export-ignore" => Some(true),
        "-export-ignore" => Some(false),
        _ => known,
    })?;
    if is_ignored { Pattern::new(pattern) } else { Pattern::new(&format!("!{pattern}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(exclude: &[&str], gitattributes: &str, path: &str, expected: bool) {
        let manifest = serde_json::json!({ "archive": { "exclude": exclude } });
        let exclude = Exclude::new(manifest.as_object().unwrap(), gitattributes);
        assert_eq!(exclude.leaves_out(path), expected, "{path}");
    }

    #[test]
    fn the_last_rule_that_fits_decides() {
        check(&["/docs", "!/docs/a.md"], "", "docs/b.md", true);
        check(&["/docs", "!/docs/a.md"], "", "docs/a.md", false);
        check(&["!/docs/a.md", "/docs"], "", "docs/a.md", true);
    }

    #[test]
    fn git_attributes_come_first() {
        check(&[], "/tests export-ignore\n", "tests/a.php", true);
        check(&["!/tests"], "/tests export-ignore\n", "tests/a.php", false);
        check(&[], "* text=auto\n# tests export-ignore\n", "tests/a.php", false);
        check(&[], "/t text export-ignore\n/t/keep -export-ignore\n", "t/keep", false);
    }

    #[test]
    fn nothing_is_left_out_without_rules() {
        check(&[], "", "src/a.php", false);
    }
}
