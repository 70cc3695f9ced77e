//! Addresses and texts inside documents: escaped for where they stand.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vouchsafe_domain::{Filename, PackageName};

/// What stays readable in a path segment. `+` does not: some servers on the way read it as a space.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'!');

/// Absolute address of a file.
pub(crate) fn file_url(base_url: &str, package: &PackageName, filename: &Filename) -> String {
    let filename = utf8_percent_encode(filename.as_str(), SEGMENT);
    format!("{base_url}/files/{}/{filename}", package.canonical())
}

/// Text for HTML, inside of attributes and outside.
pub(crate) fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_url_survives_odd_versions() {
        let package = crate::name::parse("Foo.Bar").unwrap();
        let filename: Filename = "foo_bar-1!2.0+cpu-py3-none-any.whl".parse().unwrap();
        assert_eq!(
            file_url("https://registry.example/pypi", &package, &filename),
            "https://registry.example/pypi/files/foo-bar/foo_bar-1!2.0%2Bcpu-py3-none-any.whl"
        );
    }

    #[test]
    fn html_cannot_be_injected() {
        assert_eq!(escape_html("\"'><script>&"), "&quot;&#x27;&gt;&lt;script&gt;&amp;");
        assert_eq!(escape_html("plain"), "plain");
    }
}
