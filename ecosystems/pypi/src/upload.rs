//! The upload form: `multipart/form-data` as twine, uv and poetry send it to the legacy API.
//!
//! Parts come in any order. The file's bytes go to the sink as they arrive; of the other parts
//! only what is compared with the archive is kept. The format itself is read in
//! [`vouchsafe_adapter::multipart`].
//!
//! # Invariants
//!
//! - Memory: one chunk, plus at most [`MAX_FORM_BYTES`] of fields.
//! - A field that says something once is refused when it comes twice: two readers could choose
//!   differently.

mod form;

use vouchsafe_adapter::body::UploadSink;
use vouchsafe_adapter::multipart::{FormLimits, FormParts, MultipartDecoder, PartKind};
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

/// A decoder for the body of one upload.
///
/// # Errors
///
/// [`WireError::Malformed`] when the request's `Content-Type` is not a form with a boundary.
pub(crate) fn decoder(request: &WireRequest<'_>) -> Result<MultipartDecoder, WireError> {
    let limits = FormLimits { max_parts: MAX_PARTS, max_fields_bytes: MAX_FORM_BYTES };
    MultipartDecoder::new(request, limits, Box::<Upload>::default())
}

/// What came so far of an upload.
#[derive(Default)]
struct Upload {
    form: Form,
    /// Name and value of the part that is open, when its value is kept.
    kept: Option<(String, Vec<u8>)>,
}

impl FormParts for Upload {
    fn open(
        &mut self,
        name: &str,
        filename: Option<&str>,
        sink: &mut dyn UploadSink,
    ) -> Result<PartKind, WireError> {
        match name {
            "content" => {
                let filename: Filename = filename
                    .unwrap_or_default()
                    .parse()
                    .map_err(|error| WireError::malformed("file name of `content`", error))?;
                self.form.set_filename(filename)?;
                sink.begin();
                return Ok(PartKind::File);
            }
            "attestations" => {
                return Err(WireError::NotImplemented {
                    what: "uploading attestations (switch it off: `--no-attestations` for uv, \
                           no `--attestations` for twine, `attestations: false` in a workflow)",
                });
            }
            kept if Form::keeps(kept) => self.kept = Some((kept.to_owned(), Vec::new())),
            other => self.form.note_skipped(other)?,
        }
        let limit_bytes = match name {
            "description" => MAX_DESCRIPTION_BYTES,
            _ => MAX_FIELD_BYTES,
        };
        Ok(PartKind::Field { limit_bytes })
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some((_, value)) = &mut self.kept {
            value.extend_from_slice(bytes);
        }
    }

    fn close(&mut self) -> Result<(), WireError> {
        match self.kept.take() {
            Some((name, value)) => self.form.insert(&name, value),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<Call, WireError> {
        self.form.into_draft().map(|draft| Call::Publish(Box::new(draft)))
    }
}

#[cfg(test)]
mod tests;
