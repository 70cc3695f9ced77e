//! Index documents of upstreams.
//!
//! What is read out of one is rendered as a proxy renders it and read again: nothing may be lost,
//! and no address may lead elsewhere than to us.

use std::collections::BTreeMap;

use vouchsafe_adapter::{Ecosystem, UpstreamDocument};
use vouchsafe_domain::index::UpstreamIndex;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_npm::Npm;
use vouchsafe_ecosystem_pypi::PyPi;

use crate::accepted::{check_name, check_rendered, check_version, is_json, proxied};
use crate::engine::target;
use crate::script::Script;
use crate::{samples, words};

struct Upstream<'a> {
    adapter: &'a dyn Ecosystem,
    package: &'a str,
    content_type: &'a str,
    settings: Option<&'a [u8]>,
}

impl Upstream<'_> {
    fn parse(&self, bytes: &[u8], url: &str) -> Option<UpstreamIndex> {
        let package = self.adapter.parse_name(self.package).unwrap();
        let document = UpstreamDocument {
            url,
            content_type: self.content_type,
            bytes,
            settings: self.settings,
            last_modified: None,
        };
        self.adapter.parse_index(&package, &document).ok()
    }

    fn check(&self, bytes: &[u8]) {
        let Some(index) = self.parse(bytes, "https://upstream.example/simple/x/") else { return };
        let adapter = self.adapter;
        assert_eq!(index.name, adapter.parse_name(self.package).unwrap());
        check_name(adapter, &index.name);
        let mut versions = BTreeMap::new();
        for release in &index.releases {
            check_version(adapter, &release.version);
            let canonical = release.version.canonical();
            assert!(
                versions.insert(canonical.to_owned(), ()).is_none(),
                "{canonical} stands twice"
            );
            assert!(is_json(&release.manifest), "{}", release.manifest);
            for artifact in &release.artifacts {
                let url = artifact.upstream_url.as_deref().expect("every file has its address");
                assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
                assert!(!url.contains(char::is_control), "{url:?}");
            }
        }
        self.check_rendered_again(index);
    }

    /// Renders the index, reads that, and compares the releases and their files.
    fn check_rendered_again(&self, index: UpstreamIndex) {
        if index.releases.is_empty() {
            return;
        }
        let files = |index: &UpstreamIndex| -> BTreeMap<String, Vec<String>> {
            let releases = index.releases.iter().map(|release| {
                let names = release.artifacts.iter().map(|file| file.filename.to_string());
                let mut names: Vec<String> = names.collect();
                names.sort();
                (release.version.canonical().to_owned(), names)
            });
            releases.collect()
        };
        let expected = files(&index);
        let documents = check_rendered(self.adapter, &proxied(self.adapter, index));
        // The first one or two documents are the index in its forms; others are of one release.
        let forms = if self.adapter.id().as_str() == "cargo" { 1 } else { 2 };
        for (key, document) in documents.into_iter().take(forms) {
            let base = format!("https://registry.example/{}/", self.adapter.id());
            let ours = Upstream {
                content_type: document.content_type,
                settings: self.settings.map(|_| samples::CRATE_SETTINGS.as_bytes()),
                ..*self
            };
            let again = ours.parse(&document.body, &base);
            let again = again.unwrap_or_else(|| panic!("{key:?}: what we write cannot be read"));
            let text = String::from_utf8_lossy(&document.body);
            assert_eq!(files(&again), expected, "{key:?}: {text}");
            if self.settings.is_none() {
                for file in again.releases.iter().flat_map(|release| &release.artifacts) {
                    let url = file.upstream_url.as_deref().unwrap();
                    assert!(url.starts_with(&base), "{key:?} leads to {url}");
                }
            }
        }
    }
}

#[test]
fn cargo_index_lines() {
    target!(1500).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let settings = match script.one_in(8) {
            true => script.spoil(samples::CRATE_SETTINGS.as_bytes(), words::JSON),
            false => samples::CRATE_SETTINGS.as_bytes().to_vec(),
        };
        let upstream = Upstream {
            adapter: &Cargo,
            package: "serde",
            content_type: "text/plain",
            settings: Some(&settings),
        };
        upstream.check(&script.spoil(samples::CRATE_LINES.as_bytes(), words::JSON));
    });
}

#[test]
fn npm_packument() {
    target!(1500).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &Npm,
            package: "@acme/left-pad",
            content_type: "application/json",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::PACKUMENT.as_bytes(), words::JSON));
    });
}

#[test]
fn pypi_simple_json() {
    target!(1200).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &PyPi,
            package: "foo-bar",
            content_type: "application/vnd.pypi.simple.v1+json",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::SIMPLE_JSON.as_bytes(), words::JSON));
    });
}

#[test]
fn pypi_simple_html() {
    target!(1200).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &PyPi,
            package: "foo-bar",
            content_type: "text/html; charset=utf-8",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::SIMPLE_HTML.as_bytes(), words::HTML));
    });
}
