//! Composer: the metadata protocol of Composer 2, zip archives, and versions as Composer reads them.
//!
//! Composer asks for `packages.json` once and learns there where everything else is. For each
//! package it then reads a list of versions, in which every version carries its whole
//! `composer.json`, and resolves by these alone. What it installs comes from the `dist` address of
//! the version, is checked against a SHA-1, and is recorded in `composer.lock` with its address.
//!
//! Composer cannot publish. An archive, as `composer archive --format=zip` makes it, is sent with
//! any HTTP client, in the ways that other registries have made usual.
//!
//! | address below the mount | call |
//! |---|---|
//! | `packages.json`, `packages/list.json` | `ListPackages` |
//! | `p2/<vendor>/<package>.json`, `…~dev.json` | `ReadDocument` |
//! | `packages/<vendor>/<package>.json` | `ReadDocument` |
//! | `dist/<vendor>/<package>/<file>` | `ReadArtifact` |
//! | `search.json?q=` | `Search` |
//! | `POST downloads/` | `CountInstalls` |
//! | `PUT packages/upload/<vendor>/<package>/<version>` | `PublishUnnamed` |
//! | `PUT .`, `PUT api/packages`, both with `?version=` | `PublishUnnamed` |
//! | `POST api/packages/<vendor>/<package>/artifacts/` | `PublishUnnamed` |
//! | `PUT packages/<vendor>/<package>/<version>/{yank,unyank}` | `SetYanked` |
//! | `packages/<vendor>/<package>/owners` | `ListOwners`, `ChangeOwners` |
//! | `DELETE packages/<vendor>/<package>[/<version>]` | `Remove` |
//!
//! # Invariants
//!
//! - What a version says comes from the `composer.json` in its archive, and only keys that are
//!   known get through. Nothing in it leads a client to another place than this registry.
//! - Stable versions never change. Versions of branches (`dev-main`, `2.x-dev`) and all others that
//!   end in `dev` gain a file with each upload, and the newest one is what they mean.
//! - A version that is withheld or yanked is in no list. A yanked one can still be downloaded, so
//!   that lock files keep working.
//! - The root announces nothing that is not there.
//!
//! # See also
//!
//! Composer's documentation, "Repositories"; [`semver`] for versions and constraints.

mod answer;
mod archive;
mod file;
mod manifest;
mod metadata;
mod minify;
mod name;
mod publish;
mod refusal;
mod root;
pub mod semver;
mod text;
mod upstream;
mod version;
mod wire;

use std::cmp::Ordering;

use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{
    Decoded, Ecosystem, FormatError, Profile, UpstreamDocument, UpstreamRequest, WholeBlock,
    WireError, WireRequest, WireResponse,
};
use vouchsafe_domain::call::{Answer, Inspected, PublishDraft, UnnamedUpload};
use vouchsafe_domain::index::{Document, DocumentKey, ListView, PackageView, UpstreamIndex};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{
    DigestAlgorithm, Digests, EcosystemId, Filename, PackageName, Refusal, Version,
};

use crate::semver::Stability;

/// The adapter for Composer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Composer;

const PROFILE: Profile = Profile {
    title: "Composer",
    osv_name: "Packagist",
    max_artifact_bytes: 256 * 1024 * 1024,
    max_index_bytes: 32 * 1024 * 1024,
    digests: &[DigestAlgorithm::Sha1],
    default_tag: None,
    // Of a refused list Composer asks for a password, or says that the network is at fault.
    whole_block: WholeBlock::ListWithheld,
    install_line: "composer require {name}:{version}",
    set_up_by_hand: &["composer config repositories.vouchsafe composer {base}"],
    spelling_is_fixed: true,
    has_namespace_documents: false,
    challenge: "Basic realm=\"{site}\"",
};

impl Ecosystem for Composer {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("composer")
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
        version::stability(version) != Stability::Stable
    }

    /// Who uploads with a script lets the script run again when it broke off.
    fn repeats_publishes(&self) -> bool {
        true
    }

    fn may_change(&self, version: &Version) -> bool {
        version::is_moving(version)
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn identify(
        &self,
        upload: &UnnamedUpload,
        file: &mut dyn ArtifactBytes,
    ) -> Result<PublishDraft, FormatError> {
        publish::identify(upload, file)
    }

    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        publish::inspect(draft, files)
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        metadata::render(view, document)
    }

    fn render_list(&self, list: &ListView, document: &DocumentKey) -> Option<Document> {
        root::render(list, document)
    }

    fn artifact_headers(
        &self,
        filename: &Filename,
        _digests: &Digests,
    ) -> (&'static str, Vec<(&'static str, String)>) {
        let is_tar = filename.as_str().ends_with(".tar");
        (if is_tar { "application/x-tar" } else { "application/zip" }, Vec::new())
    }

    fn upstream_settings(&self) -> Option<UpstreamRequest> {
        Some(upstream::settings_request())
    }

    fn check_settings(&self, settings: &[u8]) -> Result<(), FormatError> {
        upstream::check_settings(settings)
    }

    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest {
        upstream::usual_request(package)
    }

    fn upstream_index_by(
        &self,
        package: &PackageName,
        settings: Option<&UpstreamDocument<'_>>,
    ) -> Option<UpstreamRequest> {
        upstream::index_request(package, settings)
    }

    fn index_in_settings(
        &self,
        package: &PackageName,
        settings: &UpstreamDocument<'_>,
    ) -> Option<Vec<u8>> {
        upstream::index_in_settings(package, settings)
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
