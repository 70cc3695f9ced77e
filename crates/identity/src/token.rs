//! Access tokens: their text, their checksum, their hash.
//!
//! A token is `vsf_` + 43 digits + 6 check digits, 53 characters, the digits in base 62
//! (`0-9 A-Z a-z`, so that a double click selects all of it and no client has to escape it):
//!
//! - the 43 digits are one 256-bit random number, most significant digit first;
//! - the 6 digits are the CRC-32 (IEEE) of the 47 characters before them. It is no protection
//!   against an attacker: it finds a token that was cut off or mistyped without a look-up, and
//!   lets a secret scanner report without asking.
//!
//! Secret scanners can use `\bvsf_[0-9A-Za-z]{49}\b` and check the six digits.
//!
//! # Invariants
//!
//! - Only the SHA-256 of the whole text is stored. 256 random bits need no salt and no slow hash.

use std::fmt;

use aws_lc_rs::digest;
use vouchsafe_domain::Secret;

/// What every token starts with.
pub const PREFIX: &str = "vsf_";
/// Length of every token, in characters and bytes.
pub const TOKEN_CHARS: usize = PREFIX.len() + RANDOM_DIGITS + CHECK_DIGITS;

/// 62^43 is just above 2^256.
const RANDOM_DIGITS: usize = 43;
/// 62^6 is above 2^32.
const CHECK_DIGITS: usize = 6;
/// Characters of a token that are kept to recognize it by: the prefix and four digits, 23 bits.
const HINT_CHARS: usize = PREFIX.len() + 4;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The SHA-256 of a token: what the store holds and is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token's text. The text is not checked; see [`parse`].
    pub fn of(text: &str) -> Self {
        Self(sha256(text.as_bytes()))
    }

    /// The raw digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    /// The first four bytes are enough to follow one through a test; a hash is no log material.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "TokenHash({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// A token that was just made. Its secret is shown once and then forgotten.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The token itself, for its owner.
    pub secret: Secret,
    /// What is stored.
    pub hash: TokenHash,
    /// Its first characters, for people to tell tokens apart.
    pub hint: String,
}

/// Why a text is not one of our tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not even start like one: somebody else's token, or a password.
    #[error("this is not a token of this registry: those start with `vsf_`")]
    NotOurs,
    /// It starts like one and its length, alphabet or checksum is wrong.
    #[error("the token is damaged: a part is missing or mistyped")]
    Damaged,
}

/// Makes a token of 32 bytes from a cryptographic source of randomness.
///
/// # Examples
///
/// ```
/// # use vouchsafe_identity::token;
/// let token = token::generate([7; 32]);
/// assert_eq!(token.secret.expose().len(), token::TOKEN_CHARS);
/// assert_eq!(token::parse(token.secret.expose()), Ok(token.hash));
/// ```
pub fn generate(random: [u8; 32]) -> NewToken {
    let mut text = String::with_capacity(TOKEN_CHARS);
    text.push_str(PREFIX);
    push_base62(&mut text, random, RANDOM_DIGITS);
    let check = crc32fast::hash(text.as_bytes());
    push_base62(&mut text, check.to_be_bytes(), CHECK_DIGITS);
    let hint = text.chars().take(HINT_CHARS).collect();
    NewToken { hash: TokenHash::of(&text), hint, secret: Secret::new(text) }
}

/// Checks the form of a token and hashes it. No secret is compared: a token is known when the
/// store holds its hash.
///
/// # Errors
///
/// [`TokenError`]; both variants are final, there is no need to ask the store.
pub fn parse(text: &str) -> Result<TokenHash, TokenError> {
    if !text.starts_with(PREFIX) {
        return Err(TokenError::NotOurs);
    }
    if text.len() != TOKEN_CHARS {
        return Err(TokenError::Damaged);
    }
    let (body, check) =
        text.split_at_checked(TOKEN_CHARS - CHECK_DIGITS).ok_or(TokenError::Damaged)?;
    let mut expected = String::with_capacity(CHECK_DIGITS);
    push_base62(&mut expected, crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECK_DIGITS);
    let is_in_alphabet = body.bytes().skip(PREFIX.len()).all(|byte| byte.is_ascii_alphanumeric());
    if check != expected || !is_in_alphabet {
        return Err(TokenError::Damaged);
    }
    Ok(TokenHash::of(text))
}

/// Appends a big-endian number in base 62, `digits` long, padded with zeros on the left.
fn push_base62<const N: usize>(text: &mut String, mut number: [u8; N], digits: usize) {
    let mut reversed = Vec::with_capacity(digits);
    for _ in 0..digits {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let dividend = remainder * 256 + u16::from(*byte);
            // Below 256, because the remainder before it was below 62.
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            remainder = dividend % 62;
        }
        reversed.push(ALPHABET.get(usize::from(remainder)).copied().unwrap_or(b'0'));
    }
    text.extend(reversed.into_iter().rev().map(char::from));
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let computed = digest::digest(&digest::SHA256, bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(computed.as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: TokenError) {
        assert_eq!(parse(text), Err(expected), "{text:?}");
    }

    /// Vectors computed with another program.
    #[test]
    fn the_form_never_changes() {
        let highest = generate([0xFF; 32]);
        let expected = "vsf_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13M55zs";
        assert_eq!((highest.secret.expose(), highest.hint.as_str()), (expected, "vsf_yhjs"));
        let counting = generate(std::array::from_fn(|place| u8::try_from(place).unwrap()));
        let expected = "vsf_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf0uUSIy";
        assert_eq!(counting.secret.expose(), expected);
    }

    #[test]
    fn different_random_bytes_give_different_tokens() {
        let mut low = [0; 32];
        low[31] = 1;
        let mut high = [0; 32];
        high[0] = 1;
        let tokens = [[0; 32], low, high, [0xFF; 32]].map(|random| generate(random).hash);
        for (place, token) in tokens.iter().enumerate() {
            assert!(!tokens[..place].contains(token));
        }
    }

    #[test]
    fn what_does_not_start_like_a_token_is_not_ours() {
        for text in ["", "vsf", "VSF_0", "npm_0000", "hunter2", " vsf_x"] {
            check(text, TokenError::NotOurs);
        }
    }

    #[test]
    fn a_token_with_any_character_changed_is_damaged() {
        let token = generate([42; 32]);
        let text = token.secret.expose();
        for place in PREFIX.len()..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            check(std::str::from_utf8(&bytes).unwrap(), TokenError::Damaged);
        }
    }

    #[test]
    fn a_cut_padded_or_foreign_text_is_damaged() {
        let token = generate([42; 32]);
        let text = token.secret.expose();
        check(&text[..52], TokenError::Damaged);
        check(&format!("{text} "), TokenError::Damaged);
        check(PREFIX, TokenError::Damaged);
        // 53 bytes, and the split falls inside a character.
        check(&format!("vsf_{}é{}", "0".repeat(42), "0".repeat(5)), TokenError::Damaged);
        // A right checksum over characters that no token has.
        let odd = format!("vsf_{}", "!".repeat(43));
        let mut forged = odd.clone();
        push_base62(&mut forged, crc32fast::hash(odd.as_bytes()).to_be_bytes(), CHECK_DIGITS);
        check(&forged, TokenError::Damaged);
    }

    #[test]
    fn a_new_token_prints_stars() {
        let token = generate([9; 32]);
        assert!(!format!("{token:?}").contains(token.secret.expose()));
    }
}
