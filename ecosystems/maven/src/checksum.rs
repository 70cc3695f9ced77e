//! Digests of documents that are rendered here, and digests that publishers send.
//!
//! The store hashes files; documents are made in `render` and their checksum documents with them,
//! so this adapter hashes too. SHA comes from aws-lc-rs as everywhere; MD5, which that library
//! does not have, from the crate that the store uses. Neither MD5 nor SHA-1 proves anything here:
//! clients merely ask for them.

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};
use vouchsafe_adapter::WireError;
use vouchsafe_domain::index::Document;
use vouchsafe_domain::{Digest, DigestAlgorithm};

/// Largest text with a digest, in bytes. A file name may stand beside it.
pub(crate) const MAX_TEXT_BYTES: usize = 4 * 1024;

/// The digest of some bytes, in lower-case hex. `None` for what this protocol has no file ending.
fn hex_digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Option<String> {
    let sha = |algorithm| digest::digest(algorithm, bytes).as_ref().to_vec();
    let raw = match algorithm {
        DigestAlgorithm::Md5 => Md5::digest(bytes).to_vec(),
        DigestAlgorithm::Sha1 => sha(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        DigestAlgorithm::Sha256 => sha(&digest::SHA256),
        DigestAlgorithm::Sha512 => sha(&digest::SHA512),
        DigestAlgorithm::Blake2b256 => return None,
    };
    Digest::from_bytes(algorithm, &raw).ok().map(|digest| digest.to_hex())
}

/// The document that holds the digest of another one.
pub(crate) fn of_document(document: &Document, algorithm: DigestAlgorithm) -> Option<Document> {
    Some(Document {
        content_type: "text/plain; charset=utf-8",
        headers: Vec::new(),
        body: hex_digest(algorithm, &document.body)?.into_bytes(),
    })
}

/// Reads a checksum file: hex digits, alone or before a file name.
pub(crate) fn parse(algorithm: DigestAlgorithm, text: &[u8]) -> Result<Digest, WireError> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let word = text.split_ascii_whitespace().next().unwrap_or_default();
    Digest::from_hex(algorithm, word).map_err(|error| WireError::malformed("checksum file", error))
}
