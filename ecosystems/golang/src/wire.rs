//! Requests: which call an address is.

use http::Method;
use vouchsafe_adapter::{Decoded, WireError, WireRequest};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::index::DocumentKey;
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::{PackageName, Version};

use crate::escape::unescape;
use crate::upstream::FILE_ENDINGS;
use crate::{document, name, version};

pub(crate) fn decode(request: &WireRequest<'_>) -> Result<Decoded, WireError> {
    if request.has_trailing_slash {
        return Err(WireError::UnknownRoute);
    }
    let path = request.path();
    let call = match path.as_slice() {
        // "Not found" sends the client to the checksum database itself.
        ["sumdb", ..] => return Err(WireError::UnknownRoute),
        [module @ .., "@latest"] => {
            check_method(request)?;
            read_info(module, version::LATEST)?
        }
        [module @ .., "@v", "list"] => {
            check_method(request)?;
            Call::ReadDocument { package: package(module)?, document: document::LIST }
        }
        [module @ .., "@v", file] => {
            check_method(request)?;
            read_file(module, file)?
        }
        _ => return Err(WireError::UnknownRoute),
    };
    Ok(Decoded::Call(call))
}

fn read_file(module: &[&str], file: &str) -> Result<Call, WireError> {
    if let Some(version) = file.strip_suffix(".info") {
        let version = unescaped_version(version)?;
        return read_info(module, &version);
    }
    let ending = FILE_ENDINGS.into_iter().find(|ending| file.ends_with(ending));
    let ending = ending.ok_or(WireError::UnknownRoute)?;
    let raw = unescaped_version(file.strip_suffix(ending).unwrap_or_default())?;
    let version = parse_version(&raw)?;
    if !version::is_canonical(&version) {
        // A branch has an `.info` that says which version it is, and files only under that one.
        return Err(WireError::UnknownRoute);
    }
    let filename = format!("{raw}{ending}").parse();
    let filename = filename.map_err(|error: NameError| WireError::bad_version(&raw, error))?;
    Ok(Call::ReadArtifact { package: package(module)?, version: Some(version), filename })
}

fn read_info(module: &[&str], raw_version: &str) -> Result<Call, WireError> {
    let document: DocumentKey = document::info_key(&parse_version(raw_version)?);
    Ok(Call::ReadDocument { package: package(module)?, document })
}

fn package(module: &[&str]) -> Result<PackageName, WireError> {
    // An encoded slash would make two addresses of one.
    if module.iter().any(|element| element.contains('/')) {
        return Err(WireError::UnknownRoute);
    }
    let escaped = module.join("/");
    let unescaped = unescape(&escaped).ok_or_else(|| {
        NameError::rule("in addresses a module path has `!` and a lower-case letter for upper case")
    });
    unescaped
        .and_then(|raw| name::parse(&raw))
        .map_err(|error| WireError::bad_name(&escaped, error))
}

fn unescaped_version(escaped: &str) -> Result<String, WireError> {
    let rule = "in addresses a version has `!` and a lower-case letter for upper case";
    unescape(escaped).ok_or_else(|| WireError::bad_version(escaped, rule))
}

fn parse_version(raw: &str) -> Result<Version, WireError> {
    version::parse(raw).map_err(|error| WireError::bad_version(raw, error))
}

fn check_method(request: &WireRequest<'_>) -> Result<(), WireError> {
    if matches!(*request.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(WireError::MethodNotAllowed { method: request.method.to_string() })
}
