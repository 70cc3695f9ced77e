//! Fake upstreams, and the client under test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vouchsafe_domain::{EcosystemId, Secret};
use vouchsafe_upstream::{
    ClientLimits, DocumentRequest, Fetched, Upstream, UpstreamConfig, UpstreamCredential,
    UpstreamError, Upstreams,
};

pub(crate) const NPM: EcosystemId = EcosystemId::from_static("npm");

/// What a fake upstream was asked.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn has_credential(&self) -> bool {
        self.headers.contains_key(header::AUTHORIZATION)
    }
}

/// An HTTP server on a free port of 127.0.0.1 that remembers what it was asked.
pub(crate) struct Fake {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(router: Router) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let recorder = Arc::clone(&seen);
        let router = router.layer(from_fn(move |request: Request, next: Next| {
            let (uri, headers) = (request.uri().clone(), request.headers().clone());
            recorder.lock().unwrap().push(Seen { uri, headers });
            next.run(request)
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, seen }
    }

    /// A server that answers everything in one way.
    pub(crate) async fn always(
        answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start(Router::new().fallback(move || std::future::ready(answer()))).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The paths that were asked for, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().iter().map(|seen| seen.uri.path().to_owned()).collect()
    }
}

/// A server that sends these bytes to everybody, then closes the connection.
pub(crate) async fn raw(answer: &'static [u8]) -> String {
    raw_with(move |mut stream| async move {
        stream.write_all(answer).await.unwrap();
    })
    .await
}

/// A server that does this with every connection once the request head has arrived.
pub(crate) async fn raw_with<F, Fut>(serve: F) -> String
where
    F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            tokio::spawn(serve(stream));
        }
    });
    format!("http://127.0.0.1:{port}/")
}

pub(crate) fn config(base_url: &str) -> UpstreamConfig {
    UpstreamConfig {
        ecosystem: NPM,
        base_url: base_url.parse().unwrap(),
        credential: None,
        allow_private_network: false,
    }
}

pub(crate) fn with_token(base_url: &str) -> UpstreamConfig {
    let credential = Some(UpstreamCredential::Bearer(Secret::new("s3cret")));
    UpstreamConfig { credential, ..config(base_url) }
}

pub(crate) fn limits() -> ClientLimits {
    ClientLimits { via_name: "reg-under-test".to_owned(), max_redirects: 3, ..Default::default() }
}

/// Limits for upstreams that stall. Long enough for a busy machine to answer what does not.
pub(crate) fn impatient() -> ClientLimits {
    ClientLimits { read_timeout: Duration::from_millis(150), ..limits() }
}

pub(crate) fn upstream_of(config: UpstreamConfig, limits: ClientLimits) -> Upstream {
    Upstreams::new(vec![config], limits).unwrap().get(&NPM).unwrap().clone()
}

pub(crate) fn upstream(base_url: &str) -> Upstream {
    upstream_of(config(base_url), limits())
}

pub(crate) fn request(path_or_url: &str) -> DocumentRequest<'static> {
    DocumentRequest {
        path_or_url: path_or_url.to_owned(),
        accept: "application/json",
        etag: None,
        last_modified: None,
        max_bytes: 10_000,
    }
}

pub(crate) async fn fetch(upstream: &Upstream, path: &str) -> Result<Fetched, UpstreamError> {
    upstream.fetch_document(request(path)).await
}

/// The bytes of a fetch that must give a document.
#[track_caller]
pub(crate) fn document_bytes(fetched: Result<Fetched, UpstreamError>) -> Vec<u8> {
    match fetched {
        Ok(Fetched::Document { bytes, .. }) => bytes.to_vec(),
        other => panic!("no document, but {other:?}"),
    }
}

pub(crate) fn redirect_to(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location.to_owned())]).into_response()
}
