//! One file as a simple page lists it.

use url::Url;
use vouchsafe_domain::index::ArtifactView;
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Filename, PackageName, Timestamp};

use crate::file::{FileExtras, SIDECAR_ENDING};
use crate::filename::{self, Distribution, Kind};

/// A file of a page, its address made absolute.
pub(super) struct Listed {
    pub(super) filename: Filename,
    pub(super) url: Url,
    pub(super) digests: Digests,
    pub(super) size_bytes: Option<u64>,
    pub(super) upload_time: Option<Timestamp>,
    pub(super) requires_python: Option<String>,
    /// The reason, possibly empty.
    pub(super) yanked: Option<String>,
    /// Digests of its metadata; `None` when that is not served.
    pub(super) core_metadata: Option<Digests>,
}

impl Listed {
    /// The file name taken apart, when it is certain that it belongs to this project.
    pub(super) fn distribution(&self, package: &PackageName) -> Option<Distribution> {
        filename::parse_listed(self.filename.as_str(), package)
    }

    /// The artifact, and that of its metadata.
    pub(super) fn into_artifacts(self, kind: &Kind) -> impl Iterator<Item = ArtifactView> {
        let sidecar = self.sidecar();
        let extras = FileExtras {
            packagetype: kind.package_type().into(),
            python_version: kind.python_version().to_owned(),
            requires_python: self.requires_python,
            core_metadata: sidecar.is_some(),
            comment_text: None,
            yanked: self.yanked,
        };
        let artifact = ArtifactView {
            filename: self.filename,
            size_bytes: self.size_bytes,
            digests: self.digests,
            published_at: self.upload_time,
            upstream_url: Some(self.url.into()),
            extras: serde_json::to_string(&extras).ok().map(Into::into),
        };
        std::iter::once(artifact).chain(sidecar)
    }

    fn sidecar(&self) -> Option<ArtifactView> {
        let digests = self.core_metadata.clone()?;
        let mut url = self.url.clone();
        url.set_path(&format!("{}{SIDECAR_ENDING}", self.url.path()));
        Some(ArtifactView {
            filename: format!("{}{SIDECAR_ENDING}", self.filename).try_into().ok()?,
            size_bytes: None,
            digests,
            published_at: self.upload_time,
            upstream_url: Some(url.into()),
            extras: None,
        })
    }
}

/// A digest by `hashlib`'s name for it. Algorithms that we do not compute are left out.
pub(super) fn digest(algorithm: &str, hex: &str) -> Option<Digest> {
    let algorithm = match algorithm.to_ascii_lowercase().as_str() {
        "md5" => DigestAlgorithm::Md5,
        "sha1" => DigestAlgorithm::Sha1,
        "sha256" => DigestAlgorithm::Sha256,
        "sha512" => DigestAlgorithm::Sha512,
        _ => return None,
    };
    Digest::from_hex(algorithm, hex).ok()
}

/// An absolute address on the web, without its fragment.
pub(super) fn absolute(base: &Url, href: &str) -> Option<Url> {
    let mut url = base.join(href.trim()).ok()?;
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}
