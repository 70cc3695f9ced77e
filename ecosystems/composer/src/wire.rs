//! Requests: which call an address is.

use http::Method;
use serde::Deserialize;
use vouchsafe_adapter::body::SmallBody;
use vouchsafe_adapter::{Decoded, WireError, WireRequest};
use vouchsafe_domain::call::{Call, OwnerChange, SearchQuery};
use vouchsafe_domain::{PackageName, Version};

use crate::publish::ArchiveBody;
use crate::root::{ListFilter, ROOT};
use crate::{file, metadata, name, version};

/// Installations that are counted of one report.
const MAX_INSTALLS: usize = 1000;
/// Largest report of installations, in bytes.
const MAX_INSTALLS_BYTES: usize = 1024 * 1024;
/// Largest other body that is JSON, in bytes.
const MAX_JSON_BYTES: usize = 64 * 1024;
/// Search results per page, when the client does not say.
const DEFAULT_PER_PAGE: u32 = 15;
/// Search results per page at most.
const MAX_PER_PAGE: u32 = 100;

pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    let path = request.path();
    // Composer and its tools write these two with a slash at the end, and no other.
    let may_end_in_slash = matches!(path.as_slice(), [] | ["downloads"] | ["api", .., "artifacts"]);
    if request.has_trailing_slash && !may_end_in_slash {
        return Err(WireError::UnknownRoute);
    }
    match path.as_slice() {
        ["packages.json"] => get(request, || list(ROOT)),
        ["p2", vendor, file] => get(request, || read_versions(vendor, file)),
        ["dist", vendor, package, filename] => {
            get(request, || read_artifact(vendor, package, filename))
        }
        ["packages", "list.json"] => get(request, || read_list(request)),
        ["search.json"] => get(request, || Ok(Decoded::Call(Call::Search(search_query(request))))),
        ["downloads"] => only(request, &[Method::POST]).map(|()| count_installs()),
        ["packages", vendor, package, version, "yank"] => {
            set_yanked(request, vendor, package, version, true)
        }
        ["packages", vendor, package, version, "unyank"] => {
            set_yanked(request, vendor, package, version, false)
        }
        ["packages", "upload", vendor, package, version] => {
            only(request, &[Method::PUT])?;
            let package = package_of(vendor, package)?;
            release_version(version)?;
            Ok(upload(Some(package), Some((*version).to_owned())))
        }
        ["packages", vendor, package, "owners"] => owners(request, vendor, package),
        ["packages", vendor, package, version] => {
            only(request, &[Method::DELETE])?;
            let package = package_of(vendor, package)?;
            let version = Some(release_version(version)?);
            Ok(Decoded::Call(Call::Remove { package, version }))
        }
        ["packages", vendor, package] if *request.method == Method::DELETE => {
            let package = package_of(vendor, package)?;
            Ok(Decoded::Call(Call::Remove { package, version: None }))
        }
        ["packages", vendor, file] => get(request, || read_summary(vendor, file)),
        [] | ["api", "packages"] => {
            only(request, &[Method::PUT])?;
            let version = request.query_value("version").filter(|version| !version.is_empty());
            if let Some(version) = version {
                release_version(version)?;
            }
            Ok(upload(None, version.map(str::to_owned)))
        }
        ["api", "packages", vendor, package, "artifacts"] => {
            only(request, &[Method::POST])?;
            Ok(upload(Some(package_of(vendor, package)?), None))
        }
        ["api", "security-advisories"] => {
            Err(WireError::NotImplemented { what: "the list of security advisories" })
        }
        ["metadata", "changes.json"] => {
            Err(WireError::NotImplemented { what: "the feed of changes" })
        }
        ["providers", _, _] => Err(WireError::NotImplemented { what: "the list of providers" }),
        _ => Err(WireError::UnknownRoute),
    }
}

fn list(document: vouchsafe_domain::index::DocumentKey) -> Result<Decoded, WireError> {
    Ok(Decoded::Call(Call::ListPackages { document }))
}

/// Composer asks for every name it meets: whatever is no possible package is simply not there.
fn read_versions(vendor: &str, file: &str) -> Result<Decoded, WireError> {
    let stem = file.strip_suffix(".json").ok_or(WireError::UnknownRoute)?;
    let (package, document) = match stem.strip_suffix("~dev") {
        Some(package) => (package, metadata::MOVING),
        None => (stem, metadata::TAGGED),
    };
    let package = possible_package(vendor, package)?;
    Ok(Decoded::Call(Call::ReadDocument { package, document }))
}

fn read_summary(vendor: &str, file: &str) -> Result<Decoded, WireError> {
    let package = file.strip_suffix(".json").ok_or(WireError::UnknownRoute)?;
    let package = possible_package(vendor, package)?;
    Ok(Decoded::Call(Call::ReadDocument { package, document: metadata::SUMMARY }))
}

fn read_artifact(vendor: &str, package: &str, filename: &str) -> Result<Decoded, WireError> {
    let package = possible_package(vendor, package)?;
    if !file::is_filename(filename) {
        return Err(WireError::UnknownRoute);
    }
    let filename = filename.parse().map_err(|_| WireError::UnknownRoute)?;
    Ok(Decoded::Call(Call::ReadArtifact { package, version: None, filename }))
}

fn read_list(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    // Not known of packages here; a list that leaves the wish out would be a wrong one.
    if ["type", "fields[]", "fields"].iter().any(|key| request.query_value(key).is_some()) {
        return Err(WireError::NotImplemented { what: "a list by type, or with further fields" });
    }
    let given = |key| request.query_value(key).filter(|value| !value.is_empty());
    let filter = ListFilter::new(given("vendor"), given("filter"));
    list(filter.ok_or_else(|| WireError::malformed("filter", "no name is like this"))?.key())
}

pub(crate) fn search_query(request: &WireRequest<'_>) -> SearchQuery {
    let number = |key, default| {
        request.query_value(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let limit = number("per_page", DEFAULT_PER_PAGE).clamp(1, MAX_PER_PAGE);
    let pages_before = number("page", 1).saturating_sub(1);
    SearchQuery {
        text: request.query_value("q").unwrap_or_default().to_owned(),
        offset: pages_before.saturating_mul(limit),
        limit,
    }
}

/// What a client installed. Entries that name no possible release are passed over.
fn count_installs() -> Decoded {
    #[derive(Deserialize)]
    struct Report {
        downloads: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        name: String,
        version: String,
    }
    let body = SmallBody::new(MAX_INSTALLS_BYTES, |bytes| {
        let report: Report = serde_json::from_slice(bytes)
            .map_err(|error| WireError::malformed("report of installations", error))?;
        let entries = report.downloads.into_iter().take(MAX_INSTALLS);
        let known = entries.filter_map(|entry| {
            let package = name::parse(&entry.name.to_ascii_lowercase()).ok()?;
            Some((package, version::parse_normalized(&entry.version)?))
        });
        Ok(Call::CountInstalls(known.collect()))
    });
    Decoded::Body(Box::new(body))
}

fn upload(package: Option<PackageName>, version: Option<String>) -> Decoded {
    Decoded::Body(Box::new(ArchiveBody::new(package, version)))
}

fn set_yanked(
    request: &WireRequest<'_>,
    vendor: &str,
    package: &str,
    version: &str,
    is_yank: bool,
) -> Result<Decoded, WireError> {
    #[derive(Deserialize)]
    struct Wish {
        #[serde(default)]
        reason: String,
    }
    only(request, &[Method::PUT])?;
    let package = package_of(vendor, package)?;
    let version = release_version(version)?;
    if !is_yank {
        return Ok(Decoded::Call(Call::SetYanked { package, version, yanked: None }));
    }
    let body = SmallBody::new(MAX_JSON_BYTES, move |bytes| {
        let reason = match bytes {
            [] => String::new(),
            bytes => {
                let wish: Wish = serde_json::from_slice(bytes)
                    .map_err(|error| WireError::malformed("reason", error))?;
                wish.reason
            }
        };
        Ok(Call::SetYanked { package, version, yanked: Some(reason) })
    });
    Ok(Decoded::Body(Box::new(body)))
}

fn owners(request: &WireRequest<'_>, vendor: &str, package: &str) -> Result<Decoded, WireError> {
    #[derive(Deserialize)]
    struct Owners {
        users: Vec<String>,
    }
    only(request, &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE])?;
    let package = package_of(vendor, package)?;
    let change = match *request.method {
        Method::PUT => OwnerChange::Add,
        Method::DELETE => OwnerChange::Remove,
        _ => return Ok(Decoded::Call(Call::ListOwners { package })),
    };
    let body = SmallBody::new(MAX_JSON_BYTES, move |bytes| {
        let Owners { users } = serde_json::from_slice(bytes)
            .map_err(|error| WireError::malformed("owner list", error))?;
        if users.is_empty() {
            return Err(WireError::malformed("owner list", "it names nobody"));
        }
        Ok(Call::ChangeOwners { package, change: change(users), seen_revision: None })
    });
    Ok(Decoded::Body(Box::new(body)))
}

fn get(
    request: &WireRequest<'_>,
    then: impl FnOnce() -> Result<Decoded, WireError>,
) -> Result<Decoded, WireError> {
    only(request, &[Method::GET, Method::HEAD])?;
    then()
}

fn only(request: &WireRequest<'_>, methods: &[Method]) -> Result<(), WireError> {
    if methods.contains(request.method) {
        return Ok(());
    }
    Err(WireError::MethodNotAllowed { method: request.method.to_string() })
}

fn possible_package(vendor: &str, package: &str) -> Result<PackageName, WireError> {
    package_of(vendor, package).map_err(|_| WireError::UnknownRoute)
}

fn package_of(vendor: &str, package: &str) -> Result<PackageName, WireError> {
    let raw = format!("{vendor}/{package}");
    name::parse(&raw).map_err(|error| WireError::bad_name(&raw, error))
}

fn release_version(raw: &str) -> Result<Version, WireError> {
    version::parse(raw).map_err(|error| WireError::bad_version(raw, error))
}
