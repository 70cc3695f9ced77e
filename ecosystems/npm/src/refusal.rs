//! Refusals as npm prints them.
//!
//! npm 11 shows `error` of a JSON body, npm 12 `error` or else `message`, other tools read
//! `message`: both carry the whole text with code and link. Three statuses differ from what the
//! refusal's kind would have elsewhere:
//!
//! - What exists already is 403, which publish tools know, with the words they look for.
//! - What is not built is 501 only when it was posted. npm sends every other request three times
//!   on a 5xx, which takes more than a minute and ends in the same refusal. So it is 404 when it
//!   was read, and 400 when it was written: npm takes a 404 as success when it removes. An audit is
//!   404 as well: pnpm repeats what it posts, too, and knows a 404 of an audit for what it is.
//! - Removing what was removed before is a success: npm removes a release in two steps.

use http::{Method, StatusCode};
use serde_json::json;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};

/// Writes a refusal.
pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    if refusal.code == ErrorCode::Tombstoned && *request.method == Method::DELETE {
        return WireResponse::json(StatusCode::OK, &json!({ "ok": true }));
    }
    let text = text(refusal);
    let body = json!({
        "error": text,
        "message": text,
        "code": refusal.code.as_str(),
        "docs": refusal.docs_url,
    });
    let response = WireResponse::json(status(request, refusal), &body);
    match refusal.kind {
        // Never `OTP`: that word makes npm ask for a one-time password.
        RefusalKind::Unauthenticated => {
            let challenge = crate::PROFILE.challenge.replace("{site}", &request.mount.site_url);
            response.with_header("www-authenticate", &challenge)
        }
        RefusalKind::Throttled { retry_after_secs } => {
            response.with_header("retry-after", &retry_after_secs.to_string())
        }
        _ => response,
    }
}

fn is_taken(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ReleaseExists | ErrorCode::Tombstoned | ErrorCode::FilenameTaken)
}

fn is_audit(request: &WireRequest<'_>) -> bool {
    matches!(request.path().as_slice(), ["-", "npm", "v1", "security", ..])
}

fn status(request: &WireRequest<'_>, refusal: &Refusal) -> StatusCode {
    match refusal.kind {
        _ if is_taken(refusal.code) => StatusCode::FORBIDDEN,
        RefusalKind::NotImplemented => match *request.method {
            Method::POST if is_audit(request) => StatusCode::NOT_FOUND,
            Method::POST => StatusCode::NOT_IMPLEMENTED,
            Method::GET | Method::HEAD => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        },
        kind => StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn text(refusal: &Refusal) -> String {
    let lead = match refusal.kind {
        _ if is_taken(refusal.code) => {
            "You cannot publish over the previously published versions: "
        }
        RefusalKind::NotFound => "Not found: ",
        _ => "",
    };
    let (message, code) = (&refusal.message, refusal.code);
    match &refusal.docs_url {
        Some(link) => format!("{lead}{message} [{code}] See {link}"),
        None => format!("{lead}{message} [{code}]"),
    }
}

#[cfg(test)]
mod tests;
