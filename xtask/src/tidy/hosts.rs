//! No address of a public registry is written anywhere: upstreams are configuration (ADR 0009), and
//! a test that names a public host may one day reach it.

use crate::workspace::TextFile;

/// The host names, in halves, so that this file keeps the rule too.
const HOSTS: &[(&str, &str)] = &[
    ("npm", "js.org"),
    ("npm", "js.com"),
    ("registry.yarn", "pkg.com"),
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("//crates", ".io"),
    ("pack", "agist.org"),
    ("repo1.maven", ".org"),
    ("repo.maven.apache", ".org"),
    ("central.sonatype", ".com"),
    ("maven.google", ".com"),
    ("oss.sonatype", ".org"),
    ("plugins.gradle", ".org"),
    ("proxy.golang", ".org"),
    ("sum.golang", ".org"),
    ("deb.debian", ".org"),
];

/// Finds host names in one file.
pub(super) fn check(file: &TextFile) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in (1_usize..).zip(file.text.lines()) {
        let lower = line.to_ascii_lowercase();
        for (left, right) in HOSTS {
            let host = format!("{left}{right}");
            if lower.contains(&host) {
                problems.push(format!(
                    "{}:{number} names the public host `{host}`: use registry.example, \
                     upstream.example or 127.0.0.1",
                    file.path
                ));
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
        let file = TextFile { path: "a.md".to_owned(), text: line.to_owned() };
        assert_eq!(check(&file).len(), expect_problems, "{line:?}");
    }

    #[test]
    fn a_public_host_is_found_whatever_its_case() {
        check_line(&format!("https://registry.{}/left-pad", ["NPM", "js.org"].concat()), 1);
        check_line(&["files.python", "hosted.org"].concat(), 1);
    }

    #[test]
    fn a_registry_may_be_named_without_being_addressed() {
        check_line("as crates.io, npm, PyPI and Packagist do", 0);
        check_line("https://registry.example/npm", 0);
    }
}
