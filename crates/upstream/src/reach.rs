//! Which URLs one upstream may lead to, and which of them may see its credential.

use std::net::IpAddr;

use url::{Host, Url};

use crate::address::is_public;
use crate::error::{UpstreamError, shown};

/// Longest URL that is asked, in bytes.
const MAX_URL_BYTES: usize = 8 * 1024;

/// Why a URL is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Obstacle {
    #[error("only http and https are spoken")]
    Scheme,
    #[error("it gives up TLS")]
    Downgrade,
    #[error("it carries a credential of its own")]
    Userinfo,
    #[error("it is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    #[error("it is not a public address, and this upstream may not lead into private networks")]
    Private,
}

/// The reach of one upstream.
#[derive(Debug)]
pub(crate) struct Reach {
    /// The configured address; its path ends in a slash.
    base: Url,
    allow_private_network: bool,
}

impl Reach {
    /// * `base`: the configured address. A missing slash at its end is added.
    ///
    /// # Errors
    ///
    /// What is wrong with the address, to be read after "the upstream address of npm".
    pub(crate) fn new(mut base: Url, allow_private_network: bool) -> Result<Self, &'static str> {
        if !matches!(base.scheme(), "http" | "https") {
            return Err("is neither http nor https");
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err("carries a credential; give it separately, so that it is never shown");
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err("has a query or fragment, and paths cannot be added to that");
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self { base, allow_private_network })
    }

    /// The configured address.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Makes the first URL of a fetch.
    ///
    /// * `path_or_url`: an absolute http(s) URL, or a percent-encoded path below the base without
    ///   a leading slash. A path that would climb out of the base is refused.
    pub(crate) fn resolve(&self, path_or_url: &str) -> Result<Url, UpstreamError> {
        let malformed = |reason: &str| UpstreamError::malformed(format!("the address {reason}"));
        if path_or_url.len() > MAX_URL_BYTES {
            return Err(malformed("is too long"));
        }
        if path_or_url.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(malformed("has white space, control characters or a backslash"));
        }
        let is_absolute = path_or_url
            .split_once("://")
            .is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
        if is_absolute {
            let mut url = Url::parse(path_or_url).map_err(|_| malformed("is not a URL"))?;
            url.set_fragment(None);
            self.check(&url, &self.base).map_err(|obstacle| forbidden(&url, &obstacle))?;
            return Ok(url);
        }
        if path_or_url.starts_with('/') {
            return Err(malformed("starts with a slash"));
        }
        // Text is appended rather than joined: joining gives `//host` and `scheme:` a meaning.
        let mut url = Url::parse(&format!("{}{path_or_url}", self.base))
            .map_err(|_| malformed("is not a path"))?;
        url.set_fragment(None);
        if !self.is_below_base(&url) {
            return Err(malformed("climbs out of the upstream's base"));
        }
        Ok(url)
    }

    /// Where a redirect leads, if it may be followed.
    ///
    /// * `from`: the page that redirects.
    /// * `location`: its `Location` header; `None` when there is none that can be read.
    pub(crate) fn redirect(
        &self,
        from: &Url,
        location: Option<&str>,
    ) -> Result<Url, UpstreamError> {
        let bad = |reason: String| UpstreamError::BadRedirect { reason };
        let location =
            location.ok_or_else(|| bad(format!("{} does not say where to", shown(from))))?;
        let mut next = from
            .join(location)
            .map_err(|_| bad(format!("{} leads to what is no URL", shown(from))))?;
        next.set_fragment(None);
        match self.check(&next, from) {
            Ok(()) => Ok(next),
            Err(obstacle @ Obstacle::Private) => Err(forbidden(&next, &obstacle)),
            Err(obstacle) => {
                Err(bad(format!("{} leads to {}: {obstacle}", shown(from), shown(&next))))
            }
        }
    }

    /// Checks one hop. Names are checked again, by address, when they are resolved.
    ///
    /// * `from`: the page that named `url`; for the first URL, the configured address.
    fn check(&self, url: &Url, from: &Url) -> Result<(), Obstacle> {
        match (from.scheme(), url.scheme()) {
            ("https", "http") => return Err(Obstacle::Downgrade),
            (_, "http" | "https") => {}
            _ => return Err(Obstacle::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Obstacle::Userinfo);
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(Obstacle::TooLong);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => return Err(Obstacle::Scheme),
        };
        let is_allowed =
            self.allow_private_network || self.is_own_server(url) || literal.is_none_or(is_public);
        if is_allowed { Ok(()) } else { Err(Obstacle::Private) }
    }

    /// Whether the URL is on the configured host and port, or on the usual port of the other
    /// scheme when the configured one is the usual port, too. Other ports of a private host are
    /// other services, and an index document must not lead to those.
    pub(crate) fn is_own_server(&self, url: &Url) -> bool {
        // `port` is `None` for the usual port of the scheme.
        url.host() == self.base.host() && url.port() == self.base.port()
    }

    /// Whether the URL has the configured scheme, host and port and lies below the configured
    /// path, however its server may decode it: the only place that may see the credential.
    pub(crate) fn is_below_base(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
            && url.path().starts_with(self.base.path())
            && !climbs(url.path())
    }
}

/// Whether a path climbs for a server that decodes `%2f`, `%5c` or `%2e` before it splits.
fn climbs(path: &str) -> bool {
    let mut decoded = path.to_ascii_lowercase();
    // Twice, because some servers decode twice.
    for _ in 0..2 {
        for (from, to) in [("%25", "%"), ("%2f", "/"), ("%5c", "/"), ("%2e", ".")] {
            decoded = decoded.replace(from, to);
        }
    }
    decoded.split(['/', '\\']).any(|segment| segment == "..")
}

fn forbidden(url: &Url, obstacle: &Obstacle) -> UpstreamError {
    UpstreamError::ForbiddenAddress { url: shown(url), reason: obstacle.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(base: &str) -> Reach {
        Reach::new(Url::parse(base).unwrap(), false).unwrap()
    }

    #[track_caller]
    fn check_hop(base: &str, from: &str, to: &str, expected: Result<(), Obstacle>) {
        let (from, url) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
        assert_eq!(reach(base).check(&url, &from), expected, "{from} -> {to}");
    }

    #[test]
    fn tls_is_never_given_up() {
        let base = "https://up.example/";
        check_hop(base, base, "http://up.example/", Err(Obstacle::Downgrade));
        check_hop(base, "https://cdn.example/", "http://cdn.example/x", Err(Obstacle::Downgrade));
        check_hop(base, base, "https://cdn.example/x", Ok(()));
        check_hop("http://up.example/", "http://up.example/", "https://up.example/", Ok(()));
    }

    #[test]
    fn a_redirect_is_checked_against_the_page_that_redirects() {
        let reach = reach("http://up.example/npm/");
        let from = Url::parse("https://cdn.example/a/b").unwrap();
        let redirect = |location| reach.redirect(&from, Some(location)).map(String::from);
        assert_eq!(redirect("../c?d#e").unwrap(), "https://cdn.example/c?d");
        assert_eq!(redirect("//other.example/x").unwrap(), "https://other.example/x");
        let downgrade = redirect("http://cdn.example/a/c").unwrap_err();
        assert!(matches!(downgrade, UpstreamError::BadRedirect { .. }), "{downgrade}");
        let private = redirect("https://10.0.0.1/").unwrap_err();
        assert!(matches!(private, UpstreamError::ForbiddenAddress { .. }), "{private}");
    }

    #[test]
    fn only_http_is_spoken() {
        for bad in ["ftp://up.example/x", "file:///etc/passwd", "gopher://up.example/", "data:x,y"]
        {
            check_hop("http://up.example/", "http://up.example/", bad, Err(Obstacle::Scheme));
        }
    }

    #[test]
    fn private_literals_are_refused_however_they_are_spelled() {
        let base = "http://up.example/";
        for bad in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://\u{ff11}27.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://0/",
        ] {
            check_hop(base, base, bad, Err(Obstacle::Private));
        }
        check_hop(base, base, "http://8.8.8.8/", Ok(()));
    }

    #[test]
    fn the_configured_server_may_be_private_and_only_it() {
        let base = "http://10.1.2.3:8081/npm/";
        check_hop(base, base, "http://10.1.2.3:8081/npm/x", Ok(()));
        check_hop(base, base, "http://10.1.2.3:8082/npm/x", Err(Obstacle::Private));
        check_hop(base, base, "http://10.1.2.3/npm/x", Err(Obstacle::Private));
        check_hop("http://10.1.2.3/", "http://10.1.2.3/", "https://10.1.2.3/x", Ok(()));
        check_hop(base, base, "http://10.1.2.4/", Err(Obstacle::Private));
        let open = Reach::new(Url::parse(base).unwrap(), true).unwrap();
        let other = Url::parse("http://10.1.2.4/").unwrap();
        assert_eq!(open.check(&other, open.base()), Ok(()));
    }

    #[test]
    fn a_url_with_its_own_credential_is_refused() {
        let base = "https://up.example/";
        check_hop(base, base, "https://u:p@up.example/", Err(Obstacle::Userinfo));
        check_hop(base, base, "https://up.example@cdn.example/", Err(Obstacle::Userinfo));
    }

    #[track_caller]
    fn check_path(path: &str, expected: Option<&str>) {
        let resolved = reach("https://up.example/npm").resolve(path).ok();
        assert_eq!(resolved.as_ref().map(Url::as_str), expected, "{path:?}");
    }

    #[test]
    fn paths_stay_below_the_base() {
        check_path("left-pad", Some("https://up.example/npm/left-pad"));
        check_path("@acme%2fleft-pad", Some("https://up.example/npm/@acme%2fleft-pad"));
        check_path("a:b", Some("https://up.example/npm/a:b"));
        check_path("x?write=true", Some("https://up.example/npm/x?write=true"));
        check_path("x#sha256=0", Some("https://up.example/npm/x"));
        check_path("", Some("https://up.example/npm/"));
        for bad in [
            "/left-pad",
            "//evil.example/x",
            "../admin",
            "a/../../admin",
            "%2e%2e/admin",
            "..%2fadmin",
            "a/%2E%2e%5Cadmin",
            "..%252fadmin",
            "a\\..\\..\\b",
            "a b",
            "a\r\nHost: x",
        ] {
            check_path(bad, None);
        }
    }

    #[test]
    fn absolute_urls_are_checked_like_hops() {
        check_path("https://cdn.example/x.tgz#f", Some("https://cdn.example/x.tgz"));
        check_path("HTTPS://cdn.example/x.tgz", Some("https://cdn.example/x.tgz"));
        for bad in
            ["http://cdn.example/x", "https://127.0.0.1/x", "ftp://cdn.example/x", "https://"]
        {
            check_path(bad, None);
        }
    }

    #[test]
    fn the_credential_belongs_to_one_origin_and_path() {
        let reach = reach("https://up.example/npm/");
        for (url, expected) in [
            ("https://up.example/npm/left-pad", true),
            ("https://up.example:443/npm/x", true),
            ("https://up.example/npm", false),
            ("https://up.example/npmx/y", false),
            ("https://up.example/pypi/y", false),
            ("https://up.example/npm/..%2fadmin", false),
            ("https://up.example/npm/%2e%2e/admin", false),
            ("https://up.example:8443/npm/x", false),
            ("http://up.example/npm/x", false),
            ("https://up.example.evil.example/npm/x", false),
        ] {
            assert_eq!(reach.is_below_base(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn a_base_that_cannot_be_extended_is_refused() {
        for bad in [
            "ftp://up.example/",
            "https://u:p@up.example/",
            "https://up.example/?a",
            "https://up.example/#a",
        ] {
            assert!(Reach::new(Url::parse(bad).unwrap(), false).is_err(), "{bad} was accepted");
        }
    }
}
