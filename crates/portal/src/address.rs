//! Where each page lives. `vouchsafe-http` routes these; the templates link to them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vouchsafe_domain::EcosystemId;

/// The front page.
pub const HOME: &str = "/";
/// Search: `GET` with `q`, `ecosystem` (may be empty) and `offset`.
pub const SEARCH: &str = "/search";
/// Getting a token: `GET` the form, `POST` it with `name` and `password`.
/// `cargo login` sends people to `/cargo/me`, which is the same page.
pub const ME: &str = "/me";
/// The browser half of a client's sign-in: `POST` with `name`, `password`, `code`.
pub const LOGIN: &str = "/login";
/// Why a release is withheld; one of them lives below at `/withheld/npm/left-pad@1.3.0`.
pub const WITHHELD: &str = "/withheld";
/// All error codes; one of them lives below at `/errors/<code>`.
pub const ERRORS: &str = "/errors";
/// All guides and concepts; one of them lives below at `/docs/<section>/<slug>`.
pub const DOCS: &str = "/docs";

/// What stays as it is in a path segment.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The page of a package: `/packages/npm/@acme/left-pad`. Slashes of the name stay slashes.
pub fn package(ecosystem: &EcosystemId, name: &str) -> String {
    let name: Vec<_> =
        name.split('/').map(|part| utf8_percent_encode(part, SEGMENT).to_string()).collect();
    format!("/packages/{ecosystem}/{}", name.join("/"))
}

/// A page of search results, `offset` results in.
pub fn search(text: &str, ecosystem: Option<&EcosystemId>, offset: u64) -> String {
    let text = utf8_percent_encode(text, SEGMENT);
    let ecosystem = ecosystem.map_or("", EcosystemId::as_str);
    match offset {
        0 => format!("{SEARCH}?q={text}&ecosystem={ecosystem}"),
        offset => format!("{SEARCH}?q={text}&ecosystem={ecosystem}&offset={offset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_path_segment() {
        let npm = EcosystemId::from_static("npm");
        assert_eq!(package(&npm, "@acme/left-pad"), "/packages/npm/@acme/left-pad");
        assert_eq!(package(&npm, "a?b#c\"d"), "/packages/npm/a%3Fb%23c%22d");
        assert_eq!(search("a&b=c", None, 20), "/search?q=a%26b%3Dc&ecosystem=&offset=20");
    }
}
