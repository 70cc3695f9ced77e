//! Refusals as Maven and Gradle show them.
//!
//! Maven 3.9 and 4 show the words of a problem document (RFC 9457). Some versions ask for one, others
//! ask for nothing in particular and take one all the same; to those, one about a file that is
//! not there would be a failure of the transfer, so a 404 never is one. Maven 3.8 and Gradle show
//! the status and the reason phrase of HTTP/1.1, which `vouchsafe-http` sets, and nothing of a body.

use http::StatusCode;
use serde::Serialize;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{Refusal, RefusalKind};

/// Challenge of a 401.
pub(crate) const CHALLENGE: &str = "Basic realm=\"Vouchsafe\"";
const PROBLEM: &str = "application/problem+json";

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    type_: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
}

/// See [`Ecosystem::encode_refusal`](vouchsafe_adapter::Ecosystem::encode_refusal).
pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    let status = StatusCode::from_u16(refusal.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    // A 401 is answered by the client itself.
    let is_ordinary = matches!(refusal.kind, RefusalKind::NotFound | RefusalKind::Unauthenticated);
    let takes_problem = request.header("accept").is_none_or(|accept| {
        accept.split(',').any(|part| {
            part.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(PROBLEM))
        })
    });
    let mut response = if takes_problem && !is_ordinary {
        let problem = Problem {
            type_: refusal.docs_url.as_deref().unwrap_or("about:blank"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &refusal.message,
            code: refusal.code.as_str(),
        };
        WireResponse::json(status, &problem).with_header("content-type", PROBLEM)
    } else {
        let link = refusal.docs_url.as_ref().map(|url| format!("See {url}\n"));
        WireResponse::text(status, format!("{}\n{}", refusal.message, link.unwrap_or_default()))
    };
    if status == StatusCode::UNAUTHORIZED {
        response = response.with_header("www-authenticate", CHALLENGE);
    }
    if let RefusalKind::Throttled { retry_after_secs } = refusal.kind {
        response = response.with_header("retry-after", &retry_after_secs.to_string());
    }
    response.with_header("vary", "accept")
}
