//! Every error code has a page that says what happened and what to do, and every page a code.

use std::collections::BTreeSet;

use crate::workspace::TextFile;

/// Where the pages are.
const FOLDER: &str = "docs/errors/";

/// A page: the code in its file name, and whether it says anything.
#[derive(Debug)]
pub(super) struct Page {
    code: String,
    is_empty: bool,
}

/// The pages among the files of the repository. `README.md` is the list, not a page.
pub(super) fn pages(files: &[TextFile]) -> Vec<Page> {
    files
        .iter()
        .filter_map(|file| {
            let code = file.path.strip_prefix(FOLDER)?.strip_suffix(".md")?;
            let page = Page { code: code.to_owned(), is_empty: file.text.trim().is_empty() };
            (code != "README").then_some(page)
        })
        .collect()
}

/// Compares the codes in the source of the list with the pages.
pub(super) fn check(source: &str, pages: &[Page]) -> Vec<String> {
    let codes: BTreeSet<&str> = codes(source).collect();
    let written: BTreeSet<&str> = pages.iter().map(|page| page.code.as_str()).collect();
    let mut problems = Vec::new();
    if codes.is_empty() {
        problems.push("no error code was found in the list: has its form changed?".to_owned());
    }
    for code in codes.difference(&written) {
        problems.push(format!("error code `{code}` needs a page: {FOLDER}{code}.md"));
    }
    for code in written.difference(&codes) {
        problems.push(format!("{FOLDER}{code}.md explains a code that does not exist"));
    }
    for page in pages.iter().filter(|page| page.is_empty) {
        problems.push(format!("{FOLDER}{}.md says nothing", page.code));
    }
    problems
}

/// The codes: lines of the form `Variant => "area.what",`.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let (_, literal) = line.trim().split_once("=> \"")?;
        literal.strip_suffix("\",")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        ($($(#[$doc:meta])* $variant:ident => $word:literal,)*) => {
            /// A page exists => "for each".
            NotFound => "request.not-found",
            Internal => "internal.error",
    "#;

    #[track_caller]
    fn check_pages(codes: &[&str], expect_problems: usize) {
        let pages: Vec<Page> =
            codes.iter().map(|code| Page { code: code.to_string(), is_empty: false }).collect();
        let problems = check(SOURCE, &pages);
        assert_eq!(problems.len(), expect_problems, "{problems:?}");
    }

    #[test]
    fn a_page_per_code_is_what_is_wanted() {
        check_pages(&["request.not-found", "internal.error"], 0);
    }

    #[test]
    fn a_code_without_page_is_a_problem() {
        check_pages(&["internal.error"], 1);
    }

    #[test]
    fn a_page_without_code_is_a_problem() {
        check_pages(&["request.not-found", "internal.error", "old.error"], 1);
    }

    #[test]
    fn an_empty_page_is_a_problem() {
        let pages = ["request.not-found", "internal.error"]
            .map(|code| Page { code: code.to_owned(), is_empty: code == "internal.error" });
        assert_eq!(check(SOURCE, &pages), ["docs/errors/internal.error.md says nothing"]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_a_problem() {
        assert_eq!(check("", &[]).len(), 1);
    }
}
