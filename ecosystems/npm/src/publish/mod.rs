//! The bodies that write to a package: `PUT /<package>` and `PUT /<package>/-rev/<rev>`.
//!
//! npm sends one JSON object for everything: a publish with the tarball in base64 inside it, a
//! deprecation as the whole changed packument, an unpublish as the packument without a version,
//! new owners as three fields. [`scanner`] takes the tarball out while the body arrives,
//! [`base64`] decodes it, [`body`] says what the rest asks for.

mod base64;
mod body;
mod scanner;

use vouchsafe_adapter::WireError;
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_domain::PackageName;
use vouchsafe_domain::call::Call;

use self::scanner::AttachmentScanner;

/// Largest body, tarballs not counted, in bytes. Manifests and a readme live in it, and a
/// deprecation sends a package's whole packument back: thousands of versions fit.
pub(crate) const MAX_METADATA_BYTES: usize = 16 * 1024 * 1024;

/// Which of the two addresses the body was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// `/<package>`.
    Package,
    /// `/<package>/-rev/<rev>`, with the package's revision that the client saw there.
    Revision(i64),
}

/// Decodes a write to a package. Memory stays below [`MAX_METADATA_BYTES`] and a few buffers,
/// however large the tarball is.
pub(crate) struct PackageWrite {
    package: PackageName,
    address: Address,
    scanner: AttachmentScanner,
}

impl PackageWrite {
    pub(crate) fn new(package: PackageName, address: Address) -> Self {
        Self { package, address, scanner: AttachmentScanner::new(MAX_METADATA_BYTES) }
    }
}

impl BodyDecoder for PackageWrite {
    fn push(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        self.scanner.push(chunk, sink)
    }

    fn finish(self: Box<Self>, _sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        let scanned = self.scanner.finish()?;
        body::classify(&self.package, self.address, &scanned)
    }
}

#[cfg(test)]
mod tests;
