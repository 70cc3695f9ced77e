//! The stylesheet and the icon, with addresses that change when their bytes do.

use std::sync::LazyLock;

/// A file the pages need. Serve it at [`path`](Self::path), for a year and `immutable`.
#[derive(Debug)]
pub struct Asset {
    /// `/assets/portal-0123456789abcdef.css`
    pub path: String,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Strong entity tag, quotes included.
    pub etag: String,
}

impl Asset {
    fn new(stem: &str, ext: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let print = fingerprint(bytes);
        Self {
            path: format!("/assets/{stem}-{print:016x}.{ext}"),
            content_type,
            bytes,
            etag: format!("\"{print:016x}\""),
        }
    }
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let css = include_bytes!("../assets/portal.css");
    let icon = include_bytes!("../assets/favicon.svg");
    [
        Asset::new("portal", "css", "text/css; charset=utf-8", css),
        Asset::new("favicon", "svg", "image/svg+xml", icon),
    ]
});

/// Every asset there is. A handful: look one up by comparing paths.
pub fn assets() -> &'static [Asset] {
    ASSETS.as_slice()
}

pub(crate) fn stylesheet_path() -> &'static str {
    let [css, _] = &*ASSETS;
    &css.path
}

pub(crate) fn favicon_path() -> &'static str {
    let [_, icon] = &*ASSETS;
    &icon.path
}

/// FNV-1a, 64 bit: tells two versions of our own files apart. Protects nothing.
const fn fingerprint(mut bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    while let [first, rest @ ..] = bytes {
        hash = (hash ^ *first as u64).wrapping_mul(0x0000_0100_0000_01b3);
        bytes = rest;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_fnv_1a() {
        // Vectors from the authors' reference code.
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_stylesheet_fetches_nothing_from_elsewhere() {
        for asset in assets() {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for forbidden in ["@import", "url(", "http:", "https:"] {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(forbidden), "{} has {forbidden}", asset.path);
            }
        }
    }
}
