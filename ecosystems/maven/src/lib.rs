//! The maven2 repository protocol: Maven, Gradle, sbt and whatever else resolves from one.
//!
//! # Protocol
//!
//! A repository is a tree of files (`layout.rs`); reading is GET, and beside every file lie files
//! with its digests. Publishing is a PUT per file, in any order and several at a time, so files are
//! staged; the upload of `maven-metadata.xml`, which comes last, is taken for the end of a release.
//! Tools for bundles upload everything at once (`portal.rs`). `wire.rs` has the table of addresses.
//!
//! # Formats
//!
//! A package is groupId and artifactId, a release its version with a pom and any other files. A
//! `-SNAPSHOT` version gains a build with every deploy; builds are told apart by their file names. The
//! pom says what a release is, and `inspect.rs` proves that all else in it agrees.
//!
//! # Invariants
//!
//! - What a client believes the metadata to be never becomes metadata.
//! - The digest documents of a document are those of the very bytes that are rendered.
//! - A path of a group or a version that Maven would spell differently is no address here.

mod bundle;
mod checksum;
mod documents;
mod headers;
mod inspect;
mod jar;
mod layout;
mod listing;
mod metadata;
mod module;
mod name;
mod pom;
mod portal;
mod prefixes;
mod refusal;
mod snapshot;
mod staging;
mod upload;
mod upstream;
mod version;
mod wire;
mod xml;

use std::cmp::Ordering;

use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{
    BundleSink, Decoded, Ecosystem, FormatError, Profile, UpstreamDocument, UpstreamRequest,
    WholeBlock, WireError, WireRequest, WireResponse,
};
use vouchsafe_domain::call::{Answer, Inspected, PublishDraft};
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::index::{
    ArtifactView, Document, DocumentKey, ListView, PackageView, ReleaseView, UpstreamIndex,
};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{
    DigestAlgorithm, Digests, EcosystemId, Filename, PackageName, Refusal, Version,
};

/// The adapter of Maven, Gradle and their kin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Maven;

const PROFILE: Profile = Profile {
    title: "Maven",
    osv_name: "Maven",
    // What the publishing portal of Maven Central takes as a bundle.
    max_artifact_bytes: 1024 * 1024 * 1024,
    max_index_bytes: 16 * 1024 * 1024,
    digests: &[DigestAlgorithm::Md5, DigestAlgorithm::Sha1, DigestAlgorithm::Sha512],
    default_tag: None,
    // A deploy reads the metadata before it writes, and gives up unless that is there or a 404.
    whole_block: WholeBlock::RefuseProxiedIndex,
    install_line: "mvn dependency:get -Dartifact={namespace}:{leaf}:{version}",
    set_up_by_hand: &[
        "<!-- settings.xml -->",
        "<mirrors><mirror>",
        "  <id>vouchsafe</id><mirrorOf>*</mirrorOf><url>{base}</url>",
        "</mirror></mirrors>",
    ],
    spelling_is_fixed: true,
    has_namespace_documents: true,
    challenge: refusal::CHALLENGE,
};

impl Ecosystem for Maven {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("maven")
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

    /// A deploy that is sent again sends the same files: identical bytes are a success.
    fn repeats_publishes(&self) -> bool {
        true
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn assemble(
        &self,
        package: &PackageName,
        version: &Version,
        files: &[StagedFile],
    ) -> Result<PublishDraft, FormatError> {
        staging::assemble(package, version, files)
    }

    fn unpack(
        &self,
        bundle: &mut dyn ArtifactBytes,
        sink: &mut dyn BundleSink,
    ) -> Result<(), FormatError> {
        bundle::unpack(bundle, sink)
    }

    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        inspect::inspect(draft, files)
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        documents::render(view, document)
    }

    fn release_of(&self, document: &DocumentKey) -> Option<Version> {
        documents::release_of(document)
    }

    fn render_list(&self, list: &ListView, document: &DocumentKey) -> Option<Document> {
        documents::render_list(list, document)
    }

    /// Names that differ by case alone are one to people and to many disks, so a namespace holds
    /// every spelling.
    fn claimable_namespaces(&self, name: &PackageName) -> Vec<String> {
        vouchsafe_adapter::namespace::namespaces_of(name.collision_key())
    }

    fn entries_clash(&self, entry: &str, other: &str) -> bool {
        inspect::have_one_prefix(entry, other)
    }

    fn namespace_of(&self, package: &PackageName) -> Option<PackageName> {
        name::namespace_of(package)
    }

    fn artifact_headers(
        &self,
        filename: &Filename,
        digests: &Digests,
    ) -> (&'static str, Vec<(&'static str, String)>) {
        headers::of_artifact(filename, digests)
    }

    fn upstream_settings(&self) -> Option<UpstreamRequest> {
        None
    }

    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest {
        upstream::index_request(package)
    }

    fn parse_index(
        &self,
        package: &PackageName,
        document: &UpstreamDocument<'_>,
    ) -> Result<UpstreamIndex, FormatError> {
        upstream::parse_index(package, document)
    }

    fn upstream_release(
        &self,
        package: &PackageName,
        version: &Version,
    ) -> Option<UpstreamRequest> {
        Some(upstream::release_request(package, version))
    }

    fn parse_release(
        &self,
        package: &PackageName,
        version: &Version,
        document: &UpstreamDocument<'_>,
    ) -> Result<ReleaseView, FormatError> {
        upstream::parse_release(package, version, document)
    }

    fn may_change(&self, version: &Version) -> bool {
        version::is_snapshot(version)
    }

    fn superseded(
        &self,
        package: &PackageName,
        version: &Version,
        files: &[Filename],
        keep: usize,
    ) -> Vec<Filename> {
        snapshot::superseded(package, version, files, keep)
    }

    fn upstream_artifact(
        &self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Option<ArtifactView> {
        upstream::artifact(package, version, filename)
    }

    fn upstream_digest(
        &self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Option<(DigestAlgorithm, UpstreamRequest)> {
        upstream::digest_request(package, version, filename)
    }

    fn encode(&self, request: &WireRequest<'_>, answer: &Answer) -> WireResponse {
        wire::encode(request, answer)
    }

    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
        refusal::encode(request, refusal)
    }
}
