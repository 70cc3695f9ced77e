//! Requests to ecosystems: find the mount, decode the head, read the body, ask `app`, encode.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use vouchsafe_adapter::{Decoded, WireRequest};
use vouchsafe_app::{App, AppError, CallContext, Mounted, Outcome};
use vouchsafe_domain::{Actor, ErrorCode, Refusal, RefusalKind};

use crate::path::{decode_path, decode_query};
use crate::respond;

/// Time between two chunks of a request body.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// A body may take this long, and for every [`SLOWEST_BYTES_PER_SEC`] a second longer: a client
/// that lets bytes trickle would keep its connection from others for weeks.
const BODY_GRACE: Duration = Duration::from_secs(60);
const SLOWEST_BYTES_PER_SEC: u64 = 1024;
/// What is read and thrown away of the body of a refused request, so that the client reads the
/// refusal instead of a broken connection, in bytes.
const DRAIN_BYTES: u64 = 16 * 1024 * 1024;
/// And for how long.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Where ecosystems are mounted: below `/<ecosystem>/`, or on a host name of their own.
pub(crate) struct Mounts {
    app: App,
    hosts: Vec<(String, usize)>,
}

/// A mount and the raw path below it.
pub(crate) struct Found {
    ecosystem: usize,
    below: String,
}

impl Mounts {
    pub(crate) fn new(app: App) -> Self {
        let hosts = app.ecosystems().iter().enumerate().filter_map(|(index, mounted)| {
            let own = app.config().ecosystems.get(&mounted.id)?.public_url.as_deref()?;
            let url = url::Url::parse(own).ok()?;
            let host = url.host_str()?;
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some((format!("{host}{port}"), index))
        });
        let hosts = hosts.collect();
        Self { app, hosts }
    }

    pub(crate) fn find<B>(&self, request: &Request<B>) -> Option<Found> {
        let path = request.uri().path().strip_prefix('/')?;
        if !self.hosts.is_empty() {
            let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
            let host = host.or_else(|| request.uri().authority().map(|a| a.as_str()));
            let own = host
                .and_then(|host| self.hosts.iter().find(|(own, _)| own.eq_ignore_ascii_case(host)));
            if let Some((_, ecosystem)) = own {
                return Some(Found { ecosystem: *ecosystem, below: path.to_owned() });
            }
        }
        let (first, below) = path.split_once('/').unwrap_or((path, ""));
        // The prefix is compared raw: an encoded spelling of it is another address.
        let ecosystem = self.app.ecosystems().iter().position(|m| m.id.as_str() == first)?;
        Some(Found { ecosystem, below: below.to_owned() })
    }

    pub(crate) async fn serve(
        &self,
        found: Found,
        request: Request<Incoming>,
        client: IpAddr,
    ) -> Response<Body> {
        let Some(mounted) = self.app.ecosystems().get(found.ecosystem) else {
            return Response::new(Body::empty());
        };
        let (head, body) = request.into_parts();
        // HEAD asks what GET would say; hyper leaves the body out.
        let method = if head.method == Method::HEAD { Method::GET } else { head.method.clone() };
        let path = decode_path(&found.below);
        let query = decode_query(head.uri.query().unwrap_or_default());
        let (segments, has_trailing_slash) = match &path {
            Ok(decoded) => (decoded.segments.as_slice(), decoded.has_trailing_slash),
            Err(_) => (&[][..], false),
        };
        let wire = WireRequest {
            method: &method,
            segments,
            has_trailing_slash,
            query: query.as_deref().unwrap_or_default(),
            headers: &head.headers,
            mount: &mounted.mount,
        };
        if let Err(error) = path.as_ref().map(drop).and(query.as_ref().map(drop)) {
            let refusal =
                Refusal::new(RefusalKind::Malformed, ErrorCode::BadRequest, error.to_string());
            return self.refuse(mounted, &wire, AppError::Refused(refusal));
        }
        let expects_continue = head.headers.contains_key(header::EXPECT);
        let mut body = BodyStream::new(body);
        let answer = self.answer(mounted, &wire, &mut body, client);
        match self.app.coming_through(wire.headers, answer).await {
            Ok(response) => response,
            Err(error) => {
                if !expects_continue {
                    body.drain().await;
                }
                self.refuse(mounted, &wire, error)
            }
        }
    }

    async fn answer(
        &self,
        mounted: &Mounted,
        wire: &WireRequest<'_>,
        body: &mut BodyStream,
        client: IpAddr,
    ) -> Result<Response<Body>, AppError> {
        self.app.refuse_loop(wire.headers)?;
        let credential = self.app.read_credential(wire.headers);
        let actor = self.app.authenticate(&credential, client).await?;
        let user_agent = wire.header("user-agent");
        let context = CallContext { mounted, actor: &actor, client, user_agent };
        let (call, files) = match mounted.adapter.decode(wire)? {
            Decoded::Call(call) => (call, Vec::new()),
            Decoded::Fixed { response, is_public } => {
                if !is_public {
                    self.app.authorize_read(&context)?;
                }
                // A client that is still sending would see a broken connection, not the answer.
                if *wire.method != Method::GET {
                    Box::pin(body.drain()).await;
                }
                return Ok(respond::wire(response));
            }
            Decoded::Body(decoder) => {
                let received = self.app.receive(mounted, &actor, decoder, body.chunks());
                let received = Box::pin(received).await?;
                Box::pin(self.app.confirm(&credential, &actor, client)).await?;
                (received.call, received.files)
            }
        };
        let is_private = wire.mount.auth_required || !matches!(actor, Actor::Anonymous);
        let outcome = self.app.answer(&context, call, files).await?;
        Ok(match outcome {
            Outcome::Answer(answer) => respond::wire(mounted.adapter.encode(wire, &answer)),
            Outcome::Document(served) => {
                respond::document(&served, wire.headers, is_private, self.app.now()).await
            }
            Outcome::Artifact(download) => {
                respond::artifact(&self.app, mounted, download, wire.headers, is_private).await?
            }
        })
    }

    fn refuse(&self, mounted: &Mounted, wire: &WireRequest<'_>, error: AppError) -> Response<Body> {
        let mut refusal = error.refusal();
        if refusal.docs_url.is_none() {
            let site = &self.app.config().site_url;
            refusal.docs_url = Some(format!("{site}/errors/{}", refusal.code));
        }
        let response = mounted.adapter.encode_refusal(wire, &refusal);
        respond::refusal(response, &refusal, error)
    }
}

/// A request body whose chunks have a deadline, and that must not trickle.
struct BodyStream {
    body: futures::stream::BoxStream<'static, Result<Bytes, hyper::Error>>,
    received_bytes: u64,
    /// Time spent waiting for the client; our own work does not count.
    waited: Duration,
}

impl BodyStream {
    fn new(body: Incoming) -> Self {
        let body = body.into_data_stream().boxed();
        Self { body, received_bytes: 0, waited: Duration::ZERO }
    }

    async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        let earned = Duration::from_secs(self.received_bytes / SLOWEST_BYTES_PER_SEC);
        let patience = (BODY_GRACE + earned).saturating_sub(self.waited).min(CHUNK_TIMEOUT);
        let asked = Instant::now();
        let chunk = match tokio::time::timeout(patience, self.body.next()).await {
            Ok(chunk) => chunk?.map_err(|_| BodyError::Broken),
            Err(_) => Err(BodyError::Stalled),
        };
        self.waited += asked.elapsed();
        if let Ok(chunk) = &chunk {
            self.received_bytes += chunk.len() as u64;
        }
        Some(chunk)
    }

    async fn drain(&mut self) {
        let drain = async {
            let mut drained_bytes = 0;
            while let Some(Ok(chunk)) = self.body.next().await {
                drained_bytes += chunk.len() as u64;
                if drained_bytes > DRAIN_BYTES {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN_TIME, drain).await;
    }
}

/// Why a body ended.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the connection broke")]
    Broken,
    #[error("its bytes come too slowly")]
    Stalled,
}

impl BodyStream {
    fn chunks(&mut self) -> impl Stream<Item = Result<Bytes, BodyError>> {
        futures::stream::unfold(self, |body| async move {
            let chunk = body.next().await?;
            Some((chunk, body))
        })
    }
}
