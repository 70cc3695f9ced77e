//! The fields of an upload form, and the draft that they make.

use std::collections::{BTreeMap, BTreeSet};

use vouchsafe_adapter::WireError;
use vouchsafe_domain::call::{DraftFile, PublishDraft};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, Filename, PackageName, Version};

use crate::filename::{self, Kind};
use crate::inspect::FormMetadata;
use crate::{name, version};

/// Fields that are kept and come at most once.
const KEPT_ONCE: [&str; 12] = [
    ":action",
    "protocol_version",
    "metadata_version",
    "name",
    "version",
    "filetype",
    "pyversion",
    "comment",
    "requires_python",
    "md5_digest",
    "sha256_digest",
    "blake2_256_digest",
];
/// The one field that is kept and may come often.
const KEPT_OFTEN: &str = "requires_dist";
/// Fields that are not kept, and say something only when they come once.
const SKIPPED_ONCE: [&str; 13] = [
    "summary",
    "description",
    "description_content_type",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license",
    "license_expression",
    "keywords",
    "home_page",
    "download_url",
    "gpg_signature",
];

const DIGEST_FIELDS: [(&str, DigestAlgorithm); 3] = [
    ("md5_digest", DigestAlgorithm::Md5),
    ("sha256_digest", DigestAlgorithm::Sha256),
    ("blake2_256_digest", DigestAlgorithm::Blake2b256),
];

/// What came so far.
#[derive(Default)]
pub(super) struct Form {
    values: BTreeMap<&'static str, String>,
    requires_dist: Vec<String>,
    skipped: BTreeSet<&'static str>,
    filename: Option<Filename>,
}

impl Form {
    /// Whether the value of this field is needed.
    pub(super) fn keeps(field: &str) -> bool {
        field == KEPT_OFTEN || KEPT_ONCE.contains(&field)
    }

    pub(super) fn insert(&mut self, field: &str, value: Vec<u8>) -> Result<(), WireError> {
        let value = String::from_utf8(value)
            .map_err(|_| WireError::malformed("form field", format!("`{field}` is not UTF-8")))?;
        if field == KEPT_OFTEN {
            self.requires_dist.push(value);
            return Ok(());
        }
        let known = KEPT_ONCE.iter().find(|known| **known == field);
        match known.and_then(|known| self.values.insert(known, value)) {
            Some(_) => Err(twice(field)),
            None => Ok(()),
        }
    }

    /// Notes a field that is read past. Names that are not known are of no concern.
    pub(super) fn note_skipped(&mut self, field: &str) -> Result<(), WireError> {
        match SKIPPED_ONCE.iter().find(|known| **known == field) {
            Some(known) if !self.skipped.insert(known) => Err(twice(field)),
            _ => Ok(()),
        }
    }

    pub(super) fn set_filename(&mut self, filename: Filename) -> Result<(), WireError> {
        match self.filename.replace(filename) {
            Some(_) => Err(twice("content")),
            None => Ok(()),
        }
    }

    /// Checks the form as a whole.
    pub(super) fn into_draft(mut self) -> Result<PublishDraft, WireError> {
        match self.value(":action") {
            "file_upload" => {}
            "" => return Err(missing(":action")),
            _ => {
                return Err(WireError::NotImplemented {
                    what: "this `:action` (there is only `file_upload`)",
                });
            }
        }
        if !matches!(self.value("protocol_version"), "1" | "") {
            return Err(WireError::malformed("form field", "`protocol_version` must be 1"));
        }
        let package = self.package()?;
        let version = self.version()?;
        let filename = self.filename.take().ok_or_else(|| missing("content"))?;
        self.check_file_type(&filename, &package, &version)?;
        let stated_digests = self.digests()?;
        let metadata = self.metadata()?;
        Ok(PublishDraft {
            package,
            version,
            may_extend: true,
            files: vec![DraftFile { filename, stated_digests, stated_size_bytes: None }],
            tags: Vec::new(),
            metadata,
        })
    }

    fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    fn required(&self, field: &'static str) -> Result<&str, WireError> {
        let value = self.value(field);
        if value.is_empty() { Err(missing(field)) } else { Ok(value) }
    }

    fn package(&self) -> Result<PackageName, WireError> {
        let raw = self.required("name")?;
        name::parse(raw).map_err(|error| WireError::bad_name(raw, error))
    }

    fn version(&self) -> Result<Version, WireError> {
        let raw = self.required("version")?;
        let version = version::parse(raw).map_err(|error| WireError::bad_version(raw, error))?;
        if version::is_local(&version) {
            return Err(WireError::bad_version(raw, "local versions (`+…`) stay local"));
        }
        Ok(version)
    }

    /// The file's name, its type and what interpreter it is for must tell one story.
    fn check_file_type(
        &self,
        filename: &Filename,
        package: &PackageName,
        version: &Version,
    ) -> Result<(), WireError> {
        let parsed = filename::parse_uploaded(filename.as_str(), package, version)
            .map_err(|error| WireError::malformed("file name of `content`", error))?;
        let filetype = self.required("filetype")?;
        if filetype != parsed.kind.package_type() {
            return Err(WireError::malformed(
                "form field",
                format!("`filetype` must be `{}` for this file", parsed.kind.package_type()),
            ));
        }
        let is_source = self.value("pyversion") == "source";
        if !self.value("pyversion").is_empty() && is_source != (parsed.kind == Kind::Sdist) {
            return Err(WireError::malformed(
                "form field",
                "`pyversion` is `source` for source distributions, and only for them",
            ));
        }
        Ok(())
    }

    fn digests(&self) -> Result<Digests, WireError> {
        let mut digests = Digests::none();
        for (field, algorithm) in DIGEST_FIELDS {
            let stated = self.value(field);
            if !stated.is_empty() {
                let digest = Digest::from_hex(algorithm, stated).map_err(|error| {
                    WireError::malformed("form field", format!("`{field}`: {error}"))
                })?;
                digests.insert(digest);
            }
        }
        if digests.is_empty() {
            return Err(WireError::malformed("upload form", "it states no digest of the file"));
        }
        Ok(digests)
    }

    fn metadata(&mut self) -> Result<String, WireError> {
        let metadata = FormMetadata {
            metadata_version: self.required("metadata_version")?.to_owned(),
            name: self.value("name").to_owned(),
            version: self.value("version").to_owned(),
            filetype: self.value("filetype").to_owned(),
            requires_python: self.values.remove("requires_python"),
            requires_dist: std::mem::take(&mut self.requires_dist),
            comment: self.values.remove("comment"),
        };
        serde_json::to_string(&metadata).map_err(|error| WireError::malformed("upload form", error))
    }
}

fn missing(field: &str) -> WireError {
    WireError::malformed("upload form", format!("`{field}` is missing"))
}

fn twice(field: &str) -> WireError {
    WireError::malformed("upload form", format!("`{field}` stands there twice"))
}
