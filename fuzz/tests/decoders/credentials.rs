//! Tokens, and the `Authorization` header in all its spellings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_domain::Credential;
use vouchsafe_identity::credential::{MAX_AUTHORIZATION_BYTES, from_authorization};
use vouchsafe_identity::token;

use crate::engine::target;
use crate::script::Script;
use crate::words;

fn some_token(script: &mut Script<'_>) -> String {
    let mut random = [0; 32];
    random.iter_mut().for_each(|byte| *byte = script.byte());
    token::generate(random).secret.expose().to_owned()
}

#[test]
fn tokens() {
    target!(4000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let text = some_token(&mut script);
        assert_eq!(token::parse(&text), Ok(token::TokenHash::of(&text)));
        let spoiled = script.spoil_text(&text, words::ANY);
        if let Ok(hash) = token::parse(&spoiled) {
            assert_eq!(hash, token::TokenHash::of(&spoiled));
            assert_eq!(spoiled.len(), token::TOKEN_CHARS);
            assert!(spoiled.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        }
        // One wrong character is what the check digits are certain to find.
        let mut mistyped = text.clone().into_bytes();
        let at = script.below(mistyped.len());
        mistyped[at] = *script.pick(b"0Zz-_ ");
        if mistyped != text.as_bytes() {
            let mistyped = String::from_utf8(mistyped).unwrap();
            assert!(token::parse(&mistyped).is_err(), "{mistyped} for {text}");
        }
    });
}

/// What a credential holds never has anything in it that a header or a log line must not have.
fn check_clean(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}

#[test]
fn authorization() {
    target!(5000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let token = some_token(&mut script);
        let pairs = [
            format!("__token__:{token}"),
            format!("{token}:"),
            format!("ann:{token}"),
            "ann:correct horse".to_owned(),
            "ann:a:b".to_owned(),
            ":".to_owned(),
        ];
        let pair = script.pick(&pairs).as_bytes();
        let pair = script.spoil(pair, words::ANY);
        let basic = format!("Basic {}", STANDARD.encode(&pair));
        let values = [basic, format!("Bearer {token}"), format!("token {token}"), token];
        let value = script.pick(&values).as_bytes();
        let value = match script.one_in(2) {
            true => value.to_vec(),
            false => script.spoil(value, words::ANY),
        };

        assert!(matches!(from_authorization([]), Credential::None));
        let twice = from_authorization([value.as_slice(), value.as_slice()]);
        assert!(matches!(twice, Credential::Malformed));
        match from_authorization([value.as_slice()]) {
            Credential::None => panic!("a header that was sent is never nothing"),
            Credential::Malformed => {}
            Credential::Token(secret) => {
                check_clean(secret.expose());
                assert!(!secret.expose().contains(' '));
                assert!(value.len() <= MAX_AUTHORIZATION_BYTES);
            }
            Credential::Password { name, password } => {
                check_clean(&name);
                check_clean(password.expose());
                assert!(!name.contains(':'));
            }
        }
    });
}
