//! `/api/v1/namespaces`: an account claims namespaces, proves them, lists them, gives them up.
//!
//! Who asks says so in the `Authorization` header and nowhere else: there are no cookies, so no
//! page elsewhere can ask in somebody's name.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use vouchsafe_app::{App, AppError, ClaimedProof, NamespaceClaim, NamespaceView};
use vouchsafe_domain::{Actor, ErrorCode, Namespace, NamespaceId, Refusal, RefusalKind};

use super::Api;
use crate::service::Client;

/// The addresses of namespaces.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/namespaces", get(list).post(claim))
        .route("/api/v1/namespaces/{id}", delete(release))
        .route("/api/v1/namespaces/{id}/verify", post(verify))
}

/// What is sent to claim a namespace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimRequest {
    /// `pkg:maven/com.acme`.
    namespace: String,
    /// `dns` or `code-host`.
    method: String,
    /// With `dns`, where the namespace names no domain itself.
    #[serde(default)]
    domain: Option<String>,
}

/// `GET /api/v1/namespaces`
async fn list(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let actor = authenticate(&app, &headers, client).await?;
        app.list_own_namespaces(&actor).await
    };
    answer(&app, listed.await, |views| {
        let namespaces: Vec<_> = views.iter().map(shown).collect();
        json(StatusCode::OK, &serde_json::json!({ "namespaces": namespaces }))
    })
}

/// `POST /api/v1/namespaces`
async fn claim(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let claimed = async {
        // The body of a stranger is not even looked at.
        let actor = authenticate(&app, &headers, client).await?;
        let claim = read_claim(&body)?;
        app.claim_namespace(&actor, claim).await
    };
    answer(&app, claimed.await, |view| json(StatusCode::CREATED, &shown(&view)))
}

/// `POST /api/v1/namespaces/{id}/verify`
async fn verify(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let verified = async {
        let actor = authenticate(&app, &headers, client).await?;
        app.verify_own_namespace(&actor, read_id(&id)?).await
    };
    answer(&app, verified.await, |view| json(StatusCode::OK, &shown(&view)))
}

/// `DELETE /api/v1/namespaces/{id}`
async fn release(
    State(app): State<App>,
    Extension(Client(client)): Extension<Client>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let released = async {
        let actor = authenticate(&app, &headers, client).await?;
        app.release_own_namespace(&actor, read_id(&id)?).await
    };
    answer(&app, released.await, |()| StatusCode::NO_CONTENT.into_response())
}

fn read_claim(body: &[u8]) -> Result<NamespaceClaim, AppError> {
    let request: ClaimRequest = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the request body cannot be read: {error}")))?;
    let namespace: Namespace = request.namespace.parse().map_err(|error| {
        Refusal::new(RefusalKind::Malformed, ErrorCode::BadName, format!("{error}"))
    })?;
    let proof = match (request.method.as_str(), request.domain) {
        ("dns", domain) => ClaimedProof::Dns(domain),
        ("code-host", None) => ClaimedProof::CodeHost,
        ("code-host", Some(_)) => return Err(malformed("a code host needs no domain")),
        _ => return Err(malformed("method is dns or code-host")),
    };
    Ok(NamespaceClaim { namespace, proof })
}

/// A text that is no id names no claim.
fn read_id(id: &str) -> Result<NamespaceId, AppError> {
    id.parse().map_err(|_| Refusal::not_found("this claim").into())
}

fn shown(view: &NamespaceView) -> serde_json::Value {
    let row = &view.row;
    serde_json::json!({
        "id": row.id,
        "namespace": row.namespace,
        "owner": row.account,
        "state": row.state,
        "method": row.method,
        "proof": row.proof,
        "challenge": row.challenge,
        "next_step": view.next_step,
        "created_at": row.created_at,
        "verified_at": row.verified_at,
        "checked_at": row.checked_at,
    })
}

async fn authenticate(app: &App, headers: &HeaderMap, client: IpAddr) -> Result<Actor, AppError> {
    let credential = app.read_credential(headers);
    app.authenticate(&credential, client).await
}

fn malformed(message: impl Into<String>) -> AppError {
    Refusal::new(RefusalKind::Malformed, ErrorCode::BadRequest, message).into()
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    super::json(status, "application/json", body)
}

fn answer<T>(app: &App, result: Result<T, AppError>, show: impl FnOnce(T) -> Response) -> Response {
    match result {
        Ok(value) => show(value),
        Err(error) => Api::new(app.clone()).problem(error),
    }
}
