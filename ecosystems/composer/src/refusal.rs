//! Refusals, where Composer shows them.
//!
//! Composer prints `warning` of any JSON body with a 4xx or 5xx status, if the content type is
//! `application/json` and nothing more. Of a 401 and 403 it then says little else; of the others
//! it prints the start of the body. A 404 is no event for it: it must not have a `warning`.
//!
//! A 403 makes Composer ask people at a terminal for a password, and tell those who are signed in
//! that their credential is invalid. So a release that policy withholds is a 409: it is the state
//! of the release that is in the way, and not who asks.

use http::StatusCode;
use serde_json::json;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{Refusal, RefusalKind};

use crate::{PROFILE, text};

pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    let status = match refusal.kind {
        RefusalKind::Withheld => StatusCode::CONFLICT,
        kind => StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::BAD_REQUEST),
    };
    let link = refusal.docs_url.as_deref().map(|url| format!(" (see {url})")).unwrap_or_default();
    let message = text::for_terminal(&format!("{}{link}", refusal.message));
    let mut body = json!({ "status": "error", "message": message });
    let has_warning = matches!(
        refusal.kind,
        RefusalKind::Unauthenticated | RefusalKind::Forbidden | RefusalKind::Withheld
    );
    if has_warning && let Some(body) = body.as_object_mut() {
        body.insert("warning".to_owned(), message.into());
    }
    let response =
        WireResponse::json(status, &body).with_header("content-type", "application/json");
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
