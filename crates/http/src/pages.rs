//! Pages for people: collect the values, ask the portal for HTML, send it with a strict policy.

mod forms;
mod look;

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use vouchsafe_app::{App, AppError, CallContext, Mounted};
use vouchsafe_domain::{PackageRef, Refusal};
use vouchsafe_portal::pages::problem::{ProblemView, problem};
use vouchsafe_portal::{CONTENT_SECURITY_POLICY, EcosystemChoice, PageContext, RenderError};

use crate::{api, health};

/// Every address that is not an ecosystem's.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(look::home))
        .route("/search", get(look::search))
        .route("/packages/{ecosystem}/{*name}", get(look::package))
        .route("/withheld/{ecosystem}/{*release}", get(look::withheld))
        .route("/errors", get(look::error_index))
        .route("/errors/{code}", get(look::error_code))
        .route("/docs", get(look::docs_index))
        .route("/docs/{section}/{slug}", get(look::document))
        .route("/login/{code}", get(forms::login))
        .route("/login", axum::routing::post(forms::approve_login))
        .route("/me", get(forms::me).post(forms::create_token))
        .route("/assets/{*name}", get(asset))
        .merge(health::router())
        .merge(api::namespaces())
        .fallback(nothing_here)
        .layer(axum::extract::DefaultBodyLimit::max(16 * 1024))
        .with_state(app)
}

/// `GET /assets/…`: the style sheet and the icon. Their names change with their content.
async fn asset(State(app): State<App>, Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    match vouchsafe_portal::assets().iter().find(|asset| asset.path == path) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            asset.bytes,
        )
            .into_response(),
        None => refuse(&app, &AppError::Refused(Refusal::not_found("this file"))),
    }
}

async fn nothing_here(State(app): State<App>) -> Response {
    refuse(&app, &AppError::Refused(Refusal::not_found("this page")))
}

fn context(app: &App) -> PageContext {
    PageContext { site_url: app.config().site_url.clone(), now: app.now(), signed_in_as: None }
}

fn choice(mounted: &Mounted) -> EcosystemChoice {
    EcosystemChoice { id: mounted.id.clone(), title: mounted.adapter.profile().title.to_owned() }
}

/// A page, with the policy that keeps everything else out of it.
fn page(status: StatusCode, html: Result<String, RenderError>) -> Response {
    let html = match html {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(error = ?error, "a page could not be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, axum::response::Html(html)).into_response();
    let headers = response.headers_mut();
    let set = |headers: &mut HeaderMap, name, value| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, header::CACHE_CONTROL, "no-store");
    response
}

/// A page that says no.
fn refuse(app: &App, error: &AppError) -> Response {
    let refusal = error.refusal();
    if let AppError::Internal(cause) = error {
        tracing::error!(cause = format!("{cause:#}"), "a page failed");
    }
    let status = StatusCode::from_u16(refusal.kind.status());
    let view = ProblemView::from_refusal(&refusal, None);
    page(status.unwrap_or(StatusCode::BAD_REQUEST), problem(&context(app), &view))
}

fn found(app: &App, html: Result<Option<String>, RenderError>) -> Response {
    match html.transpose() {
        Some(html) => page(StatusCode::OK, html),
        None => refuse(app, &AppError::Refused(Refusal::not_found("this page"))),
    }
}

/// Pages that show packages need the same right as every other reader: to this package, or,
/// without one, to all of them.
async fn reader(
    app: &App,
    headers: &HeaderMap,
    mounted: &Mounted,
    client: IpAddr,
    package: Option<&PackageRef>,
) -> Result<(), AppError> {
    let credential = app.read_credential(headers);
    let actor = app.authenticate(&credential, client).await?;
    let context = CallContext { mounted, actor: &actor, client, user_agent: None };
    app.authorize_reading(&context, package)
}
