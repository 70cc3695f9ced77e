//! A safe walk over zip archives: wheels, Composer packages, jars.
//!
//! A zip says everything twice, in local headers and in the central directory, and readers differ
//! in which of the two they believe, where they start and what they skip. Python's two common
//! installers unpacked different files out of one wheel that way. So this walk goes through the
//! archive as a stream of records *and* through its directory, and refuses what the two do not
//! agree on. It is written out here because a general library is lenient on purpose.
//!
//! # Invariants
//!
//! - Every byte of the file belongs to exactly one record: nothing before, between or behind.
//! - Each entry is unpacked to its end, whether or not the caller reads it: size, CRC-32 and the
//!   end of the deflate stream are what both headers say, or the walk fails.
//! - Sizes are added up against [`Limits`] before anything is unpacked, and enforced while it is.
//!
//! # See also
//!
//! PKWARE APPNOTE 6.3.10; the rules are those of the Python index's upload check.

mod data;
mod directory;
mod record;

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use self::data::{EntryData, read_vec};
use self::directory::Directory;
use self::record::{LocalHeader, Record};
pub use super::EntryKind;
use super::Limits;
use super::path::shown;
use crate::FormatError;

/// Where an archive is read from.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What differs between formats that are zip archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZipRules {
    /// Sizes may stand behind the data instead of before it (flag bit 3). `jar` and streaming
    /// writers do this; no builder of wheels does.
    pub allows_data_descriptors: bool,
    /// The archive and its entries may have comments. `git archive` leaves a commit id there.
    pub allows_comments: bool,
}

impl ZipRules {
    /// What wheels need: nothing optional at all.
    pub const STRICT: Self = Self { allows_data_descriptors: false, allows_comments: false };
    /// What jars and packed source trees need.
    pub const TOLERANT: Self = Self { allows_data_descriptors: true, allows_comments: true };
}

/// One entry of an archive, while the walk stands on it.
pub struct ZipEntry<'a> {
    /// Its path: relative, plain, without a trailing slash.
    pub path: &'a str,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes, within [`Limits`]. The walk fails later when the bytes do not follow.
    pub size_bytes: u64,
    data: &'a mut dyn EntryBytes,
}

/// Unpacked bytes of the entry the walk stands on.
trait EntryBytes {
    fn read(&mut self, chunk: &mut [u8]) -> Result<usize, FormatError>;
}

impl ZipEntry<'_> {
    /// Reads what is left of the entry.
    ///
    /// # Errors
    ///
    /// [`FormatError::Archive`] when the entry is larger than `limit_bytes` or damaged.
    pub fn read_to_end(&mut self, limit_bytes: u64) -> Result<Vec<u8>, FormatError> {
        if self.size_bytes > limit_bytes {
            let path = shown(self.path);
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
    /// [`FormatError::Archive`] when the entry is damaged or longer than stated.
    pub fn read<'c>(&mut self, chunk: &'c mut [u8]) -> Result<Option<&'c [u8]>, FormatError> {
        let filled = self.data.read(chunk)?;
        Ok(chunk.get(..filled).filter(|part| !part.is_empty()))
    }
}

/// Walks a zip archive from its first byte to its last and shows every file and directory to
/// `visit`, in the order of their bytes. What `visit` leaves unread is checked all the same.
///
/// Nothing `visit` saw may be believed before the walk returned `Ok`.
///
/// # Errors
///
/// [`FormatError::Archive`] when the archive is damaged, dangerous, ambiguous or over a limit;
/// [`FormatError::Io`] when `reader` fails; whatever `visit` returns.
pub fn walk_zip(
    reader: &mut dyn ReadSeek,
    limits: &Limits,
    rules: ZipRules,
    visit: &mut dyn FnMut(&mut ZipEntry<'_>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut source = BufReader::with_capacity(64 * 1024, reader);
    let directory = Directory::read(&mut source, limits, rules)?;
    source.seek(SeekFrom::Start(0))?;
    refuse_tar(&mut source)?;

    let ends = directory.records.iter().skip(1).map(|next| next.header_offset);
    let ends = ends.chain(std::iter::once(directory.offset));
    let mut position = 0;
    for (record, end) in directory.records.iter().zip(ends) {
        if record.header_offset != position {
            return Err(refused(record, "overlaps another entry, or follows bytes of none"));
        }
        walk_entry(&mut source, record, end, visit)?;
        position = end;
    }
    if position != directory.offset {
        return Err(FormatError::archive("there are bytes that belong to no entry"));
    }
    Ok(())
}

/// Reads the one entry that lies from the source's position to the offset `end`.
fn walk_entry(
    source: &mut BufReader<&mut dyn ReadSeek>,
    record: &Record,
    end: u64,
    visit: &mut dyn FnMut(&mut ZipEntry<'_>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let local = LocalHeader::read(source, record)?;
    let data_end = record.header_offset.checked_add(local.len_bytes);
    let data_end = data_end.and_then(|start| start.checked_add(record.packed_bytes));
    let Some(descriptor_bytes) = data_end.and_then(|data_end| end.checked_sub(data_end)) else {
        return Err(refused(record, "overlaps what follows it"));
    };

    let mut data = EntryData::new(source, record);
    if let Some(path) = &record.path {
        visit(&mut ZipEntry {
            path,
            kind: record.kind,
            size_bytes: record.size_bytes,
            data: &mut data,
        })?;
    }
    data.finish()?;

    match descriptor_bytes {
        0 if !record.has_descriptor() => Ok(()),
        12 | 16 | 20 | 24 if record.has_descriptor() => {
            let descriptor = read_vec(source, usize::try_from(descriptor_bytes).unwrap_or(0))?;
            record::check_descriptor(record, &descriptor)
        }
        _ => Err(refused(record, "is followed by bytes that belong to no entry")),
    }
}

/// A file that is a tar archive as well is unpacked differently by a tool that guesses.
fn refuse_tar(source: &mut BufReader<&mut dyn ReadSeek>) -> Result<(), FormatError> {
    let start = source.fill_buf()?;
    if start.get(257..262) == Some(b"ustar") {
        return Err(FormatError::archive("it is a zip and a tar archive at the same time"));
    }
    Ok(())
}

fn refused(record: &Record, what: &str) -> FormatError {
    FormatError::archive(format!("`{}` {what}", record.shown_name()))
}

#[cfg(test)]
mod tests;
