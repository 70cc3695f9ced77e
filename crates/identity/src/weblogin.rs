//! Web sign-in: the two ids of a sign-in that a client starts and a person finishes in a browser.
//!
//! The client shows the person an address that holds the login id, and asks again and again with
//! the poll id, which only it knows. Neither id is stored: the store holds their hashes, so that
//! somebody who reads the database cannot finish or collect a running sign-in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vouchsafe_domain::Secret;

use crate::token::sha256;

/// Length of an id: 32 bytes in base64url without padding.
const ID_CHARS: usize = 43;

/// The two ids of one sign-in.
#[derive(Debug, Clone)]
pub struct WebLoginIds {
    /// For the browser's address.
    pub login_id: Secret,
    /// For the client that waits.
    pub poll_id: Secret,
}

/// Makes the ids of two times 32 bytes from a cryptographic source of randomness.
pub fn generate(login_random: [u8; 32], poll_random: [u8; 32]) -> WebLoginIds {
    let encode = |random: [u8; 32]| Secret::new(URL_SAFE_NO_PAD.encode(random));
    WebLoginIds { login_id: encode(login_random), poll_id: encode(poll_random) }
}

/// The SHA-256 of an id, or `None` when the text cannot be one: no need to ask the store then.
pub fn hash_id(id: &str) -> Option<[u8; 32]> {
    let is_id = id.len() == ID_CHARS
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_id.then(|| sha256(id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hashed_and_what_cannot_be_one_is_not() {
        let ids = generate([1; 32], [2; 32]);
        let hashes = [&ids.login_id, &ids.poll_id].map(|id| hash_id(id.expose()));
        assert!(hashes.iter().all(Option::is_some));
        assert_ne!(hashes[0], hashes[1]);
        for odd in ["", "short", &"a".repeat(44), &"+".repeat(43), &"é".repeat(21)] {
            assert_eq!(hash_id(odd), None, "{odd:?}");
        }
    }
}
