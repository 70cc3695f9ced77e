//! How each ecosystem's clients ask, so that every server is asked the way its users ask it.

mod cargo;
pub(crate) mod composer;
pub(crate) mod maven;
pub(crate) mod npm;
pub(crate) mod pypi;

use anyhow::{Context as _, Result};
use base64::Engine as _;

use super::data_set::Release;
use super::http::{Connection, Request};

/// An ecosystem that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Ecosystem {
    /// npm.
    Npm,
    /// `PyPI`.
    Pypi,
    /// Cargo.
    Cargo,
    /// Composer.
    Composer,
    /// Maven.
    Maven,
}

impl Ecosystem {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Npm, Self::Pypi, Self::Cargo, Self::Composer, Self::Maven];

    /// The name as it is in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Maven => "maven",
        }
    }
}

/// Which index document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// What the ecosystem's clients ask for when they know nothing better: full packument, HTML
    /// page, sparse index file, p2 file, `maven-metadata.xml`.
    Full,
    /// The newer form: abbreviated packument, JSON page.
    Modern,
}

/// Where a server has an ecosystem, and who asks.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    /// Path before everything that is read, without a trailing slash.
    pub(crate) prefix: String,
    /// Path that uploads go to, where the protocol has one.
    pub(crate) upload_path: String,
    /// For publishing.
    pub(crate) credential: Credential,
    /// For reading.
    pub(crate) read_credential: Credential,
}

/// How a client proves who it is.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// Not at all.
    None,
    /// `Authorization: Bearer TOKEN`.
    Bearer(String),
    /// The bare token, as cargo sends it.
    Bare(String),
    /// HTTP Basic.
    Basic {
        /// The name.
        name: String,
        /// The password or token.
        password: String,
    },
}

impl Credential {
    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Bearer(token) => Some(format!("Bearer {token}")),
            Self::Bare(token) => Some(token.clone()),
            Self::Basic { name, password } => {
                let pair = format!("{name}:{password}");
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
                Some(format!("Basic {encoded}"))
            }
        }
    }
}

/// Adds the `Authorization` header, when there is one.
pub(crate) fn with_credential(request: Request, credential: &Credential) -> Request {
    match credential.header() {
        Some(value) => request.header("Authorization", value),
        None => request,
    }
}

/// Reads an index document.
pub(crate) fn index(ecosystem: Ecosystem, mount: &Mount, package: &str, form: Form) -> Request {
    let (path, accept) = match ecosystem {
        Ecosystem::Npm => npm::index(package, form),
        Ecosystem::Pypi => pypi::index(package, form),
        Ecosystem::Cargo => cargo::index(package),
        Ecosystem::Composer => composer::index(package),
        Ecosystem::Maven => maven::index(package),
    };
    let request = Request::get(format!("{}{path}", mount.prefix)).header("Accept", accept);
    with_credential(request, &mount.read_credential)
}

/// What a client reads before it reads anything else: Composer's `packages.json`.
pub(crate) fn root(mount: &Mount) -> Request {
    let request = Request::get(format!("{}/packages.json", mount.prefix)).header("Accept", "*/*");
    with_credential(request, &mount.read_credential)
}

/// The digest beside an index document, which Maven reads after the document.
pub(crate) fn index_digest(ecosystem: Ecosystem, mount: &Mount, package: &str) -> Request {
    let mut request = index(ecosystem, mount, package, Form::Full);
    request.path.push_str(".sha1");
    request
}

/// Downloads the file of a release from where the server's own documents say it is.
///
/// # Errors
///
/// When the document does not name the file.
pub(crate) fn artifact(
    ecosystem: Ecosystem,
    mount: &Mount,
    connection: &mut Connection,
    release: &Release,
) -> Result<Request> {
    type Find = fn(&[u8], &Release) -> Result<String>;
    let find: Find = match ecosystem {
        Ecosystem::Npm => npm::artifact,
        Ecosystem::Pypi => pypi::artifact,
        Ecosystem::Cargo => cargo::artifact,
        Ecosystem::Composer => composer::artifact,
        Ecosystem::Maven => {
            let request = Request::get(maven::artifact(&mount.prefix, release));
            let request = request.header("Accept", "*/*");
            return Ok(with_credential(request, &mount.read_credential));
        }
    };
    let asked = match ecosystem {
        Ecosystem::Cargo => with_credential(
            Request::get(format!("{}/config.json", mount.prefix)),
            &mount.read_credential,
        ),
        _ => index(ecosystem, mount, &release.package, Form::Full),
    };
    let document = connection.send(&asked)?.success()?.body;
    let url = find(&document, release)?;
    let request = Request::get(resolve(&asked.path, &url)?).header("Accept", "*/*");
    Ok(with_credential(request, &mount.read_credential))
}

/// Publishes a release: one request, or those that make up a deploy, in order.
pub(crate) fn publish(ecosystem: Ecosystem, mount: &Mount, release: &Release) -> Vec<Request> {
    let requests = match ecosystem {
        Ecosystem::Npm => vec![npm::publish(&mount.prefix, release)],
        Ecosystem::Pypi => vec![pypi::publish(&mount.upload_path, release)],
        Ecosystem::Cargo => vec![cargo::publish(&mount.upload_path, release)],
        Ecosystem::Composer => vec![composer::publish(&mount.prefix, release)],
        Ecosystem::Maven => maven::publish(&mount.prefix, release),
    };
    let signed = requests.into_iter().map(|request| with_credential(request, &mount.credential));
    signed.collect()
}

/// The path of a link on a page at `from`. All servers are on this machine, so the host of an
/// absolute link is left out.
fn resolve(from: &str, link: &str) -> Result<String> {
    let link = link.split('#').next().unwrap_or_default();
    if let Some((_, rest)) = link.split_once("://") {
        let path = rest.find('/').and_then(|slash| rest.get(slash..));
        return path.map(str::to_owned).with_context(|| format!("{link} has no path"));
    }
    if link.starts_with('/') {
        return Ok(link.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, link: &str, expect: &str) {
        assert_eq!(resolve(from, link).expect("a path"), expect);
    }

    #[test]
    fn links_are_resolved_like_a_browser_does() {
        check("/simple/a/", "../../files/a.whl#sha256=0", "/files/a.whl");
        check("/simple/a/", "a.whl", "/simple/a/a.whl");
        check("/simple/a/", "/files/a.whl", "/files/a.whl");
        check("/npm/a", "http://127.0.0.1:1/npm/a/-/a-1.0.0.tgz", "/npm/a/-/a-1.0.0.tgz");
    }
}
