//! The documents of `docs/`, built into the binary: a registry explains itself, offline too.
//!
//! Guides, concepts and reference live at `/docs/<section>/<slug>`, error codes at `/errors/<code>`. Links
//! between the files, which are relative so that they work in a checkout, become those addresses,
//! and the example host becomes this server's own address. Tests compare the tables with the
//! folders, with `ErrorCode::ALL` and with every link in the files.

/// One Markdown document.
#[derive(Debug)]
pub struct Document {
    /// The name in its address, and its file name without `.md`.
    pub slug: &'static str,
    /// The text.
    pub markdown: &'static str,
}

/// A folder of documents.
#[derive(Debug)]
pub struct Section {
    /// The name in addresses, and the folder.
    pub slug: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its documents, in reading order.
    pub documents: &'static [Document],
}

macro_rules! documents {
    ($folder:literal: $($slug:literal)*) => {
        &[$(Document {
            slug: $slug,
            markdown: include_str!(
                concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/", $folder, "/", $slug, ".md")
            ),
        },)*]
    };
}

/// Guides, concepts, reference.
pub static SECTIONS: &[Section] = &[
    Section {
        slug: "guides",
        title: "Guides",
        documents: documents!("guides": "cargo" "npm" "pypi" "composer" "maven" "golang" "policy" "operate"),
    },
    Section {
        slug: "concepts",
        title: "Concepts",
        documents: documents!("concepts":
            "trust-of-the-proxy" "cooldown" "dependency-confusion" "namespaces" "immutability"
            "tokens-and-scopes"
        ),
    },
    Section {
        slug: "reference",
        title: "Reference",
        documents: documents!("reference": "commands" "configuration"),
    },
];

/// One document per error code, in the order of `ErrorCode::ALL`.
pub static ERRORS: &[Document] = documents!("errors":
    "auth.required" "auth.refused" "auth.throttled" "auth.forbidden"
    "request.not-found" "request.malformed" "request.outdated" "request.method-not-allowed" "request.too-large"
    "request.rate-limited" "request.not-implemented"
    "publish.bad-name" "publish.bad-version" "publish.bad-archive" "publish.bad-manifest"
    "publish.below-standard" "deploy.not-found" "deploy.wrong-state"
    "publish.digest-mismatch" "publish.release-exists" "publish.filename-taken"
    "publish.tombstoned" "publish.name-collision" "publish.name-exists-upstream"
    "publish.name-claimed" "publish.namespace-frozen" "publish.namespace-required"
    "namespace.not-proved"
    "owners.last-owner" "owners.unknown-account" "remove.forbidden"
    "policy.cooldown" "policy.denied" "policy.not-allowed" "policy.quarantined"
    "policy.rule-failed"
    "upstream.unavailable" "upstream.digest-mismatch" "upstream.malformed"
    "internal.error"
);

/// What stands for "this server" in the documents.
const EXAMPLE_SITE: &str = "https://registry.example";
/// The same with a credential, as pip wants it.
const EXAMPLE_SITE_WITH_TOKEN: &str = "https://__token__:TOKEN@registry.example";
/// The same without a scheme, as npm's configuration wants it.
const EXAMPLE_HOST: &str = "//registry.example/";

impl Document {
    /// The text of its first heading.
    pub fn title(&self) -> &'static str {
        let heading = self.markdown.lines().find_map(|line| line.strip_prefix("# "));
        heading.unwrap_or(self.slug)
    }

    /// Its first paragraph, on one line, as plain text.
    pub fn summary(&self) -> String {
        let body = self.markdown.lines().skip_while(|line| !line.starts_with("# ")).skip(1);
        let paragraph = body.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
        paragraph.collect::<Vec<_>>().join(" ").replace(['`', '*'], "")
    }

    /// HTML of the whole document, for the server at `site_url`.
    pub(crate) fn to_html(&self, folder: &str, site_url: &str) -> String {
        let resolve = |target: &str| resolve_link(folder, target);
        let (scheme, host) = site_url.split_once("://").unwrap_or(("https", site_url));
        let rewrite = |text: &str| {
            text.replace(EXAMPLE_SITE, site_url)
                .replace(EXAMPLE_SITE_WITH_TOKEN, &format!("{scheme}://__token__:TOKEN@{host}"))
                .replace(EXAMPLE_HOST, &format!("//{host}/"))
        };
        crate::markdown::render_document(self.markdown, resolve, rewrite)
    }
}

/// Finds a guide or concept.
pub fn find(section: &str, slug: &str) -> Option<(&'static Section, &'static Document)> {
    let section = SECTIONS.iter().find(|candidate| candidate.slug == section)?;
    let document = section.documents.iter().find(|candidate| candidate.slug == slug)?;
    Some((section, document))
}

/// Finds the document of an error code.
pub fn find_error(code: &str) -> Option<&'static Document> {
    ERRORS.iter().find(|document| document.slug == code)
}

/// Turns `../errors/policy.cooldown.md`, written in a file of `folder`, into an address. `None`
/// when no such document is built in.
pub(crate) fn resolve_link(folder: &str, target: &str) -> Option<String> {
    if target.contains("://") {
        return Some(target.to_owned());
    }
    let path = target.strip_suffix(".md")?;
    let (folder, slug) = match path.strip_prefix("../") {
        Some(elsewhere) => elsewhere.split_once('/')?,
        None => (folder, path),
    };
    if folder == "errors" {
        return find_error(slug).map(|document| format!("/errors/{}", document.slug));
    }
    find(folder, slug)
        .map(|(section, document)| format!("/docs/{}/{}", section.slug, document.slug))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pulldown_cmark::{Event, Parser, Tag};
    use vouchsafe_domain::ErrorCode;

    use super::*;

    fn all() -> impl Iterator<Item = (&'static str, &'static Document)> {
        let sections = SECTIONS.iter().flat_map(|s| s.documents.iter().map(move |d| (s.slug, d)));
        sections.chain(ERRORS.iter().map(|document| ("errors", document)))
    }

    #[test]
    fn every_error_code_has_a_page_and_every_page_a_code() {
        let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        let pages: Vec<&str> = ERRORS.iter().map(|page| page.slug).collect();
        assert_eq!(codes, pages, "add docs/errors/<code>.md and name it in ERRORS, in order");
    }

    #[test]
    fn every_file_is_built_in() {
        for folder in ["errors", "guides", "concepts", "reference"] {
            let path = format!("{}/../../docs/{folder}", env!("CARGO_MANIFEST_DIR"));
            let files: BTreeSet<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            let built_in: BTreeSet<String> = all()
                .filter(|(of, _)| *of == folder)
                .map(|(_, document)| format!("{}.md", document.slug))
                .collect();
            assert_eq!(files, built_in);
        }
    }

    #[test]
    fn every_link_between_documents_leads_somewhere() {
        for (folder, document) in all() {
            for event in Parser::new(document.markdown) {
                let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
                let resolved = resolve_link(folder, &dest_url);
                assert!(resolved.is_some(), "{folder}/{}: {dest_url}", document.slug);
            }
        }
    }

    #[test]
    fn an_error_page_says_what_happened_and_what_to_do() {
        for page in ERRORS {
            assert_eq!(page.title(), page.slug);
            assert!(page.summary().len() > 20, "{} needs a first paragraph", page.slug);
            for heading in ["## What happened", "## What to do", "## What the client shows"] {
                assert!(page.markdown.contains(heading), "{}: {heading}", page.slug);
            }
        }
    }

    #[test]
    fn the_example_host_becomes_this_server() {
        for (slug, expected) in [
            ("npm", "registry=http://127.0.0.1:7878/npm/"),
            ("npm", "\n//127.0.0.1:7878/npm/:_authToken"),
            ("pypi", "http://__token__:TOKEN@127.0.0.1:7878/pypi/simple/"),
            ("cargo", "sparse+http://127.0.0.1:7878/cargo/index/"),
        ] {
            let (section, document) = find("guides", slug).unwrap();
            let html = document.to_html(section.slug, "http://127.0.0.1:7878");
            assert!(html.contains(expected), "{slug}: {expected}");
            assert!(!html.contains(EXAMPLE_SITE), "{slug}");
        }
    }

    #[test]
    fn only_documents_are_found() {
        for (section, slug) in [("guides", "../errors/auth.required"), ("", ""), ("adr", "x")] {
            assert!(find(section, slug).is_none());
        }
        assert!(find_error("auth.required.md").is_none());
    }
}
