//! The upload form: `multipart/form-data` as twine, uv and poetry send it to the legacy API.
//!
//! Parts come in any order. The file's bytes go to the sink as they arrive; of the other parts
//! only what is compared with the archive is kept. `multer` reads the format; it is asynchronous,
//! and is driven here from [`push`](BodyDecoder::push) with a queue for a socket.
//!
//! # Invariants
//!
//! - Memory: one chunk, plus at most [`MAX_FORM_BYTES`] of fields.
//! - A field that says something once is refused when it comes twice: two readers could choose
//!   differently.

mod form;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures::Stream;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use multer::{Field, Multipart};
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_adapter::{WireError, WireRequest};
use vouchsafe_domain::Filename;
use vouchsafe_domain::call::Call;

use self::form::Form;

/// Largest part other than the file and the description, in bytes.
const MAX_FIELD_BYTES: usize = 64 * 1024;
/// Largest description, in bytes. It is not kept: the archive has it.
const MAX_DESCRIPTION_BYTES: usize = 5 * 1024 * 1024;
/// Largest sum of all parts other than the file, in bytes.
pub(crate) const MAX_FORM_BYTES: usize = 8 * 1024 * 1024;
/// Most parts of one form.
const MAX_PARTS: usize = 10_000;
/// Largest header of a part, and largest text before the first and behind the last one, in bytes.
const MAX_BETWEEN_BYTES: usize = 16 * 1024;
/// How much `multer` gets at once. Small, so that a header over its limit is noticed early.
const SLICE_BYTES: usize = 8 * 1024;

const FORM: &str = "upload form";

/// Reads the body of one upload.
pub(crate) struct UploadDecoder {
    /// `None` once the body is complete.
    queue: Option<UnboundedSender<Result<Bytes, Infallible>>>,
    multipart: Multipart<'static>,
    part: Option<OpenPart>,
    form: Form,
    parts: usize,
    form_bytes: usize,
    /// Bytes fed while no part was open.
    between_bytes: usize,
    is_done: bool,
}

/// The part whose bytes come next.
struct OpenPart {
    field: Field<'static>,
    name: String,
    use_: PartUse,
    limit_bytes: usize,
    read_bytes: usize,
}

/// What becomes of a part.
enum PartUse {
    /// The file: its bytes go to the sink.
    Content,
    /// A value that is kept.
    Keep(Vec<u8>),
    /// A value that is read past.
    Skip,
}

impl UploadDecoder {
    /// A decoder for a request of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// [`WireError::Malformed`] when that is not a form with a boundary.
    pub(crate) fn new(request: &WireRequest<'_>) -> Result<Self, WireError> {
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
            form: Form::default(),
            parts: 0,
            form_bytes: 0,
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
                Poll::Ready(Some(bytes)) => self.form_bytes += part.take(&bytes, sink)?,
                Poll::Ready(None) => {
                    let Some(OpenPart { name, use_, .. }) = self.part.take() else { return Ok(()) };
                    self.between_bytes = 0;
                    if let PartUse::Keep(value) = use_ {
                        self.form.insert(&name, value)?;
                    }
                }
            }
            if self.form_bytes > MAX_FORM_BYTES {
                return Err(WireError::TooLarge { part: FORM, limit_bytes: MAX_FORM_BYTES as u64 });
            }
        }
        Ok(())
    }

    fn open(&mut self, field: Field<'static>, sink: &mut dyn UploadSink) -> Result<(), WireError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(WireError::malformed(FORM, format!("more than {MAX_PARTS} parts")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let use_ = match name.as_str() {
            "" => return Err(WireError::malformed(FORM, "a part has no name")),
            "content" => {
                let filename = field.file_name().unwrap_or_default();
                let filename: Filename = filename
                    .parse()
                    .map_err(|error| WireError::malformed("file name of `content`", error))?;
                self.form.set_filename(filename)?;
                sink.begin();
                PartUse::Content
            }
            "attestations" => {
                return Err(WireError::NotImplemented {
                    what: "uploading attestations (switch it off: `--no-attestations` for uv, \
                           no `--attestations` for twine, `attestations: false` in a workflow)",
                });
            }
            kept if Form::keeps(kept) => PartUse::Keep(Vec::new()),
            other => {
                self.form.note_skipped(other)?;
                PartUse::Skip
            }
        };
        let limit_bytes = match name.as_str() {
            "description" => MAX_DESCRIPTION_BYTES,
            _ => MAX_FIELD_BYTES,
        };
        self.between_bytes = 0;
        self.part = Some(OpenPart { field, name, use_, limit_bytes, read_bytes: 0 });
        Ok(())
    }
}

impl OpenPart {
    /// Takes bytes of the part; returns how many of them count as form.
    fn take(&mut self, bytes: &[u8], sink: &mut dyn UploadSink) -> Result<usize, WireError> {
        if let PartUse::Content = self.use_ {
            sink.write(bytes);
            return Ok(0);
        }
        self.read_bytes += bytes.len();
        if self.read_bytes > self.limit_bytes {
            let limit_bytes = self.limit_bytes as u64;
            return Err(WireError::TooLarge { part: "form field", limit_bytes });
        }
        if let PartUse::Keep(value) = &mut self.use_ {
            value.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }
}

impl BodyDecoder for UploadDecoder {
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
        self.form.into_draft().map(|draft| Call::Publish(Box::new(draft)))
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

#[cfg(test)]
mod tests;
