//! Requests: which call an address is.

use http::{Method, StatusCode};
use vouchsafe_adapter::body::SmallBody;
use vouchsafe_adapter::{Decoded, Mount, WireError, WireRequest, WireResponse};
use vouchsafe_domain::call::{Call, OwnerChange, SearchQuery};
use vouchsafe_domain::{PackageName, Version};

use crate::publish::PublishBody;
use crate::{index, name, version};

/// Largest body that names owners, in bytes.
const MAX_OWNERS_BYTES: usize = 64 * 1024;
/// Search results per page, when the client does not say.
const DEFAULT_PER_PAGE: u32 = 10;
/// Search results per page at most.
const MAX_PER_PAGE: u32 = 100;

pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    if request.has_trailing_slash {
        return Err(WireError::UnknownRoute);
    }
    let path = request.path();
    match path.as_slice() {
        ["index", "config.json"] => get(request, || Ok(config(request.mount))),
        ["index", .., name] => get(request, || read_index(&path, name)),
        ["me"] => get(request, || Ok(login_page(request.mount))),
        ["api", "v1", "crates"] => get(request, || Ok(Decoded::Call(search(request)))),
        ["api", "v1", "crates", "new"] => publish(request),
        ["api", "v1", "crates", name, "owners"] => owners(request, name),
        ["api", "v1", "crates", name, version, "download"] => {
            get(request, || read_artifact(name, version))
        }
        ["api", "v1", "crates", name, version, "yank"] => {
            set_yanked(request, &Method::DELETE, name, version, Some(String::new()))
        }
        ["api", "v1", "crates", name, version, "unyank"] => {
            set_yanked(request, &Method::PUT, name, version, None)
        }
        ["api", "v1", "trusted_publishing", ..] => {
            Err(WireError::NotImplemented { what: "trusted publishing" })
        }
        _ => Err(WireError::UnknownRoute),
    }
}

/// Whether the answer is read as plain text rather than as the API's JSON.
pub(crate) fn is_text_address(request: &WireRequest<'_>) -> bool {
    let path = request.path();
    matches!(path.as_slice(), ["index", ..] | ["me"] | [.., "download"])
}

fn config(mount: &Mount) -> Decoded {
    let base = &mount.base_url;
    let config = serde_json::json!({
        "dl": format!("{base}/api/v1/crates/{{crate}}/{{version}}/download"),
        "api": base.as_ref(),
        "auth-required": mount.auth_required,
    });
    // Cargo retries with its token only when this very request is answered by 401.
    Decoded::Fixed { response: WireResponse::json(StatusCode::OK, &config), is_public: false }
}

/// `cargo login` sends people here to get a token.
fn login_page(mount: &Mount) -> Decoded {
    let address = format!("{}/me", mount.site_url);
    let response = WireResponse::empty(StatusCode::FOUND).with_header("location", &address);
    Decoded::Fixed { response, is_public: true }
}

/// Cargo asks in lower case, and for other spellings to build suggestions: whatever is not the
/// address of a possible crate is simply not there.
fn read_index(path: &[&str], raw_name: &str) -> Result<Decoded, WireError> {
    let package = name::parse(raw_name).map_err(|_| WireError::UnknownRoute)?;
    let expected = format!("index/{}", name::index_path(&package));
    if !expected.split('/').eq(path.iter().copied()) {
        return Err(WireError::UnknownRoute);
    }
    Ok(Decoded::Call(Call::ReadDocument { package, document: index::DOCUMENT }))
}

fn read_artifact(raw_name: &str, raw_version: &str) -> Result<Decoded, WireError> {
    let package = name::parse(raw_name).map_err(|_| WireError::UnknownRoute)?;
    let version = version::parse(raw_version).map_err(|_| WireError::UnknownRoute)?;
    let filename =
        name::artifact_filename(&package, &version).map_err(|_| WireError::UnknownRoute)?;
    Ok(Decoded::Call(Call::ReadArtifact { package, version: None, filename }))
}

fn publish(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    only(request, &[Method::PUT])?;
    let index_url = format!("sparse+{}/index/", request.mount.base_url);
    Ok(Decoded::Body(Box::new(PublishBody::new(index_url))))
}

fn set_yanked(
    request: &WireRequest<'_>,
    method: &Method,
    raw_name: &str,
    raw_version: &str,
    yanked: Option<String>,
) -> Result<Decoded, WireError> {
    only(request, std::slice::from_ref(method))?;
    let package = package(raw_name)?;
    let version = release_version(raw_version)?;
    Ok(Decoded::Call(Call::SetYanked { package, version, yanked }))
}

fn owners(request: &WireRequest<'_>, raw_name: &str) -> Result<Decoded, WireError> {
    only(request, &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE])?;
    let package = package(raw_name)?;
    let change = match *request.method {
        Method::PUT => OwnerChange::Add,
        Method::DELETE => OwnerChange::Remove,
        _ => return Ok(Decoded::Call(Call::ListOwners { package })),
    };
    let body = SmallBody::new(MAX_OWNERS_BYTES, move |bytes| {
        let change = change(user_names(bytes)?);
        Ok(Call::ChangeOwners { package, change, seen_revision: None })
    });
    Ok(Decoded::Body(Box::new(body)))
}

fn user_names(body: &[u8]) -> Result<Vec<String>, WireError> {
    #[derive(serde::Deserialize)]
    struct Owners {
        users: Vec<String>,
    }
    let owners: Owners =
        serde_json::from_slice(body).map_err(|error| WireError::malformed("owner list", error))?;
    if owners.users.is_empty() {
        return Err(WireError::malformed("owner list", "it names nobody"));
    }
    Ok(owners.users)
}

fn search(request: &WireRequest<'_>) -> Call {
    let number = |key, default| {
        request.query_value(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let limit = number("per_page", DEFAULT_PER_PAGE).clamp(1, MAX_PER_PAGE);
    let pages_before = number("page", 1).saturating_sub(1);
    Call::Search(SearchQuery {
        text: request.query_value("q").unwrap_or_default().to_owned(),
        offset: pages_before.saturating_mul(limit),
        limit,
    })
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

fn package(raw: &str) -> Result<PackageName, WireError> {
    name::parse(raw).map_err(|error| WireError::bad_name(raw, error))
}

fn release_version(raw: &str) -> Result<Version, WireError> {
    version::parse(raw).map_err(|error| WireError::bad_version(raw, error))
}
