//! The Python Package Index protocols: the simple API, the legacy upload API, the JSON API.
//!
//! # Protocol
//!
//! Installers read `simple/<name>/` as JSON (PEP 691) or HTML (PEP 503), choose a file, read its
//! metadata sidecar (PEP 658) while resolving, and download the file. Publishers POST one file at
//! a time as a form to `legacy/`; a release is all files of one version, and grows file by file.
//! Tools read `<name>/json`. `wire.rs` has the table of addresses.
//!
//! # Formats
//!
//! A *project* (our package) has *releases* of *distributions* (our artifacts): wheels, which are
//! zip archives, and source distributions, which are tar archives. Both carry core metadata
//! (`metadata.rs`), from which everything that is stored about a release is taken; the form beside
//! it must agree (`inspect.rs`). A wheel's metadata becomes an artifact of its own, `<wheel>.metadata`.
//! Upstream pages say little about a release, so a proxied one has an empty manifest and the facts
//! of each file in `FileExtras`.
//!
//! # Not here
//!
//! Yanking has no address in this protocol: the Python index does it on its web pages. Trusted
//! publishing, attestations, RSS and XML-RPC answer that they are not implemented.
//!
//! # Invariants
//!
//! - Both forms of a page come from one list of entries.
//! - A file name that does not say for certain which version it is of is never listed.
//! - An upload is never answered 409 or redirected (`refusal.rs` says why).

mod archive;
mod file;
mod filename;
mod html;
mod inspect;
mod json_api;
mod metadata;
mod name;
mod negotiate;
mod record;
mod refusal;
mod simple;
mod stdlib;
mod upload;
mod upstream;
mod url_path;
mod version;
mod wire;

use std::cmp::Ordering;

use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{
    Decoded, Ecosystem, FormatError, Profile, UpstreamDocument, UpstreamRequest, WholeBlock,
    WireError, WireRequest, WireResponse,
};
use vouchsafe_domain::call::{Answer, Inspected, PublishDraft};
use vouchsafe_domain::index::{Document, DocumentKey, ListView, PackageView, UpstreamIndex};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{DigestAlgorithm, EcosystemId, PackageName, Refusal, Version};

/// The adapter of pip, uv, poetry and twine.
#[derive(Debug, Clone, Copy, Default)]
pub struct PyPi;

const PROFILE: Profile = Profile {
    title: "PyPI",
    osv_name: "PyPI",
    // The most the Python index grants on request.
    max_artifact_bytes: 1024 * 1024 * 1024,
    max_index_bytes: 64 * 1024 * 1024,
    digests: &[DigestAlgorithm::Blake2b256, DigestAlgorithm::Md5],
    default_tag: None,
    whole_block: WholeBlock::ListWithheld,
    install_line: "pip install {name}=={version}",
    set_up_by_hand: &["# pip.conf", "[global]", "index-url = {base}/simple/"],
    spelling_is_fixed: false,
    has_namespace_documents: false,
    challenge: refusal::CHALLENGE,
};

impl Ecosystem for PyPi {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("pypi")
    }

    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn parse_name(&self, raw: &str) -> Result<PackageName, NameError> {
        name::parse(raw)
    }

    fn parse_version(&self, raw: &str) -> Result<Version, NameError> {
        version::parse(raw)
    }

    fn compare_versions(&self, left: &Version, right: &Version) -> Ordering {
        version::compare(left, right)
    }

    fn is_prerelease(&self, version: &Version) -> bool {
        version::is_prerelease(version)
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        inspect::inspect(draft, files)
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        simple::render_project(view, document).or_else(|| json_api::render(view, document.as_str()))
    }

    fn render_list(&self, list: &ListView, document: &DocumentKey) -> Option<Document> {
        simple::render_list(&list.names, document)
    }

    fn upstream_settings(&self) -> Option<UpstreamRequest> {
        None
    }

    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest {
        upstream::request(package)
    }

    fn parse_index(
        &self,
        package: &PackageName,
        document: &UpstreamDocument<'_>,
    ) -> Result<UpstreamIndex, FormatError> {
        upstream::parse_index(package, document)
    }

    fn encode(&self, _request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
        wire::encode(answer)
    }

    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
        refusal::encode(request, refusal)
    }
}
