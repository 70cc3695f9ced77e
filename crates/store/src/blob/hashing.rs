//! Several digests of the same bytes in one pass.

use std::io::{self, Read};

use aws_lc_rs::digest::{self, Context};
use blake2::Blake2b;
use blake2::digest::{Digest as _, consts::U32};
use md5::Md5;
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Sha256};

/// One digest being computed.
enum Hasher {
    AwsLc(DigestAlgorithm, Context),
    Md5(Box<Md5>),
    Blake2b256(Box<Blake2b<U32>>),
}

impl Hasher {
    fn new(algorithm: DigestAlgorithm) -> Self {
        let aws_lc = |implementation| Self::AwsLc(algorithm, Context::new(implementation));
        match algorithm {
            DigestAlgorithm::Md5 => Self::Md5(Box::default()),
            DigestAlgorithm::Sha1 => aws_lc(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            DigestAlgorithm::Sha256 => aws_lc(&digest::SHA256),
            DigestAlgorithm::Sha512 => aws_lc(&digest::SHA512),
            DigestAlgorithm::Blake2b256 => Self::Blake2b256(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::AwsLc(_, context) => context.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Blake2b256(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Option<Digest> {
        let digest = match self {
            Self::AwsLc(algorithm, context) => {
                Digest::from_bytes(algorithm, context.finish().as_ref())
            }
            Self::Md5(hasher) => Digest::from_bytes(DigestAlgorithm::Md5, &hasher.finalize()),
            Self::Blake2b256(hasher) => {
                Digest::from_bytes(DigestAlgorithm::Blake2b256, &hasher.finalize())
            }
        };
        digest.ok()
    }
}

/// SHA-256 and whatever else was asked for.
pub(crate) struct MultiHasher {
    sha256: Context,
    others: Vec<Hasher>,
}

impl MultiHasher {
    pub(crate) fn new(algorithms: &[DigestAlgorithm]) -> Self {
        let others = algorithms
            .iter()
            .filter(|algorithm| **algorithm != DigestAlgorithm::Sha256)
            .map(|algorithm| Hasher::new(*algorithm))
            .collect();
        Self { sha256: Context::new(&digest::SHA256), others }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.others.iter_mut().for_each(|hasher| hasher.update(bytes));
    }

    /// The SHA-256, and all digests with it.
    pub(crate) fn finish(self) -> (Sha256, Digests) {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.sha256.finish().as_ref());
        let sha256 = Sha256::new(bytes);
        let mut digests: Digests = self.others.into_iter().filter_map(Hasher::finish).collect();
        digests.insert(sha256.into());
        (sha256, digests)
    }
}

/// A reader that hashes what passes through it.
pub(crate) struct Digesting<R> {
    inner: R,
    hasher: MultiHasher,
}

impl<R> Digesting<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hasher: MultiHasher::new(&[]) }
    }

    /// The SHA-256 of everything that was read.
    pub(crate) fn sha256(self) -> Sha256 {
        self.hasher.finish().0
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let (bytes, _) = buffer.split_at(count);
        self.hasher.update(bytes);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests of `abc` as the algorithms' own specifications state them.
    #[test]
    fn the_specifications_examples_come_out() {
        use DigestAlgorithm::{Blake2b256, Md5, Sha1, Sha256, Sha512};
        let mut hasher = MultiHasher::new(&[Md5, Sha1, Sha512, Blake2b256]);
        hasher.update(b"a");
        hasher.update(b"bc");
        let (_, digests) = hasher.finish();
        let starts = |algorithm, hex: &str| {
            let digest = digests.get(algorithm).unwrap().to_hex();
            assert!(digest.starts_with(hex), "{algorithm:?} is {digest}");
        };
        starts(Md5, "900150983cd24fb0d6963f7d28e17f72");
        starts(Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        starts(Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        starts(Sha512, "ddaf35a193617abacc417349ae204131");
        starts(Blake2b256, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    }
}
