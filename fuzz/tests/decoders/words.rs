//! Words that mean something to some decoder, or have broken one somewhere.

/// Lengths and offsets at the edges of integers and of our own limits.
pub(crate) const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x1ff,
    0x200,
    0xffff,
    0x0010_0000,
    0x0010_0001,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];

/// For bytes of any format.
pub(crate) const ANY: &[&[u8]] = &[
    b"\0", b"\n", b"\r\n", b"\r", b"/", b"..", b"../", b"\\", b"%2f", b"%00", b"\xff", b"\xc3(",
    b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b" ", b"\t", b"\"", b"'", b"<", b">", b"&", b"-1", b"0",
    b"99999999999999999999", b"1e400",
];

/// For JSON.
pub(crate) const JSON: &[&[u8]] = &[
    b"{", b"}", b"[", b"]", b":", b",", b"\"", b"\\", b"\\u0000", b"\\ud800", b"\\/", b"null",
    b"true", b"{}", b"[]", b"\"\"", b"1e400", b"-0", b"{\"a\":1}", b"\"name\":\"x\",",
    b"\"version\":\"1.0.0\",", b"\"_attachments\":{},", b"\"data\":\"AA==\"", b"[[[[[[[[[[[[[[[[",
    b"\"dist\":{}", b"\"yanked\":true,", b"\"deps\":[{}],", b"\xff", b"\n", b"\0",
];

/// For `Cargo.toml`.
pub(crate) const TOML: &[&[u8]] = &[
    b"[", b"]", b"[[", b"]]", b"=", b"\"", b"'''", b"\n", b"#", b"\\u0000", b"{ }", b"[package]\n",
    b"[dependencies]\n", b"a.b.c = 1\n", b"a = { version = \"1\", package = \"b\" }\n",
    b"[target.'cfg(unix)'.dependencies]\nx = \"1\"\n", b"name = \"x\"\n", b"version = \"1.0.0\"\n",
    b"1979-05-27T07:32:00Z", b"inf", b"0x", b"\r", b"features = [\"a/b?c\"]\n",
];

/// For core metadata.
pub(crate) const METADATA: &[&[u8]] = &[
    b"\n", b"\r\n", b"\r", b":", b"\n ", b"\n\t", b"\n       |", b"\n\n", b"Name: x\n",
    b"Version: 1.0\n", b"Metadata-Version: 2.1\n", b"Requires-Python: >=3\n",
    b"Requires-Python: ~=\n", b"Requires-Dist: a>=1 ; extra == \"x\"\n", b"Keywords: a,,b\n",
    b"Summary: a\n b\n", b"Description: x\n", b"Project-URL: a, b\n", b"\0", b"\xff", b"\xe2\x80\xa8",
];

/// For HTML.
pub(crate) const HTML: &[&[u8]] = &[
    b"<", b">", b"</", b"<a", b"<a href=", b"<a href=\"", b"'", b"\"", b"=", b"&amp;", b"&#0;",
    b"&#xD800;", b"&#99999999999;", b"<!--", b"-->", b"<base href=\"//x\">", b"<script>",
    b"</script>", b"<meta name=\"pypi:repository-version\" content=\"2.0\">", b"#sha256=00",
    b"data-yanked=\"\"", b"data-core-metadata=\"true\"", b"javascript:", b"data:,x", b"\0", b"\xff",
    b"%2F", b"foo_bar-1.0.tar.gz", b"<a href=foo_bar-2-py3-none-any.whl>",
];

/// For `multipart/form-data`; the boundary is that of the samples.
pub(crate) const FORM: &[&[u8]] = &[
    b"\r\n", b"\n", b"--", b"------vouchsafe-testkit", b"\r\n------vouchsafe-testkit\r\n",
    b"\r\n------vouchsafe-testkit--\r\n", b"Content-Disposition: form-data; name=\"content\"",
    b"; filename=\"x-1.0.tar.gz\"", b"; filename*=utf-8''x", b"name=\"name\"", b"name=\"version\"",
    b"name=\"md5_digest\"", b"name=\"requires_dist\"", b"Content-Type: text/plain\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"\"", b"\\\"", b"\0", b"\xff", b"\r", b":",
];

/// For addresses, split at `/`.
pub(crate) const SEGMENTS: &[&str] = &[
    "-", "@", "@acme", "@acme/left-pad", "left-pad", "1.0.0", "v1", "latest", "-rev", "1-0",
    "left-pad-1.0.0.tgz", "left-pad-1.0.0", ".tgz", "dist-tags", "package", "user", "org", "team",
    "token", "tokens", "npm", "v1", "search", "login", "done", "whoami", "ping", "org.couchdb.user:",
    "org.couchdb.user:ann", "collaborators", "visibility", "access", "star", "index", "config.json",
    "se", "rd", "serde", "1", "2", "3", "a", "ab", "abc", "api", "crates", "new", "owners", "yank",
    "unyank", "download", "me", "1.0.0+b", "simple", "legacy", "json", "files", "foo-bar", "Foo.Bar",
    "foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0-py3-none-any.whl.metadata", "foo_bar-1.0.tar.gz",
    "_", "integrity", "provenance", "danger-api", "rss", "1.0", "stage", "audit", "security", "bulk",
    "keys", "attestations", "é", "\u{202e}", "\u{130}", "*", "'", "{crate}", "..x", "x..", "~",
    "advisories", "quick", "profile", "hooks", "trusted_publishing",
];

/// For names of packages.
pub(crate) const NAMES: &[&str] = &[
    "a", "b", "Z", "0", "9", "-", "_", ".", "--", "__", "..", "-_.", "@", "/", "@a/", "*", "~", "!",
    "'", "(", ")", "%", "%41", "%2f", "?", "#", "\\", " ", "\t", "\0", "\u{7f}", "é", "e\u{301}",
    "\u{130}", "\u{212a}", "ß", "\u{202e}", "\u{200b}", "std", "CON", "node_modules", "left-pad",
    "Foo", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// For versions.
pub(crate) const VERSIONS: &[&str] = &[
    "0", "1", "2", "10", "00", "01", "1.0", "1.0.0", "1.0.0.0", ".", "-", "_", "+", "!", "0!", "1!",
    "v", "V", "a", "A", "alpha", "b", "beta", "rc", "c", "pre", "post", "dev", "rev", "r", "-1", "+b",
    ".post", ".dev0", "rc.1", "-rc", "-0", "x", "*", " ", "\n", "\u{665}", "é", "/", "%", "18446744073709551615",
    "18446744073709551616", "9007199254740991", "9007199254740992", "4294967296",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// For package URLs and patterns of names.
pub(crate) const PURLS: &[&str] = &[
    "pkg:", "pkg:npm/", "pkg:cargo/", "pkg:pypi/", "pkg:/", "pkg:x-1/", "npm", "/", "@", "%40", "%25",
    "%", "%41", "%zz", "%00", "?", "#", "*", "**", "a", "left-pad", "@acme/", "@1.0.0", "1.0.0+b",
    "%2B", " ", "\n", "é", "%C3%A9", "%FF", "..", "pkg:npm/@acme/*", ":", "&", "=",
];
