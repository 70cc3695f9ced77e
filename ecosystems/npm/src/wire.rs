//! Addresses of packages, and what a request head asks there.

use std::borrow::Cow;

use http::Method;
use vouchsafe_adapter::{Decoded, WireError, WireRequest};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::index::DocumentKey;
use vouchsafe_domain::{PackageName, Version};

use crate::packument::{self, ABBREVIATED, ABBREVIATED_TYPE, FULL, MANIFEST_PREFIX};
use crate::publish::{Address, PackageWrite};
use crate::{name, registry_routes, version};

/// Turns a request head into a call.
pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    let path = request.path();
    // `HEAD` asks what `GET` asks; the edge leaves the body out.
    let method = if request.method == Method::HEAD { &Method::GET } else { request.method };
    match path.as_slice() {
        [] => Err(WireError::UnknownRoute),
        ["-", rest @ ..] => registry_routes::decode(request, method, rest),
        path => {
            let (raw_name, rest) = split_package(path).ok_or(WireError::UnknownRoute)?;
            package_route(request, method, parse_name(&raw_name)?, rest)
        }
    }
}

/// Takes a package name off the front of a path: `name`, `@scope/name` in one segment (it was
/// `@scope%2fname`), or in two.
pub(crate) fn split_package<'p, 's>(path: &'p [&'s str]) -> Option<(Cow<'s, str>, &'p [&'s str])> {
    match path {
        [first, second, rest @ ..] if first.starts_with('@') && !first.contains('/') => {
            Some((Cow::Owned(format!("{first}/{second}")), rest))
        }
        [first, rest @ ..] => Some((Cow::Borrowed(*first), rest)),
        [] => None,
    }
}

pub(crate) fn parse_name(raw: &str) -> Result<PackageName, WireError> {
    name::parse(raw).map_err(|error| WireError::bad_name(raw, error))
}

fn package_route(
    request: &WireRequest<'_>,
    method: &Method,
    package: PackageName,
    rest: &[&str],
) -> Result<Decoded, WireError> {
    match rest {
        [] => match *method {
            Method::GET => Ok(Decoded::Call(Call::ReadDocument {
                package,
                document: DocumentKey::from_static(packument_form(request)),
            })),
            Method::PUT => Ok(write(package, Address::Package)),
            _ => Err(not_allowed(method)),
        },
        ["-rev", rev] => match *method {
            Method::PUT => Ok(write(package, Address::Revision(packument::seen_revision(rev)))),
            Method::DELETE => Ok(Decoded::Call(Call::Remove { package, version: None })),
            _ => Err(not_allowed(method)),
        },
        // Some publishers write the scope into the file's address a second time.
        ["-", file] | ["-", _, file] if is_repeated_scope(rest) => match *method {
            Method::GET => {
                let file = file.rsplit('/').next().unwrap_or(file);
                let filename = name::parse_tarball(file).ok_or(WireError::UnknownRoute)?;
                Ok(Decoded::Call(Call::ReadArtifact { package, version: None, filename }))
            }
            _ => Err(not_allowed(method)),
        },
        ["-", file, "-rev", _rev] => match *method {
            // The second half of an unpublish: the release itself may be gone already.
            Method::DELETE => {
                let version = version_of_file(&package, file)?;
                Ok(Decoded::Call(Call::Remove { package, version: Some(version) }))
            }
            _ => Err(not_allowed(method)),
        },
        [wanted] => match *method {
            Method::GET => {
                let document = manifest_key(wanted)?;
                Ok(Decoded::Call(Call::ReadDocument { package, document }))
            }
            Method::PUT => {
                Err(WireError::NotImplemented { what: "setting a tag at this old address" })
            }
            _ => Err(not_allowed(method)),
        },
        _ => Err(WireError::UnknownRoute),
    }
}

fn write(package: PackageName, address: Address) -> Decoded {
    Decoded::Body(Box::new(PackageWrite::new(package, address)))
}

/// Whether `["-", …, file]` is a file's address: directly below `-`, or below a scope there.
fn is_repeated_scope(rest: &[&str]) -> bool {
    match rest {
        ["-", file] => !file.contains('/') || file.starts_with('@'),
        ["-", scope, _file] => scope.starts_with('@') && !scope.contains('/'),
        _ => false,
    }
}

fn version_of_file(package: &PackageName, file: &str) -> Result<Version, WireError> {
    let file = file.rsplit('/').next().unwrap_or(file);
    let raw = name::tarball_version(package, file).ok_or(WireError::UnknownRoute)?;
    version::parse(raw).map_err(|error| WireError::bad_version(raw, error))
}

/// A version or a tag. Whatever is neither has no document, and must not become a cache key.
fn manifest_key(wanted: &str) -> Result<DocumentKey, WireError> {
    if version::parse(wanted).is_err() && version::check_tag(wanted).is_err() {
        return Err(WireError::UnknownRoute);
    }
    Ok(DocumentKey(format!("{MANIFEST_PREFIX}{wanted}").into()))
}

pub(crate) fn not_allowed(method: &Method) -> WireError {
    WireError::MethodNotAllowed { method: method.as_str().chars().take(16).collect() }
}

/// Full, unless the client likes the abbreviated form at least as well. npm reads the full one
/// with `?write=true` before it changes something.
fn packument_form(request: &WireRequest<'_>) -> &'static str {
    if request.query_value("write") == Some("true") {
        return FULL;
    }
    let accept = request.header("accept").unwrap_or_default();
    let abbreviated = quality(accept, ABBREVIATED_TYPE);
    let json = quality(accept, "application/json");
    if abbreviated > 0 && abbreviated >= json { ABBREVIATED } else { FULL }
}

/// The weight of a media type that is listed by name, in thousandths; 0 when it is not.
/// (RFC 9110, 12.4.2 and 12.5.1.)
fn quality(accept: &str, media_type: &str) -> u32 {
    let range = accept.split(',').find(|range| {
        let name = range.split(';').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case(media_type)
    });
    let Some(range) = range else { return 0 };
    let weight = range.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match weight.map(str::parse::<f64>) {
        None => 1000,
        // Outside 0 to 1, the weight is nonsense and the type is still asked for.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1000 after the clamp"
        )]
        Some(Ok(weight)) => (weight.clamp(0.0, 1.0) * 1000.0) as u32,
        Some(Err(_)) => 1000,
    }
}

#[cfg(test)]
mod tests;
