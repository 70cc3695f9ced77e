//! The adapter trait.

use std::cmp::Ordering;
use std::io::{Read, Seek};

use vouchsafe_domain::call::{Answer, Call, Inspected, PublishDraft};
use vouchsafe_domain::index::{Document, DocumentKey, PackageView, UpstreamIndex};
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{
    DigestAlgorithm, EcosystemId, ErrorCode, PackageName, Refusal, RefusalKind, Version,
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
    /// How a person installs a release: `{name}` and `{version}` are filled in.
    pub install_line: &'static str,
    /// How a person points the usual client here by hand, line by line; `{base}` is filled in.
    pub set_up_by_hand: &'static [&'static str],
    /// Whether every release must spell the package's name as the first one did.
    pub spelling_is_fixed: bool,
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

    /// Writes the list of package display names, which come sorted. `None` when this protocol has
    /// no such list.
    fn render_list(&self, names: &[PackageName], document: &DocumentKey) -> Option<Document>;

    /// The document that says how an upstream is laid out, when there is one (Cargo's
    /// `config.json`).
    fn upstream_settings(&self) -> Option<UpstreamRequest>;

    /// Where an upstream keeps the index document of a package.
    fn upstream_index(&self, package: &PackageName) -> UpstreamRequest;

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

    /// Writes an answer in the shape this ecosystem's client expects at this address.
    fn encode(&self, request: &WireRequest<'_>, answer: &Answer) -> WireResponse;

    /// Writes a refusal in the shape this ecosystem's client can show to a person.
    fn encode_refusal(&self, request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse;
}
