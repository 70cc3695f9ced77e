//! Bodies that sign in or make a token.

use serde::Deserialize;
use vouchsafe_adapter::WireError;
use vouchsafe_domain::call::{Call, TokenDraft};
use vouchsafe_domain::{Scope, Scopes, Secret};

use crate::name;

/// Most packages and scopes that one token may name.
const MAX_SELECTED: usize = 500;
/// Longest name of a token, in characters.
const MAX_TOKEN_NAME_CHARS: usize = 128;

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: Secret,
}

/// `PUT /-/user/org.couchdb.user:<name>`
pub(crate) fn sign_in(name: &str, body: &[u8]) -> Result<Call, WireError> {
    let document: SignIn = parse(body)?;
    if document.name != name {
        return Err(WireError::malformed("request body", "it names another account"));
    }
    Ok(Call::SignIn { name: document.name, password: document.password })
}

/// What `npm token create` sends. Old versions send `readonly`, newer ones permissions.
#[derive(Deserialize)]
struct NewToken {
    name: Option<String>,
    password: Option<Secret>,
    readonly: Option<bool>,
    packages: Option<Vec<String>>,
    packages_all: Option<bool>,
    scopes: Option<Vec<String>>,
    orgs: Option<Vec<String>>,
    packages_and_scopes_permission: Option<String>,
    expires: Option<u32>,
    cidr_whitelist: Option<Vec<String>>,
}

/// `POST /-/npm/v1/tokens`. What narrows a token and is not built here is refused: a token must
/// never be able to do more than its maker was told.
pub(crate) fn create_token(body: &[u8]) -> Result<Call, WireError> {
    let token: NewToken = parse(body)?;
    if is_given(&token.cidr_whitelist) {
        return Err(WireError::NotImplemented { what: "binding a token to addresses" });
    }
    if is_given(&token.orgs) {
        return Err(WireError::NotImplemented { what: "a token for organizations" });
    }
    let packages = selected(&token)?;
    if packages.is_empty()
        && token.packages_and_scopes_permission.is_some()
        && token.packages_all != Some(true)
    {
        return Err(WireError::malformed(
            "request body",
            "it does not say for which packages (`--packages`, `--scopes` or `--packages-all`)",
        ));
    }
    let name = token.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    Ok(Call::CreateToken(TokenDraft {
        name: name
            .unwrap_or("npm token create")
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_TOKEN_NAME_CHARS)
            .collect(),
        scopes: scopes(&token)?,
        password: token.password,
        packages,
        expires_days: token.expires,
    }))
}

fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, WireError> {
    // The text of the error names a place, never what stands there: it may be a password.
    serde_json::from_slice(body).map_err(|error| {
        let reason = format!(
            "it is not the expected JSON (line {}, column {})",
            error.line(),
            error.column()
        );
        WireError::malformed("request body", reason)
    })
}

fn is_given(list: &Option<Vec<String>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

fn scopes(token: &NewToken) -> Result<Scopes, WireError> {
    match token.packages_and_scopes_permission.as_deref() {
        Some("no-access") => Ok(Scopes::default()),
        Some("read-only") => Ok(Scopes::from_iter([Scope::Read])),
        Some("read-write") => Ok(Scopes::all()),
        Some("read-write-stage-only") => {
            Err(WireError::NotImplemented { what: "a token that only stages" })
        }
        Some(_) => Err(WireError::malformed("permission", "it is not one that npm knows")),
        None if token.readonly == Some(true) => Ok(Scopes::from_iter([Scope::Read])),
        None => Ok(Scopes::all()),
    }
}

/// Packages and scopes as name patterns.
fn selected(token: &NewToken) -> Result<Vec<String>, WireError> {
    let packages = token.packages.as_deref().unwrap_or_default();
    let scopes = token.scopes.as_deref().unwrap_or_default();
    if packages.len() + scopes.len() > MAX_SELECTED {
        let reason = format!("it names more than {MAX_SELECTED} packages and scopes");
        return Err(WireError::malformed("request body", reason));
    }
    let pattern = |raw: &String| match name::parse(raw) {
        Ok(name) => Ok(format!("pkg:npm/{}", name.canonical())),
        Err(error) => Err(WireError::bad_name(raw, error)),
    };
    let scope_pattern = |raw: &String| {
        let scope = raw.strip_prefix('@').unwrap_or(raw);
        // A scope is right when a package in it would be.
        match name::parse(&format!("@{scope}/x")) {
            Ok(_) => Ok(format!("pkg:npm/@{scope}/*")),
            Err(error) => Err(WireError::bad_name(raw, error)),
        }
    };
    packages.iter().map(pattern).chain(scopes.iter().map(scope_pattern)).collect()
}
