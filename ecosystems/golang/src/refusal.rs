//! Refusals as `go` shows them: the plain text of the body, behind "server response".
//!
//! `go` looks at no other status than 404 and 410, which mean "ask the next proxy of the list";
//! after a comma every other one ends the search. Of a body it shows at most eight lines and 648
//! bytes, whole lines only; with one character in it that a terminal might act upon it shows
//! nothing.
//!
//! # Source
//!
//! Go Modules Reference, "GOPROXY protocol"; `cmd/go/internal/web`, `formatErrorDetail`.

use http::StatusCode;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{Refusal, RefusalKind};

use crate::PROFILE;

/// Longest message shown, in bytes: what `go` takes, less a line for the link.
const MAX_MESSAGE_BYTES: usize = 400;
/// Longest link shown, in bytes. A cut link leads nowhere, so a longer one is left out.
const MAX_LINK_BYTES: usize = 200;

pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    let status = StatusCode::from_u16(refusal.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut text = line(&refusal.message, MAX_MESSAGE_BYTES);
    if let Some(link) = refusal.docs_url.as_deref().filter(|link| link.len() <= MAX_LINK_BYTES) {
        text.push_str("See ");
        text.push_str(&line(link, MAX_LINK_BYTES));
    }
    let response = WireResponse::text(status, text);
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

/// One line of characters that `go` passes on: ASCII, and letters and digits of any script.
fn line(text: &str, limit_bytes: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit_bytes) + 4);
    for letter in text.chars() {
        if line.len() + letter.len_utf8() > limit_bytes {
            line.push_str("...");
            break;
        }
        let is_shown = letter == ' ' || letter.is_ascii_graphic() || letter.is_alphanumeric();
        line.push(if is_shown { letter } else { '?' });
    }
    line.push('\n');
    line
}
