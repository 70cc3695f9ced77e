//! Upper case in addresses: `!` and the lower-case letter.
//!
//! Module paths and versions are case-sensitive and many file systems are not, so on the wire
//! `example.com/Acme` is `example.com/!acme`. There is exactly one escaped spelling of a text;
//! every other one is refused, or two addresses would be one file.
//!
//! # Source
//!
//! Go Modules Reference, section "GOPROXY protocol"; `golang.org/x/mod/module`, `EscapePath`.

/// Writes a text as addresses spell it.
///
/// * `text`: ASCII without `!`, as every module path and version is.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(letter.to_ascii_lowercase());
    }
    escaped
}

/// Reads a part of an address. `None` when it is no escaped spelling of anything.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '!' => {
                let lower = letters.next().filter(char::is_ascii_lowercase)?;
                text.push(lower.to_ascii_uppercase());
            }
            'A'..='Z' => return None,
            other if other.is_ascii() => text.push(other),
            _ => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, escaped: &str) {
        assert_eq!(escape(text), escaped);
        assert_eq!(unescape(escaped).as_deref(), Some(text));
    }

    #[test]
    fn upper_case_is_a_bang_and_the_lower_case_letter() {
        check("example.com/acme", "example.com/acme");
        check("example.com/Acme/ABC", "example.com/!acme/!a!b!c");
        check("v1.0.0-RC1+incompatible", "v1.0.0-!r!c1+incompatible");
        check("", "");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for bad in
            ["A", "example.com/Acme", "!", "a!", "!A", "!!a", "!1", "!/a", "!\u{e9}", "\u{e9}"]
        {
            assert_eq!(unescape(bad), None, "{bad:?} was accepted");
        }
    }
}
