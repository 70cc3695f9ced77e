//! Limits that every archive reader obeys, and safe walks over tar and zip.
//!
//! Archives come from strangers. A walk here streams: it looks at one entry at a time, counts what
//! was really unpacked, and never believes a size that the archive states about itself.
//!
//! Invariants: memory is bounded by [`Limits`] whatever the input; a path that reaches a caller is
//! relative, UTF-8 and free of tricks; nothing is ever written to disk.

mod path;
pub mod tar;
pub mod zip;

pub use path::EntryKind;

/// How much an archive may ask of us. Each number stops one known attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all entries together, unpacked, with the archive's own framing. Stops bombs.
    pub max_unpacked_bytes: u64,
    /// Bytes of one entry, unpacked. Stops one huge member that hides behind many small ones.
    pub max_entry_bytes: u64,
    /// Number of entries. Stops archives that exhaust inodes or memory with empty files.
    pub max_entries: u64,
    /// Bytes of one path. Stops long-name headers of megabytes, and paths no system can unpack.
    pub max_path_bytes: usize,
    /// Segments of one path. Stops directory nests that break recursive tools.
    pub max_depth: usize,
    /// Unpacked bytes per packed byte, counted after the first [`RATIO_FREE_BYTES`] unpacked.
    /// Stops a small upload from costing much time.
    pub max_ratio: u64,
    /// Refuse two paths that differ by letter case alone. Stops a file that replaces another one
    /// when the archive is unpacked on a file system without letter case.
    pub is_case_insensitive: bool,
}

/// The ratio is not looked at before this many bytes are unpacked: small text packs very well.
pub const RATIO_FREE_BYTES: u64 = 1024 * 1024;

impl Default for Limits {
    /// 512 MiB unpacked (what Cargo itself unpacks), 50,000 entries, paths of 1,024 bytes and 64
    /// segments, ratio 200.
    fn default() -> Self {
        Self {
            max_unpacked_bytes: 512 * 1024 * 1024,
            max_entry_bytes: 256 * 1024 * 1024,
            max_entries: 50_000,
            max_path_bytes: 1024,
            max_depth: 64,
            max_ratio: 200,
            is_case_insensitive: false,
        }
    }
}
