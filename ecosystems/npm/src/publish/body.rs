//! What a write to a package asks for, read from its metadata.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use vouchsafe_adapter::WireError;
use vouchsafe_domain::call::{Call, DraftFile, OwnerChange, PublishDraft};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, PackageName, Version};

use super::Address;
use super::scanner::Scanned;
use crate::object::{ObjectWriter, UniqueMap, into_text};
use crate::{name, version};

/// Most owners in one change.
const MAX_OWNERS: usize = 1000;
/// Longest deprecation text, in bytes.
const MAX_DEPRECATION_BYTES: usize = 8 * 1024;

/// The document. A key that is named here may not stand twice.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "_id")]
    id: Option<String>,
    name: Option<String>,
    #[serde(rename = "dist-tags", borrow)]
    dist_tags: Option<&'a RawValue>,
    #[serde(borrow)]
    versions: Option<UniqueMap<&'a RawValue>>,
    #[serde(borrow)]
    maintainers: Option<&'a RawValue>,
    users: Option<IgnoredAny>,
    access: Option<String>,
    #[serde(rename = "_attachments")]
    attachments: Option<UniqueMap<Attachment>>,
}

#[derive(Deserialize)]
struct Attachment {
    length: Option<u64>,
}

#[derive(Deserialize)]
struct Maintainer {
    name: String,
}

/// What is looked at of a version's manifest in a publish.
#[derive(Deserialize)]
struct VersionHead {
    name: Option<String>,
    version: Option<String>,
    dist: Option<Dist>,
}

#[derive(Deserialize)]
struct Dist {
    integrity: Option<String>,
    shasum: Option<String>,
}

#[derive(Deserialize)]
struct Deprecation {
    deprecated: Option<serde_json::Value>,
}

/// Makes the call that the body asks for at this address.
pub(super) fn classify(
    package: &PackageName,
    address: Address,
    scanned: &Scanned,
) -> Result<Call, WireError> {
    let body: Body<'_> = serde_json::from_slice(&scanned.metadata)
        .map_err(|error| WireError::malformed("request body", error))?;
    for stated in [&body.id, &body.name].into_iter().flatten() {
        if stated != package.canonical() {
            return Err(refuse(format!("it is about another package than {package}")));
        }
    }
    let has_attachments = body.attachments.as_ref().is_some_and(|map| !map.0.is_empty());
    match (address, &body.versions) {
        (Address::Package, Some(versions)) if has_attachments => {
            publish(package, &body, versions, scanned.tarball.as_deref())
        }
        _ if has_attachments => Err(refuse("it has attachments and no version of theirs")),
        (Address::Package, Some(versions)) => deprecate(package, versions),
        (Address::Revision(seen), Some(versions)) => retain(package, versions, seen),
        (_, None) if body.users.is_some() => Err(WireError::NotImplemented { what: "starring" }),
        (address, None) => change_owners(package, body.maintainers, address),
    }
}

fn publish(
    package: &PackageName,
    body: &Body<'_>,
    versions: &UniqueMap<&RawValue>,
    tarball: Option<&str>,
) -> Result<Call, WireError> {
    let [(stated_version, manifest)] = versions.0.as_slice() else {
        return Err(refuse("a publish is about exactly one version"));
    };
    let attachments = body.attachments.as_ref().map_or(&[][..], |map| map.0.as_slice());
    let [(attachment_name, attachment)] = attachments else {
        return Err(refuse("a publish has exactly one attachment"));
    };
    if tarball != Some(attachment_name) {
        return Err(refuse("the attachment has no data"));
    }
    let version = parse_version(stated_version)?;
    let head: VersionHead = serde_json::from_str(manifest.get())
        .map_err(|error| WireError::malformed("version's manifest", error))?;
    if head.name.as_deref() != Some(package.canonical()) {
        return Err(refuse(format!("the manifest's name is not {package}")));
    }
    if head.version.as_deref() != Some(stated_version) {
        return Err(refuse(format!("the manifest's version is not {stated_version}")));
    }
    let filename = name::tarball(package, &version)
        .map_err(|error| WireError::bad_version(stated_version, error))?;
    let file = DraftFile {
        filename,
        stated_digests: stated_digests(head.dist)?,
        stated_size_bytes: attachment.length,
    };
    Ok(Call::Publish(Box::new(PublishDraft {
        package: package.clone(),
        may_extend: false,
        files: vec![file],
        tags: tags(body.dist_tags, stated_version)?,
        metadata: metadata(manifest, body.access.as_deref()),
        version,
    })))
}

/// The draft's metadata, as [`crate::manifest`] reads it again.
fn metadata(manifest: &RawValue, access: Option<&str>) -> String {
    let mut json = Vec::with_capacity(manifest.get().len() + 64);
    let mut object = ObjectWriter::begin(&mut json);
    object.raw("manifest", manifest.get());
    object.value("access", &access);
    object.end();
    into_text(json)
}

fn stated_digests(dist: Option<Dist>) -> Result<Digests, WireError> {
    let mut digests = Digests::none();
    let Some(dist) = dist else { return Ok(digests) };
    if let Some(shasum) = &dist.shasum {
        let digest = Digest::from_hex(DigestAlgorithm::Sha1, shasum)
            .map_err(|error| WireError::malformed("dist.shasum", error))?;
        digests.insert(digest);
    }
    for part in dist.integrity.iter().flat_map(|integrity| integrity.split_ascii_whitespace()) {
        match Digest::from_sri(part) {
            Some(digest) => digests.insert(digest),
            // SRI allows SHA-384 too, which nothing here computes.
            None if part.starts_with("sha384-") => {}
            None => return Err(WireError::malformed("dist.integrity", "it is not SRI")),
        }
    }
    Ok(digests)
}

fn tags(dist_tags: Option<&RawValue>, stated_version: &str) -> Result<Vec<String>, WireError> {
    let Some(raw) = dist_tags else { return Ok(Vec::new()) };
    let tags: UniqueMap<String> = serde_json::from_str(raw.get())
        .map_err(|error| WireError::malformed("dist-tags", error))?;
    let mut names = Vec::with_capacity(tags.0.len());
    for (tag, target) in tags.0 {
        version::check_tag(&tag).map_err(|error| WireError::malformed("dist-tags", error))?;
        if target != stated_version {
            return Err(refuse("a tag points at another version than the published one"));
        }
        names.push(tag);
    }
    Ok(names)
}

/// The whole packument comes back with other texts: whatever else is changed in it is ignored.
fn deprecate(package: &PackageName, versions: &UniqueMap<&RawValue>) -> Result<Call, WireError> {
    let mut texts = Vec::with_capacity(versions.0.len());
    for (stated_version, manifest) in &versions.0 {
        let Deprecation { deprecated } = serde_json::from_str(manifest.get())
            .map_err(|error| WireError::malformed("version's manifest", error))?;
        let text = match deprecated {
            None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)) => None,
            Some(serde_json::Value::String(text)) if text.is_empty() => None,
            Some(serde_json::Value::String(text)) => Some(text),
            Some(_) => return Err(refuse("`deprecated` is not a text")),
        };
        if text.as_ref().is_some_and(|text| text.len() > MAX_DEPRECATION_BYTES) {
            let limit_bytes = MAX_DEPRECATION_BYTES as u64;
            return Err(WireError::TooLarge { part: "deprecation text", limit_bytes });
        }
        texts.push((parse_version(stated_version)?, text));
    }
    if texts.is_empty() {
        return Err(refuse("it names no version"));
    }
    Ok(Call::SetDeprecated { package: package.clone(), texts })
}

fn retain(
    package: &PackageName,
    versions: &UniqueMap<&RawValue>,
    seen_revision: i64,
) -> Result<Call, WireError> {
    let keep: Result<Vec<Version>, WireError> =
        versions.0.iter().map(|(stated, _)| parse_version(stated)).collect();
    let keep = keep?;
    if keep.is_empty() {
        // npm deletes the package's address for that; an empty list is more likely a mistake.
        return Err(refuse("it leaves no version; to remove the package, delete it"));
    }
    Ok(Call::RetainReleases { package: package.clone(), keep, seen_revision })
}

fn change_owners(
    package: &PackageName,
    raw: Option<&RawValue>,
    address: Address,
) -> Result<Call, WireError> {
    let Some(raw) = raw else {
        return Err(refuse("it has neither versions nor maintainers"));
    };
    let maintainers: Vec<Maintainer> = serde_json::from_str(raw.get())
        .map_err(|error| WireError::malformed("list of maintainers", error))?;
    if maintainers.is_empty() || maintainers.len() > MAX_OWNERS {
        return Err(refuse(format!("a package has 1 to {MAX_OWNERS} maintainers")));
    }
    let names = maintainers.into_iter().map(|maintainer| maintainer.name).collect();
    let seen_revision = match address {
        Address::Package => None,
        Address::Revision(seen) => Some(seen),
    };
    let change = OwnerChange::Replace(names);
    Ok(Call::ChangeOwners { package: package.clone(), change, seen_revision })
}

fn parse_version(stated: &str) -> Result<Version, WireError> {
    version::parse(stated).map_err(|error| WireError::bad_version(stated, error))
}

fn refuse(reason: impl std::fmt::Display) -> WireError {
    WireError::malformed("request body", reason)
}
