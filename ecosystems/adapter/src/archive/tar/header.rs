//! One 512-byte tar header, read strictly.

use crate::FormatError;

/// Tar counts in blocks of this many bytes.
pub(super) const BLOCK_BYTES: usize = 512;

/// The entry types this reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryType {
    File,
    Directory,
    GnuLongName,
    PaxLocal,
    PaxGlobal,
}

/// What a header says about its entry.
pub(super) struct Header {
    /// Name, with the ustar prefix in front of it.
    pub(super) path: Vec<u8>,
    pub(super) size_bytes: u64,
    pub(super) entry_type: EntryType,
}

impl EntryType {
    /// Whether it speaks about other entries rather than being one.
    fn is_extension(self) -> bool {
        matches!(self, Self::GnuLongName | Self::PaxLocal | Self::PaxGlobal)
    }
}

impl Header {
    /// # Errors
    ///
    /// [`FormatError::Archive`] when the checksum is wrong, a field cannot be read in exactly one
    /// way, or the entry is of a type that no package needs.
    pub(super) fn parse(block: &[u8; BLOCK_BYTES]) -> Result<Self, FormatError> {
        if octal(field(block, 148, 8)) != Some(checksum(block)) {
            return Err(FormatError::archive("a tar header has a wrong checksum"));
        }
        let entry_type = entry_type(field(block, 156, 1).first().copied().unwrap_or_default())?;
        let Some(size_bytes) = octal(field(block, 124, 12)) else {
            return Err(FormatError::archive("a tar header has a size that cannot be read"));
        };
        let name = until_nul(field(block, 0, 100));
        let prefix = until_nul(field(block, 345, 155));
        let magic = field(block, 257, 8);
        let (is_ustar, is_gnu) = (magic == b"ustar\x0000", magic == b"ustar  \0");
        // Without either mark some readers, Cargo's among them, take an extension header for a
        // file, and the entry behind it keeps its short name.
        if entry_type.is_extension() && !is_ustar && !is_gnu {
            return Err(FormatError::archive("an extension header is neither ustar nor GNU"));
        }
        let path = match (is_ustar, prefix) {
            (_, []) => name.to_vec(),
            (true, prefix) => [prefix, b"/", name].concat(),
            // Some readers would put it in front of the name and some would not.
            (false, _) => {
                return Err(FormatError::archive("a tar header has a prefix and is not ustar"));
            }
        };
        Ok(Self { path, size_bytes, entry_type })
    }
}

fn entry_type(byte: u8) -> Result<EntryType, FormatError> {
    let refused = match byte {
        b'0' | 0 => return Ok(EntryType::File),
        b'5' => return Ok(EntryType::Directory),
        b'L' => return Ok(EntryType::GnuLongName),
        b'x' => return Ok(EntryType::PaxLocal),
        b'g' => return Ok(EntryType::PaxGlobal),
        b'1' | b'K' => "a hard link or long link name",
        b'2' => "a symbolic link",
        b'3' | b'4' | b'6' => "a device or pipe",
        b'S' => "a sparse file",
        other => {
            let shown = other.escape_ascii();
            return Err(FormatError::archive(format!("it has an entry of type `{shown}`")));
        }
    };
    Err(FormatError::archive(format!("it has {refused}; only files and directories are accepted")))
}

/// An octal field: leading spaces or zeros, digits, then only NULs or spaces. Base-256 numbers
/// are for sizes above 8 GiB, which no package has.
fn octal(field: &[u8]) -> Option<u64> {
    let start = field.iter().position(|byte| *byte != b' ')?;
    let digits = field.get(start..)?;
    let end = digits.iter().position(|byte| !matches!(byte, b'0'..=b'7')).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    if digits.is_empty() || rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 8 + u64::from(digit - b'0')))
}

/// The sum of all bytes, with the checksum field taken as spaces.
fn checksum(block: &[u8; BLOCK_BYTES]) -> u64 {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    sum(block) - sum(field(block, 148, 8)) + 8 * u64::from(b' ')
}

fn field(block: &[u8; BLOCK_BYTES], start: usize, length: usize) -> &[u8] {
    block.get(start..start + length).unwrap_or_default()
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}
