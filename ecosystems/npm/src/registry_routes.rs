//! Addresses below `/-/`: accounts, tokens, tags, search, and what is not built.

use http::{Method, StatusCode};
use vouchsafe_adapter::body::SmallBody;
use vouchsafe_adapter::{Decoded, WireError, WireRequest, WireResponse};
use vouchsafe_domain::call::{Call, SearchQuery};
use vouchsafe_domain::{PackageName, Secret, TokenId};

use crate::wire::{not_allowed, parse_name, split_package};
use crate::{credentials, version};

/// Before an account name, in addresses that CouchDB gave.
const COUCH_USER: &str = "org.couchdb.user:";
/// Largest body at these addresses, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Longest account name that is looked at, in bytes.
const MAX_ACCOUNT_BYTES: usize = 128;
/// Longest secret in an address, in bytes.
const MAX_SECRET_BYTES: usize = 512;
/// Longest search text that is looked at, in bytes.
const MAX_SEARCH_BYTES: usize = 1024;
/// How many search results npm gets when it does not say, and at most.
const SEARCH_SIZE: (u32, u32) = (20, 250);

/// Decodes what stands behind `/-/`.
pub(crate) fn decode(
    request: &WireRequest<'_>,
    method: &Method,
    rest: &[&str],
) -> Result<Decoded, WireError> {
    match rest {
        ["ping"] => Ok(fixed(StatusCode::OK, &serde_json::json!({}))),
        ["whoami"] => get(method, Call::WhoAmI),
        ["v1", "search"] => get(method, Call::Search(search_query(request)?)),
        ["v1", "login"] => only(method, &Method::POST, || Call::StartWebLogin),
        ["v1", "done", poll_id] => {
            let poll_id = secret(poll_id)?;
            get(method, Call::PollWebLogin { poll_id })
        }
        ["package", rest @ ..] => {
            let (raw_name, rest) = split_package(rest).ok_or(WireError::UnknownRoute)?;
            package_route(method, parse_name(&raw_name)?, rest)
        }
        ["user" | "org", rest @ ..] => user_route(method, rest),
        ["npm", "v1", rest @ ..] => npm_route(method, rest),
        other => Err(unbuilt(other)),
    }
}

/// Parts of the protocol that are known and not built, by what a person would call them.
fn unbuilt(path: &[&str]) -> WireError {
    let what = match path {
        ["stage", ..] => "staged publishing",
        ["team", ..] => "the management of teams",
        ["_view", "starredByUser"] => "starring",
        ["all", ..] => "the old search index",
        ["pnpm", "v1", "publish"] => "publishing several packages at once",
        _ => return WireError::UnknownRoute,
    };
    WireError::NotImplemented { what }
}

fn only(
    method: &Method,
    expected: &Method,
    call: impl FnOnce() -> Call,
) -> Result<Decoded, WireError> {
    if method == expected { Ok(Decoded::Call(call())) } else { Err(not_allowed(method)) }
}

fn get(method: &Method, call: Call) -> Result<Decoded, WireError> {
    only(method, &Method::GET, || call)
}

fn fixed(status: StatusCode, body: &serde_json::Value) -> Decoded {
    Decoded::Fixed { response: WireResponse::json(status, body), is_public: true }
}

fn small_body(make: impl FnOnce(&[u8]) -> Result<Call, WireError> + Send + 'static) -> Decoded {
    Decoded::Body(Box::new(SmallBody::new(MAX_BODY_BYTES, make)))
}

/// `/-/package/<package>/…`
fn package_route(
    method: &Method,
    package: PackageName,
    rest: &[&str],
) -> Result<Decoded, WireError> {
    match rest {
        ["dist-tags"] => match *method {
            Method::GET => Ok(Decoded::Call(Call::ReadTags { package })),
            _ => Err(WireError::NotImplemented { what: "changing several dist-tags at once" }),
        },
        ["dist-tags", tag] => {
            let tag = checked_tag(tag)?;
            match *method {
                Method::PUT | Method::POST => {
                    Ok(small_body(move |body| set_tag(package, tag, body)))
                }
                Method::DELETE => Ok(Decoded::Call(Call::RemoveTag { package, tag })),
                _ => Err(not_allowed(method)),
            }
        }
        ["visibility"] => get(method, Call::ReadVisibility { package }),
        ["collaborators"] => get(method, Call::ListOwners { package }),
        ["access"] => {
            Err(WireError::NotImplemented { what: "changing the access of a single package" })
        }
        ["trust", ..] => {
            Err(WireError::NotImplemented { what: "configuring trusted publishing from npm" })
        }
        _ => Err(WireError::UnknownRoute),
    }
}

fn checked_tag(tag: &str) -> Result<String, WireError> {
    version::check_tag(tag).map_err(|error| WireError::malformed("dist-tag", error))?;
    Ok(tag.to_owned())
}

/// The body is a JSON string: the version.
fn set_tag(package: PackageName, tag: String, body: &[u8]) -> Result<Call, WireError> {
    let raw: String =
        serde_json::from_slice(body).map_err(|error| WireError::malformed("version", error))?;
    let version = version::parse(&raw).map_err(|error| WireError::bad_version(&raw, error))?;
    Ok(Call::SetTag { package, tag, version })
}

/// `/-/user/…` and `/-/org/…`
fn user_route(method: &Method, rest: &[&str]) -> Result<Decoded, WireError> {
    match rest {
        ["token", token] => {
            let secret = secret(token)?;
            only(method, &Method::DELETE, || Call::RevokeSecret { secret })
        }
        ["v1", "star"] | ["package", .., "star"] | [_, "stars"] => {
            Err(WireError::NotImplemented { what: "starring" })
        }
        [owner, "package"] => {
            let name = account_name(owner)?;
            get(method, Call::ListPackagesOf { name })
        }
        [_, "user", ..] => {
            Err(WireError::NotImplemented { what: "the management of organizations" })
        }
        [_, "team", ..] => Err(WireError::NotImplemented { what: "the management of teams" }),
        [user] | [user, "-rev", _] => {
            let name = user.strip_prefix(COUCH_USER).ok_or(WireError::UnknownRoute)?;
            let name = account_name(name)?;
            match *method {
                Method::GET => Ok(Decoded::Call(Call::ReadAccount { name })),
                Method::PUT => Ok(small_body(move |body| credentials::sign_in(&name, body))),
                _ => Err(not_allowed(method)),
            }
        }
        _ => Err(WireError::UnknownRoute),
    }
}

/// `/-/npm/v1/…`
fn npm_route(method: &Method, rest: &[&str]) -> Result<Decoded, WireError> {
    match rest {
        ["tokens"] => match *method {
            Method::GET => Ok(Decoded::Call(Call::ListTokens)),
            Method::POST => Ok(small_body(credentials::create_token)),
            _ => Err(not_allowed(method)),
        },
        ["tokens", "token", id] => {
            // `npm token revoke` takes a token's id, or the token itself.
            let call = match id.parse::<TokenId>() {
                Ok(id) => Call::RevokeToken { id: id.to_string() },
                Err(_) => Call::RevokeSecret { secret: secret(id)? },
            };
            only(method, &Method::DELETE, || call)
        }
        ["user"] => match *method {
            Method::GET => Ok(Decoded::Call(Call::WhoAmI)),
            _ => Err(WireError::NotImplemented { what: "changing the profile from npm" }),
        },
        // npm takes a 404 here as "this registry does not sign", and anything else as trouble.
        ["keys"] => {
            let body =
                serde_json::json!({ "error": "Not found: this registry has no signing keys" });
            Ok(fixed(StatusCode::NOT_FOUND, &body))
        }
        ["security", ..] => Err(WireError::NotImplemented { what: "auditing" }),
        ["attestations", ..] => Err(WireError::NotImplemented { what: "reading attestations" }),
        ["oidc", ..] => Err(WireError::NotImplemented { what: "trusted publishing" }),
        _ => Err(WireError::UnknownRoute),
    }
}

fn account_name(raw: &str) -> Result<String, WireError> {
    if raw.is_empty() || raw.len() > MAX_ACCOUNT_BYTES {
        return Err(WireError::UnknownRoute);
    }
    Ok(raw.to_owned())
}

fn secret(raw: &str) -> Result<Secret, WireError> {
    if raw.is_empty() || raw.len() > MAX_SECRET_BYTES {
        return Err(WireError::UnknownRoute);
    }
    Ok(Secret::new(raw))
}

fn search_query(request: &WireRequest<'_>) -> Result<SearchQuery, WireError> {
    let number = |name: &'static str, default: u32| match request.query_value(name) {
        None | Some("") => Ok(default),
        Some(raw) => raw.parse().map_err(|_| WireError::malformed(name, "it is not a number")),
    };
    let text = request.query_value("text").unwrap_or_default();
    if text.len() > MAX_SEARCH_BYTES {
        let limit_bytes = MAX_SEARCH_BYTES as u64;
        return Err(WireError::TooLarge { part: "search text", limit_bytes });
    }
    let (default_size, max_size) = SEARCH_SIZE;
    Ok(SearchQuery {
        text: text.to_owned(),
        offset: number("from", 0)?,
        limit: number("size", default_size)?.min(max_size),
    })
}
