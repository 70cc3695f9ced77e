//! The server that clients are pointed at.

use std::path::PathBuf;

use url::{Host, Url};
use vouchsafe_domain::Secret;

use crate::Client;

/// The user name that goes with a token where a client insists on one.
pub(crate) const TOKEN_USER: &str = "__token__";

/// A server, a credential for it, and whose settings are to be changed.
#[derive(Debug, Clone)]
pub struct Target {
    base_url: Url,
    /// The token that clients shall send; `None` leaves credentials as they are.
    pub token: Option<Secret>,
    /// A project folder, or `None` for the settings of the user.
    pub dir: Option<PathBuf>,
    /// Which clients to set up; `None` means those of the ecosystem that are common or in use.
    pub clients: Option<Vec<Client>>,
}

/// Why an address is not one of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Neither http nor https.
    #[error("the server's address starts with http:// or https://")]
    Scheme,
    /// It carries a name, password, query or fragment.
    #[error("the server's address is only scheme, host, port and path; pass the token by itself")]
    Surplus,
    /// The token is no single printable word.
    #[error("a token is one word without spaces, quotation marks or markup")]
    Token,
}

impl Target {
    /// A server by its address, e.g. `https://registry.example`. A path is kept:
    /// `https://registry.example/r/team` is the registry `team`.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when the address or token could not be written into settings safely.
    pub fn new(base_url: Url, token: Option<Secret>) -> Result<Self, TargetError> {
        if !matches!(base_url.scheme(), "http" | "https") || base_url.host_str().is_none() {
            return Err(TargetError::Scheme);
        }
        let has_user = !base_url.username().is_empty() || base_url.password().is_some();
        if has_user || base_url.query().is_some() || base_url.fragment().is_some() {
            return Err(TargetError::Surplus);
        }
        let is_word = |text: &str| {
            let is_special = |c: char| matches!(c, '"' | '\'' | '\\' | '`' | '<' | '>' | '&');
            let is_fine = |c: char| c.is_ascii_graphic() && !is_special(c);
            !text.is_empty() && text.chars().all(is_fine)
        };
        if token.as_ref().is_some_and(|token| !is_word(token.expose())) {
            return Err(TargetError::Token);
        }
        Ok(Self { base_url, token, dir: None, clients: None })
    }

    /// For the settings of one project rather than of the user.
    #[must_use]
    pub fn in_project(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// The server's address.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// An address below the server's: `below("npm/")` is `https://registry.example/npm/`.
    pub(crate) fn below(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        url
    }

    /// The same with the token as a password, where a client reads it from nowhere else.
    pub(crate) fn below_with_token(&self, path: &str) -> Url {
        let mut url = self.below(path);
        if let Some(token) = &self.token {
            // Cannot fail: the address has a host and is http or https.
            let _ = url.set_username(TOKEN_USER);
            let _ = url.set_password(Some(token.expose()));
        }
        url
    }

    /// The host, when traffic to it is neither encrypted nor local.
    pub(crate) fn plain_http_host(&self) -> Option<&str> {
        let is_plain = self.base_url.scheme() == "http" && !self.is_loopback();
        self.base_url.host_str().filter(|_| is_plain)
    }

    /// Whether the server is this machine by address.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.base_url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, TargetError>) {
        let found = Target::new(url.parse().unwrap(), None).map(|target| target.below("npm/"));
        assert_eq!(found.as_ref().map(Url::as_str), expected.as_ref().copied());
    }

    #[test]
    fn a_server_is_scheme_host_port_and_path() {
        check("https://registry.example", Ok("https://registry.example/npm/"));
        check("http://127.0.0.1:7878/r/team/", Ok("http://127.0.0.1:7878/r/team/npm/"));
        check("ftp://registry.example", Err(TargetError::Scheme));
        check("https://me:pw@registry.example", Err(TargetError::Surplus));
        check("https://registry.example/?x", Err(TargetError::Surplus));
    }

    #[test]
    fn a_token_cannot_add_lines_to_a_file() {
        let url: Url = "https://registry.example".parse().unwrap();
        for token in ["", "a b", "a\nregistry=x", "a\"b", "a</password>", "é"] {
            let found = Target::new(url.clone(), Some(Secret::new(token)));
            assert_eq!(found.err(), Some(TargetError::Token), "{token:?}");
        }
    }
}
