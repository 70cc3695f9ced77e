//! What a client said about where it fetches from.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;
use vouchsafe_domain::Secret;

use crate::change::read_file;
use crate::draft::SetupError;

/// An upstream, and who told.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The client that was asked, e.g. `npm`.
    pub client: &'static str,
    /// The base address, with a trailing slash and without name or password. For Cargo the sparse
    /// index without `sparse+`, for npm the registry, for Python the simple index, for Composer
    /// and Maven the repository, for Go the module proxy.
    pub upstream: Url,
    /// Which command, file or variable said so, for people.
    pub source: String,
    /// The value of the `Authorization` header that the client would send.
    pub credential: Option<Secret>,
}

/// Why an upstream was not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// No client of this ecosystem is known here.
    #[error("no client is known for the ecosystem `{ecosystem}`; name its upstream by hand")]
    UnknownEcosystem {
        /// As asked.
        ecosystem: String,
    },
    /// None of the clients is installed.
    #[error(
        "none of {} is installed, so nobody can be asked where packages come from; \
         say it with --upstream {ecosystem}=URL", looked_for.join(", ")
    )]
    NoClient {
        /// Which ecosystem.
        ecosystem: &'static str,
        /// Programs that were looked for.
        looked_for: &'static [&'static str],
    },
    /// A client is there and gave no answer that helps.
    #[error(
        "`{command}` did not say where packages come from; say it with --upstream {ecosystem}=URL"
    )]
    NoAnswer {
        /// Which ecosystem.
        ecosystem: &'static str,
        /// What was run.
        command: String,
    },
    /// A client could not be run.
    #[error("`{command}` could not be run")]
    Run {
        /// What was run.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// What is configured cannot be an upstream.
    #[error("{origin} names an upstream that cannot be used: {reason}")]
    Unusable {
        /// Which command, file or variable.
        origin: String,
        /// Why, without a secret.
        reason: String,
    },
    /// A configuration file cannot be read.
    #[error(transparent)]
    File(#[from] SetupError),
    /// No empty folder to ask from.
    #[error("no temporary folder could be made")]
    Scratch(#[source] std::io::Error),
}

impl DiscoverError {
    pub(crate) fn unusable(origin: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unusable { origin: origin.into(), reason: reason.into() }
    }
}

impl Discovered {
    /// Takes an address as a client writes it, which may carry a name and password.
    pub(crate) fn new(
        client: &'static str,
        address: &str,
        source: impl Into<String>,
    ) -> Result<Self, DiscoverError> {
        let source = source.into();
        let Ok(mut upstream) = address.trim().parse::<Url>() else {
            return Err(DiscoverError::unusable(source, "it is not a URL"));
        };
        if !matches!(upstream.scheme(), "http" | "https") || upstream.host_str().is_none() {
            return Err(DiscoverError::unusable(source, "it is neither http nor https"));
        }
        let credential = take_credential(&mut upstream);
        upstream.set_query(None);
        upstream.set_fragment(None);
        if !upstream.path().ends_with('/') {
            let path = format!("{}/", upstream.path());
            upstream.set_path(&path);
        }
        Ok(Self { client, upstream, source, credential })
    }
}

/// Moves name and password out of a URL, into the header value that a client makes of them.
fn take_credential(url: &mut Url) -> Option<Secret> {
    let name = percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
    let password =
        percent_decode_str(url.password().unwrap_or_default()).decode_utf8_lossy().into_owned();
    // Cannot fail for http and https, which were checked.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let is_there = !name.is_empty() || !password.is_empty();
    is_there.then(|| basic(&name, &password))
}

/// The header value of HTTP Basic.
pub(crate) fn basic(name: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))))
}

/// The first of these files that exists, with its text.
pub(crate) fn first_file(
    candidates: impl IntoIterator<Item = PathBuf>,
) -> Result<Option<(PathBuf, String)>, SetupError> {
    for path in candidates {
        if let Some(text) = read_file(&path)? {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

/// A command line for people.
pub(crate) fn command_line(program: &Path, arguments: &[&str]) -> String {
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    format!("{name} {}", arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, upstream: &str, credential: Option<&str>) {
        let found = Discovered::new("pip", address, "test").unwrap();
        assert_eq!(found.upstream.as_str(), upstream);
        assert_eq!(found.credential.as_ref().map(Secret::expose), credential);
        assert!(credential.is_none_or(|secret| !format!("{found:?}").contains(secret)));
    }

    #[test]
    fn an_address_loses_its_password_and_gains_a_slash() {
        check("https://upstream.example", "https://upstream.example/", None);
        check("https://upstream.example/a?x#y", "https://upstream.example/a/", None);
        check(
            "https://me:p%40ss@upstream.example/simple",
            "https://upstream.example/simple/",
            Some("Basic bWU6cEBzcw=="),
        );
    }

    #[test]
    fn what_cannot_be_asked_over_http_is_refused_without_being_shown() {
        for address in ["", "undefined", "file:///srv/x", "git+ssh://me:secret@upstream.example/"] {
            let error = Discovered::new("pip", address, "test").unwrap_err();
            assert!(!error.to_string().contains("secret"));
        }
    }
}
