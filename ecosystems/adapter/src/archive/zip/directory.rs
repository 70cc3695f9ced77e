//! The end of a zip archive: where its central directory is, and what it lists.

use std::io::{BufReader, Seek, SeekFrom};

use super::data::read_vec;
use super::record::{Fields, Record};
use super::{ReadSeek, ZipRules};
use crate::FormatError;
use crate::archive::path::PathLedger;
use crate::archive::{Limits, RATIO_FREE_BYTES};

const END_SIGNATURE: &[u8; 4] = b"PK\x05\x06";
const ZIP64_END_SIGNATURE: &[u8; 4] = b"PK\x06\x06";
const ZIP64_LOCATOR_SIGNATURE: &[u8; 4] = b"PK\x06\x07";
const END_BYTES: u64 = 22;
const ZIP64_LOCATOR_BYTES: u64 = 20;
const ZIP64_END_BYTES: u64 = 56;
const MAX_COMMENT_BYTES: u64 = 0xFFFF;

/// The central directory.
pub(super) struct Directory {
    /// Where it starts: the end of the last entry.
    pub(super) offset: u64,
    /// What it lists, in the order of the entries' bytes.
    pub(super) records: Vec<Record>,
}

/// What the end record says about the directory.
struct Extent {
    entries: u64,
    offset: u64,
    len_bytes: u64,
}

type Source<'a, 's> = &'a mut BufReader<&'s mut dyn ReadSeek>;

impl Directory {
    /// Reads the directory of the whole file behind `source` and checks names, kinds and sizes
    /// against the limits.
    pub(super) fn read(
        source: Source<'_, '_>,
        limits: &Limits,
        rules: ZipRules,
    ) -> Result<Self, FormatError> {
        let file_bytes = source.seek(SeekFrom::End(0))?;
        let extent = find_extent(source, file_bytes, rules)?;
        if extent.entries > limits.max_entries {
            let limit = limits.max_entries;
            return Err(FormatError::archive(format!("it has more than {limit} entries")));
        }
        source.seek(SeekFrom::Start(extent.offset))?;
        let mut ledger = PathLedger::new(limits);
        let mut records = Vec::new();
        let mut read_bytes = 0_u64;
        for _ in 0..extent.entries {
            let (record, len_bytes) = Record::read(source, limits, rules, &mut ledger)?;
            read_bytes = read_bytes.saturating_add(len_bytes);
            records.push(record);
        }
        if read_bytes != extent.len_bytes {
            return Err(FormatError::archive("its directory does not have the size it states"));
        }
        check_sizes(&records, file_bytes, limits)?;
        records.sort_by_key(|record| record.header_offset);
        Ok(Self { offset: extent.offset, records })
    }
}

/// Stated sizes against the limits. The walk proves later that stated sizes are true.
fn check_sizes(records: &[Record], file_bytes: u64, limits: &Limits) -> Result<(), FormatError> {
    if records.iter().any(|record| record.size_bytes > limits.max_entry_bytes) {
        let limit = limits.max_entry_bytes;
        return Err(FormatError::archive(format!("an entry is larger than {limit} bytes")));
    }
    let unpacked = records.iter().fold(0_u64, |sum, record| sum.saturating_add(record.size_bytes));
    if unpacked > limits.max_unpacked_bytes {
        let limit = limits.max_unpacked_bytes;
        return Err(FormatError::archive(format!("it unpacks to more than {limit} bytes")));
    }
    if unpacked > RATIO_FREE_BYTES && unpacked > file_bytes.saturating_mul(limits.max_ratio) {
        let limit = limits.max_ratio;
        return Err(FormatError::archive(format!(
            "it unpacks to more than {limit} times its size"
        )));
    }
    Ok(())
}

fn find_extent(
    source: Source<'_, '_>,
    file_bytes: u64,
    rules: ZipRules,
) -> Result<Extent, FormatError> {
    let (end_at, end) = find_end_record(source, file_bytes, rules)?;
    let mut fields = Fields::new(&end);
    fields.skip(4);
    let disks = (fields.u16()?, fields.u16()?);
    let (entries_here, entries) = (fields.u16()?, fields.u16()?);
    let (len_bytes, offset) = (fields.u32()?, fields.u32()?);
    if disks != (0, 0) || entries_here != entries {
        return Err(FormatError::archive("it is a part of an archive on several disks"));
    }

    let mut extent =
        Extent { entries: entries.into(), offset: offset.into(), len_bytes: len_bytes.into() };
    let mut directory_end = end_at;
    let is_saturated = entries == u16::MAX || len_bytes == u32::MAX || offset == u32::MAX;
    match read_zip64_end(source, end_at)? {
        Some(zip64) => {
            let agrees = (entries == u16::MAX || extent.entries == zip64.entries)
                && (len_bytes == u32::MAX || extent.len_bytes == zip64.len_bytes)
                && (offset == u32::MAX || extent.offset == zip64.offset);
            if !agrees {
                return Err(FormatError::archive("its two end records contradict each other"));
            }
            extent = zip64;
            directory_end -= ZIP64_LOCATOR_BYTES + ZIP64_END_BYTES;
        }
        None if is_saturated => {
            return Err(FormatError::archive("its ZIP64 end record is missing"));
        }
        None => {}
    }
    if extent.offset.checked_add(extent.len_bytes) != Some(directory_end) {
        return Err(FormatError::archive(
            "its directory is not where its end record says, or bytes lie before or behind",
        ));
    }
    Ok(extent)
}

/// The end record and its offset: the last bytes of the file, apart from a comment if allowed.
fn find_end_record(
    source: Source<'_, '_>,
    file_bytes: u64,
    rules: ZipRules,
) -> Result<(u64, Vec<u8>), FormatError> {
    let longest = if rules.allows_comments { END_BYTES + MAX_COMMENT_BYTES } else { END_BYTES };
    let tail_at = file_bytes.saturating_sub(longest);
    source.seek(SeekFrom::Start(tail_at))?;
    let tail = read_vec(source, usize::try_from(file_bytes - tail_at).unwrap_or(0))?;

    let candidates = tail.windows(END_SIGNATURE.len()).enumerate();
    let mut candidates = candidates.filter_map(|(at, window)| {
        let record = tail.get(at..)?;
        let comment_bytes = u16::from_le_bytes(record.get(20..22)?.try_into().ok()?);
        let is_whole = record.len() as u64 == END_BYTES + u64::from(comment_bytes);
        (window == END_SIGNATURE && is_whole).then_some((tail_at + at as u64, record))
    });
    match (candidates.next(), candidates.next()) {
        (Some((at, record)), None) => Ok((at, record.to_vec())),
        (None, _) => Err(FormatError::archive(
            "it is not a zip archive, is cut short, or has bytes or a comment behind its end",
        )),
        (Some(_), Some(_)) => Err(FormatError::archive("it has two end records")),
    }
}

/// The ZIP64 end record, when a locator stands right before the end record.
fn read_zip64_end(source: Source<'_, '_>, end_at: u64) -> Result<Option<Extent>, FormatError> {
    let Some(locator_at) = end_at.checked_sub(ZIP64_LOCATOR_BYTES) else { return Ok(None) };
    source.seek(SeekFrom::Start(locator_at))?;
    let locator = read_vec(source, 20)?;
    if !locator.starts_with(ZIP64_LOCATOR_SIGNATURE) {
        return Ok(None);
    }
    let mut fields = Fields::new(&locator);
    fields.skip(4);
    let (disk, zip64_at, disks) = (fields.u32()?, fields.u64()?, fields.u32()?);
    // Nothing lies between the two, so the record has no extensible data.
    if disk != 0 || disks != 1 || zip64_at.checked_add(ZIP64_END_BYTES) != Some(locator_at) {
        return Err(FormatError::archive("its ZIP64 locator does not point to the end record"));
    }

    source.seek(SeekFrom::Start(zip64_at))?;
    let record = read_vec(source, 56)?;
    let mut fields = Fields::new(&record);
    fields.skip(4);
    let rest_bytes = fields.u64()?;
    fields.skip(4); // Versions made by and needed.
    let disks = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let (len_bytes, offset) = (fields.u64()?, fields.u64()?);
    let is_plain = record.starts_with(ZIP64_END_SIGNATURE) && rest_bytes == ZIP64_END_BYTES - 12;
    if !is_plain || disks != (0, 0) || entries_here != entries {
        return Err(FormatError::archive("its ZIP64 end record is not a plain one"));
    }
    Ok(Some(Extent { entries, offset, len_bytes }))
}
