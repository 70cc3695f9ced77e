//! Refusals as pip, uv, twine and poetry show them.
//!
//! pip shows the reason phrase alone (set by `vouchsafe-http`), uv the key `code` of a JSON body,
//! twine the phrase and, asked to be verbose, the body. Both `--skip-existing` and poetry look for
//! words in the text of a 400, and take *any* 409 for "exists already": so an upload is never
//! answered 409. What a retry cannot change is never a 5xx.

use http::StatusCode;
use serde::Serialize;
use vouchsafe_adapter::{WireRequest, WireResponse};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};

use crate::negotiate::quality;

/// Challenge of a 401.
pub(crate) const CHALLENGE: &str = "Basic realm=\"Vouchsafe\"";

#[derive(Serialize)]
struct JsonBody<'a> {
    message: &'a str,
    /// Status and text: what uv prints.
    code: String,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs_url: Option<&'a str>,
}

/// See [`Ecosystem::encode_refusal`](vouchsafe_adapter::Ecosystem::encode_refusal).
pub(crate) fn encode(request: &WireRequest<'_>, refusal: &Refusal) -> WireResponse {
    let is_upload = request.segments.first().is_some_and(|first| first == "legacy");
    let status = if is_upload { upload_status(refusal) } else { read_status(refusal) };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let message = match is_upload.then(|| upload_wording(refusal.code)).flatten() {
        // The reason itself may begin with the words, for clients that show it alone.
        Some(wording) if !refusal.message.starts_with(wording.trim_end_matches('.')) => {
            format!("{wording} {}", refusal.message)
        }
        _ => refusal.message.clone(),
    };
    let mut response = if wants_json(request) {
        let body = JsonBody {
            message: &message,
            code: format!("{} {message}", status.as_u16()),
            title: status.canonical_reason().unwrap_or_default(),
            docs_url: refusal.docs_url.as_deref(),
        };
        // uv compares the type letter by letter, and shows the whole body when it has a parameter.
        WireResponse::json(status, &body).with_header("content-type", "application/json")
    } else {
        let link = refusal.docs_url.as_ref().map(|url| format!("See {url}\n"));
        WireResponse::text(status, format!("{message}\n{}", link.unwrap_or_default()))
    };
    if status == StatusCode::UNAUTHORIZED {
        response = response.with_header("www-authenticate", CHALLENGE);
    }
    if let RefusalKind::Throttled { retry_after_secs } = refusal.kind {
        response = response.with_header("retry-after", &retry_after_secs.to_string());
    }
    response.with_header("vary", "accept")
}

fn upload_status(refusal: &Refusal) -> u16 {
    match refusal.kind {
        // The Python index has no 401 here: a refused token is a 403. Without any, clients must
        // learn that there is something to send.
        RefusalKind::Unauthenticated if refusal.code == ErrorCode::AuthRefused => 403,
        RefusalKind::Conflict | RefusalKind::Unprocessable | RefusalKind::NotImplemented => 400,
        other => other.status(),
    }
}

fn read_status(refusal: &Refusal) -> u16 {
    match refusal.code {
        // pip tries a 5xx again and again, then tells the number alone. Wrong bytes stay wrong.
        ErrorCode::UpstreamMismatch => 403,
        _ => refusal.kind.status(),
    }
}

/// Words that clients look for in the text.
fn upload_wording(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::ReleaseExists | ErrorCode::FilenameTaken => Some("File already exists."),
        ErrorCode::Tombstoned => {
            Some("This filename was previously used by a file that has since been deleted.")
        }
        ErrorCode::AuthRefused => Some("Invalid or non-existent authentication information."),
        ErrorCode::BadArchive => Some("Invalid distribution file."),
        _ => None,
    }
}

/// uv sends `application/json;q=0.9, text/plain;q=0.8`; pip and twine name neither.
fn wants_json(request: &WireRequest<'_>) -> bool {
    let Some(accept) = request.header("accept") else { return false };
    quality(accept, "application/json") > quality(accept, "text/plain")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};
    use vouchsafe_adapter::Mount;

    use super::*;

    fn answer(path: &str, accept: &str, refusal: &Refusal) -> WireResponse {
        let mount = Mount {
            base_url: "https://registry.example/pypi".into(),
            site_url: "https://registry.example".into(),
            auth_required: false,
        };
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let headers: HeaderMap =
            [(http::header::ACCEPT, HeaderValue::from_str(accept).unwrap())].into_iter().collect();
        let request = WireRequest {
            method: &Method::POST,
            segments: &segments,
            has_trailing_slash: true,
            query: &[],
            headers: &headers,
            mount: &mount,
        };
        encode(&request, refusal)
    }

    #[track_caller]
    fn check(path: &str, kind: RefusalKind, code: ErrorCode, status: u16, words: &str) {
        let refusal = Refusal::new(kind, code, "told to people");
        let response = answer(path, "*/*", &refusal);
        let text = String::from_utf8(response.body).unwrap();
        assert_eq!((response.status.as_u16(), text.as_str()), (status, words));
    }

    #[test]
    fn uploads_are_refused_in_words_that_clients_look_for() {
        use RefusalKind::{Conflict, Forbidden, NotImplemented, Unauthenticated, Unprocessable};
        let exists = "File already exists. told to people\n";
        check("legacy", Conflict, ErrorCode::FilenameTaken, 400, exists);
        check("legacy", Conflict, ErrorCode::ReleaseExists, 400, exists);
        let gone = "This filename was previously used by a file that has since been deleted. \
                    told to people\n";
        check("legacy", Conflict, ErrorCode::Tombstoned, 400, gone);
        check("legacy", Conflict, ErrorCode::NameCollision, 400, "told to people\n");
        let bad = "Invalid distribution file. told to people\n";
        check("legacy", Unprocessable, ErrorCode::BadArchive, 400, bad);
        let auth = "Invalid or non-existent authentication information. told to people\n";
        check("legacy", Unauthenticated, ErrorCode::AuthRefused, 403, auth);
        check("legacy", Unauthenticated, ErrorCode::AuthRequired, 401, "told to people\n");
        check("legacy", Forbidden, ErrorCode::Forbidden, 403, "told to people\n");
        check("legacy", NotImplemented, ErrorCode::NotImplemented, 400, "told to people\n");
    }

    #[test]
    fn reads_are_refused_with_the_plain_status() {
        use RefusalKind::{BadUpstream, NotFound, Unauthenticated, Withheld};
        check("simple/x", NotFound, ErrorCode::NotFound, 404, "told to people\n");
        check("simple/x", Unauthenticated, ErrorCode::AuthRefused, 401, "told to people\n");
        check("files/x/y", Withheld, ErrorCode::PolicyCooldown, 403, "told to people\n");
        check("files/x/y", BadUpstream, ErrorCode::UpstreamMismatch, 403, "told to people\n");
    }

    #[test]
    fn uv_gets_json() {
        let mut refusal = Refusal::not_found("x");
        refusal.docs_url = Some("https://registry.example/errors/x".to_owned());
        let accept = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7";
        let body: serde_json::Value =
            serde_json::from_slice(&answer("legacy", accept, &refusal).body).unwrap();
        insta::assert_json_snapshot!(body, @r#"
        {
          "message": "x was not found",
          "code": "404 x was not found",
          "title": "Not Found",
          "docs_url": "https://registry.example/errors/x"
        }
        "#);
    }

    #[test]
    fn a_401_carries_a_challenge_and_a_429_a_delay() {
        let refusal = Refusal::new(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, "x");
        let headers = answer("simple/x", "*/*", &refusal).headers;
        assert_eq!(headers.get("www-authenticate").unwrap(), CHALLENGE);
        let kind = RefusalKind::Throttled { retry_after_secs: 7 };
        let refusal = Refusal::new(kind, ErrorCode::RateLimited, "x");
        assert_eq!(answer("legacy", "*/*", &refusal).headers.get("retry-after").unwrap(), "7");
    }
}
