//! Reading a blob file: chunk by chunk, without a thread where the system has the bytes in memory.
//!
//! Handing every chunk through a blocking thread costs more than copying it. Linux can be asked to
//! read only what needs no waiting (`RWF_NOWAIT`); what does, goes to a blocking thread.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use bytes::{Bytes, BytesMut};
use vouchsafe_domain::Sha256;

use super::{BlobError, blocking};

/// Bytes read from a file at once. One chunk of a download is in memory at a time.
const CHUNK_BYTES: u64 = 256 * 1024;

/// A part of an open blob file that is being read.
pub(super) struct Reading {
    file: File,
    sha256: Sha256,
    offset: u64,
    end: u64,
    buffer: BytesMut,
}

impl Reading {
    /// * `offset`, `end`: the bytes to read; both lie inside the file.
    pub(super) fn new(file: File, sha256: Sha256, offset: u64, end: u64) -> Self {
        Self { file, sha256, offset, end, buffer: BytesMut::new() }
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn next(mut self) -> Result<Option<(Bytes, Self)>, BlobError> {
        let length = (self.end - self.offset).min(CHUNK_BYTES);
        if length == 0 {
            return Ok(None);
        }
        // Takes the memory of the last chunk again, when that has been sent.
        self.buffer.resize(usize::try_from(length).unwrap_or(0), 0);
        let read = read_now(&self.file, &mut self.buffer, self.offset);
        let mut reading = match read {
            Some(read) => {
                self.buffer.truncate(read);
                self
            }
            None => blocking(move || self.read_waiting()).await?,
        };
        let chunk = reading.buffer.split().freeze();
        reading.offset += chunk.len() as u64;
        Ok(Some((chunk, reading)))
    }

    /// Fills the buffer, however long the disk takes.
    fn read_waiting(mut self) -> Result<Self, BlobError> {
        match self.file.read_exact_at(&mut self.buffer, self.offset) {
            Ok(()) => Ok(self),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(BlobError::Damaged { sha256: self.sha256 })
            }
            Err(source) => Err(BlobError::Io { action: "read a blob", source }),
        }
    }
}

/// Reads what is in memory already; `None` when nothing is, or the system cannot say.
#[cfg(target_os = "linux")]
fn read_now(file: &File, buffer: &mut [u8], offset: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};

    let mut parts = [std::io::IoSliceMut::new(buffer)];
    let read = preadv2(file, &mut parts, offset, ReadWriteFlags::NOWAIT);
    read.ok().filter(|read| *read > 0)
}

/// Reads nothing: only Linux can read without waiting.
#[cfg(not(target_os = "linux"))]
fn read_now(_file: &File, _buffer: &mut [u8], _offset: u64) -> Option<usize> {
    None
}
