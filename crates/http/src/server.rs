//! Listening, accepting, stopping gracefully.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use vouchsafe_app::App;

use crate::opening::Opening;
use crate::service::Service;
use crate::{ServeError, TlsFiles, TrustedProxies};

/// Time for a request head to arrive, and for a TLS handshake.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Time without progress after which a connection is closed while bytes are due.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest read buffer of a connection, in bytes. A head that does not fit is refused by hyper; the
/// limit that is promised is [`crate::service`]'s.
const READ_BUFFER_BYTES: usize = 256 * 1024;
/// Wait after a failed accept: the usual cause is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How to listen.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// TLS, when the server does it itself.
    pub tls: Option<TlsFiles>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Connections at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Time for requests to finish after a stop was asked for.
    pub shutdown_grace: Duration,
}

/// A server that has its socket.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    config: ServerConfig,
}

impl Server {
    /// Takes the socket.
    ///
    /// # Errors
    ///
    /// [`ServeError`] when the address or a TLS file cannot be used.
    pub async fn bind(config: ServerConfig) -> Result<Self, ServeError> {
        let tls = match &config.tls {
            Some(files) => Some(TlsAcceptor::from(files.load()?)),
            None => None,
        };
        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { listener, tls, config })
    }

    /// The address that was taken; of interest when port 0 was asked for.
    ///
    /// # Errors
    ///
    /// [`ServeError::Accept`] when the system does not say.
    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        self.listener.local_addr().map_err(ServeError::Accept)
    }

    /// Serves until `stop` is ready, then lets requests finish within the grace time.
    pub async fn run(self, app: App, stop: impl Future<Output = ()>) {
        let service = Service::new(app, self.config.trusted_proxies.clone());
        let slots = Arc::new(Semaphore::new(self.config.max_connections));
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.listener.accept().await)
            };
            let (slot, (stream, peer)) = tokio::select! {
                () = &mut stop => break,
                (slot, accepted) = accepted => match (slot, accepted) {
                    (Ok(slot), Ok(accepted)) => (slot, accepted),
                    (_, Err(error)) => {
                        tracing::warn!(error = %error, "a connection was not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                    (Err(_), _) => break,
                },
            };
            let (service, tls, watcher) = (service.clone(), self.tls.clone(), graceful.watcher());
            tokio::spawn(async move {
                let _slot = slot;
                let _ = stream.set_nodelay(true);
                match tls {
                    None => serve_connection(stream, false, peer, service, watcher).await,
                    Some(tls) => {
                        match tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
                            Ok(Ok(stream)) => {
                                let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                                serve_connection(stream, is_h2, peer, service, watcher).await;
                            }
                            _ => tracing::debug!("a TLS handshake failed"),
                        }
                    }
                }
            });
        }
        drop(self.listener);
        if tokio::time::timeout(self.config.shutdown_grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time and were cut off");
        }
    }
}

async fn serve_connection<S>(
    stream: S,
    is_h2: bool,
    peer: SocketAddr,
    service: Service,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = tokio_io_timeout::TimeoutStream::new(Opening::new(stream, HEAD_TIMEOUT));
    // Reads are bounded by the head timeout and per body chunk; a peer that stops taking what it
    // asked for is found here.
    stream.set_write_timeout(Some(STALL_TIMEOUT));
    // The protocol is known before the first byte: waiting for one to tell them apart has no
    // deadline, and whoever sends none would keep the connection for ever.
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = if is_h2 { builder.http2_only() } else { builder.http1_only() };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(READ_BUFFER_BYTES)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(STALL_TIMEOUT)
        .max_concurrent_streams(256)
        .max_header_list_size(64 * 1024);
    let handler = hyper::service::service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.serve(request, peer.ip()).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), handler);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error = %error, "a connection ended early");
    }
}
