//! Go: the module proxy protocol (GOPROXY), to read from.
//!
//! The protocol is a tree of files, asked for with GET and nothing else. `go get` reads the list
//! of a module's versions, picks one, and reads three files of it: `.info` (which version, from
//! when), `.mod` (its `go.mod`, which names the modules it needs) and `.zip` (the source). A
//! module without tags has an empty list; then `@latest` says which commit to take. Where a
//! version stands, a branch or commit may stand too: its `.info` tells the version it means.
//!
//! There is no upload. A Go module is published by tagging its repository, and a proxy fetches
//! it from there; so this adapter serves what an upstream proxy has, and takes nothing in.
//!
//! | address below the mount | call |
//! |---|---|
//! | `<module>/@v/list` | `ReadDocument`, key `list` |
//! | `<module>/@v/<version>.info` | `ReadDocument`, key `info/<version>` |
//! | `<module>/@latest` | `ReadDocument`, key `info/latest` |
//! | `<module>/@v/<version>.mod`, `.zip` | `ReadArtifact` |
//! | `sumdb/…` | not found: `go` asks the checksum database itself |
//!
//! # Invariants
//!
//! - Names and versions are case-sensitive, and each has one spelling in addresses
//!   (`example.com/!acme`). Everything else is refused.
//! - A document about a canonical version is about exactly that one. A query (branch, commit,
//!   `latest`) is answered with a canonical version, and never appears in a list.
//! - Bytes pass through unchanged, because `go` compares them with `go.sum`.
//! - Retraction and deprecation stand in the `go.mod` of a newer version; they are the client's
//!   to read, so no release here is ever yanked or deprecated.
//!
//! # See also
//!
//! Go Modules Reference, "Module proxies" and "GOPROXY protocol"; `golang.org/x/mod/module` for
//! the rules of paths and versions.

mod document;
mod escape;
mod name;
mod refusal;
mod upstream;
mod version;
mod wire;

use std::cmp::Ordering;

use http::StatusCode;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{
    Decoded, Ecosystem, FormatError, Profile, UpstreamDocument, UpstreamRequest, WholeBlock,
    WireError, WireRequest, WireResponse,
};
use vouchsafe_domain::call::{Answer, Inspected, PublishDraft};
use vouchsafe_domain::index::{
    ArtifactView, Document, DocumentKey, ListView, PackageView, ReleaseView, UpstreamIndex,
};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{Digests, EcosystemId, Filename, PackageName, Refusal, Version};

/// The adapter for Go modules.
#[derive(Debug, Clone, Copy, Default)]
pub struct Golang;

const PROFILE: Profile = Profile {
    title: "Go",
    osv_name: "Go",
    // The limit of `go` itself for a module's zip file.
    max_artifact_bytes: 500 * 1024 * 1024,
    max_index_bytes: 4 * 1024 * 1024,
    digests: &[],
    default_tag: None,
    // `go` shows the text of a refused list. An empty list would send it on to `@latest`.
    whole_block: WholeBlock::RefuseIndex,
    install_line: "go get {name}@{version}",
    set_up_by_hand: &["go env -w GOPROXY={base}"],
    spelling_is_fixed: true,
    has_namespace_documents: false,
    challenge: "Basic realm=\"Vouchsafe\"",
};

impl Ecosystem for Golang {
    fn id(&self) -> EcosystemId {
        EcosystemId::from_static("golang")
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

    /// A module path, and every path above it.
    fn claimable_namespaces(&self, name: &PackageName) -> Vec<String> {
        vouchsafe_adapter::namespace::ancestors(name.canonical(), '/')
    }

    /// A module path begins with a domain; below it, others decide who has which path.
    fn domain_of_namespace(&self, namespace: &str) -> Option<String> {
        (!namespace.contains('/')).then(|| namespace.to_owned())
    }

    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError> {
        wire::decode(request)
    }

    fn inspect(
        &self,
        _draft: &PublishDraft,
        _files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError> {
        Err(FormatError::archive("Go modules are published by a tag in their repository, not here"))
    }

    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document> {
        document::render(view, document)
    }

    fn release_of(&self, document: &DocumentKey) -> Option<Version> {
        document::release_of(document)
    }

    fn render_list(&self, _list: &ListView, _document: &DocumentKey) -> Option<Document> {
        None
    }

    fn artifact_headers(
        &self,
        filename: &Filename,
        _digests: &Digests,
    ) -> (&'static str, Vec<(&'static str, String)>) {
        let content_type = match filename.as_str().ends_with(".mod") {
            true => "text/plain; charset=utf-8",
            false => "application/zip",
        };
        (content_type, Vec::new())
    }

    fn upstream_settings(&self) -> Option<UpstreamRequest> {
        None
    }

    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest {
        upstream::list_request(package)
    }

    fn parse_index(
        &self,
        package: &PackageName,
        document: &UpstreamDocument<'_>,
    ) -> Result<UpstreamIndex, FormatError> {
        upstream::parse_list(package, document)
    }

    fn upstream_release(
        &self,
        package: &PackageName,
        version: &Version,
    ) -> Option<UpstreamRequest> {
        Some(upstream::info_request(package, version))
    }

    fn parse_release(
        &self,
        _package: &PackageName,
        version: &Version,
        document: &UpstreamDocument<'_>,
    ) -> Result<ReleaseView, FormatError> {
        upstream::parse_info(version, document)
    }

    fn is_always_listed(&self, version: &Version) -> bool {
        version::is_tag(version)
    }

    fn may_change(&self, version: &Version) -> bool {
        !version::is_canonical(version)
    }

    fn upstream_artifact(
        &self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Option<ArtifactView> {
        upstream::artifact(package, version, filename)
    }

    /// No call that [`decode`](Self::decode) makes has another answer than a stream.
    fn encode(&self, _request: &WireRequest<'_>, _answer: &Answer) -> WireResponse {
        WireResponse::empty(StatusCode::NO_CONTENT)
    }

    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
        refusal::encode(request, refusal)
    }
}
