//! Request bodies as push decoders: bytes go in as they arrive, artifact bytes come out at once.
//!
//! A decoder is pure and keeps nothing larger than its own limits, so an upload of any size costs
//! the memory of one chunk. The caller feeds chunks of any size; a decoder must not care where
//! they are cut.

use vouchsafe_domain::call::Call;

use crate::WireError;

/// Takes artifact bytes out of a decoder. The order of `begin` is the order of
/// [`PublishDraft::files`](vouchsafe_domain::call::PublishDraft).
pub trait UploadSink {
    /// A new file starts; bytes that follow belong to it.
    fn begin(&mut self);
    /// Bytes of the current file.
    fn write(&mut self, bytes: &[u8]);
}

/// Turns the bytes of one request body into a [`Call`].
pub trait BodyDecoder: Send {
    /// Whether the body is one that publishes: it may carry files.
    fn may_carry_files(&self) -> bool {
        true
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    ///
    /// [`WireError`] when the body breaks the format or a limit. The caller stops reading.
    fn push(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError>;

    /// The body is complete.
    ///
    /// # Errors
    ///
    /// [`WireError`] when it ended early or does not make a call.
    fn finish(self: Box<Self>, sink: &mut dyn UploadSink) -> Result<Call, WireError>;
}

/// Collects a small body whole, then makes a call of it.
pub struct SmallBody<F> {
    bytes: Vec<u8>,
    limit_bytes: usize,
    make: F,
}

impl<F: FnOnce(&[u8]) -> Result<Call, WireError> + Send> SmallBody<F> {
    /// * `limit_bytes`: largest body accepted; checked before memory is taken.
    /// * `make`: makes the call of the whole body.
    pub fn new(limit_bytes: usize, make: F) -> Self {
        Self { bytes: Vec::new(), limit_bytes, make }
    }
}

impl<F: FnOnce(&[u8]) -> Result<Call, WireError> + Send> BodyDecoder for SmallBody<F> {
    fn may_carry_files(&self) -> bool {
        false
    }

    fn push(&mut self, chunk: &[u8], _sink: &mut dyn UploadSink) -> Result<(), WireError> {
        if self.bytes.len().saturating_add(chunk.len()) > self.limit_bytes {
            let limit_bytes = self.limit_bytes as u64;
            return Err(WireError::TooLarge { part: "request body", limit_bytes });
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn finish(self: Box<Self>, _sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        (self.make)(&self.bytes)
    }
}
