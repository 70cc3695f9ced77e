//! A safe walk over gzip-compressed tar archives: `.crate`, npm tarballs, sdists.
//!
//! Tar readers disagree with each other: about which of two sizes counts, which of three names,
//! what comes after the end. A reader that is *stricter* than all clients leaves nothing to
//! disagree about, so this one knows regular files, directories, one long name per entry (PAX or
//! GNU) and PAX global headers without effect, and refuses everything else. It is written out
//! here, in 512-byte blocks, because a general library is lenient on purpose.
//!
//! # Invariants
//!
//! - Limits are enforced on bytes that were really unpacked, while they are.
//! - `Ok` means: one gzip member with a right checksum, nothing behind it, every header with a
//!   right checksum, an end marker, and only zeros behind that.
//!
//! # See also
//!
//! POSIX `pax` ("ustar Interchange Format", "pax Header Block"), GNU tar manual ("Basic Tar").

mod gzip;
mod header;
mod pax;

use std::io::Read;

use self::gzip::Unpacked;
use self::header::{BLOCK_BYTES, EntryType, Header};
pub use super::EntryKind;
use super::Limits;
use super::path::PathLedger;
use crate::FormatError;

/// Largest extension header (PAX record set or GNU long name), in bytes.
const MAX_EXTENSION_BYTES: u64 = 64 * 1024;

/// One entry of an archive, while the walk stands on it.
pub struct TarEntry<'a> {
    /// Its path: relative, plain, without a trailing slash.
    pub path: &'a str,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes, within [`Limits`]. The walk fails later when the bytes do not follow.
    pub size_bytes: u64,
    remaining_bytes: u64,
    source: &'a mut dyn Source,
}

/// Where the bytes of an entry come from.
trait Source {
    /// Fills the whole buffer.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), FormatError>;
}

impl TarEntry<'_> {
    /// Reads what is left of the entry.
    ///
    /// # Errors
    ///
    /// [`FormatError::Archive`] when that is more than `limit_bytes` or the archive ends early.
    pub fn read_to_end(&mut self, limit_bytes: u64) -> Result<Vec<u8>, FormatError> {
        if self.remaining_bytes > limit_bytes {
            let path = super::path::shown(self.path);
            return Err(FormatError::archive(format!(
                "`{path}` is larger than {limit_bytes} bytes"
            )));
        }
        // Grows with what really arrives: a stated size takes no memory.
        let mut bytes = Vec::new();
        let mut chunk = [0; 8 * 1024];
        while let Some(part) = self.read(&mut chunk)? {
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }

    /// Reads the next bytes of the entry into `chunk`; `None` when there are none left.
    ///
    /// # Errors
    ///
    /// [`FormatError::Archive`] when the archive ends early or breaks a limit.
    pub fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Result<Option<&'c [u8]>, FormatError> {
        let wanted = usize::try_from(self.remaining_bytes).unwrap_or(usize::MAX).min(chunk.len());
        let Some(part) = chunk.get_mut(..wanted).filter(|part| !part.is_empty()) else {
            return Ok(None);
        };
        self.source.fill(part)?;
        self.remaining_bytes -= wanted as u64;
        Ok(Some(part))
    }
}

/// What a walk went past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// Headers of any kind.
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// Bytes unpacked, with the archive's framing.
    pub unpacked_bytes: u64,
}

/// Walks a `.tar.gz` from `reader`'s position to its end, once, and shows every file and
/// directory to `visit` in the archive's order. What `visit` leaves unread is skipped.
///
/// Nothing `visit` saw may be believed before the walk returned `Ok`.
///
/// # Errors
///
/// [`FormatError::Archive`] when the archive is damaged, dangerous, ambiguous or over a limit;
/// [`FormatError::Io`] when `reader` fails; whatever `visit` returns.
pub fn walk_tar_gz(
    reader: &mut dyn Read,
    limits: &Limits,
    visit: &mut dyn FnMut(&mut TarEntry<'_>) -> Result<(), FormatError>,
) -> Result<Walked, FormatError> {
    let mut walk = Walk {
        source: Unpacked::new(reader, limits),
        limits,
        ledger: PathLedger::new(limits),
        long_name: None,
        entries: 0,
        files: 0,
    };
    while let Some(header) = walk.next_header()? {
        walk.entry(&header, visit)?;
    }
    walk.finish()
}

struct Walk<'a> {
    source: Unpacked<'a>,
    limits: &'a Limits,
    ledger: PathLedger<'a>,
    /// What an extension header said about the entry that follows it.
    long_name: Option<Extension>,
    entries: u64,
    files: u64,
}

/// What an extension header says about the next entry.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size_bytes: Option<u64>,
}

impl Walk<'_> {
    /// The next header, or `None` at the end marker.
    fn next_header(&mut self) -> Result<Option<Header>, FormatError> {
        let mut block = [0; BLOCK_BYTES];
        self.source.fill(&mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        self.entries += 1;
        if self.entries > self.limits.max_entries {
            let limit = self.limits.max_entries;
            return Err(FormatError::archive(format!("it has more than {limit} entries")));
        }
        Header::parse(&block).map(Some)
    }

    fn entry(
        &mut self,
        header: &Header,
        visit: &mut dyn FnMut(&mut TarEntry<'_>) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        match header.entry_type {
            EntryType::File => self.visit(header, EntryKind::File, visit),
            EntryType::Directory if header.size_bytes > 0 => {
                Err(FormatError::archive("a directory has content"))
            }
            EntryType::Directory => self.visit(header, EntryKind::Directory, visit),
            EntryType::GnuLongName => {
                let bytes = self.extension_bytes(header)?;
                let path = pax::gnu_long_name(&bytes)?.to_vec();
                self.set_extension(Extension { path: Some(path), size_bytes: None })
            }
            EntryType::PaxLocal => {
                let bytes = self.extension_bytes(header)?;
                let extension = pax::local(&bytes)?;
                self.set_extension(extension)
            }
            EntryType::PaxGlobal if self.long_name.is_some() => {
                Err(FormatError::archive("a global header stands between a name and its entry"))
            }
            EntryType::PaxGlobal => {
                let bytes = self.extension_bytes(header)?;
                pax::check_global(&bytes)
            }
        }
    }

    fn set_extension(&mut self, extension: Extension) -> Result<(), FormatError> {
        if self.long_name.is_some() {
            return Err(FormatError::archive("an entry has two extension headers"));
        }
        self.long_name = Some(extension);
        Ok(())
    }

    fn extension_bytes(&mut self, header: &Header) -> Result<Vec<u8>, FormatError> {
        if header.size_bytes > MAX_EXTENSION_BYTES {
            return Err(FormatError::archive(format!(
                "an extension header is larger than {MAX_EXTENSION_BYTES} bytes"
            )));
        }
        let mut bytes = vec![0; usize::try_from(header.size_bytes).unwrap_or(0)];
        self.source.fill(&mut bytes)?;
        self.skip(padding(header.size_bytes))?;
        Ok(bytes)
    }

    fn visit(
        &mut self,
        header: &Header,
        kind: EntryKind,
        visit: &mut dyn FnMut(&mut TarEntry<'_>) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let extension = self.long_name.take().unwrap_or_default();
        let raw_path = extension.path.as_deref().unwrap_or(&header.path);
        let path = self.ledger.admit(raw_path, kind)?;
        if extension.size_bytes.is_some_and(|size| size != header.size_bytes) {
            return Err(FormatError::archive("an entry states two different sizes"));
        }
        if header.size_bytes > self.limits.max_entry_bytes {
            let limit = self.limits.max_entry_bytes;
            return Err(FormatError::archive(format!("an entry is larger than {limit} bytes")));
        }
        self.files += u64::from(kind == EntryKind::File);
        let mut unread_bytes = header.size_bytes;
        if let Some(path) = path {
            let mut entry = TarEntry {
                path: &path,
                kind,
                size_bytes: header.size_bytes,
                remaining_bytes: header.size_bytes,
                source: &mut self.source,
            };
            visit(&mut entry)?;
            unread_bytes = entry.remaining_bytes;
        }
        self.skip(unread_bytes)?;
        self.skip(padding(header.size_bytes))
    }

    fn skip(&mut self, mut bytes: u64) -> Result<(), FormatError> {
        let mut chunk = [0; 8 * 1024];
        while bytes > 0 {
            let wanted = usize::try_from(bytes).unwrap_or(usize::MAX).min(chunk.len());
            let part = chunk.get_mut(..wanted).unwrap_or_default();
            self.source.fill(part)?;
            bytes -= wanted as u64;
        }
        Ok(())
    }

    /// Goes from the end marker to the end of the file.
    fn finish(mut self) -> Result<Walked, FormatError> {
        if self.long_name.is_some() {
            return Err(FormatError::archive("it ends between a name and its entry"));
        }
        let mut chunk = [0; 8 * 1024];
        loop {
            let filled = self.source.read(&mut chunk)?;
            if filled == 0 {
                break;
            }
            if chunk.iter().take(filled).any(|byte| *byte != 0) {
                return Err(FormatError::archive("there is something behind the end marker"));
            }
        }
        let unpacked_bytes = self.source.finish()?;
        Ok(Walked { entries: self.entries, files: self.files, unpacked_bytes })
    }
}

/// Bytes from the end of some content to the next block.
fn padding(size_bytes: u64) -> u64 {
    (BLOCK_BYTES as u64 - size_bytes % BLOCK_BYTES as u64) % BLOCK_BYTES as u64
}

#[cfg(test)]
mod tests;
