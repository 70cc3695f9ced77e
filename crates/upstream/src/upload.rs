//! Sending a file to a registry, for the command line.
//!
//! The other direction than everything else here, and other dangers: a person named the address
//! and gave the token, so the address needs no check, but the token must reach nobody else.
//! Redirects are therefore not followed. It lives in this crate for what it shares: TLS with the
//! platform's roots, no proxies and cookies, and `reqwest`, which no other crate may use.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client};
use url::Url;
use vouchsafe_domain::Secret;

use crate::config::ConfigError;
use crate::tls;

const USER_AGENT: &str = concat!("vouchsafe/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for the answer after the file was sent: the registry looks through it first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// What is read of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A file to be sent.
#[derive(Debug)]
pub struct Upload<S> {
    /// Where to.
    pub url: Url,
    /// Who sends it.
    pub token: Secret,
    /// Its media type.
    pub content_type: &'static str,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// Its bytes.
    pub body: S,
}

/// What the registry said.
#[derive(Debug, Clone)]
pub struct UploadAnswer {
    /// The status.
    pub status: u16,
    /// The code of a refusal.
    pub code: Option<String>,
    /// Where the refusal is explained.
    pub help: Option<String>,
    /// The body, or its beginning when it is long.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Setup(#[from] ConfigError),
    /// The token has characters that a header cannot carry.
    #[error("the token has characters that no token has")]
    Token,
    /// No connection, or it broke.
    #[error("the connection to the registry failed")]
    Connection(#[from] reqwest::Error),
}

/// Sends files.
#[derive(Debug, Clone)]
pub struct Uploader {
    client: Client,
}

impl Uploader {
    /// Sends nothing yet.
    ///
    /// * `needs_tls`: whether the registry is spoken to by https; a machine without root
    ///   certificates is then refused.
    ///
    /// # Errors
    ///
    /// [`UploadError::Setup`].
    pub fn new(needs_tls: bool) -> Result<Self, UploadError> {
        let tls = tls::client_config(None, needs_tls)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(ConfigError::Client)?;
        Ok(Self { client })
    }

    /// Puts a file to its address and waits for the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// [`UploadError`] when no answer came.
    pub async fn put<S>(&self, upload: Upload<S>) -> Result<UploadAnswer, UploadError>
    where
        S: Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", upload.token.expose()));
        let mut bearer = bearer.map_err(|_| UploadError::Token)?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(upload.content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(upload.size_bytes));
        let request = self.client.put(upload.url).headers(headers);
        let mut response = request.body(Body::wrap_stream(upload.body)).send().await?;
        let text = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let (code, link) = (text("x-vouchsafe-code"), text("link"));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER_BYTES
            && let Some(chunk) = response.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(MAX_ANSWER_BYTES);
        Ok(UploadAnswer { status, code, help: link.as_deref().and_then(help_of), body })
    }
}

/// The address of `<https://registry.example/errors/x>; rel="help"`.
fn help_of(link: &str) -> Option<String> {
    let (address, rest) = link.strip_prefix('<')?.split_once('>')?;
    rest.contains("rel=\"help\"").then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::help_of;

    #[test]
    fn the_help_link_is_found() {
        let link = "<https://registry.example/errors/x>; rel=\"help\"";
        assert_eq!(help_of(link).as_deref(), Some("https://registry.example/errors/x"));
        assert_eq!(help_of("<https://registry.example/>; rel=\"next\""), None);
        assert_eq!(help_of("nonsense"), None);
    }
}
