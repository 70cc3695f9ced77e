//! Where a repository may lie.
//!
//! Git has its own idea of addresses: `ext::sh -c …` runs a program, `host:path` is ssh, a leading
//! dash is an option. None of that is handed on: an address is parsed here, and what git gets is
//! what we write out of the parts.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::GitError;
use crate::address::keep_allowed;

/// Longest address, in bytes.
const MAX_BYTES: usize = 2048;

/// Reads an address, without asking anybody.
pub(super) fn parse(text: &str, allow_private_network: bool) -> Result<Url, GitError> {
    let refuse = |reason: &str| GitError::Address {
        // What cannot be read is not repeated: it may hold a password.
        address: "the repository".to_owned(),
        reason: reason.to_owned(),
    };
    if text.len() > MAX_BYTES {
        return Err(refuse("its address is too long"));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(refuse("its address has white space, control characters or a backslash"));
    }
    if !text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) {
        return Err(refuse("its address is not of the form https://host/path"));
    }
    let url = Url::parse(text).map_err(|_| refuse("its address is no URL"))?;
    check(&url, allow_private_network).map_err(refuse)?;
    Ok(url)
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What can be told without resolving a name.
fn check(url: &Url, allow_private_network: bool) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its address carries a credential, and addresses are shown");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("its address has a query or fragment");
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_private_network && is_loopback(url) => {}
        "file" if allow_private_network && url.host().is_none() => {}
        "http" | "file" => {
            return Err("only https is spoken (http and file on this machine alone, when \
                        sources.allow_private_network is set)");
        }
        _ => return Err("only https is spoken"),
    }
    if url.scheme() == "file" {
        return Ok(());
    }
    match url.host() {
        None => Err("its address has no host"),
        // libcurl drops the dot, and would then resolve the name by itself.
        Some(Host::Domain(name)) if name.ends_with('.') => Err("its host ends in a dot"),
        Some(_) => Ok(()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Resolves the host and checks what comes back. The result is what git is told the host's
/// addresses are (`HOST:PORT:ADDRESS,…`), so that it looks nothing up by itself; `None` where there
/// is nothing to look up.
pub(super) async fn pin(
    url: &Url,
    allow_private_network: bool,
) -> Result<Option<String>, GitError> {
    check(url, allow_private_network).map_err(|reason| GitError::Address {
        address: "the repository".to_owned(),
        reason: reason.to_owned(),
    })?;
    let Some(port) = url.port_or_known_default() else { return Ok(None) };
    let (host, found): (String, Vec<SocketAddr>) = match url.host() {
        None => return Ok(None),
        Some(Host::Ipv4(v4)) => (v4.to_string(), vec![(IpAddr::V4(v4), port).into()]),
        Some(Host::Ipv6(v6)) => (v6.to_string(), vec![(IpAddr::V6(v6), port).into()]),
        Some(Host::Domain(name)) => {
            let found = tokio::net::lookup_host((name, port)).await;
            let found = found
                .map_err(|source| GitError::Unresolved { host: name.to_owned(), source })?
                .collect();
            (name.to_owned(), found)
        }
    };
    let allowed =
        keep_allowed(&host, found, allow_private_network).map_err(|_| GitError::Address {
            address: url.to_string(),
            reason: format!("`{host}` has no public address"),
        })?;
    if !matches!(url.host(), Some(Host::Domain(_))) {
        return Ok(None);
    }
    let addresses: Vec<String> = allowed
        .iter()
        .map(|address| match address.ip() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        })
        .collect();
    Ok(Some(format!("{host}:{port}:{}", addresses.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_parse(text: &str, allow_private: bool, is_allowed: bool) {
        assert_eq!(parse(text, allow_private).is_ok(), is_allowed, "{text}");
    }

    #[test]
    fn https_is_spoken() {
        check_parse("https://git.example/acme/lib.git", false, true);
        check_parse("https://git.example:8443/acme/lib", false, true);
    }

    #[test]
    fn what_makes_git_do_other_things_is_refused() {
        for text in [
            "ext::sh -c id",
            "ext::sh",
            "--upload-pack=touch",
            "-oProxyCommand=id",
            "ssh://git.example/x",
            "git@git.example:acme/lib",
            "git://git.example/x",
            "ftp://git.example/x",
            "https::https://git.example/x",
            "/srv/git/lib",
            "",
            "https://",
            "https://git.example/a b",
            "https://git.example/a\nb",
            "https://git.example\\@evil.example/x",
            "https://git.example./x",
        ] {
            check_parse(text, true, false);
        }
    }

    #[test]
    fn addresses_carry_nothing_but_a_place() {
        for text in [
            "https://user@git.example/x",
            "https://user:secret@git.example/x",
            "https://git.example/x?token=1",
            "https://git.example/x#y",
        ] {
            check_parse(text, true, false);
        }
        let error = parse("https://user:secret@git.example/x", false).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn plain_http_and_files_are_for_this_machine_and_only_when_allowed() {
        for text in ["http://127.0.0.1:3000/x", "http://localhost/x", "http://[::1]/x", "file:///x"]
        {
            check_parse(text, false, false);
            check_parse(text, true, true);
        }
        for text in ["http://git.example/x", "http://10.0.0.1/x", "file://host/x"] {
            check_parse(text, true, false);
        }
    }

    async fn check_pin(text: &str, allow_private: bool, expected: Option<Option<&str>>) {
        let url = Url::parse(text).unwrap();
        let pinned = pin(&url, allow_private).await.ok();
        assert_eq!(pinned.as_ref().map(Option::as_deref), expected, "{text}");
    }

    #[tokio::test]
    async fn private_addresses_are_refused_however_they_are_written() {
        for host in ["127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3"]
        {
            check_pin(&format!("https://{host}/x"), false, None).await;
            check_pin(&format!("https://{host}/x"), true, Some(None)).await;
        }
        check_pin("https://169.254.169.254/x", false, None).await;
        check_pin("https://8.8.8.8/x", false, Some(None)).await;
    }

    #[tokio::test]
    async fn a_name_is_pinned_to_the_addresses_that_were_checked() {
        check_pin("https://localhost/x", false, None).await;
        let url = Url::parse("https://localhost:8443/x").unwrap();
        let pinned = pin(&url, true).await.unwrap().unwrap();
        assert!(pinned.starts_with("localhost:8443:"), "{pinned}");
        assert!(pinned.contains("127.0.0.1") || pinned.contains("[::1]"), "{pinned}");
    }
}
