//! Headers of one entry: the directory's record, the local header, the data descriptor.

use std::io::Read;

use super::data::read_vec;
use super::{ZipRules, refused};
use crate::FormatError;
use crate::archive::path::{PathLedger, shown};
use crate::archive::{EntryKind, Limits};

const DIRECTORY_SIGNATURE: u32 = 0x0201_4b50;
const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;

const FLAG_ENCRYPTED: u16 = 1;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_UTF8: u16 = 1 << 11;
/// Bits 1 and 2 only say how hard the packer tried.
const KNOWN_FLAGS: u16 = 0b110 | FLAG_DESCRIPTOR | FLAG_UTF8;

const EXTRA_ZIP64: u16 = 0x0001;
const EXTRA_UNICODE_PATH: u16 = 0x7075;

const MODE_KIND: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_DIRECTORY: u32 = 0o040_000;
/// All ones: no mode at all.
const MODE_UNKNOWN: u32 = 0xffff;
const DOS_DIRECTORY: u32 = 0x10;

/// How an entry is packed. Nothing else is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// One record of the central directory, checked.
pub(super) struct Record {
    raw_name: Vec<u8>,
    /// `None` for the archive's own root.
    pub(super) path: Option<String>,
    pub(super) kind: EntryKind,
    flags: u16,
    pub(super) method: Method,
    pub(super) crc32: u32,
    pub(super) packed_bytes: u64,
    pub(super) size_bytes: u64,
    pub(super) header_offset: u64,
}

impl Record {
    /// Reads one record and returns it with its own length in bytes.
    pub(super) fn read(
        source: &mut impl Read,
        limits: &Limits,
        rules: ZipRules,
        ledger: &mut PathLedger<'_>,
    ) -> Result<(Self, u64), FormatError> {
        let fixed = read_vec(source, 46)?;
        let mut fields = Fields::new(&fixed);
        if fields.u32()? != DIRECTORY_SIGNATURE {
            return Err(FormatError::archive("its directory holds something that is no record"));
        }
        fields.skip(4); // Versions made by and needed.
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.skip(4); // Time and date.
        let crc32 = fields.u32()?;
        let (packed_bytes, size_bytes) = (fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes, comment_bytes) =
            (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        fields.skip(2); // Internal attributes.
        let (attributes, header_offset) = (fields.u32()?, fields.u32()?);

        if usize::from(name_bytes) > limits.max_path_bytes {
            let limit = limits.max_path_bytes;
            return Err(FormatError::archive(format!("a path is longer than {limit} bytes")));
        }
        let raw_name = read_vec(source, name_bytes.into())?;
        let extra = read_vec(source, extra_bytes.into())?;
        read_vec(source, comment_bytes.into())?;

        let kind = match raw_name.last() {
            Some(b'/') => EntryKind::Directory,
            _ => EntryKind::File,
        };
        let mut record = Self {
            path: ledger.admit(&raw_name, kind)?,
            raw_name,
            kind,
            flags,
            method: if method == 0 { Method::Stored } else { Method::Deflated },
            crc32,
            packed_bytes: packed_bytes.into(),
            size_bytes: size_bytes.into(),
            header_offset: header_offset.into(),
        };
        if !matches!(method, 0 | 8) {
            return Err(refused(&record, "is packed with a method other than deflate"));
        }
        if disk != 0 || (comment_bytes > 0 && !rules.allows_comments) {
            return Err(refused(&record, "has a comment or lies on another disk"));
        }
        record.check_flags(rules)?;
        record.check_attributes(attributes)?;

        let zip64 = record.check_extra(&extra)?;
        let wide = [&mut record.size_bytes, &mut record.packed_bytes, &mut record.header_offset];
        if !widen(zip64, wide) {
            return Err(refused(&record, "has a ZIP64 field of the wrong size or value"));
        }
        if kind == EntryKind::Directory && record.size_bytes > 0 {
            return Err(refused(&record, "is a directory with content"));
        }
        if record.method == Method::Stored && record.packed_bytes != record.size_bytes {
            return Err(refused(&record, "is stored in a size other than its own"));
        }
        let variable = u64::from(name_bytes) + u64::from(extra_bytes) + u64::from(comment_bytes);
        Ok((record, fixed.len() as u64 + variable))
    }

    /// Whether sizes and checksum stand behind the data.
    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }

    /// The name, fit for a message.
    pub(super) fn shown_name(&self) -> String {
        shown(&String::from_utf8_lossy(&self.raw_name))
    }

    fn check_flags(&self, rules: ZipRules) -> Result<(), FormatError> {
        if self.flags & FLAG_ENCRYPTED != 0 {
            return Err(refused(self, "is encrypted"));
        }
        if self.has_descriptor() && !rules.allows_data_descriptors {
            return Err(refused(self, "states its size behind its data (a data descriptor)"));
        }
        if self.flags & !KNOWN_FLAGS != 0 {
            return Err(refused(self, "uses a feature that readers do not agree on"));
        }
        if self.flags & FLAG_UTF8 == 0 && !self.raw_name.is_ascii() {
            return Err(refused(self, "has a name that is not marked as UTF-8"));
        }
        Ok(())
    }

    /// Refuses links and devices, and a directory that is named like a file.
    fn check_attributes(&self, attributes: u32) -> Result<(), FormatError> {
        let is_directory = self.kind == EntryKind::Directory;
        let mode = attributes >> 16;
        let mode_fits = match mode & MODE_KIND {
            0 => true,
            // Maven's packer writes this for directories whose mode it does not know.
            MODE_KIND if mode == MODE_UNKNOWN && is_directory => true,
            MODE_FILE => !is_directory,
            MODE_DIRECTORY => is_directory,
            _ => return Err(refused(self, "is a link or a special file")),
        };
        if !mode_fits || (attributes & DOS_DIRECTORY != 0 && !is_directory) {
            return Err(refused(self, "is a directory by one mark and a file by another"));
        }
        Ok(())
    }

    /// Checks a block of extra fields and returns the ZIP64 one.
    fn check_extra<'e>(&self, mut extra: &'e [u8]) -> Result<Option<&'e [u8]>, FormatError> {
        let mut zip64 = None;
        let mut has_unicode_path = false;
        while !extra.is_empty() {
            let mut fields = Fields::new(extra);
            let (Ok(id), Ok(len)) = (fields.u16(), fields.u16()) else {
                return Err(refused(self, "has a malformed extra field"));
            };
            let Some((value, rest)) = fields.rest.split_at_checked(len.into()) else {
                return Err(refused(self, "has a malformed extra field"));
            };
            extra = rest;
            let is_repeated = match id {
                EXTRA_ZIP64 => zip64.replace(value).is_some(),
                EXTRA_UNICODE_PATH => std::mem::replace(&mut has_unicode_path, true),
                _ => false,
            };
            if is_repeated {
                return Err(refused(self, "has an extra field twice"));
            }
            // Layout: version, CRC-32 of the plain name, the name in UTF-8.
            if id == EXTRA_UNICODE_PATH && value.get(5..) != Some(self.raw_name.as_slice()) {
                return Err(refused(self, "has two names"));
            }
        }
        Ok(zip64)
    }
}

/// A local header that was found equal to its [`Record`].
pub(super) struct LocalHeader {
    /// Its length with name and extra fields.
    pub(super) len_bytes: u64,
}

impl LocalHeader {
    pub(super) fn read(source: &mut impl Read, record: &Record) -> Result<Self, FormatError> {
        let fixed = read_vec(source, 30)?;
        let mut fields = Fields::new(&fixed);
        if fields.u32()? != LOCAL_SIGNATURE {
            return Err(refused(record, "has no header where the directory says"));
        }
        fields.skip(2); // Version needed.
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.skip(4); // Time and date.
        let crc32 = fields.u32()?;
        let (packed_bytes, size_bytes) = (fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes) = (fields.u16()?, fields.u16()?);
        let name = read_vec(source, name_bytes.into())?;
        let extra = read_vec(source, extra_bytes.into())?;

        let is_stored = record.method == Method::Stored;
        if name != record.raw_name || flags != record.flags || (method == 0) != is_stored {
            return Err(refused(record, "differs between its header and the directory"));
        }
        let (mut packed_bytes, mut size_bytes) = (packed_bytes.into(), size_bytes.into());
        let zip64 = record.check_extra(&extra)?;
        if !widen(zip64, [&mut size_bytes, &mut packed_bytes]) {
            return Err(refused(record, "has a ZIP64 field of the wrong size or value"));
        }
        let stated = (crc32, packed_bytes, size_bytes);
        let is_left_open = record.has_descriptor() && stated == (0, 0, 0);
        if stated != (record.crc32, record.packed_bytes, record.size_bytes) && !is_left_open {
            return Err(refused(record, "differs between its header and the directory"));
        }
        let len_bytes = 30 + u64::from(name_bytes) + u64::from(extra_bytes);
        Ok(Self { len_bytes })
    }
}

/// Compares a data descriptor, of any of the four lengths there are, with the directory.
pub(super) fn check_descriptor(record: &Record, descriptor: &[u8]) -> Result<(), FormatError> {
    let mut fields = Fields::new(descriptor);
    let has_signature = matches!(descriptor.len(), 16 | 24);
    let is_signed = !has_signature || fields.u32()? == DESCRIPTOR_SIGNATURE;
    let crc32 = fields.u32()?;
    let (packed_bytes, size_bytes) = match descriptor.len() {
        20 | 24 => (fields.u64()?, fields.u64()?),
        _ => (fields.u32()?.into(), fields.u32()?.into()),
    };
    let stated = (crc32, packed_bytes, size_bytes);
    if !is_signed || stated != (record.crc32, record.packed_bytes, record.size_bytes) {
        return Err(refused(record, "has a data descriptor that differs from the directory"));
    }
    Ok(())
}

/// Replaces each saturated value by its 64-bit one. The field holds exactly those, in this order;
/// or, as Python writes it when told to, all or the first two, and then it only repeats the others.
fn widen<const N: usize>(zip64: Option<&[u8]>, values: [&mut u64; N]) -> bool {
    let is_saturated = |value: &u64| *value == u64::from(u32::MAX);
    let mut fields = Fields::new(zip64.unwrap_or_default());
    let saturated = values.iter().filter(|value| is_saturated(value)).count();
    let has_only_saturated = fields.rest.len() == 8 * saturated;
    if !has_only_saturated && fields.rest.len() != 16 && fields.rest.len() != 8 * N {
        return false;
    }
    for value in values {
        let is_saturated = is_saturated(value);
        if has_only_saturated && !is_saturated {
            continue;
        }
        match fields.u64() {
            Ok(wide) if is_saturated || wide == *value => *value = wide,
            Ok(_) => return false,
            // Two were stated, and this is the third.
            Err(_) if !is_saturated => {}
            Err(_) => return false,
        }
    }
    fields.rest.is_empty()
}

/// Little-endian numbers, one after the other.
pub(super) struct Fields<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let Some((number, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(FormatError::archive("it ends inside a record"));
        };
        self.rest = rest;
        Ok(*number)
    }

    pub(super) fn u16(&mut self) -> Result<u16, FormatError> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FormatError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, FormatError> {
        self.take().map(u64::from_le_bytes)
    }
}
