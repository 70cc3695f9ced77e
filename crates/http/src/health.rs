//! What machines ask of a server: health, readiness, metrics, whom to tell of a hole.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Json, Router, routing::get};
use http::{StatusCode, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use vouchsafe_app::App;
use vouchsafe_domain::Sha256;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// How long the database and the blobs may take to answer when readiness is asked for.
const READY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a copy of `security.txt` may be believed: RFC 9116 wants less than a year.
const SECURITY_TXT_LIFE: Duration = Duration::from_secs(180 * 24 * 3600);

/// Bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 12] =
    [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Starts collecting metrics in this process. Calling it again changes nothing.
pub fn install_metrics() {
    if METRICS.get().is_some() {
        return;
    }
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
    match builder.map(PrometheusBuilder::install_recorder) {
        Ok(Ok(handle)) => {
            let _ = METRICS.set(handle);
        }
        Ok(Err(error)) => tracing::warn!(error = %error, "metrics are not collected"),
        Err(error) => tracing::warn!(error = %error, "metrics are not collected"),
    }
}

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_page))
        .route("/.well-known/security.txt", get(security_txt))
}

/// `GET /healthz`: the process answers. Nothing else is looked at.
async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: database and blobs answer, so requests make sense. An upstream that is down does not
/// make this registry unready: what is hosted and cached is still served.
async fn readyz(State(app): State<App>) -> impl IntoResponse {
    let database = answers(app.store().last_event_seq());
    // Whether any blob is there is not the question, only whether that can be told.
    let blobs = answers(app.blobs().exists(Sha256::new([0; 32])));
    let (database, blobs) = tokio::join!(database, blobs);
    let ready = database && blobs;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ready, "database": database, "blobs": blobs })))
}

/// A load balancer does not wait for the patience that a request has with a database.
async fn answers<T, E>(question: impl Future<Output = Result<T, E>>) -> bool {
    matches!(tokio::time::timeout(READY_TIMEOUT, question).await, Ok(Ok(_)))
}

/// `GET /.well-known/security.txt` (RFC 9116), when the operator named a contact.
async fn security_txt(State(app): State<App>) -> impl IntoResponse {
    let Some(contact) = &app.config().security_contact else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let expires = app.now().plus(SECURITY_TXT_LIFE).to_rfc3339_secs();
    let site_url = &app.config().site_url;
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nCanonical: {site_url}/.well-known/security.txt\n"
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// `GET /metrics`: Prometheus text.
async fn metrics_page() -> impl IntoResponse {
    match METRICS.get() {
        Some(handle) => (
            StatusCode::OK,
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
            handle.render(),
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
