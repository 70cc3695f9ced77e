//! Cargo: the sparse index, the registry web API and the `.crate` format.
//!
//! Cargo asks for `index/config.json` once per session and learns there where crates and the API
//! are. Then it asks for one *index file* per crate, `index/se/rd/serde`: a JSON line per version,
//! with everything the resolver needs. It downloads `.crate` files (gzip-compressed tar archives)
//! and checks their SHA-256 against `cksum` of the line. Publishing is one `PUT` with two
//! length-prefixed parts, the metadata and the archive.
//!
//! | address below the mount | call |
//! |---|---|
//! | `index/config.json`, `me` | fixed |
//! | `index/<prefix>/<name>` | `ReadDocument` |
//! | `api/v1/crates/<name>/<version>/download` | `ReadArtifact` |
//! | `api/v1/crates/new` | `Publish` |
//! | `api/v1/crates/<name>/<version>/{yank,unyank}` | `SetYanked` |
//! | `api/v1/crates/<name>/owners` | `ListOwners`, `ChangeOwners` |
//! | `api/v1/crates?q=` | `Search` |
//!
//! # Invariants
//!
//! - The index line comes from the `Cargo.toml` inside the archive. The publish request's own
//!   metadata is only compared with it, so that the index and the archive cannot tell two stories.
//! - The kept manifest of a release is its index line without `cksum`, `yanked` and `pubtime`:
//!   rendering appends those three and never parses.
//! - The file of a release is `<canonical name>-<version>.crate`, whatever spelling was asked for.
//! - On the index only an absent crate is a 404; Cargo takes 410 and 451 as a failure.
//!
//! # See also
//!
//! The Cargo Book, "Registry Index" and "Registry Web API".

mod answer;
mod archive;
mod dependency;
mod index;
mod manifest;
mod metadata;
mod name;
mod publish;
mod refusal;
mod upstream;
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
use vouchsafe_domain::{EcosystemId, PackageName, Refusal, Version};

/// The adapter for Cargo.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cargo;

const PROFILE: Profile = Profile {
    title: "Cargo",
    osv_name: "crates.io",
    // Private crates carry models and test data; public registries stop at 10 MiB.
    max_artifact_bytes: 256 * 1024 * 1024,
    max_index_bytes: 64 * 1024 * 1024,
    digests: &[],
    default_tag: None,
    whole_block: WholeBlock::RefuseProxiedIndex,
    install_line: "cargo add {name}@{version}",
    set_up_by_hand: &[
        "# .cargo/config.toml",
        "[registries.vouchsafe]",
        "index = \"sparse+{base}/index/\"",
    ],
    spelling_is_fixed: true,
    has_namespace_documents: false,
    challenge: "Cargo login_url=\"{site}/me\"",
};

impl Ecosystem for Cargo {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("cargo")
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

    fn look_alikes(&self, name: &PackageName) -> Vec<PackageName> {
        name::look_alikes(name)
    }

    // `acme_x` and `acme-x` cannot both be here, so they lie in the same namespaces.
    fn claimable_namespaces(&self, name: &PackageName) -> Vec<String> {
        vouchsafe_adapter::namespace::namespaces_of(&name.canonical().replace('_', "-"))
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        archive::inspect(draft, files)
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        (*document == index::DOCUMENT).then(|| index::render(view)).flatten()
    }

    fn render_list(&self, _list: &ListView, _document: &DocumentKey) -> Option<Document> {
        None
    }

    fn upstream_settings(&self) -> Option<UpstreamRequest> {
        Some(upstream::settings_request())
    }

    fn check_settings(&self, settings: &[u8]) -> Result<(), FormatError> {
        upstream::check_settings(settings)
    }

    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest {
        upstream::index_request(package)
    }

    fn parse_index(
        &self,
        package: &PackageName,
        document: &UpstreamDocument<'_>,
    ) -> Result<UpstreamIndex, FormatError> {
        upstream::parse(package, document)
    }

    fn encode(&self, request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
        answer::encode(request, answer)
    }

    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
        refusal::encode(request, refusal)
    }
}
