//! One gzip member, unpacked under limits.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::Source;
use crate::FormatError;
use crate::archive::{Limits, RATIO_FREE_BYTES};

/// The unpacked bytes of the only member of a gzip stream.
pub(super) struct Unpacked<'a> {
    decoder: GzDecoder<BufReader<Counted<'a>>>,
    limits: &'a Limits,
    unpacked_bytes: u64,
}

/// Counts packed bytes, and tells a failing reader from a damaged archive.
struct Counted<'a> {
    reader: &'a mut dyn Read,
    packed_bytes: u64,
    has_failed: bool,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Ok(count) => {
                    self.packed_bytes += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.has_failed = true;
                    return Err(error);
                }
            }
        }
    }
}

impl<'a> Unpacked<'a> {
    pub(super) fn new(reader: &'a mut dyn Read, limits: &'a Limits) -> Self {
        let counted = Counted { reader, packed_bytes: 0, has_failed: false };
        let decoder = GzDecoder::new(BufReader::with_capacity(16 * 1024, counted));
        Self { decoder, limits, unpacked_bytes: 0 }
    }

    /// Unpacks some bytes; 0 at the end of the member, whose checksum was right then.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FormatError> {
        let count = match self.decoder.read(buffer) {
            Ok(count) => count,
            Err(error) => return Err(self.failure(error)),
        };
        self.unpacked_bytes += count as u64;
        let limit = self.limits.max_unpacked_bytes;
        if self.unpacked_bytes > limit {
            return Err(FormatError::archive(format!("it unpacks to more than {limit} bytes")));
        }
        let packed_bytes = self.decoder.get_ref().get_ref().packed_bytes;
        let fair_bytes = packed_bytes.saturating_mul(self.limits.max_ratio);
        if self.unpacked_bytes > RATIO_FREE_BYTES && self.unpacked_bytes > fair_bytes {
            let ratio = self.limits.max_ratio;
            return Err(FormatError::archive(format!(
                "it unpacks to more than {ratio} times its size"
            )));
        }
        Ok(count)
    }

    /// Proves that nothing follows the member, and returns how much was unpacked, in bytes.
    pub(super) fn finish(mut self) -> Result<u64, FormatError> {
        match self.decoder.get_mut().fill_buf() {
            Ok([]) => Ok(self.unpacked_bytes),
            Ok(_) => Err(FormatError::archive("there is something behind the gzip stream")),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn failure(&self, error: io::Error) -> FormatError {
        if self.decoder.get_ref().get_ref().has_failed {
            return FormatError::Io(error);
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return FormatError::archive("the gzip stream ends early");
        }
        FormatError::archive(format!("the gzip stream is damaged ({error})"))
    }
}

impl Source for Unpacked<'_> {
    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), FormatError> {
        while !buffer.is_empty() {
            let count = self.read(buffer)?;
            if count == 0 {
                return Err(FormatError::archive("it ends early, without an end marker"));
            }
            buffer = buffer.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }
}
