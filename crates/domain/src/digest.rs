//! Digests: what a file's bytes are known by.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A digest algorithm that some client checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestAlgorithm {
    /// For old Python and Maven clients only. Never a proof of anything.
    Md5,
    /// For `shasum` in npm and Maven. Never a proof of anything.
    Sha1,
    /// What the store addresses blobs by.
    Sha256,
    /// What npm's `integrity` holds.
    Sha512,
    /// BLAKE2b with 256 bits, which Python uploads carry.
    Blake2b256,
}

impl DigestAlgorithm {
    /// Lower-case name as it stands in URLs, JSON and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake2b256 => "blake2b256",
        }
    }

    /// Length of the digest in bytes.
    pub const fn len_bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 | Self::Blake2b256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Whether equal digests prove equal bytes today. MD5 and SHA-1 do not.
    pub const fn is_collision_resistant(self) -> bool {
        matches!(self, Self::Sha256 | Self::Sha512 | Self::Blake2b256)
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {} digest", .algorithm.as_str())]
pub struct DigestError {
    /// The algorithm that was expected.
    pub algorithm: DigestAlgorithm,
}

/// One digest of one file.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    bytes: Box<[u8]>,
}

impl Digest {
    /// # Errors
    ///
    /// [`DigestError`] when the length does not fit the algorithm.
    pub fn from_bytes(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Self, DigestError> {
        if bytes.len() != algorithm.len_bytes() {
            return Err(DigestError { algorithm });
        }
        Ok(Self { algorithm, bytes: bytes.into() })
    }

    /// Parses hexadecimal digits of either case.
    ///
    /// # Errors
    ///
    /// [`DigestError`] when the text is not hexadecimal or of the wrong length.
    pub fn from_hex(algorithm: DigestAlgorithm, text: &str) -> Result<Self, DigestError> {
        let bytes = hex::decode(text).map_err(|_| DigestError { algorithm })?;
        Self::from_bytes(algorithm, &bytes)
    }

    /// Parses one part of a W3C Subresource Integrity value, e.g. `sha512-<base64>`.
    pub fn from_sri(text: &str) -> Option<Self> {
        let (name, encoded) = text.split_once('-')?;
        let algorithm = match name {
            "sha1" => DigestAlgorithm::Sha1,
            "sha256" => DigestAlgorithm::Sha256,
            "sha512" => DigestAlgorithm::Sha512,
            _ => return None,
        };
        let encoded = encoded.split_once('?').map_or(encoded, |(digest, _options)| digest);
        Self::from_bytes(algorithm, &STANDARD.decode(encoded).ok()?).ok()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The raw digest.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// W3C Subresource Integrity, e.g. `sha512-<base64>`.
    pub fn to_sri(&self) -> String {
        format!("{}-{}", self.algorithm.as_str(), STANDARD.encode(&self.bytes))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.to_hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The SHA-256 of a blob: its address in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Wraps a computed digest.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl std::str::FromStr for Sha256 {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digest = Digest::from_hex(DigestAlgorithm::Sha256, text)?;
        let bytes = digest.bytes.as_ref().try_into();
        Ok(Self(bytes.map_err(|_| DigestError { algorithm: DigestAlgorithm::Sha256 })?))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_hex()
    }
}

impl From<Sha256> for Digest {
    fn from(digest: Sha256) -> Self {
        Self { algorithm: DigestAlgorithm::Sha256, bytes: digest.0.as_slice().into() }
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// All digests known of one file, at most one per algorithm. JSON: `{"sha256":"hex", …}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "std::collections::BTreeMap<DigestAlgorithm, String>")]
#[serde(into = "std::collections::BTreeMap<DigestAlgorithm, String>")]
pub struct Digests(Vec<Digest>);

impl Digests {
    /// No digest at all.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds one; a second digest of the same algorithm replaces the first.
    pub fn insert(&mut self, digest: Digest) {
        // Kept in the order of the algorithms: two sets with the same digests are equal.
        match self.0.binary_search_by_key(&digest.algorithm, |known| known.algorithm) {
            Ok(at) => self.0.splice(at..=at, [digest]).for_each(drop),
            Err(at) => self.0.insert(at, digest),
        }
    }

    /// The digest of this algorithm, when known.
    pub fn get(&self, algorithm: DigestAlgorithm) -> Option<&Digest> {
        self.0.iter().find(|digest| digest.algorithm == algorithm)
    }

    /// The SHA-256, when known.
    pub fn sha256(&self) -> Option<Sha256> {
        let digest = self.get(DigestAlgorithm::Sha256)?;
        digest.bytes.as_ref().try_into().ok().map(Sha256)
    }

    /// All of them, in the order of the algorithms.
    pub fn iter(&self) -> impl Iterator<Item = &Digest> {
        self.0.iter()
    }

    /// The strongest one known: what a download is checked against.
    pub fn strongest(&self) -> Option<&Digest> {
        self.0.iter().max_by_key(|digest| match digest.algorithm {
            DigestAlgorithm::Md5 => 0,
            DigestAlgorithm::Sha1 => 1,
            DigestAlgorithm::Blake2b256 => 2,
            DigestAlgorithm::Sha256 => 3,
            DigestAlgorithm::Sha512 => 4,
        })
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first algorithm on which `self` and `other` both speak and disagree.
    pub fn disagreement(&self, other: &Self) -> Option<DigestAlgorithm> {
        self.0
            .iter()
            .find(|ours| other.get(ours.algorithm).is_some_and(|theirs| theirs != *ours))
            .map(|ours| ours.algorithm)
    }
}

impl FromIterator<Digest> for Digests {
    fn from_iter<I: IntoIterator<Item = Digest>>(iter: I) -> Self {
        let mut digests = Self::none();
        iter.into_iter().for_each(|digest| digests.insert(digest));
        digests
    }
}

impl TryFrom<std::collections::BTreeMap<DigestAlgorithm, String>> for Digests {
    type Error = DigestError;

    fn try_from(
        map: std::collections::BTreeMap<DigestAlgorithm, String>,
    ) -> Result<Self, DigestError> {
        map.into_iter().map(|(algorithm, text)| Digest::from_hex(algorithm, &text)).collect()
    }
}

impl From<Digests> for std::collections::BTreeMap<DigestAlgorithm, String> {
    fn from(digests: Digests) -> Self {
        digests.0.into_iter().map(|digest| (digest.algorithm, digest.to_hex())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sri_goes_both_ways() {
        let sri = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        assert_eq!(Digest::from_sri(sri).unwrap().to_sri(), sri);
        assert_eq!(Digest::from_sri("sha512-short"), None);
    }

    #[test]
    fn digests_survive_json() {
        let json = format!(r#"{{"sha1":"{}","sha256":"{}"}}"#, "0".repeat(40), "ab".repeat(32));
        let digests: Digests = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&digests).unwrap(), json);
        assert_eq!(digests.strongest().unwrap().algorithm(), DigestAlgorithm::Sha256);
    }
}
