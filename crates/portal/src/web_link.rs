//! Addresses that strangers wrote: which of them may become a link.

/// Longest address that becomes a link, in bytes.
const MAX_URL_BYTES: usize = 2_000;

/// The address when it is plainly `http` or `https`; everything else stays text.
///
/// Strict on purpose: browsers strip tabs, newlines and leading control characters before they
/// read a scheme, so an address with any of them is no link here.
pub(crate) fn web_link(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_plain = !address
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\'));
    let has_host = rest.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    (is_web && is_plain && has_host && address.len() <= MAX_URL_BYTES).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        for good in ["https://repo.example/a?b=c#d", "HTTP://127.0.0.1:1/", "http://[::1]/"] {
            assert_eq!(web_link(good), Some(good));
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt://repo.example/%0aalert(1)",
            "java\tscript:alert(1)",
            " https://repo.example",
            "https://repo.example/\nx",
            "https:///path",
            "https://",
            "//repo.example",
            "data:text/html,<script>",
            "git+https://repo.example/a",
            "https://repo.example/\"onmouseover=\"x",
        ] {
            assert_eq!(web_link(bad), None, "{bad:?} became a link");
        }
    }
}
