//! Addresses below the mount, and answers in the shapes of this protocol.
//!
//! | address | call |
//! |---|---|
//! | `simple/` | list of projects |
//! | `simple/<name>/` | page of a project |
//! | `files/<name>/<filename>` | a file, or the metadata of one (`….metadata`) |
//! | `<name>/json`, `<name>/<version>/json` | JSON API |
//! | `legacy/` (POST) | upload |
//!
//! A name that is not canonical, and a page without its slash, is redirected: a cache on the way
//! then holds one copy. Uploads are never redirected, because clients refuse to follow.

use http::{Method, StatusCode};
use vouchsafe_adapter::{Decoded, WireError, WireRequest, WireResponse};
use vouchsafe_domain::PackageName;
use vouchsafe_domain::call::{Answer, Call};
use vouchsafe_domain::index::DocumentKey;

use crate::file::SIDECAR_ENDING;
use crate::json_api::{PROJECT_JSON, release_key};
use crate::negotiate::simple_form;
use crate::upload;
use crate::{filename, name, version};

/// See [`Ecosystem::decode`](vouchsafe_adapter::Ecosystem::decode).
pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    let path = request.path();
    match path.as_slice() {
        ["legacy"] => upload(request),
        [] if request.method == Method::POST => Err(WireError::NotImplemented {
            what: "XML-RPC (uploads go to `legacy/` below this address)",
        }),
        ["_", ..] => Err(WireError::NotImplemented { what: "trusted publishing" }),
        ["integrity", _, _, _, "provenance"] => {
            Err(WireError::NotImplemented { what: "the integrity API" })
        }
        ["danger-api", ..] => Err(WireError::NotImplemented { what: "the observation API" }),
        ["rss", ..] => Err(WireError::NotImplemented { what: "the RSS feed" }),
        _ => read(request, &path),
    }
}

fn upload(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    only(request, &[Method::POST])?;
    upload::decoder(request).map(|decoder| Decoded::Body(Box::new(decoder)))
}

fn read(request: &WireRequest<'_>, path: &[&str]) -> Result<Decoded, WireError> {
    let decoded = match *path {
        ["simple"] if !request.has_trailing_slash => redirect(request, "simple/"),
        ["simple"] => Decoded::Call(Call::ListPackages { document: simple_form(request) }),
        ["simple", raw] => {
            let package = package(raw)?;
            if package.canonical() != raw || !request.has_trailing_slash {
                redirect(request, &format!("simple/{}/", package.canonical()))
            } else {
                let document = simple_form(request);
                Decoded::Call(Call::ReadDocument { package, document })
            }
        }
        [raw, "json"] => {
            let package = package(raw)?;
            if package.canonical() == raw {
                let document = DocumentKey::from_static(PROJECT_JSON);
                Decoded::Call(Call::ReadDocument { package, document })
            } else {
                redirect(request, &format!("{}/json", package.canonical()))
            }
        }
        // Before `files`: no file is named `json`, and a project may be named `files`.
        [raw, raw_version, "json"] => {
            let package = package(raw)?;
            let version = version::parse(raw_version)
                .map_err(|error| WireError::bad_version(raw_version, error))?;
            if package.canonical() == raw {
                let document = DocumentKey(release_key(&version).into());
                Decoded::Call(Call::ReadDocument { package, document })
            } else {
                let (name, version) = (package.canonical(), version.canonical());
                redirect(request, &format!("{name}/{version}/json"))
            }
        }
        ["files", raw, filename] if !request.has_trailing_slash => file(raw, filename)?,
        _ => return Err(WireError::UnknownRoute),
    };
    only(request, &[Method::GET, Method::HEAD])?;
    Ok(decoded)
}

/// A file whose name does not say that it is of this project was never listed.
fn file(raw: &str, filename: &str) -> Result<Decoded, WireError> {
    let package = package(raw)?;
    let distribution = filename.strip_suffix(SIDECAR_ENDING).unwrap_or(filename);
    if filename::parse_listed(distribution, &package).is_none() {
        return Err(WireError::UnknownRoute);
    }
    let filename = filename.parse().map_err(|error| WireError::malformed("file name", error))?;
    Ok(Decoded::Call(Call::ReadArtifact { package, version: None, filename }))
}

fn package(raw: &str) -> Result<PackageName, WireError> {
    name::parse(raw).map_err(|error| WireError::bad_name(raw, error))
}

fn only(request: &WireRequest<'_>, methods: &[Method]) -> Result<(), WireError> {
    if methods.contains(request.method) {
        return Ok(());
    }
    Err(WireError::MethodNotAllowed { method: request.method.to_string() })
}

/// To an address below the mount, which must be plain ASCII. Keeps the chosen form.
fn redirect(request: &WireRequest<'_>, path: &str) -> Decoded {
    let mut location = format!("{}/{path}", request.mount.base_url);
    if let Some(format) = request.query_value("format") {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        location = format!("{location}?{}", query.append_pair("format", format).finish());
    }
    let response = WireResponse::empty(StatusCode::MOVED_PERMANENTLY);
    Decoded::Fixed { response: response.with_header("location", &location), is_public: false }
}

/// See [`Ecosystem::encode`](vouchsafe_adapter::Ecosystem::encode).
pub(crate) fn encode(answer: &Answer) -> WireResponse {
    match answer {
        // The same for a file that was there already: a retry must look like a success.
        Answer::Published(published) => {
            WireResponse::text(StatusCode::OK, published.warnings.join("\n"))
        }
        // `decode` makes no call with another answer.
        _ => WireResponse::empty(StatusCode::OK),
    }
}
