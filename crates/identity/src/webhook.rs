//! Webhooks: did this request come from who was given the secret?
//!
//! Two shapes are spoken. GitHub, Gitea and Forgejo sign the body (`X-Hub-Signature-256:
//! sha256=HEX`, an HMAC-SHA-256 under the secret); GitLab sends the secret itself
//! (`X-Gitlab-Token`). Both are compared in constant time.

use aws_lc_rs::{constant_time, digest, hmac};
use vouchsafe_domain::Secret;

/// What a request proves itself with, as it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proof<'a> {
    /// `X-Hub-Signature-256`. When it is there it alone decides.
    pub signature: Option<&'a str>,
    /// `X-Gitlab-Token`.
    pub token: Option<&'a str>,
}

/// Whether a request proves that its sender has the secret.
///
/// # Examples
///
/// ```
/// # use vouchsafe_domain::Secret;
/// # use vouchsafe_identity::webhook::{Proof, is_proven};
/// let secret = Secret::new("s3cret");
/// assert!(is_proven(&secret, Proof { token: Some("s3cret"), ..Proof::default() }, b""));
/// assert!(!is_proven(&secret, Proof::default(), b""));
/// ```
pub fn is_proven(secret: &Secret, proof: Proof<'_>, body: &[u8]) -> bool {
    let secret = secret.expose().as_bytes();
    match (proof.signature, proof.token) {
        (Some(signature), _) => is_signed(secret, signature, body),
        (None, Some(token)) => {
            // Digests have one length: how long the secret is, is not told either.
            let sha256 = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
            let (ours, theirs) = (sha256(secret), sha256(token.as_bytes()));
            constant_time::verify_slices_are_equal(ours.as_ref(), theirs.as_ref()).is_ok()
        }
        (None, None) => false,
    }
}

fn is_signed(secret: &[u8], signature: &str, body: &[u8]) -> bool {
    let Some(tag) = signature.strip_prefix("sha256=").and_then(bytes_of_hex) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::verify(&key, body, &tag).is_ok()
}

/// The 32 bytes of 64 hexadecimal digits.
fn bytes_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |text: &u8| char::from(*text).to_digit(16);
        *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From GitHub's documentation, "Validating webhook deliveries".
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[track_caller]
    fn check(signature: Option<&str>, token: Option<&str>, body: &[u8], expected: bool) {
        let proven = is_proven(&Secret::new(SECRET), Proof { signature, token }, body);
        assert_eq!(proven, expected, "{signature:?} {token:?}");
    }

    #[test]
    fn a_signature_of_this_body_proves_it() {
        check(Some(SIGNATURE), None, BODY, true);
        check(Some(&SIGNATURE.replace("757107ea", "757107EA")), None, BODY, true);
    }

    #[test]
    fn a_signature_of_something_else_does_not() {
        check(Some(SIGNATURE), None, b"Hello, World?", false);
        check(Some(SIGNATURE.trim_start_matches("sha256=")), None, BODY, false);
        check(Some(&SIGNATURE.replace("sha256", "sha1")), None, BODY, false);
        check(Some(&SIGNATURE[..SIGNATURE.len() - 2]), None, BODY, false);
        check(Some(&format!("{SIGNATURE}00")), None, BODY, false);
        check(Some("sha256="), None, BODY, false);
        check(Some(""), None, BODY, false);
        check(Some("sha256=\u{e9}\u{e9}"), None, BODY, false);
    }

    #[test]
    fn a_token_proves_it_when_it_is_the_secret() {
        check(None, Some(SECRET), BODY, true);
        check(None, Some("it's a secret to everybody"), BODY, false);
        check(None, Some(""), BODY, false);
        check(None, None, BODY, false);
    }

    #[test]
    fn a_wrong_signature_is_not_made_good_by_a_token() {
        check(Some("sha256=00"), Some(SECRET), BODY, false);
    }
}
