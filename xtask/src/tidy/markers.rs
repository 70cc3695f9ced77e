//! No marker of unfinished work is committed: finish it, or open an issue.

use crate::workspace::TextFile;

/// The words, in halves, so that this file keeps the rule too.
const MARKERS: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME"), ("X", "XX")];

/// Finds markers in one file.
pub(super) fn check(file: &TextFile) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in (1_usize..).zip(file.text.lines()) {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words {
            if MARKERS.iter().any(|(left, right)| word == format!("{left}{right}")) {
                problems.push(format!("{}:{number} leaves a `{word}`", file.path));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(line: &str, expect_problems: usize) {
        let file = TextFile { path: "a.rs".to_owned(), text: line.to_owned() };
        assert_eq!(check(&file).len(), expect_problems, "{line:?}");
    }

    #[test]
    fn a_marker_is_found() {
        check_line(&["// TO", "DO: later"].concat(), 1);
        check_line(&["// FIX", "ME(name)"].concat(), 1);
    }

    #[test]
    fn part_of_a_word_is_not_a_marker() {
        check_line(&["AUTOX", "XX to", "do"].concat(), 0);
    }
}
