//! The registry's own addresses for programs, below `/api/v1/`. Errors are RFC 9457 problems.

mod git_hook;
mod namespaces;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use vouchsafe_app::{App, AppError};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};

pub(crate) use namespaces::router as namespaces;

use crate::service::Cause;

/// Where it begins.
const PREFIX: &str = "/api/v1/";

/// The endpoints.
#[derive(Clone)]
pub(crate) struct Api {
    app: App,
}

/// An endpoint, and what its address says.
pub(crate) enum Endpoint {
    /// `/api/v1/hooks/git/{id}`.
    GitHook { id: String },
}

impl Api {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }

    /// The endpoint at this address, whatever the method.
    pub(crate) fn find(path: &str) -> Option<Endpoint> {
        let id = path.strip_prefix(PREFIX)?.strip_prefix("hooks/git/")?;
        Some(Endpoint::GitHook { id: id.to_owned() })
    }

    pub(crate) async fn serve(
        &self,
        endpoint: Endpoint,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let answered = match endpoint {
            Endpoint::GitHook { id } => match only(&request, &Method::POST) {
                Ok(()) => git_hook::receive(&self.app, &id, request).await,
                Err(error) => Err(error),
            },
        };
        answered.unwrap_or_else(|error| self.problem(error))
    }

    fn problem(&self, error: AppError) -> Response<Body> {
        let refusal = error.refusal();
        let status = StatusCode::from_u16(refusal.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let help = format!("{}/errors/{}", self.app.config().site_url, refusal.code);
        let body = serde_json::json!({
            "type": help,
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": refusal.message,
            "code": refusal.code.as_str(),
        });
        let mut response = json(status, "application/problem+json", &body);
        if let Ok(code) = HeaderValue::from_str(refusal.code.as_str()) {
            response.headers_mut().insert("x-vouchsafe-code", code);
        }
        if refusal.kind == RefusalKind::MethodNotAllowed {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        match refusal.kind {
            RefusalKind::Unauthenticated => {
                let challenge = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            RefusalKind::Throttled { retry_after_secs } => {
                let wait = HeaderValue::from(retry_after_secs);
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            _ => {}
        }
        if status.is_server_error() {
            response.extensions_mut().insert(Cause(Arc::new(error)));
        }
        response
    }
}

fn only<B>(request: &Request<B>, method: &Method) -> Result<(), AppError> {
    if request.method() == method {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalKind::MethodNotAllowed,
        ErrorCode::MethodNotAllowed,
        format!("this address takes {method} only"),
    )
    .into())
}

fn json(status: StatusCode, kind: &'static str, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_by_their_path() {
        let found = |path| Api::find(path).map(|Endpoint::GitHook { id }| id);
        assert_eq!(found("/api/v1/hooks/git/abc").as_deref(), Some("abc"));
        assert_eq!(found("/api/v1/hooks/git/a/b").as_deref(), Some("a/b"));
        for path in ["/", "/api/v1/", "/api/v1/hooks/git", "/x/api/v1/hooks/git/abc"] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
