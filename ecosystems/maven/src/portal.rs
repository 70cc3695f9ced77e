//! The publisher API: bundles that are uploaded whole, looked at, and published or dropped.
//!
//! | address below `api/v1/publisher/` | call |
//! |---|---|
//! | POST `upload?name=&publishingType=` | stage a bundle; 201 and its id |
//! | POST `status?id=` | how far it is |
//! | POST, DELETE `deployment/{id}` | publish it, drop it |
//! | GET `deployment/{id}/download/{path}`, `deployments/download/{path}` | a staged file |
//! | GET `published?namespace=&name=&version=` | whether a release is published |
//!
//! # See also
//!
//! Sonatype, "Publishing By Using the Portal Publisher API".

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Serialize;
use vouchsafe_adapter::multipart::MultipartDecoder;
use vouchsafe_adapter::{Decoded, WireError, WireRequest, WireResponse};
use vouchsafe_domain::call::{Answer, Call};
use vouchsafe_domain::deploy::{Deploy, DeploymentState, DeploymentView};

use crate::layout::{self, Place};
use crate::upload::{BUNDLE_FORM, BundleForm};
use crate::{name, version};

/// Below the mount.
const BASE: [&str; 3] = ["api", "v1", "publisher"];
/// Longest id of a deployment, in characters.
const MAX_ID_CHARS: usize = 64;
/// Longest name of a deployment, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The path below the API, when it is one of it.
pub(crate) fn below<'a, 'b>(path: &'a [&'b str]) -> Option<&'a [&'b str]> {
    path.strip_prefix(&BASE)
}

/// See [`Ecosystem::decode`](vouchsafe_adapter::Ecosystem::decode).
pub(crate) fn decode(request: &WireRequest<'_>, path: &[&str]) -> Result<Decoded, WireError> {
    let method = request.method;
    let is_read = *method == Method::GET || *method == Method::HEAD;
    let (deploy, is_allowed) = match path {
        ["upload"] if *method == Method::POST => return upload(request),
        ["upload"] => return Err(not_allowed(request)),
        // The API says POST for what reads; tools that people write send GET.
        ["status"] => {
            let id = id(request.query_value("id").unwrap_or_default())?;
            (Deploy::Read { id }, is_read || *method == Method::POST)
        }
        ["deployment", raw] => {
            let id = id(raw)?;
            match *method {
                Method::DELETE => (Deploy::Drop { id }, true),
                _ => (Deploy::Publish { id }, *method == Method::POST),
            }
        }
        ["deployment", raw, "download", path @ ..] => (staged_file(Some(id(raw)?), path)?, is_read),
        ["deployments", "download", path @ ..] => (staged_file(None, path)?, is_read),
        ["published"] => (published(request)?, is_read),
        _ => return Err(WireError::UnknownRoute),
    };
    match is_allowed {
        true => Ok(Decoded::Call(Call::Deploy(deploy))),
        false => Err(not_allowed(request)),
    }
}

fn not_allowed(request: &WireRequest<'_>) -> WireError {
    WireError::MethodNotAllowed { method: request.method.to_string() }
}

fn upload(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    let is_automatic = match request.query_value("publishingType") {
        Some("AUTOMATIC") => true,
        None | Some("USER_MANAGED" | "") => false,
        Some(_) => {
            let reason = "it is `USER_MANAGED` or `AUTOMATIC`";
            return Err(WireError::malformed("`publishingType`", reason));
        }
    };
    let name = request.query_value("name").filter(|name| !name.is_empty()).unwrap_or("bundle");
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    let form = Box::new(BundleForm::new(name, is_automatic));
    Ok(Decoded::Body(Box::new(MultipartDecoder::new(request, BUNDLE_FORM, form)?)))
}

fn id(raw: &str) -> Result<String, WireError> {
    let is_plain = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if raw.is_empty() || raw.len() > MAX_ID_CHARS || !is_plain {
        return Err(WireError::malformed("deployment's id", "it is not one"));
    }
    Ok(raw.to_owned())
}

fn staged_file(id: Option<String>, path: &[&str]) -> Result<Deploy, WireError> {
    match layout::place(path) {
        Ok((Place::File { package, version, filename }, digest)) => {
            Ok(Deploy::ReadFile { id, package, version, filename, digest })
        }
        Ok(_) | Err(_) => Err(WireError::UnknownRoute),
    }
}

fn published(request: &WireRequest<'_>) -> Result<Deploy, WireError> {
    let value = |key| request.query_value(key).unwrap_or_default();
    let (group, artifact, raw) = (value("namespace"), value("name"), value("version"));
    let package =
        name::of(group, artifact).map_err(|error| WireError::bad_name(artifact, error))?;
    let version = version::parse(raw).map_err(|error| WireError::bad_version(raw, error))?;
    Ok(Deploy::IsPublished { package, version })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    deployment_id: &'a str,
    deployment_name: &'a str,
    deployment_state: &'static str,
    purls: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<&'a str, Vec<&'a str>>,
}

#[derive(Serialize)]
struct IsPublished {
    published: bool,
}

/// See [`Ecosystem::encode`](vouchsafe_adapter::Ecosystem::encode).
pub(crate) fn encode(path: &[&str], answer: &Answer) -> WireResponse {
    match (path, answer) {
        (["upload"], Answer::Deployment(view)) => {
            WireResponse::text(StatusCode::CREATED, view.id.clone())
        }
        (_, Answer::Deployment(view)) => WireResponse::json(StatusCode::OK, &status(view)),
        (_, Answer::IsPublished(published)) => {
            WireResponse::json(StatusCode::OK, &IsPublished { published: *published })
        }
        (_, Answer::Digest(hex)) => WireResponse::text(StatusCode::OK, hex.clone()),
        _ => WireResponse::empty(StatusCode::NO_CONTENT),
    }
}

fn status(view: &DeploymentView) -> Status<'_> {
    let mut errors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (subject, problem) in &view.problems {
        errors.entry(subject).or_default().push(problem);
    }
    Status {
        deployment_id: &view.id,
        deployment_name: &view.name,
        deployment_state: match view.state {
            DeploymentState::Open => "PENDING",
            DeploymentState::Validated => "VALIDATED",
            DeploymentState::Failed => "FAILED",
            DeploymentState::Published => "PUBLISHED",
        },
        purls: &view.releases,
        errors,
    }
}
