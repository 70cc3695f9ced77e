//! Plain requests, as build tools send them, and packages built in memory.

use base64::Engine as _;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::packages::{self, maven_checksums};

/// Somebody who sends requests.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    address: String,
    authorization: Option<String>,
}

impl Sender {
    pub(crate) fn new(address: &str, token: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("__token__:{token}"));
        Self { address: address.to_owned(), authorization: Some(format!("Basic {pair}")) }
    }

    pub(crate) fn anonymous(address: &str) -> Self {
        Self { address: address.to_owned(), authorization: None }
    }

    /// * `path`: below the mount, as it is sent.
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send_with(method, path, &[], body)
    }

    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let target = format!("/maven/{path}");
        http::send(&self.address, method, &target, &self.headers(headers), body)
    }

    /// Like [`send`](Self::send), to a server that may die meanwhile.
    pub(crate) fn try_send(&self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let target = format!("/maven/{path}");
        http::try_send(&self.address, method, &target, &self.headers(&[]), body)
    }

    pub(crate) fn headers<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut headers = more.to_vec();
        if let Some(authorization) = &self.authorization {
            headers.push(("authorization", authorization));
        }
        headers
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, b"")
    }

    pub(crate) fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.send("PUT", path, body)
    }

    /// Sends the files of a release, each with its SHA-1 and MD5, and no metadata.
    #[track_caller]
    pub(crate) fn stage(&self, release: &Release) {
        for (name, bytes) in &release.files {
            let path = format!("{}/{name}", release.directory());
            let answer = self.put(&path, bytes);
            assert_eq!(answer.status, 201, "{path}: {} {}", answer.phrase, answer.text());
            for (ending, digest) in &maven_checksums(bytes)[..2] {
                let answer = self.put(&format!("{path}.{ending}"), digest.as_bytes());
                assert_eq!(answer.status, 201, "{path}.{ending}: {}", answer.text());
            }
        }
    }

    /// Sends the metadata that ends a deployment.
    pub(crate) fn finish(&self, release: &Release) -> Answer {
        self.put(&release.metadata_path(), release.metadata().as_bytes())
    }

    /// Sends all of a release, which must succeed.
    #[track_caller]
    pub(crate) fn deploy(&self, release: &Release) {
        self.stage(release);
        let answer = self.finish(release);
        assert_eq!(answer.status, 201, "{} {}", answer.phrase, answer.text());
    }
}

/// A release and its files.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) group: String,
    pub(crate) artifact: String,
    pub(crate) version: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Release {
    /// A jar and its pom.
    pub(crate) fn jar(group: &str, artifact: &str, version: &str) -> Self {
        Self::of(group, artifact, version, version, "")
    }

    /// A build of a snapshot: a jar and its pom.
    ///
    /// * `build`: `20260102.030405-7`
    pub(crate) fn snapshot(group: &str, artifact: &str, base: &str, build: &str) -> Self {
        Self::of(group, artifact, &format!("{base}-SNAPSHOT"), &format!("{base}-{build}"), build)
    }

    fn of(group: &str, artifact: &str, version: &str, value: &str, content: &str) -> Self {
        let jar = packages::zip(&[("content.txt", format!("{value} {content}").as_bytes())]);
        let pom = pom(group, artifact, version, "");
        Self {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: version.to_owned(),
            files: vec![
                (format!("{artifact}-{value}.jar"), jar),
                (format!("{artifact}-{value}.pom"), pom.into_bytes()),
            ],
        }
    }

    /// With another file, or other bytes of one.
    pub(crate) fn file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.retain(|(known, _)| known != name);
        self.files.push((name.to_owned(), bytes.into()));
        self
    }

    /// With another pom, of these further lines.
    pub(crate) fn pom(self, more: &str) -> Self {
        let text = pom(&self.group, &self.artifact, &self.version, more);
        let name = self.path_of_extension("pom");
        self.file(&name, text)
    }

    fn path_of_extension(&self, extension: &str) -> String {
        let ending = format!(".{extension}");
        self.files.iter().find(|(name, _)| name.ends_with(&ending)).unwrap().0.clone()
    }

    /// Group and artifact as directories.
    pub(crate) fn package_directory(&self) -> String {
        format!("{}/{}", self.group.replace('.', "/"), self.artifact)
    }

    pub(crate) fn directory(&self) -> String {
        format!("{}/{}", self.package_directory(), self.version)
    }

    /// Of the first file with this ending.
    pub(crate) fn path(&self, extension: &str) -> String {
        format!("{}/{}", self.directory(), self.path_of_extension(extension))
    }

    /// Of the document that ends a deployment.
    pub(crate) fn metadata_path(&self) -> String {
        let directory = match self.version.ends_with("-SNAPSHOT") {
            true => self.directory(),
            false => self.package_directory(),
        };
        format!("{directory}/maven-metadata.xml")
    }

    fn metadata(&self) -> String {
        let Self { group, artifact, version, .. } = self;
        format!(
            "<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>\
             <versions><version>{version}</version></versions></versioning></metadata>"
        )
    }
}

/// A pom with these further lines.
pub(crate) fn pom(group: &str, artifact: &str, version: &str, more: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>{group}</groupId>\
         <artifactId>{artifact}</artifactId><version>{version}</version>{more}</project>"
    )
}

/// The metadata of a package as an upstream has it.
pub(crate) fn upstream_metadata(
    group: &str,
    artifact: &str,
    versions: &[&str],
    updated: &str,
) -> String {
    let listed: String = versions.iter().map(|v| format!("<version>{v}</version>")).collect();
    format!(
        "<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning>\
         <versions>{listed}</versions><lastUpdated>{updated}</lastUpdated></versioning></metadata>"
    )
}
