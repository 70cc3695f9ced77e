//! The bytes of one entry: unpacked, counted, and checked to the end.

use std::io::{BufRead, BufReader, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::record::{Method, Record};
use super::{EntryBytes, ReadSeek, refused};
use crate::FormatError;

/// Unpacks one entry. [`finish`](Self::finish) must be called: before it nothing is proven.
pub(super) struct EntryData<'a, 's> {
    source: &'a mut BufReader<&'s mut dyn ReadSeek>,
    record: &'a Record,
    packed_left: u64,
    size_left: u64,
    crc: Crc,
    /// `None` for stored entries.
    inflate: Option<Box<Decompress>>,
    is_stream_done: bool,
}

impl<'a, 's> EntryData<'a, 's> {
    pub(super) fn new(source: &'a mut BufReader<&'s mut dyn ReadSeek>, record: &'a Record) -> Self {
        let is_deflated = record.method == Method::Deflated;
        Self {
            source,
            record,
            packed_left: record.packed_bytes,
            size_left: record.size_bytes,
            crc: Crc::new(),
            inflate: is_deflated.then(|| Box::new(Decompress::new(false))),
            is_stream_done: !is_deflated,
        }
    }

    /// Unpacks what is left and compares size, checksum and end with the headers.
    pub(super) fn finish(mut self) -> Result<(), FormatError> {
        let mut chunk = [0; 16 * 1024];
        while self.read(&mut chunk)? > 0 {}
        if self.size_left > 0 || self.packed_left > 0 || !self.is_stream_done {
            return Err(refused(self.record, "does not have the size its headers state"));
        }
        if self.crc.sum() != self.record.crc32 {
            return Err(refused(self.record, "has a wrong checksum"));
        }
        Ok(())
    }

    /// Takes packed bytes and gives unpacked ones; `(0, _)` only with an empty `chunk` or at the end.
    fn unpack(&mut self, chunk: &mut [u8]) -> Result<usize, FormatError> {
        loop {
            let available = self.source.fill_buf()?;
            let wanted = usize::try_from(self.packed_left).unwrap_or(usize::MAX);
            let packed = available.get(..wanted.min(available.len())).unwrap_or_default();
            let (taken, given) = match &mut self.inflate {
                None => {
                    let count = packed.len().min(chunk.len());
                    for (to, from) in chunk.iter_mut().zip(packed) {
                        *to = *from;
                    }
                    (count, count)
                }
                Some(inflate) => {
                    let (taken, given) = (inflate.total_in(), inflate.total_out());
                    let status = inflate
                        .decompress(packed, chunk, FlushDecompress::None)
                        .map_err(|_| refused(self.record, "has damaged data"))?;
                    self.is_stream_done = status == Status::StreamEnd;
                    let taken = usize::try_from(inflate.total_in() - taken).unwrap_or(usize::MAX);
                    let given = usize::try_from(inflate.total_out() - given).unwrap_or(usize::MAX);
                    (taken, given)
                }
            };
            self.source.consume(taken);
            self.packed_left = self.packed_left.saturating_sub(taken as u64);
            if given > 0 || (self.inflate.is_none() && self.packed_left == 0) {
                return Ok(given);
            }
            if self.is_stream_done && self.inflate.is_some() {
                return Ok(0);
            }
            if taken == 0 {
                return Err(refused(self.record, "ends before its data is complete"));
            }
        }
    }
}

impl EntryBytes for EntryData<'_, '_> {
    fn read(&mut self, chunk: &mut [u8]) -> Result<usize, FormatError> {
        let at_end = self.is_stream_done && (self.inflate.is_some() || self.packed_left == 0);
        if at_end || chunk.is_empty() {
            return Ok(0);
        }
        let given = self.unpack(chunk)?;
        let Some(size_left) = self.size_left.checked_sub(given as u64) else {
            return Err(refused(self.record, "is larger than its headers state"));
        };
        self.size_left = size_left;
        self.crc.update(chunk.get(..given).unwrap_or_default());
        Ok(given)
    }
}

/// Reads exactly `len` bytes; callers bound `len`.
pub(super) fn read_vec(source: &mut impl Read, len: usize) -> Result<Vec<u8>, FormatError> {
    let mut bytes = vec![0; len];
    match source.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(FormatError::archive("it ends inside a record"))
        }
        Err(error) => Err(error.into()),
    }
}
