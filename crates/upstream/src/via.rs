//! The `Via` header: how registries that are each other's upstream notice it.

use http::HeaderValue;

use crate::config::ConfigError;

/// The `Via` value that goes out with every request.
pub(crate) fn header(via_name: &str) -> Result<HeaderValue, ConfigError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let refuse = || ConfigError::ViaName { found: via_name.to_owned() };
    if via_name.is_empty() || via_name.len() > 100 || !via_name.chars().all(is_name) {
        return Err(refuse());
    }
    HeaderValue::from_str(&format!("1.1 {via_name}")).map_err(|_| refuse())
}

/// Whether a `Via` header names this registry.
///
/// Source: RFC 9110, section 7.6.3: entries are `[protocol/]version received-by [comment]`,
/// separated by commas. Cutting comments at commas, too, can only find more names.
pub(crate) fn names(via: &str, via_name: &str) -> bool {
    via.split(',').any(|entry| {
        entry.split_ascii_whitespace().nth(1).is_some_and(|by| by.eq_ignore_ascii_case(via_name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_name_is_found_among_others() {
        for (via, expected) in [
            ("1.1 reg-1", true),
            ("1.0 fred, 1.1 p.example.net, HTTP/2.0 REG-1 (vouchsafe)", true),
            ("1.1 reg-10", false),
            ("1.1 other (reg-1)", false),
            ("reg-1", false),
            ("", false),
        ] {
            assert_eq!(names(via, "reg-1"), expected, "{via:?}");
        }
    }

    #[test]
    fn a_name_cannot_inject_a_header() {
        for bad in ["", "a b", "a\r\nX: y", "a,b", "(x)", "é"] {
            assert!(header(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(header("reg-1.example").unwrap(), "1.1 reg-1.example");
    }
}
