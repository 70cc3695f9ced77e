//! `multipart/form-data` bodies as a push decoder: fields are bounded, files stream to the sink.
//!
//! `multer` reads the format; it is asynchronous, and is driven here from
//! [`push`](BodyDecoder::push) with a queue for a socket. What a part means is the adapter's
//! business ([`FormParts`]).
//!
//! # Invariants
//!
//! - Memory: one chunk, plus what the adapter keeps of fields, which is bounded by
//!   [`FormLimits::max_fields_bytes`].
//! - Headers of parts, and text between and behind them, are bounded whatever `multer` does.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::Stream;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use multer::{Field, Multipart};
use vouchsafe_domain::call::Call;

use crate::body::{BodyDecoder, UploadSink};
use crate::{WireError, WireRequest};

/// Largest header of a part, and largest text before the first and behind the last one, in bytes.
const MAX_BETWEEN_BYTES: usize = 16 * 1024;
/// How much `multer` gets at once. Small, so that a header over its limit is noticed early.
const SLICE_BYTES: usize = 8 * 1024;

const FORM: &str = "upload form";

/// How large a form may be, apart from its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormLimits {
    /// Most parts.
    pub max_parts: usize,
    /// Largest sum of all fields, in bytes.
    pub max_fields_bytes: usize,
}

/// What the bytes of a part are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// A file: its bytes go to the sink, however many there are.
    File,
    /// A field: its bytes go to [`FormParts::keep`].
    Field {
        /// Most bytes it may have.
        limit_bytes: usize,
    },
}

/// Takes the parts of one form, in their order.
pub trait FormParts: Send {
    /// A part starts. For a file this calls [`UploadSink::begin`].
    ///
    /// # Errors
    ///
    /// [`WireError`] when such a part must not be there.
    fn open(
        &mut self,
        name: &str,
        filename: Option<&str>,
        sink: &mut dyn UploadSink,
    ) -> Result<PartKind, WireError>;

    /// Bytes of the field that was opened last.
    fn keep(&mut self, bytes: &[u8]);

    /// The part that was opened last is complete.
    ///
    /// # Errors
    ///
    /// [`WireError`] when its value cannot be.
    fn close(&mut self) -> Result<(), WireError>;

    /// The form is complete.
    ///
    /// # Errors
    ///
    /// [`WireError`] when it does not make a call.
    fn finish(self: Box<Self>) -> Result<Call, WireError>;
}

/// Reads one form.
pub struct MultipartDecoder {
    /// `None` once the body is complete.
    queue: Option<UnboundedSender<Result<Bytes, Infallible>>>,
    multipart: Multipart<'static>,
    part: Option<OpenPart>,
    parts: Box<dyn FormParts>,
    limits: FormLimits,
    seen_parts: usize,
    fields_bytes: usize,
    /// Bytes fed while no part was open.
    between_bytes: usize,
    is_done: bool,
}

/// The part whose bytes come next.
struct OpenPart {
    field: Field<'static>,
    kind: PartKind,
    read_bytes: usize,
}

impl MultipartDecoder {
    /// A decoder for a request of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// [`WireError::Malformed`] when that is not a form with a boundary.
    pub fn new(
        request: &WireRequest<'_>,
        limits: FormLimits,
        parts: Box<dyn FormParts>,
    ) -> Result<Self, WireError> {
        let content_type = request.header("content-type").unwrap_or_default();
        let boundary = multer::parse_boundary(content_type)
            .map_err(|_| WireError::malformed(FORM, "it is not `multipart/form-data`"))?;
        // RFC 2046 allows 70 characters; a long one would make each search of it costly.
        if boundary.is_empty() || boundary.len() > 200 {
            return Err(WireError::malformed(FORM, "its boundary is empty or too long"));
        }
        let (queue, receiver): (_, UnboundedReceiver<_>) = unbounded();
        Ok(Self {
            queue: Some(queue),
            multipart: Multipart::new(receiver, boundary),
            part: None,
            parts,
            limits,
            seen_parts: 0,
            fields_bytes: 0,
            between_bytes: 0,
            is_done: false,
        })
    }

    /// Reads on until `multer` needs more bytes or the form is complete.
    fn drive(&mut self, sink: &mut dyn UploadSink) -> Result<(), WireError> {
        let mut context = Context::from_waker(Waker::noop());
        while !self.is_done {
            let Some(part) = &mut self.part else {
                match self.multipart.poll_next_field(&mut context).map_err(unreadable)? {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(None) => self.is_done = true,
                    Poll::Ready(Some(field)) => self.open(field, sink)?,
                }
                continue;
            };
            match Pin::new(&mut part.field).poll_next(&mut context).map_err(unreadable)? {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(bytes)) => self.take(&bytes, sink)?,
                Poll::Ready(None) => {
                    self.part = None;
                    self.between_bytes = 0;
                    self.parts.close()?;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, field: Field<'static>, sink: &mut dyn UploadSink) -> Result<(), WireError> {
        self.seen_parts += 1;
        if self.seen_parts > self.limits.max_parts {
            let limit = self.limits.max_parts;
            return Err(WireError::malformed(FORM, format!("more than {limit} parts")));
        }
        let Some(name) = field.name().filter(|name| !name.is_empty()) else {
            return Err(WireError::malformed(FORM, "a part has no name"));
        };
        let kind = self.parts.open(name, field.file_name(), sink)?;
        self.between_bytes = 0;
        self.part = Some(OpenPart { field, kind, read_bytes: 0 });
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        let Some(part) = &mut self.part else { return Ok(()) };
        let PartKind::Field { limit_bytes } = part.kind else {
            sink.write(bytes);
            return Ok(());
        };
        part.read_bytes += bytes.len();
        if part.read_bytes > limit_bytes {
            let limit_bytes = limit_bytes as u64;
            return Err(WireError::TooLarge { part: "form field", limit_bytes });
        }
        self.fields_bytes += bytes.len();
        if self.fields_bytes > self.limits.max_fields_bytes {
            let limit_bytes = self.limits.max_fields_bytes as u64;
            return Err(WireError::TooLarge { part: FORM, limit_bytes });
        }
        self.parts.keep(bytes);
        Ok(())
    }
}

impl BodyDecoder for MultipartDecoder {
    fn push(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        for slice in chunk.chunks(SLICE_BYTES) {
            if self.part.is_none() {
                self.between_bytes += slice.len();
                if self.between_bytes > MAX_BETWEEN_BYTES {
                    let limit_bytes = MAX_BETWEEN_BYTES as u64;
                    return Err(WireError::TooLarge { part: "header of a form part", limit_bytes });
                }
            }
            // What follows the last boundary says nothing.
            if self.is_done {
                continue;
            }
            if let Some(queue) = &self.queue {
                let fed = queue.unbounded_send(Ok(Bytes::copy_from_slice(slice)));
                fed.map_err(|_| WireError::malformed(FORM, "it is already complete"))?;
            }
            self.drive(sink)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        self.queue = None;
        self.drive(sink)?;
        if !self.is_done {
            return Err(WireError::Truncated { part: FORM });
        }
        self.parts.finish()
    }
}

fn unreadable(error: multer::Error) -> WireError {
    match error {
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => WireError::Truncated { part: FORM },
        other => WireError::malformed(FORM, other),
    }
}
