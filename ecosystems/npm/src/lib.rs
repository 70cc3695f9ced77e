//! npm: the registry protocol that npm, pnpm, Yarn and bun speak.
//!
//! # The protocol
//!
//! One JSON document per package, the *packument*, lists all versions with their manifests. It
//! comes in a full and an abbreviated form at one address, told apart by `Accept`. Tarballs are
//! gzip-compressed tar archives with one top-level directory.
//!
//! | address | what |
//! | --- | --- |
//! | `GET /<pkg>` | packument; `<pkg>` is `name`, `@scope%2fname` or `@scope/name` |
//! | `GET /<pkg>/<version or tag>` | one version's manifest |
//! | `GET /<pkg>/-/<file>.tgz` | tarball |
//! | `PUT /<pkg>`, `PUT /<pkg>/-rev/<rev>` | publish, deprecate, unpublish, owners: the body decides |
//! | `DELETE /<pkg>/-rev/<rev>`, `DELETE /<pkg>/-/<file>/-rev/<rev>` | unpublish |
//! | `/-/…` | everything that is not about one package's documents |
//!
//! `_rev` comes from CouchDB, where this protocol was born. It is written and never looked at:
//! each change is judged by what it asks for, not by what the client had read before.
//!
//! # Not here yet
//!
//! Auditing, provenance, registry signatures, staged publishing, trusted publishing, teams and
//! stars are refused by name. A provenance bundle in a publish is refused rather than dropped.
//!
//! The status of such a refusal is 501 where the request was posted, 404 where it was read and 400
//! where it was put or deleted. npm repeats all but posted requests on a 5xx and comes to the same
//! refusal after a minute; pnpm repeats posted ones too. Audits, which both post, are 404: each
//! client takes that as "nobody audits here" and says so at once.
//!
//! # Limits
//!
//! A publish body may have 16 MiB beside the tarball; the tarball streams. See
//! [`Profile::max_artifact_bytes`] for its size.
//!
//! # Source
//!
//! The code of npm 11 and 12, `npm/registry` ("REGISTRY-API", "package-metadata"), SemVer 2.0.

mod answer;
mod archive;
mod confusion;
mod credentials;
mod manifest;
mod name;
mod object;
mod packument;
mod publish;
mod refusal;
mod registry_routes;
mod restrictions;
mod stored;
#[cfg(test)]
mod testing;
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
use vouchsafe_domain::digest::DigestAlgorithm;
use vouchsafe_domain::index::{Document, DocumentKey, ListView, PackageView, UpstreamIndex};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{EcosystemId, PackageName, Refusal, Version};

static PROFILE: Profile = Profile {
    title: "npm",
    osv_name: "npm",
    max_artifact_bytes: 256 * 1024 * 1024,
    max_index_bytes: 64 * 1024 * 1024,
    digests: &[DigestAlgorithm::Sha1, DigestAlgorithm::Sha512],
    default_tag: Some("latest"),
    whole_block: WholeBlock::RefuseIndex,
    install_line: "npm install {name}@{version}",
    set_up_by_hand: &["# .npmrc", "registry={base}/"],
    spelling_is_fixed: false,
    has_namespace_documents: false,
    challenge: "Bearer realm=\"{site}\", Basic realm=\"{site}\"",
};

/// The npm ecosystem.
#[derive(Debug, Clone, Copy, Default)]
pub struct Npm;

impl Ecosystem for Npm {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("npm")
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

    /// npm repeats every `PUT` after a 5xx or a broken connection.
    fn repeats_publishes(&self) -> bool {
        true
    }

    /// Scopes. Plain names belong to whoever came first.
    fn claimable_namespaces(&self, name: &PackageName) -> Vec<String> {
        let scope = name.canonical().split_once('/').map(|(scope, _)| scope);
        scope.map(str::to_owned).into_iter().collect()
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        manifest::inspect(draft, files)
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        packument::render(view, document)
    }

    fn release_of(&self, document: &DocumentKey) -> Option<Version> {
        packument::release_of(document)
    }

    fn render_list(&self, _list: &ListView, _document: &DocumentKey) -> Option<Document> {
        None
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
        upstream::parse(package, document)
    }

    fn encode(&self, request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
        answer::encode(request, answer)
    }

    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
        refusal::encode(request, refusal)
    }
}
