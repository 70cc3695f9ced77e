//! A long file is a smell, not a crime: look for the second idea in it.

use crate::workspace::TextFile;

/// Lines beyond which a source file is mentioned.
const LINE_LIMIT: usize = 600;

/// A remark about a long file.
pub(super) fn check(file: &TextFile) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > LINE_LIMIT).then(|| {
        format!(
            "{} has {lines} lines, more than {LINE_LIMIT}: is there a second idea in it?",
            file.path
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_over_the_limit_are_mentioned() {
        for (lines, expect) in [(LINE_LIMIT, false), (LINE_LIMIT + 1, true)] {
            let file = TextFile { path: "a.rs".to_owned(), text: "x\n".repeat(lines) };
            assert_eq!(check(&file).is_some(), expect);
        }
    }
}
