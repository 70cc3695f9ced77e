//! Index documents of upstreams.
//!
//! What is read out of one is rendered as a proxy renders it and read again: nothing may be lost,
//! and no address may lead elsewhere than to us.

use std::collections::BTreeMap;

use vouchsafe_adapter::{Ecosystem, UpstreamDocument};
use vouchsafe_domain::index::UpstreamIndex;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_golang::Golang;
use vouchsafe_ecosystem_maven::Maven;
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
        // The first one or two documents are the index in its forms; others are of one release. The
        // two of Composer are two halves.
        let (forms, is_halved) = match self.adapter.id().as_str() {
            "cargo" | "maven" | "golang" => (1, false),
            "composer" => (2, true),
            _ => (2, false),
        };
        let mut halves = BTreeMap::new();
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
            match is_halved {
                true => halves.extend(files(&again)),
                false => assert_eq!(files(&again), expected, "{key:?}: {text}"),
            }
            if self.settings.is_none() {
                for file in again.releases.iter().flat_map(|release| &release.artifacts) {
                    let url = file.upstream_url.as_deref().unwrap();
                    assert!(url.starts_with(&base), "{key:?} leads to {url}");
                }
            }
        }
        assert!(!is_halved || halves == expected, "{halves:?} instead of {expected:?}");
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

#[test]
fn composer_list_of_versions() {
    target!(2000).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &Composer,
            package: "acme/tool",
            content_type: "application/json",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::P2.as_bytes(), words::JSON));
    });
}

/// Settings lead to addresses that are addresses, or hold lists that are lists.
#[test]
fn composer_root() {
    let package = Composer.parse_name("acme/tool").unwrap();
    target!(1000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let sample = *script.pick(&[samples::COMPOSER_ROOT, samples::P2]);
        let bytes = script.spoil(sample.as_bytes(), words::JSON);
        let settings = UpstreamDocument {
            url: "https://upstream.example/packages.json",
            content_type: "application/json",
            bytes: &bytes,
            settings: None,
            last_modified: None,
        };
        if let Some(request) = Composer.upstream_index_by(&package, Some(&settings)) {
            assert!(!request.path.is_empty() && !request.path.contains(char::is_control));
        }
        if let Some(list) = Composer.index_in_settings(&package, &settings) {
            let upstream = Upstream {
                adapter: &Composer,
                package: "acme/tool",
                content_type: "application/json",
                settings: None,
            };
            upstream.check(&list);
        }
    });
}

#[test]
fn maven_metadata() {
    target!(2000).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &Maven,
            package: "com.acme:lib",
            content_type: "text/xml",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::MAVEN_METADATA.as_bytes(), words::XML));
    });
}

#[test]
fn golang_list() {
    target!(2000).for_each(|input: &[u8]| {
        let upstream = Upstream {
            adapter: &Golang,
            package: "corp.example/Acme/lib",
            content_type: "text/plain",
            settings: None,
        };
        let mut script = Script::new(input);
        upstream.check(&script.spoil(samples::GO_LIST.as_bytes(), words::LINES));
    });
}

/// A document about one release is about that one, and its files lie below the upstream.
#[track_caller]
fn check_release(adapter: &dyn Ecosystem, package: &str, version: &str, bytes: &[u8]) {
    let package = adapter.parse_name(package).unwrap();
    let asked = adapter.parse_version(version).unwrap();
    let document = UpstreamDocument {
        url: "https://upstream.example/x/y/z",
        content_type: "application/octet-stream",
        bytes,
        settings: None,
        last_modified: None,
    };
    let Ok(release) = adapter.parse_release(&package, &asked, &document) else { return };
    check_version(adapter, &release.version);
    assert!(adapter.may_change(&asked) || release.version == asked, "{}", release.version);
    assert!(is_json(&release.manifest), "{}", release.manifest);
    let mut seen = BTreeMap::new();
    for file in &release.artifacts {
        let url = file.upstream_url.as_deref().expect("every file has its address");
        assert!(url.starts_with("https://upstream.example/x/y/"), "{url}");
        assert!(seen.insert(file.filename.to_string(), ()).is_none(), "{} twice", file.filename);
        assert!(adapter.upstream_artifact(&package, &asked, &file.filename).is_some());
    }
}

#[test]
fn releases_one_by_one() {
    type Sample = (&'static dyn Ecosystem, &'static str, &'static str, &'static str);
    const SAMPLES: &[Sample] = &[
        (&Golang, "corp.example/Acme/lib", "v1.0.0", samples::GO_INFO),
        (&Golang, "corp.example/Acme/lib", "main", samples::GO_INFO),
        (&Maven, "com.acme:lib", "1.0", samples::POM),
        (&Maven, "com.acme:lib", "1.1-SNAPSHOT", samples::SNAPSHOT_METADATA),
    ];
    target!(4000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let (adapter, package, version, sample) = *script.pick(SAMPLES);
        let tokens = if sample.starts_with('{') { words::JSON } else { words::XML };
        check_release(adapter, package, version, &script.spoil(sample.as_bytes(), tokens));
    });
}
