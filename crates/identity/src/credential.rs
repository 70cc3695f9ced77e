//! Credentials: what an `Authorization` header says, in the spellings that package clients use.
//!
//! Cargo sends a token bare, npm as `Bearer`, Python's tools as the password of HTTP Basic with
//! the user name `__token__`, and people paste whatever works. All of these become one
//! [`Credential`]; nothing is looked up or compared here.
//!
//! # Invariants
//!
//! - Only the absence of the header is [`Credential::None`]. Whatever cannot be read is
//!   [`Credential::Malformed`], which is refused, never anonymous.
//! - Several `Authorization` headers are malformed: two programs could believe different ones.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use vouchsafe_domain::{Credential, Secret};

use crate::token::{self, TokenError};

/// Longest header value that is read, in bytes: a password of 1024 characters fits.
pub const MAX_AUTHORIZATION_BYTES: usize = 8 * 1024;

/// The user name that Python's tools send with a token.
const TOKEN_USER: &str = "__token__";

/// Standard alphabet; clients disagree about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the values of all `Authorization` headers of a request.
///
/// Understood are `TOKEN`, `Bearer TOKEN`, `token TOKEN`, `Basic base64(NAME:PASSWORD)` and
/// `Bearer` or `UserToken base64(NAME:TOKEN)`, the scheme in any case. A Basic password that looks like one of our tokens is a token whatever the
/// user name; so is any password of the user `__token__`, and a user name that is a token when the
/// password is empty (`https://TOKEN@host/`).
///
/// # Examples
///
/// ```
/// # use vouchsafe_domain::Credential;
/// # use vouchsafe_identity::credential::from_authorization;
/// assert!(matches!(from_authorization([]), Credential::None));
/// assert!(matches!(from_authorization([&b"bearer abc"[..]]), Credential::Token(_)));
/// assert!(matches!(from_authorization([&b"Digest abc"[..]]), Credential::Malformed));
/// ```
pub fn from_authorization<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Credential {
    let mut values = values.into_iter();
    let Some(value) = values.next() else { return Credential::None };
    if values.next().is_some() {
        return Credential::Malformed;
    }
    read(value).unwrap_or(Credential::Malformed)
}

/// `None` when the value cannot be read.
fn read(value: &[u8]) -> Option<Credential> {
    if value.len() > MAX_AUTHORIZATION_BYTES {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let is_visible = |c: char| c.is_ascii_graphic() || c == ' ';
    if !text.chars().all(is_visible) {
        return None;
    }
    let Some((scheme, rest)) = text.split_once(' ') else {
        let is_lonely_scheme =
            ["bearer", "token", "basic"].iter().any(|scheme| text.eq_ignore_ascii_case(scheme));
        return if is_lonely_scheme { None } else { as_token(text) };
    };
    let rest = rest.trim_matches(' ');
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" | "usertoken" => read_packed(rest).or_else(|| as_token(rest)),
        "basic" => read_basic(rest),
        _ => None,
    }
}

fn as_token(text: &str) -> Option<Credential> {
    let is_one_word = !text.is_empty() && !text.contains(' ');
    is_one_word.then(|| Credential::Token(Secret::new(text)))
}

/// A token that came with its user name, packed as for HTTP Basic: what publishing tools for
/// Maven's portal send as `Bearer` or `UserToken`.
fn read_packed(encoded: &str) -> Option<Credential> {
    match read_basic(encoded)? {
        packed @ Credential::Token(_) => Some(packed),
        _ => None,
    }
}

fn read_basic(encoded: &str) -> Option<Credential> {
    let decoded = String::from_utf8(BASE64.decode(encoded).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    if password.is_empty() {
        return if looks_ours(name) { as_token(name) } else { None };
    }
    if name == TOKEN_USER || looks_ours(password) {
        return as_token(password);
    }
    if name.is_empty() {
        return None;
    }
    Some(Credential::Password { name: name.to_owned(), password: Secret::new(password) })
}

/// A damaged token counts: it must be told apart from a wrong password.
fn looks_ours(text: &str) -> bool {
    token::parse(text) != Err(TokenError::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a credential with its secret, for comparison.
    fn show(credential: &Credential) -> String {
        match credential {
            Credential::None => "none".to_owned(),
            Credential::Token(secret) => format!("token {}", secret.expose()),
            Credential::Password { name, password } => format!("{name} {}", password.expose()),
            Credential::Malformed => "malformed".to_owned(),
        }
    }

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(show(&from_authorization([value.as_bytes()])), expected, "{value:?}");
    }

    #[track_caller]
    fn check_basic(pair: &str, expected: &str) {
        check(&format!("Basic {}", BASE64.encode(pair)), expected);
    }

    #[test]
    fn no_header_is_nobody_and_two_headers_are_malformed() {
        assert_eq!(show(&from_authorization([])), "none");
        let one: &[u8] = b"Bearer a";
        assert_eq!(show(&from_authorization([one, one])), "malformed");
    }

    #[test]
    fn a_token_is_found_in_every_wrapping() {
        for value in ["abc", "Bearer abc", "bearer  abc ", "TOKEN abc", "\tToken abc"] {
            check(value, "token abc");
        }
    }

    #[test]
    fn what_cannot_be_read_is_malformed_and_never_anonymous() {
        let long = "x".repeat(MAX_AUTHORIZATION_BYTES + 1);
        for value in [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Basic",
            "Basic !!!",
            "Digest x",
            "a\tb",
            "a\u{7f}",
            "Bearer é",
            &long,
        ] {
            check(value, "malformed");
        }
        assert_eq!(show(&from_authorization([&b"\xff"[..]])), "malformed");
        for pair in ["", "no-colon", ":", "alice:", ":secret", "a\nb:c", "alice:a\0b"] {
            check_basic(pair, "malformed");
        }
    }

    #[test]
    fn basic_carries_a_password_or_a_token() {
        let token = token::generate([5; 32]);
        let token = token.secret.expose();
        check_basic("alice:correct:horse", "alice correct:horse");
        check_basic("alice:pässword", "alice pässword");
        check_basic(&format!("__token__:{token}"), &format!("token {token}"));
        check_basic(&format!("alice:{token}"), &format!("token {token}"));
        check_basic(&format!(":{token}"), &format!("token {token}"));
        check_basic(&format!("{token}:"), &format!("token {token}"));
        check_basic("__token__:somebody-elses", "token somebody-elses");
        check_basic("alice:vsf_cut-off", "token vsf_cut-off");
    }

    #[test]
    fn basic_needs_no_padding() {
        check("Basic YWxpY2U6cHc", "alice pw");
        check("basic YWxpY2U6cHc=", "alice pw");
    }
}
