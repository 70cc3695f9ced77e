//! A scripted upstream: answers what it was told, counts what it was asked, can lie, stall and go.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

/// One scripted answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Wait before the head is sent.
    pub delay: Duration,
}

impl Reply {
    /// 200 with a body of this type.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// A status without body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before answering.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

#[derive(Default)]
struct Script {
    replies: HashMap<String, Reply>,
    hits: HashMap<String, usize>,
    requests: Vec<(String, Vec<(String, String)>)>,
}

/// The upstream. Ends with the value.
pub struct FakeUpstream {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Default for FakeUpstream {
    fn default() -> Self {
        Self::start()
    }
}

impl FakeUpstream {
    /// Starts one that answers 404 to everything.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let script: Arc<Mutex<Script>> = Arc::default();
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&script));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { address, script, runtime: Some(runtime) }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What to answer to a path (as sent, with its query), from now on.
    pub fn on(&self, path: &str, reply: Reply) {
        self.script.lock().unwrap().replies.insert(path.to_owned(), reply);
    }

    /// How often a path was asked.
    pub fn hits(&self, path: &str) -> usize {
        self.script.lock().unwrap().hits.get(path).copied().unwrap_or(0)
    }

    /// How often anything was asked.
    pub fn all_hits(&self) -> usize {
        self.script.lock().unwrap().hits.values().sum()
    }

    /// Every request with its headers, in order.
    pub fn requests(&self) -> Vec<(String, Vec<(String, String)>)> {
        self.script.lock().unwrap().requests.clone()
    }

    /// Goes away: connections are refused from now on.
    pub fn down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.down();
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let headers = request.headers().iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers: Vec<_> = headers.collect();
    let reply = {
        let mut script = script.lock().unwrap();
        *script.hits.entry(path.clone()).or_default() += 1;
        script.requests.push((path.clone(), headers));
        script.replies.get(&path).cloned()
    };
    let reply = reply.unwrap_or_else(|| Reply::status(404));
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        let name: HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, HeaderValue::from_str(&value).unwrap());
    }
    response
}
