//! Archives that no careful tool would write, for tests of those who read them.

use std::io::Write;

/// One entry of a [`tar()`]: whatever it says.
#[derive(Debug, Clone)]
pub struct RawEntry {
    /// Its path, at most 100 bytes.
    pub path: String,
    /// Its type flag: `0` is a file.
    pub flag: u8,
    /// Where it links to.
    pub link: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl RawEntry {
    /// A file.
    pub fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), flag: b'0', link: String::new(), bytes: bytes.into() }
    }
}

/// A tar archive. Nothing about the entries is checked.
pub fn tar(entries: &[RawEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, entry.path.as_bytes());
        put(100, b"0000644\0");
        put(124, format!("{:011o}\0", entry.bytes.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, &[entry.flag]);
        put(157, entry.link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&entry.bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// Compressed bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
