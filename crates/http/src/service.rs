//! One request: an id, the client's address, the right room, one log line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::Instrument;
use vouchsafe_app::{App, AppError};

use crate::TrustedProxies;
use crate::api::Api;
use crate::mounts::Mounts;
use crate::pages;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Largest request head, in bytes. What hyper's buffer holds while a head arrives is more, and how
/// much more depends on how it arrives.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Largest form of a page, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// Time for a form to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(30);

/// What every page and endpoint may need to know about its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(pub(crate) IpAddr);

/// Cheap to clone; one per server.
#[derive(Clone)]
pub(crate) struct Service {
    mounts: Arc<Mounts>,
    api: Api,
    pages: axum::Router,
    proxies: TrustedProxies,
}

impl Service {
    pub(crate) fn new(app: App, proxies: TrustedProxies) -> Self {
        let pages = pages::router(app.clone());
        let api = Api::new(app.clone());
        Self { mounts: Arc::new(Mounts::new(app)), api, pages, proxies }
    }

    pub(crate) async fn serve(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        let id = uuid::Uuid::now_v7();
        let client = self.proxies.client_address(peer, request.headers());
        let started = Instant::now();
        let method = request.method().clone();
        let span = tracing::info_span!("request", id = %id, method = %method);
        let mut response = self.route(request, client).instrument(span.clone()).await;
        log_once(&span, &method, &response, started);
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let nosniff = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
        response
    }

    async fn route(&self, request: Request<Incoming>, client: IpAddr) -> Response<Body> {
        if head_bytes(&request) > MAX_HEAD_BYTES {
            return status_only(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        if let Some(found) = self.mounts.find(&request) {
            return self.mounts.serve(found, request, client).await;
        }
        if let Some(endpoint) = Api::find(request.uri().path()) {
            return Box::pin(self.api.serve(endpoint, request)).await;
        }
        // On the heap, so that the future of a package request stays small.
        Box::pin(self.page(request, client)).await
    }

    async fn page(&self, request: Request<Incoming>, client: IpAddr) -> Response<Body> {
        let (head, body) = request.into_parts();
        // A form is short: it is there in time or not at all.
        let form = http_body_util::Limited::new(body, MAX_FORM_BYTES).collect();
        let form = match tokio::time::timeout(FORM_TIMEOUT, form).await {
            Ok(Ok(form)) => form.to_bytes(),
            Ok(Err(_)) => return status_only(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return status_only(StatusCode::REQUEST_TIMEOUT),
        };
        let mut request = Request::from_parts(head, Body::from(form));
        request.extensions_mut().insert(Client(client));
        match self.pages.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// An answer to a request that no page will see; the rest of its body is not waited for.
fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Address and headers; not quite what was sent, and the same for every version of HTTP.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let uri = request.uri();
    let target = uri.path().len() + uri.query().map_or(0, str::len);
    target + headers.sum::<usize>()
}

/// Carries the cause of a 5xx from where it was refused to where it is logged.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) Arc<AppError>);

fn log_once(
    span: &tracing::Span,
    method: &http::Method,
    response: &Response<Body>,
    started: Instant,
) {
    let status = response.status();
    let class = match status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    };
    let elapsed = started.elapsed();
    metrics::counter!("vouchsafe_requests_total", "class" => class).increment(1);
    metrics::histogram!("vouchsafe_request_duration_seconds").record(elapsed.as_secs_f64());
    let _entered = span.enter();
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
        let chain = error_chain(cause.as_ref());
        tracing::error!(status = status.as_u16(), elapsed_ms, cause = %chain, "request failed");
    } else if is_plain_read(status, method) {
        tracing::debug!(status = status.as_u16(), elapsed_ms, "request served");
    } else {
        tracing::info!(status = status.as_u16(), elapsed_ms, "request served");
    }
}

/// A read that went well: most of what happens, and of interest to nobody.
fn is_plain_read(status: StatusCode, method: &http::Method) -> bool {
    let is_read = matches!(*method, http::Method::GET | http::Method::HEAD);
    is_read
        && matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED)
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut chain = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        chain.push_str(": ");
        chain.push_str(&source.to_string());
        next = source.source();
    }
    chain
}
