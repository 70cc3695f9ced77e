//! The body of a publish request: two parts, each behind its length.
//!
//! Layout: `u32` length, JSON, `u32` length, `.crate`; lengths are little-endian (The Cargo Book,
//! "Registry Web API", section "Publish"). The JSON is kept, at most [`MAX_METADATA_BYTES`]; the
//! archive flows through.

use vouchsafe_adapter::WireError;
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_domain::Digests;
use vouchsafe_domain::call::{Call, DraftFile, PublishDraft};

use crate::metadata::DraftMetadata;
use crate::{name, version};

/// Largest metadata, in bytes.
const MAX_METADATA_BYTES: u32 = 1024 * 1024;

/// Decodes one publish body.
pub(crate) struct PublishBody {
    index_url: String,
    part: Part,
    length: PartialLength,
    metadata: Vec<u8>,
    draft: Option<Box<PublishDraft>>,
}

/// Which part of the body comes next, and how many bytes of it are missing.
#[derive(Clone, Copy)]
enum Part {
    MetadataLength,
    Metadata { missing: u32 },
    ArtifactLength,
    Artifact { missing: u32 },
}

/// A length whose four bytes may arrive one by one.
#[derive(Default)]
struct PartialLength {
    value: u32,
    bytes_seen: u32,
}

impl PartialLength {
    /// Takes bytes from the front of `chunk`; the length once it is complete.
    fn take(&mut self, chunk: &mut &[u8]) -> Option<u32> {
        while self.bytes_seen < 4 {
            let (first, rest) = chunk.split_first()?;
            self.value |= u32::from(*first) << (8 * self.bytes_seen);
            self.bytes_seen += 1;
            *chunk = rest;
        }
        Some(std::mem::take(self).value)
    }
}

impl PublishBody {
    /// * `index_url`: this registry's index as manifests name it: `sparse+https://…/index/`.
    pub(crate) fn new(index_url: String) -> Self {
        Self {
            index_url,
            part: Part::MetadataLength,
            length: PartialLength::default(),
            metadata: Vec::new(),
            draft: None,
        }
    }

    /// Takes what belongs to the current part from the front of `chunk`.
    fn take_part(&mut self, chunk: &mut &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        match self.part {
            Part::MetadataLength => {
                let Some(length) = self.length.take(chunk) else { return Ok(()) };
                if length > MAX_METADATA_BYTES {
                    let limit_bytes = MAX_METADATA_BYTES.into();
                    return Err(WireError::TooLarge { part: "metadata", limit_bytes });
                }
                self.part = Part::Metadata { missing: length };
            }
            Part::Metadata { missing } => {
                let (bytes, missing) = take(chunk, missing);
                self.metadata.extend_from_slice(bytes);
                self.part = Part::Metadata { missing };
                if missing == 0 {
                    self.draft = Some(Box::new(draft(&self.index_url, &self.metadata)?));
                    self.metadata = Vec::new();
                    self.part = Part::ArtifactLength;
                }
            }
            Part::ArtifactLength => {
                let Some(length) = self.length.take(chunk) else { return Ok(()) };
                if length == 0 {
                    return Err(WireError::malformed("crate file", "it is empty"));
                }
                if let Some(file) = self.draft.as_mut().and_then(|draft| draft.files.first_mut()) {
                    file.stated_size_bytes = Some(length.into());
                }
                sink.begin();
                self.part = Part::Artifact { missing: length };
            }
            Part::Artifact { missing: 0 } => {
                return Err(WireError::malformed("request body", "something follows the crate"));
            }
            Part::Artifact { missing } => {
                let (bytes, missing) = take(chunk, missing);
                sink.write(bytes);
                self.part = Part::Artifact { missing };
            }
        }
        Ok(())
    }
}

impl BodyDecoder for PublishBody {
    fn push(&mut self, mut chunk: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        while !chunk.is_empty() {
            self.take_part(&mut chunk, sink)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _sink: &mut dyn UploadSink) -> Result<Call, WireError> {
        let part = match (self.part, self.draft) {
            (Part::Artifact { missing: 0 }, Some(draft)) => return Ok(Call::Publish(draft)),
            (Part::MetadataLength, _) => "metadata length",
            (Part::Metadata { .. }, _) => "metadata",
            (Part::ArtifactLength, _) => "crate length",
            (Part::Artifact { .. }, _) => "crate file",
        };
        Err(WireError::Truncated { part })
    }
}

/// Splits at most `wanted` bytes off `chunk`, and says how many of them are still missing.
fn take<'a>(chunk: &mut &'a [u8], wanted: u32) -> (&'a [u8], u32) {
    let length = usize::try_from(wanted).unwrap_or(usize::MAX).min(chunk.len());
    let (taken, rest) = chunk.split_at_checked(length).unwrap_or((chunk, &[]));
    *chunk = rest;
    (taken, wanted - u32::try_from(length).unwrap_or(wanted))
}

fn draft(index_url: &str, metadata: &[u8]) -> Result<PublishDraft, WireError> {
    let metadata = DraftMetadata::from_request(index_url, metadata)
        .map_err(|error| WireError::malformed("metadata", error))?;
    let raw_name = &metadata.publish.name;
    let package = name::parse(raw_name)
        .and_then(|package| name::check_publishable(&package).map(|()| package))
        .map_err(|error| WireError::bad_name(raw_name, error))?;
    let raw_version = &metadata.publish.vers;
    let version =
        version::parse(raw_version).map_err(|error| WireError::bad_version(raw_version, error))?;
    let filename = name::artifact_filename(&package, &version)
        .map_err(|error| WireError::bad_name(raw_name, error))?;
    let file = DraftFile { filename, stated_digests: Digests::none(), stated_size_bytes: None };
    Ok(PublishDraft {
        package,
        version,
        may_extend: false,
        files: vec![file],
        tags: Vec::new(),
        metadata: metadata.to_json(),
    })
}
