//! One release of each ecosystem, and how a client would see it: index, download, search.

use vouchsafe_app::PublishStep;
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::packages;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ecosystem {
    Cargo,
    Npm,
    Pypi,
    Composer,
    Maven,
}

/// Whose Composer packages and Maven group all are.
const VENDOR: &str = "acme";
const GROUP: &str = "org.example.acme";

impl Ecosystem {
    pub(crate) const ALL: [Self; 5] =
        [Self::Cargo, Self::Npm, Self::Pypi, Self::Composer, Self::Maven];

    /// The steps that a publish goes through here.
    pub(crate) fn steps(self) -> impl Iterator<Item = PublishStep> {
        let is_deployed = self == Self::Maven;
        PublishStep::ALL
            .into_iter()
            .filter(move |step| is_deployed || *step >= PublishStep::Spooled)
    }

    /// Whether the very same publish again is a success, because clients repeat themselves.
    pub(crate) fn repeats_publishes(self) -> bool {
        !matches!(self, Self::Cargo)
    }

    fn id(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Composer => "composer",
            Self::Maven => "maven",
        }
    }
}

/// A release and its only file.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Release {
    /// * `name`: lower-case letters, at least four, and underscores.
    pub(crate) fn new(ecosystem: Ecosystem, name: &str, version: &str) -> Self {
        Self { ecosystem, name: name.to_owned(), version: version.to_owned() }
    }

    fn bytes(&self) -> Vec<u8> {
        match self.ecosystem {
            Ecosystem::Cargo => packages::krate(&self.name, &self.version),
            Ecosystem::Npm => packages::npm_tarball(&self.name, &self.version),
            Ecosystem::Pypi => packages::wheel(&self.name, &self.version),
            Ecosystem::Composer => {
                packages::composer_zip(&format!("{VENDOR}/{}", self.name), &self.version)
            }
            Ecosystem::Maven => packages::jar(GROUP, &self.name, &self.version),
        }
    }

    /// Publishes it; `None` when no answer came.
    pub(crate) fn publish(&self, address: &str, token: &str) -> Option<Answer> {
        let Self { name, version, .. } = self;
        let bearer = format!("Bearer {token}");
        let send = |method, path: &str, content_type: &str, body: &[u8]| {
            let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
            http::try_send(address, method, path, &headers, body)
        };
        match self.ecosystem {
            Ecosystem::Cargo => {
                let body = packages::krate_publish_body(name, version);
                send("PUT", "/cargo/api/v1/crates/new", "application/octet-stream", &body)
            }
            Ecosystem::Npm => {
                let body = packages::npm_publish_body(name, version);
                send("PUT", &format!("/npm/{name}"), "application/json", &body)
            }
            Ecosystem::Pypi => {
                let (content_type, body) =
                    packages::pypi_upload(name, version, &self.filename(), &self.bytes());
                send("POST", "/pypi/legacy/", &content_type, &body)
            }
            Ecosystem::Composer => {
                let path = format!("/composer/packages/upload/{VENDOR}/{name}/{version}");
                send("PUT", &path, "application/zip", &self.bytes())
            }
            Ecosystem::Maven => {
                let put = |file: &str, body: &[u8]| {
                    send("PUT", &format!("{}/{file}", self.folder()), "application/xml", body)
                };
                let pom = packages::pom(GROUP, name, version);
                let files =
                    [(format!("{name}-{version}.pom"), pom), (self.filename(), self.bytes())];
                for (file, bytes) in files {
                    let staged = put(&format!("{version}/{file}"), &bytes)?;
                    assert_eq!(staged.status / 100, 2, "{file}: {}", staged.text());
                }
                self.finish_deploy(address, token)
            }
        }
    }

    /// Says that all files of a deploy were sent; `None` when no answer came.
    pub(crate) fn finish_deploy(&self, address: &str, token: &str) -> Option<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/xml")];
        let body = packages::maven_metadata(GROUP, &self.name, &self.version);
        let path = format!("{}/maven-metadata.xml", self.folder());
        http::try_send(address, "PUT", &path, &headers, &body)
    }

    /// Whether the index document lists it.
    pub(crate) fn is_listed(&self, address: &str) -> bool {
        let path = match self.ecosystem {
            Ecosystem::Cargo => {
                format!("/cargo/index/{}/{}/{}", &self.name[..2], &self.name[2..4], self.name)
            }
            Ecosystem::Npm => format!("/npm/{}", self.name),
            Ecosystem::Pypi => format!("/pypi/simple/{}/", self.name.replace('_', "-")),
            Ecosystem::Composer => format!("/composer/p2/{VENDOR}/{}.json", self.name),
            Ecosystem::Maven => format!("{}/maven-metadata.xml", self.folder()),
        };
        let answer = http::get(address, &path);
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.status);
        let text = answer.text();
        answer.status == 200
            && match self.ecosystem {
                Ecosystem::Cargo => text.contains(&format!("\"vers\":\"{}\"", self.version)),
                Ecosystem::Npm => answer.json()["versions"].get(&self.version).is_some(),
                Ecosystem::Pypi => text.contains(&self.filename()),
                Ecosystem::Composer => text.contains(&format!("\"version\":\"{}\"", self.version)),
                Ecosystem::Maven => text.contains(&format!("<version>{}</version>", self.version)),
            }
    }

    /// Whether its file can be downloaded; when it can, the bytes are the published ones.
    pub(crate) fn is_downloadable(&self, address: &str) -> bool {
        let Self { name, version, .. } = self;
        let path = match self.ecosystem {
            Ecosystem::Cargo => format!("/cargo/api/v1/crates/{name}/{version}/download"),
            Ecosystem::Npm => format!("/npm/{name}/-/{}", self.filename()),
            Ecosystem::Pypi => {
                format!("/pypi/files/{}/{}", name.replace('_', "-"), self.filename())
            }
            Ecosystem::Composer => format!("/composer/dist/{VENDOR}/{name}/{}", self.filename()),
            Ecosystem::Maven => format!("{}/{version}/{}", self.folder(), self.filename()),
        };
        let answer = http::get(address, &path);
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.status);
        if answer.status == 200 {
            assert!(answer.body == self.bytes(), "{path} has other bytes than were published");
        }
        answer.status == 200
    }

    /// Whether the search knows its package.
    pub(crate) fn is_found(&self, address: &str) -> bool {
        let answer = http::get(address, &format!("/search?q={}", self.name));
        assert_eq!(answer.status, 200);
        answer.text().contains(&format!("/packages/{}/", self.ecosystem.id()))
    }

    /// Index and download agree; returns what they say.
    #[track_caller]
    pub(crate) fn is_there(&self, address: &str) -> bool {
        let (is_listed, is_downloadable) = (self.is_listed(address), self.is_downloadable(address));
        assert_eq!(is_listed, is_downloadable, "half a release is there: {self:?}");
        is_listed
    }

    fn filename(&self) -> String {
        let Self { name, version, .. } = self;
        match self.ecosystem {
            Ecosystem::Cargo => format!("{name}-{version}.crate"),
            Ecosystem::Npm => format!("{name}-{version}.tgz"),
            Ecosystem::Pypi => format!("{name}-{version}-py3-none-any.whl"),
            Ecosystem::Composer => format!("{VENDOR}-{name}-{version}.zip"),
            Ecosystem::Maven => format!("{name}-{version}.jar"),
        }
    }

    /// The folder of its package in a Maven repository.
    fn folder(&self) -> String {
        format!("/maven/{}/{}", GROUP.replace('.', "/"), self.name)
    }
}
