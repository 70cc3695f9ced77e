//! The same package in three ecosystems: where it stands upstream, and where here.

use std::time::Duration;

use serde_json::{Value, json};
use vouchsafe_app::{Clock as _, SystemClock};
use vouchsafe_domain::Timestamp;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{FakeUpstream, Reply, Server, packages};

/// An ecosystem, as both sides of the proxy speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eco {
    Cargo,
    Npm,
    Pypi,
}

pub(crate) const ALL: [Eco; 3] = [Eco::Cargo, Eco::Npm, Eco::Pypi];

/// A release of an upstream package.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    /// When it was published; `None`: the upstream does not say.
    pub(crate) age: Option<Duration>,
}

/// A release of this age.
pub(crate) fn aged(version: &'static str, age: Duration) -> Release {
    Release { version, age: Some(age) }
}

/// A release that has been public for a year.
pub(crate) fn old(version: &'static str) -> Release {
    aged(version, Duration::from_secs(365 * 86_400))
}

/// The instant that lies this far back.
pub(crate) fn ago(age: Duration) -> Timestamp {
    SystemClock.now().minus(age)
}

impl Eco {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        }
    }

    /// The package URL of a name or a release.
    pub(crate) fn purl(self, what: &str) -> String {
        format!("pkg:{}/{what}", self.id())
    }

    /// The base address of this ecosystem on an upstream.
    pub(crate) fn base(self, upstream: &str) -> String {
        format!("{upstream}/{}/", self.id())
    }

    pub(crate) fn artifact(self, name: &str, version: &str) -> Vec<u8> {
        match self {
            Self::Cargo => packages::krate(name, version),
            Self::Npm => packages::npm_tarball(name, version),
            Self::Pypi => packages::wheel(&name.replace('-', "_"), version),
        }
    }

    pub(crate) fn filename(self, name: &str, version: &str) -> String {
        match self {
            Self::Cargo => format!("{name}-{version}.crate"),
            Self::Npm => format!("{name}-{version}.tgz"),
            Self::Pypi => format!("{}-{version}-py3-none-any.whl", name.replace('-', "_")),
        }
    }

    /// Where an upstream keeps the index of a package.
    pub(crate) fn upstream_index(self, name: &str) -> String {
        match self {
            Self::Cargo => format!("/cargo/{}", crate_path(name)),
            Self::Npm => format!("/npm/{name}"),
            Self::Pypi => format!("/pypi/{name}/"),
        }
    }

    /// Where an upstream keeps a file.
    pub(crate) fn upstream_file(self, name: &str, version: &str) -> String {
        format!("/files/{}", self.filename(name, version))
    }

    /// Where clients find the index of a package here.
    pub(crate) fn index(self, name: &str) -> String {
        match self {
            Self::Cargo => format!("/cargo/index/{}", crate_path(name)),
            Self::Npm => format!("/npm/{name}"),
            Self::Pypi => format!("/pypi/simple/{name}/"),
        }
    }

    /// Where clients find a file here.
    pub(crate) fn file(self, name: &str, version: &str) -> String {
        let filename = self.filename(name, version);
        match self {
            Self::Cargo => format!("/cargo/api/v1/crates/{name}/{version}/download"),
            Self::Npm => format!("/npm/{name}/-/{filename}"),
            Self::Pypi => format!("/pypi/files/{name}/{filename}"),
        }
    }

    /// What a client sends along when it asks for an index.
    pub(crate) fn accept(self) -> (&'static str, &'static str) {
        match self {
            Self::Pypi => ("accept", "application/vnd.pypi.simple.v1+json"),
            _ => ("accept", "*/*"),
        }
    }

    pub(crate) fn get_index(self, server: &Server, name: &str) -> Answer {
        http::send(server.address(), "GET", &self.index(name), &[self.accept()], b"")
    }

    pub(crate) fn get_file(self, server: &Server, name: &str, version: &str) -> Answer {
        http::get(server.address(), &self.file(name, version))
    }

    /// The files that a client may install by itself, by version.
    pub(crate) fn installable(self, index: &Answer) -> Vec<String> {
        assert_eq!(index.status, 200, "{}", index.text());
        match self {
            Self::Cargo => index
                .text()
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .filter(|line| line["yanked"] == false)
                .map(|line| line["vers"].as_str().unwrap().to_owned())
                .collect(),
            Self::Npm => index.json()["versions"].as_object().unwrap().keys().cloned().collect(),
            Self::Pypi => {
                let files = index.json()["files"].as_array().unwrap().clone();
                let files = files.iter().filter(|file| file["yanked"] == false);
                files.map(|file| version_of_wheel(file["filename"].as_str().unwrap())).collect()
            }
        }
    }

    /// Scripts a package: its index and its files.
    pub(crate) fn script(self, upstream: &FakeUpstream, name: &str, releases: &[Release]) {
        for release in releases {
            let bytes = self.artifact(name, release.version);
            let path = self.upstream_file(name, release.version);
            upstream.on(&path, Reply::ok("application/octet-stream", bytes));
        }
        let (content_type, index) = self.index_of(&upstream.url(), name, releases);
        upstream.on(&self.upstream_index(name), Reply::ok(content_type, index));
        if self == Self::Cargo {
            upstream.on("/cargo/config.json", self.settings(&upstream.url()));
        }
    }

    pub(crate) fn settings(self, upstream: &str) -> Reply {
        let dl = format!("{upstream}/files/{{crate}}-{{version}}.crate");
        Reply::ok("application/json", json!({ "dl": dl }).to_string())
    }

    /// The index of a package as an upstream writes it, with its content type.
    pub(crate) fn index_of(
        self,
        upstream: &str,
        name: &str,
        releases: &[Release],
    ) -> (&'static str, String) {
        let entries = releases.iter().map(|release| Entry {
            version: release.version,
            published_at: release.age.map(ago),
            url: format!("{upstream}{}", self.upstream_file(name, release.version)),
            bytes: self.artifact(name, release.version),
        });
        self.index_with(name, &entries.collect::<Vec<_>>())
    }

    pub(crate) fn index_with(self, name: &str, entries: &[Entry]) -> (&'static str, String) {
        match self {
            Self::Cargo => ("text/plain", entries.iter().map(|entry| entry.line(name)).collect()),
            Self::Npm => ("application/json", packument(name, entries).to_string()),
            Self::Pypi => ("application/vnd.pypi.simple.v1+json", page(name, entries).to_string()),
        }
    }

    /// Publishes a release here.
    pub(crate) fn publish(self, server: &Server, token: &str, name: &str, version: &str) -> Answer {
        let address = server.address();
        match self {
            Self::Cargo => {
                let body = packages::krate_publish_body(name, version);
                let headers = [("authorization", token)];
                http::send(address, "PUT", "/cargo/api/v1/crates/new", &headers, &body)
            }
            Self::Npm => {
                let body = packages::npm_publish_body(name, version);
                let bearer = format!("Bearer {token}");
                let headers =
                    [("authorization", bearer.as_str()), ("content-type", "application/json")];
                http::send(address, "PUT", &format!("/npm/{name}"), &headers, &body)
            }
            Self::Pypi => {
                let (filename, wheel) =
                    (self.filename(name, version), self.artifact(name, version));
                let (content_type, body) = packages::pypi_upload(name, version, &filename, &wheel);
                let bearer = format!("Bearer {token}");
                let headers =
                    [("authorization", bearer.as_str()), ("content-type", content_type.as_str())];
                http::send(address, "POST", "/pypi/legacy/", &headers, &body)
            }
        }
    }
}

/// One file in an upstream's index.
pub(crate) struct Entry {
    pub(crate) version: &'static str,
    pub(crate) published_at: Option<Timestamp>,
    pub(crate) url: String,
    pub(crate) bytes: Vec<u8>,
}

impl Entry {
    fn line(&self, name: &str) -> String {
        let mut line = json!({
            "name": name, "vers": self.version, "deps": [], "features": {},
            "cksum": packages::sha256_hex(&self.bytes), "yanked": false,
        });
        if let Some(at) = self.published_at {
            line["pubtime"] = at.to_rfc3339_secs().into();
        }
        format!("{line}\n")
    }
}

fn packument(name: &str, entries: &[Entry]) -> Value {
    let mut packument = json!({ "name": name, "dist-tags": {}, "versions": {}, "time": {} });
    for entry in entries {
        let published = packages::npm_publish_body_of(name, entry.version, &entry.bytes);
        let published: Value = serde_json::from_slice(&published).unwrap();
        let mut manifest = published["versions"][entry.version].clone();
        manifest["dist"]["tarball"] = entry.url.as_str().into();
        packument["versions"][entry.version] = manifest;
        packument["dist-tags"]["latest"] = entry.version.into();
        if let Some(at) = entry.published_at {
            packument["time"][entry.version] = at.to_rfc3339_millis().into();
        }
    }
    packument
}

fn page(name: &str, entries: &[Entry]) -> Value {
    let files = entries.iter().map(|entry| {
        let mut file = json!({
            "filename": Eco::Pypi.filename(name, entry.version), "url": entry.url,
            "hashes": { "sha256": packages::sha256_hex(&entry.bytes) }, "yanked": false,
        });
        if let Some(at) = entry.published_at {
            file["upload-time"] = at.to_rfc3339_micros().into();
        }
        file
    });
    json!({ "meta": { "api-version": "1.1" }, "name": name, "files": files.collect::<Vec<_>>() })
}

fn version_of_wheel(filename: &str) -> String {
    filename.split('-').nth(1).unwrap().to_owned()
}

/// Where an index keeps a crate.
fn crate_path(name: &str) -> String {
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}
