//! Refusals, where Cargo shows them.
//!
//! Of the index and of downloads Cargo prints the status and the body as it is, so the body is
//! plain text. Of the API it prints `errors[].detail`.

use http::StatusCode;
use serde_json::json;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{Refusal, RefusalKind};

use crate::{PROFILE, wire};

pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    let status = StatusCode::from_u16(refusal.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let text = text(refusal);
    let response = if wire::is_text_address(request) {
        WireResponse::text(status, format!("{text}\n"))
    } else {
        WireResponse::json(status, &json!({ "errors": [{ "detail": text }] }))
    };
    match refusal.kind {
        RefusalKind::Unauthenticated => {
            let challenge = PROFILE.challenge.replace("{site}", &request.mount.site_url);
            response.with_header("www-authenticate", &challenge)
        }
        RefusalKind::Throttled { retry_after_secs } => {
            response.with_header("retry-after", &retry_after_secs.to_string())
        }
        _ => response,
    }
}

/// Message and link on one line, fit for a terminal.
fn text(refusal: &Refusal) -> String {
    let link = refusal.docs_url.as_deref().map(|url| format!(" (see {url})")).unwrap_or_default();
    let text = format!("{}{link}", refusal.message);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
