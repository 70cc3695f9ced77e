//! `POST /api/v1/hooks/git/{id}`: a git server says that something was pushed.

use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use vouchsafe_app::{App, AppError};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};

/// Largest body, in bytes. It is read for its signature alone.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Time for the body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Answers 202 when the import is queued; git servers wait for seconds only.
pub(super) async fn receive(
    app: &App,
    id: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, AppError> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            let message = format!("the body may have at most {MAX_BODY_BYTES} bytes");
            return Err(refuse(RefusalKind::TooLarge, ErrorCode::TooLarge, message));
        }
        Err(_) => {
            let message = "the body did not arrive in time".to_owned();
            return Err(refuse(RefusalKind::Malformed, ErrorCode::BadRequest, message));
        }
    };
    // A value that is no text is still there: it proves nothing, and must not count as absent.
    let header = |name| {
        let value = head.headers.get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    let (signature, token) = (header("x-hub-signature-256"), header("x-gitlab-token"));
    app.git_hook(id, signature, token, &body).await?;
    let answer = serde_json::json!({ "status": "queued" });
    Ok(super::json(StatusCode::ACCEPTED, "application/json", &answer))
}

fn refuse(kind: RefusalKind, code: ErrorCode, message: String) -> AppError {
    Refusal::new(kind, code, message).into()
}
