//! Links between files of the repository lead somewhere: relative links in Markdown, and pages
//! under `docs/` that a comment in a source file sends its reader to.

use crate::workspace::TextFile;

/// Checks every file; `exists` answers for paths relative to the root.
pub(super) fn check(files: &[TextFile], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let targets: Vec<String> = if file.path.ends_with(".md") {
            links(&file.text).map(|link| resolve(&file.path, link)).collect()
        } else if file.path.ends_with(".rs") {
            pages(&file.text, "//").map(str::to_owned).collect()
        } else if file.path.ends_with(".toml") {
            pages(&file.text, "#").map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        for target in targets.into_iter().filter(|target| !exists(target)) {
            problems.push(format!("{} links to {target}, which does not exist", file.path));
        }
    }
    problems
}

/// Targets of `[text](target)` that are files: no scheme, no bare anchor, no placeholder.
fn links(markdown: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    markdown
        .lines()
        .filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            in_code ^= is_fence;
            !in_code && !is_fence
        })
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| {
            let target = rest.split([')', ' ', '#']).next()?;
            (!target.is_empty() && !target.contains([':', '<', '`'])).then_some(target)
        })
}

/// Pages named in the comments of a source file: `docs/…/name.md` without a placeholder in it.
fn pages<'a>(source: &'a str, comment: &'a str) -> impl Iterator<Item = &'a str> {
    source
        .lines()
        .map(str::trim_start)
        .filter(move |line| line.starts_with(comment))
        .flat_map(words)
        .filter(|word| word.starts_with("docs/") && word.ends_with(".md"))
        .filter(|word| !word.contains(['<', '*', '{', '…']))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || "-_./<>*{}…".contains(c)))
}

/// The path of a link's target relative to the root.
fn resolve(from: &str, link: &str) -> String {
    let mut path: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(path: &str, text: &str, expect_problems: usize) {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        let exists = |path: &str| path == "docs/adr/0001-sql.md" || path == "README.md";
        let problems = check(&[file], exists);
        assert_eq!(problems.len(), expect_problems, "{problems:?}");
    }

    #[test]
    fn a_link_is_relative_to_its_file() {
        check_text("docs/guides/start.md", "[sql](../adr/0001-sql.md#why) [r](/README.md)", 0);
        check_text("docs/guides/start.md", "[sql](adr/0001-sql.md)", 1);
    }

    #[test]
    fn addresses_anchors_and_code_are_not_files() {
        check_text("a.md", "[x](https://registry.example/) [y](#here)\n```\n[z](no)\n```\n", 0);
    }

    #[test]
    fn a_page_named_in_a_source_file_exists() {
        check_text("a.rs", "//! See `docs/adr/0001-sql.md`.", 0);
        check_text("a.rs", &["//! See `docs/adr/", "0002-gone.md`."].concat(), 1);
        check_text("a.rs", "let page = \"docs/made-later.md\";", 0);
        check_text("a.rs", "//! One page each: docs/errors/<code>.md", 0);
    }
}
