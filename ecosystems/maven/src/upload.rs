//! Bodies of requests: a file that goes to the sink, and a bundle's form.

use vouchsafe_adapter::WireError;
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_adapter::multipart::{FormLimits, FormParts, PartKind};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::deploy::Deploy;

/// A body that is one file.
pub(crate) struct FileBody {
    call: Call,
    is_begun: bool,
}

impl FileBody {
    pub(crate) fn new(deploy: Deploy) -> Self {
        Self { call: Call::Deploy(deploy), is_begun: false }
    }

    fn begin(&mut self, sink: &mut dyn UploadSink) {
        if !self.is_begun {
            sink.begin();
            self.is_begun = true;
        }
    }
}

impl BodyDecoder for FileBody {
    fn push(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        self.begin(sink);
        sink.write(chunk);
        Ok(())
    }

    fn finish(mut self: Box<Self>, sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        self.begin(sink);
        Ok(self.call)
    }
}

/// Limits of the form around a bundle.
pub(crate) const BUNDLE_FORM: FormLimits =
    FormLimits { max_parts: 16, max_fields_bytes: 64 * 1024 };

/// The form with a bundle in its part `bundle`. Other parts mean nothing.
pub(crate) struct BundleForm {
    call: Call,
    has_bundle: bool,
}

impl BundleForm {
    pub(crate) fn new(name: String, is_automatic: bool) -> Self {
        Self { call: Call::Deploy(Deploy::Bundle { name, is_automatic }), has_bundle: false }
    }
}

impl FormParts for BundleForm {
    fn open(
        &mut self,
        name: &str,
        _filename: Option<&str>,
        sink: &mut dyn UploadSink,
    ) -> Result<PartKind, WireError> {
        if name != "bundle" {
            return Ok(PartKind::Field { limit_bytes: BUNDLE_FORM.max_fields_bytes });
        }
        if std::mem::replace(&mut self.has_bundle, true) {
            return Err(WireError::malformed("upload form", "`bundle` stands there twice"));
        }
        sink.begin();
        Ok(PartKind::File)
    }

    fn keep(&mut self, _bytes: &[u8]) {}

    fn close(&mut self) -> Result<(), WireError> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Call, WireError> {
        match self.has_bundle {
            true => Ok(self.call),
            false => Err(WireError::malformed("upload form", "`bundle` is missing")),
        }
    }
}
