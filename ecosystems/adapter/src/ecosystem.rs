//! The adapter trait.

use std::cmp::Ordering;
use std::io::{Read, Seek};

use vouchsafe_domain::call::{Answer, Call, Inspected, PublishDraft, UnnamedUpload};
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::index::{
    ArtifactView, Document, DocumentKey, ListView, PackageView, ReleaseView, UpstreamIndex,
};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{
    DigestAlgorithm, Digests, EcosystemId, ErrorCode, Filename, PackageName, Refusal, RefusalKind,
    Timestamp, Version,
};

use crate::body::BodyDecoder;
use crate::wire::{WireError, WireRequest, WireResponse};

/// What a request head turned out to be.
pub enum Decoded {
    /// A call that needs no body.
    Call(Call),
    /// The body decides: feed it to the decoder.
    Body(Box<dyn BodyDecoder>),
    /// The protocol fixes the answer (ping, `config.json`). Needs the right to read when
    /// `is_public` is false.
    Fixed {
        /// What to send.
        response: WireResponse,
        /// Whether somebody without a credential gets it even when reading needs one.
        is_public: bool,
    },
}

/// The bytes of an uploaded file, ready to be looked into.
pub trait ArtifactBytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> ArtifactBytes for T {}

/// What to do with the index of a package of which *every* release is withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WholeBlock {
    /// Refuse the index document: the client shows the refusal (npm).
    RefuseIndex,
    /// Refuse it for a package of the upstream and serve it for a hosted one, with every release
    /// listed as withheld: this client reads the index before and after it publishes, and a
    /// refusal would lock out the owners who bring the remedy (Cargo).
    RefuseProxiedIndex,
    /// Serve a document that lists the withheld files in a form no resolver picks by itself,
    /// because this client shows only the refusal of a *file* (pip).
    ListWithheld,
}

/// Constants of an ecosystem.
#[derive(Debug)]
pub struct Profile {
    /// Name for people: `npm`, `PyPI`.
    pub title: &'static str,
    /// Ecosystem name in OSV records: `npm`, `PyPI`, `crates.io`.
    pub osv_name: &'static str,
    /// Largest artifact accepted by default, in bytes.
    pub max_artifact_bytes: u64,
    /// Largest upstream index document accepted, in bytes.
    pub max_index_bytes: u64,
    /// Digests that clients ask for beside SHA-256.
    pub digests: &'static [DigestAlgorithm],
    /// The tag that follows the newest release by itself, when the ecosystem has one (`latest`).
    pub default_tag: Option<&'static str>,
    /// See [`WholeBlock`].
    pub whole_block: WholeBlock,
    /// How a person installs a release: `{name}`, its parts `{namespace}` and `{leaf}` before and
    /// behind the last slash, and `{version}` are filled in.
    pub install_line: &'static str,
    /// How a person points the usual client here by hand, line by line; `{base}` is filled in.
    pub set_up_by_hand: &'static [&'static str],
    /// Whether every release must spell the package's name as the first one did.
    pub spelling_is_fixed: bool,
    /// Whether a document about a name may be about a namespace, too: see
    /// [`namespace_of`](Ecosystem::namespace_of).
    pub has_namespace_documents: bool,
    /// Challenge for `WWW-Authenticate` of a 401; `{site}` becomes the server's address.
    pub challenge: &'static str,
}

/// A document to be fetched from an upstream, relative to its base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// Path below the upstream's base, already percent-encoded, without a leading slash; or an
    /// absolute URL.
    pub path: String,
    /// The `Accept` header.
    pub accept: &'static str,
}

/// A document that an upstream sent.
#[derive(Debug)]
pub struct UpstreamDocument<'a> {
    /// The address it came from, after redirects: relative links resolve against it.
    pub url: &'a str,
    /// Its `Content-Type`.
    pub content_type: &'a str,
    /// Its bytes, decompressed, at most [`Profile::max_index_bytes`].
    pub bytes: &'a [u8],
    /// The upstream's settings document, for adapters that name one.
    pub settings: Option<&'a [u8]>,
    /// When the upstream says that the document changed last.
    pub last_modified: Option<Timestamp>,
}

/// Takes the files out of a bundle.
pub trait BundleSink {
    /// A file of a release starts; bytes that follow belong to it.
    ///
    /// # Errors
    ///
    /// When there are too many, or no room is left. The caller stops.
    fn begin(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Result<(), FormatError>;

    /// Bytes of the current file.
    ///
    /// # Errors
    ///
    /// When the bundle is larger than allowed, or no room is left. The caller stops.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError>;

    /// What the bundle says a file's digest is.
    fn state(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
        digest: vouchsafe_domain::Digest,
    );
}

/// Why an archive, manifest or index document was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The archive is damaged, dangerous or over a limit.
    #[error("the archive is not accepted: {reason}")]
    Archive {
        /// Why, naming the entry.
        reason: String,
    },
    /// The manifest cannot be read, breaks a rule, or disagrees with the request.
    #[error("the manifest is not accepted: {reason}")]
    Manifest {
        /// Why, naming the field.
        reason: String,
    },
    /// The file name does not fit the release.
    #[error("the file name is not accepted: {reason}")]
    Filename {
        /// Why.
        reason: String,
    },
    /// An upstream document cannot be read.
    #[error("the upstream's document cannot be read: {reason}")]
    Document {
        /// Why.
        reason: String,
    },
    /// Reading the spooled file failed: our side.
    #[error("an uploaded file could not be read back")]
    Io(#[from] std::io::Error),
}

impl FormatError {
    /// An archive that is not accepted.
    pub fn archive(reason: impl std::fmt::Display) -> Self {
        Self::Archive { reason: reason.to_string() }
    }

    /// A manifest that is not accepted.
    pub fn manifest(reason: impl std::fmt::Display) -> Self {
        Self::Manifest { reason: reason.to_string() }
    }

    /// A file name that is not accepted.
    pub fn filename(reason: impl std::fmt::Display) -> Self {
        Self::Filename { reason: reason.to_string() }
    }

    /// An upstream document that cannot be read.
    pub fn document(reason: impl std::fmt::Display) -> Self {
        Self::Document { reason: reason.to_string() }
    }
}

impl From<FormatError> for Refusal {
    fn from(error: FormatError) -> Self {
        let (kind, code) = match &error {
            FormatError::Archive { .. } => (RefusalKind::Unprocessable, ErrorCode::BadArchive),
            FormatError::Manifest { .. } | FormatError::Filename { .. } => {
                (RefusalKind::Unprocessable, ErrorCode::BadManifest)
            }
            FormatError::Document { .. } => {
                (RefusalKind::BadUpstream, ErrorCode::UpstreamMalformed)
            }
            FormatError::Io(_) => (RefusalKind::Unavailable, ErrorCode::Internal),
        };
        Self::new(kind, code, error.to_string())
    }
}

/// One package ecosystem: its wire protocol, its archive format, its version order.
///
/// An adapter translates and never decides: it holds no state, opens no socket or file, and does
/// not know who is asking. Every method can be tested from bytes alone.
pub trait Ecosystem: Send + Sync + 'static {
    /// The package-URL type, for example `cargo`: the URL prefix and the database value.
    fn id(&self) -> EcosystemId;

    /// Constants.
    fn profile(&self) -> &'static Profile;

    /// Reads a package name as a client or a purl spells it. Canonicalization is idempotent:
    /// parsing a canonical form gives the same canonical form.
    ///
    /// # Errors
    ///
    /// [`NameError`] with the rule that the name breaks.
    fn parse_name(&self, raw: &str) -> Result<PackageName, NameError>;

    /// Reads a version.
    ///
    /// # Errors
    ///
    /// [`NameError`] with the rule that the version breaks.
    fn parse_version(&self, raw: &str) -> Result<Version, NameError>;

    /// Orders two versions the way this ecosystem's own client does. A total order that agrees
    /// with equality of canonical forms.
    fn compare_versions(&self, left: &Version, right: &Version) -> Ordering;

    /// Whether a resolver skips this version unless asked for it.
    fn is_prerelease(&self, version: &Version) -> bool;

    /// Names that people mistake for this one and that an upstream may hold as packages of their
    /// own. Hosting one name of such a group hides the others, so a first publish asks the upstream
    /// for all of them. A few at most: each is a request.
    fn look_alikes(&self, _name: &PackageName) -> Vec<PackageName> {
        Vec::new()
    }

    /// The namespaces that this name lies in, in canonical form, the most specific first: what
    /// accounts may claim and verify, so that nobody else creates packages there. A name that
    /// nobody can claim a part of lies in none.
    fn claimable_namespaces(&self, name: &PackageName) -> Vec<String> {
        crate::namespace::namespaces_of(name.canonical())
    }

    /// The domain whose holder has a right to this namespace by the ecosystem's own custom. `None`
    /// where a domain proves nothing about a name.
    fn domain_of_namespace(&self, namespace: &str) -> Option<String> {
        crate::namespace::reversed_domain(namespace)
    }

    /// Whether clients send a publish again by themselves when its answer got lost. The very same
    /// release again is then a success that changes nothing, instead of "exists already".
    fn repeats_publishes(&self) -> bool {
        false
    }

    /// Turns a request head into the one question it asks.
    ///
    /// # Errors
    ///
    /// [`WireError::UnknownRoute`] becomes a 404, every other variant a 4xx or 501.
    fn decode(&self, request: &WireRequest<'_>) -> Result<Decoded, WireError>;

    /// Reads out of an archive what it is, for protocols whose request does not say so.
    ///
    /// # Errors
    ///
    /// [`FormatError`] with the reason, for the publisher.
    fn identify(
        &self,
        _upload: &UnnamedUpload,
        _file: &mut dyn ArtifactBytes,
    ) -> Result<PublishDraft, FormatError> {
        Err(FormatError::archive("this registry takes no archives without a name"))
    }

    /// Makes a draft of the files that were staged for a release.
    ///
    /// # Errors
    ///
    /// [`FormatError`] when files are missing that no release is without.
    fn assemble(
        &self,
        _package: &PackageName,
        _version: &Version,
        _files: &[StagedFile],
    ) -> Result<PublishDraft, FormatError> {
        Err(FormatError::manifest("this ecosystem has no staged releases"))
    }

    /// Takes a bundle apart. Runs on a blocking thread.
    ///
    /// # Errors
    ///
    /// [`FormatError`] when the bundle is damaged, dangerous, or holds something that belongs to
    /// no release, and whatever the sink refuses.
    fn unpack(
        &self,
        _bundle: &mut dyn ArtifactBytes,
        _sink: &mut dyn BundleSink,
    ) -> Result<(), FormatError> {
        Err(FormatError::archive("this ecosystem has no bundles"))
    }

    /// Looks into the files of a draft, checks the archives and proves that what they say is what
    /// the draft says. Runs on a blocking thread.
    ///
    /// # Errors
    ///
    /// [`FormatError`] with the reason, for the publisher.
    fn inspect(
        &self,
        draft: &PublishDraft,
        files: &mut [Box<dyn ArtifactBytes>],
    ) -> Result<Inspected, FormatError>;

    /// Writes a document about a package. `None` when the document does not exist for it (a
    /// version that is not there).
    fn render(&self, view: &PackageView, document: &DocumentKey) -> Option<Document>;

    /// The release that a document is about, when it is about a single one and does not exist
    /// while that one is withheld. Whoever asks for it is told why.
    fn release_of(&self, _document: &DocumentKey) -> Option<Version> {
        None
    }

    /// Writes a list of packages. `None` when this protocol has no such list.
    fn render_list(&self, list: &ListView, document: &DocumentKey) -> Option<Document>;

    /// The name under which documents about this package's namespace are asked for, where
    /// namespaces have documents (Maven's plugin groups).
    fn namespace_of(&self, _package: &PackageName) -> Option<PackageName> {
        None
    }

    /// Whether two packages cannot both say this to the document of their namespace: clients find
    /// one of them by it (Maven's plugin prefixes).
    fn entries_clash(&self, _entry: &str, _other: &str) -> bool {
        false
    }

    /// Whether an upstream's index lists every release of this kind, so that one that is not
    /// listed yet is new, whatever it says of its age. Matters where a release states its time by
    /// itself (Go: tags are listed, commits are not).
    fn is_always_listed(&self, _version: &Version) -> bool {
        false
    }

    /// The `Content-Type` of a file, and further headers that its client reads.
    fn artifact_headers(
        &self,
        _filename: &Filename,
        _digests: &Digests,
    ) -> (&'static str, Vec<(&'static str, String)>) {
        ("application/octet-stream", Vec::new())
    }

    /// The document that says how an upstream is laid out, when there is one (Cargo's
    /// `config.json`).
    fn upstream_settings(&self) -> Option<UpstreamRequest>;

    /// Whether an upstream's settings document can be read. One that cannot never takes the place
    /// of one that could.
    ///
    /// # Errors
    ///
    /// [`FormatError::Document`] saying what is wrong with it.
    fn check_settings(&self, _settings: &[u8]) -> Result<(), FormatError> {
        Ok(())
    }

    /// Where an upstream keeps the index document of a package.
    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest;

    /// The same, by an upstream's settings document, for upstreams that say there where their
    /// indexes are. `None` when the settings say that the upstream has no such package.
    fn upstream_index_by(
        &self,
        package: &PackageName,
        _settings: Option<&UpstreamDocument<'_>>,
    ) -> Option<UpstreamRequest> {
        Some(self.upstream_index(package))
    }

    /// The part of an upstream's settings document that is this package's index, for upstreams
    /// that keep all in one document. It is read like an index that came by itself.
    fn index_in_settings(
        &self,
        _package: &PackageName,
        _settings: &UpstreamDocument<'_>,
    ) -> Option<Vec<u8>> {
        None
    }

    /// Reads an upstream's index document. Every artifact gets an absolute `upstream_url`;
    /// releases and files that cannot be read are left out rather than guessed.
    ///
    /// # Errors
    ///
    /// [`FormatError::Document`] when the document as a whole cannot be read.
    fn parse_index(
        &self,
        package: &PackageName,
        document: &UpstreamDocument<'_>,
    ) -> Result<UpstreamIndex, FormatError>;

    /// Where an upstream tells about one release by itself, when its index document lists versions
    /// and little more (Maven, Go). What it says there does not change, or does for releases that
    /// may be extended ([`may_change`](Self::may_change)).
    fn upstream_release(
        &self,
        _package: &PackageName,
        _version: &Version,
    ) -> Option<UpstreamRequest> {
        None
    }

    /// Reads what [`upstream_release`](Self::upstream_release) names: when the release was
    /// published, and whatever `render` needs. Its version may be another one than was asked for:
    /// the release that a branch or a tag stands for.
    ///
    /// # Errors
    ///
    /// [`FormatError::Document`] when it cannot be read.
    fn parse_release(
        &self,
        _package: &PackageName,
        _version: &Version,
        _document: &UpstreamDocument<'_>,
    ) -> Result<ReleaseView, FormatError> {
        Err(FormatError::document("this ecosystem has no documents about single releases"))
    }

    /// Whether a release may gain files after it was published (Maven's snapshots), or is only a
    /// word for another one (a branch): what an upstream says of it is then true for a short time
    /// only.
    fn may_change(&self, _version: &Version) -> bool {
        false
    }

    /// Files of a release that may change ([`may_change`](Self::may_change)) whose place newer ones
    /// have taken, when an operator keeps only so many.
    ///
    /// * `files`: of the release, in the order they were published.
    /// * `keep`: how many builds to keep, at least one.
    fn superseded(
        &self,
        _package: &PackageName,
        _version: &Version,
        _files: &[Filename],
        _keep: usize,
    ) -> Vec<Filename> {
        Vec::new()
    }

    /// A file of an upstream's release that no document lists: its address follows from its name.
    /// `None` when a release has no file of this name.
    fn upstream_artifact(
        &self,
        _package: &PackageName,
        _version: &Version,
        _filename: &Filename,
    ) -> Option<ArtifactView> {
        None
    }

    /// Where an upstream states a digest of such a file: a text that begins with it in hex. A
    /// file whose digest is not there is taken as it first came.
    fn upstream_digest(
        &self,
        _package: &PackageName,
        _version: &Version,
        _filename: &Filename,
    ) -> Option<(DigestAlgorithm, UpstreamRequest)> {
        None
    }

    /// Writes an answer in the shape this ecosystem's client expects at this address.
    fn encode(&self, request: &WireRequest<'_>, answer: &Answer) -> WireResponse;

    /// Writes a refusal in the shape this ecosystem's client can show to a person.
    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse;
}
