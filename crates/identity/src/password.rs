//! Passwords: hashing, checking, and the rules for new ones.
//!
//! Argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet), as a PHC
//! string, so that old hashes stay readable when the numbers change.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use vouchsafe_domain::{AccountName, EmailAddress, Secret};

use crate::token;

/// Shortest new password, in characters.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Longest password, in characters. Longer ones are refused before any work is done.
pub const MAX_PASSWORD_CHARS: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT_BYTES: usize = 32;

/// A stored hash may ask for this much memory at most, so that a damaged row cannot take more.
const MAX_STORED_MEMORY_KIB: u32 = 128 * 1024;
/// A stored hash may ask for this many passes at most.
const MAX_STORED_PASSES: u32 = 10;

/// A hash that no password has (its output is all zeros), with today's cost.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                          $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a new password is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordRuleError {
    /// Too short.
    #[error("a password has at least {MIN_PASSWORD_CHARS} characters")]
    TooShort,
    /// Too long.
    #[error("a password has at most {MAX_PASSWORD_CHARS} characters")]
    TooLong,
    /// It is the account's name or e-mail address.
    #[error("a password must not be the account's name or e-mail address")]
    NameOrEmail,
    /// It would be taken for an access token.
    #[error("a password must not start with `vsf_`: access tokens do")]
    LooksLikeToken,
    /// HTTP Basic cannot carry it.
    #[error("a password must not contain control characters")]
    ControlCharacter,
}

/// Hashing failed. The parameters are constants, so this means no memory.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError(#[source] argon2::password_hash::Error);

/// Checks a password that somebody wants to use from now on.
///
/// Only length and the obvious matter: no mixture of character kinds is asked for
/// (NIST SP 800-63B, section "Password Verifiers").
///
/// # Errors
///
/// [`PasswordRuleError`], to be shown as it is.
pub fn check_new_password(
    password: &Secret,
    name: &AccountName,
    email: Option<&EmailAddress>,
) -> Result<(), PasswordRuleError> {
    let text = password.expose();
    let length_chars = text.chars().take(MAX_PASSWORD_CHARS + 1).count();
    if length_chars < MIN_PASSWORD_CHARS {
        return Err(PasswordRuleError::TooShort);
    }
    if length_chars > MAX_PASSWORD_CHARS {
        return Err(PasswordRuleError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(PasswordRuleError::ControlCharacter);
    }
    if text.starts_with(token::PREFIX) {
        return Err(PasswordRuleError::LooksLikeToken);
    }
    let folded = text.trim().to_lowercase();
    let is_name = folded == name.as_str();
    let is_email = email.is_some_and(|email| {
        let address = email.as_str().to_lowercase();
        let local_part = address.rsplit_once('@').map_or("", |(local_part, _domain)| local_part);
        folded == address || folded == local_part
    });
    if is_name || is_email {
        return Err(PasswordRuleError::NameOrEmail);
    }
    Ok(())
}

/// Hashes a password into a PHC string.
///
/// * `salt`: 16 bytes from a cryptographic source of randomness, new for every password.
///
/// Takes 19 MiB and some tens of milliseconds: not for an async thread.
///
/// # Errors
///
/// [`HashError`] when there is no memory.
pub fn hash_password(password: &Secret, salt: [u8; 16]) -> Result<String, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES))
        .map_err(|error| HashError(error.into()))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash =
        hasher.hash_password_with_salt(password.expose().as_bytes(), &salt).map_err(HashError)?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed. A hash that cannot be read is a no.
///
/// As costly as [`hash_password`], and compares in constant time.
pub fn verify_password(password: &Secret, phc: &str) -> bool {
    let text = password.expose();
    // In bytes, and generous: a character has at most four.
    if text.len() > 4 * MAX_PASSWORD_CHARS {
        return false;
    }
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    let Ok(params) = Params::try_from(&hash) else { return false };
    let is_affordable = params.m_cost() <= MAX_STORED_MEMORY_KIB
        && params.t_cost() <= MAX_STORED_PASSES
        && params.p_cost() == LANES;
    is_affordable
        && hash.algorithm == argon2::ARGON2ID_IDENT
        && Argon2::default().verify_password(text.as_bytes(), &hash).is_ok()
}

/// A hash to check against when there is no such account, so that an unknown name takes as long
/// as a wrong password. No password matches it.
pub const fn dummy_hash() -> &'static str {
    DUMMY_HASH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_rule(password: &str, expected: Result<(), PasswordRuleError>) {
        let name = "alice-of-acme".parse().unwrap();
        let email = "alice.postbox@acme.example".parse().unwrap();
        let found = check_new_password(&Secret::new(password), &name, Some(&email));
        assert_eq!(found, expected, "{password:?}");
    }

    #[test]
    fn a_password_is_judged_by_length_and_the_obvious() {
        check_rule("elevenchars", Err(PasswordRuleError::TooShort));
        check_rule("twelve chars", Ok(()));
        check_rule("zwölf Zeichen", Ok(()));
        check_rule(&"ä".repeat(1024), Ok(()));
        check_rule(&"ä".repeat(1025), Err(PasswordRuleError::TooLong));
        check_rule("Alice-of-ACME", Err(PasswordRuleError::NameOrEmail));
        check_rule("alice.postbox@acme.example", Err(PasswordRuleError::NameOrEmail));
        check_rule("alice.postbox ", Err(PasswordRuleError::NameOrEmail));
        check_rule("vsf_something", Err(PasswordRuleError::LooksLikeToken));
        check_rule("twelve\ncharacters", Err(PasswordRuleError::ControlCharacter));
    }

    #[test]
    fn the_right_password_is_accepted_and_no_other() {
        let phc = hash_password(&Secret::new("correct horse battery"), [3; 16]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify_password(&Secret::new("correct horse battery"), &phc));
        assert!(!verify_password(&Secret::new("correct horse batterY"), &phc));
        assert!(!verify_password(&Secret::new(""), &phc));
        assert!(!verify_password(&Secret::new("x".repeat(5000)), &phc));
    }

    #[test]
    fn the_dummy_costs_the_same_and_matches_nothing() {
        let real = hash_password(&Secret::new("correct horse battery"), [3; 16]).unwrap();
        let cost = |phc: &str| phc.rsplitn(3, '$').nth(2).unwrap().to_owned();
        assert_eq!(cost(dummy_hash()), cost(&real));
        assert_eq!(dummy_hash().len(), real.len());
        assert!(!verify_password(&Secret::new("correct horse battery"), dummy_hash()));
    }

    #[test]
    fn a_damaged_or_greedy_hash_is_a_no() {
        for phc in [
            "",
            "plain",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2d$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=100000,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(!verify_password(&Secret::new("x"), phc), "{phc}");
        }
    }
}
