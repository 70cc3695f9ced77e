//! Bodies of answers, never larger than their limits.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures::stream::{self, BoxStream, StreamExt};
use http::header::CONTENT_ENCODING;
use reqwest::Response;
use url::Url;

use crate::error::{UpstreamError, shown};

/// Memory taken ahead of a body's first bytes, at most, whatever its stated length.
const MAX_RESERVED_BYTES: u64 = 1024 * 1024;

/// The bytes of an artifact, exactly as the upstream stores them.
pub struct ArtifactBody {
    /// The length that the upstream states, in bytes. A claim; the stream keeps to the limit of
    /// the caller, not to this.
    pub declared_len: Option<u64>,
    /// The bytes as they arrive. Ends after the first error.
    pub stream: BoxStream<'static, Result<Bytes, UpstreamError>>,
}

impl std::fmt::Debug for ArtifactBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtifactBody")
            .field("declared_len", &self.declared_len)
            .finish_non_exhaustive()
    }
}

/// Streams a body as it is.
pub(crate) fn artifact(
    response: Response,
    url: Url,
    limit_bytes: u64,
) -> Result<ArtifactBody, UpstreamError> {
    let declared_len = response.content_length();
    let body = LimitedBody::new(response, url, limit_bytes)?;
    let stream = stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match body.chunk().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(body))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(ArtifactBody { declared_len, stream: stream.boxed() })
}

/// Reads a document whole, decompressed.
///
/// * `deadline`: longest time for the whole body, against an upstream that trickles.
pub(crate) async fn document(
    response: Response,
    url: &Url,
    limit_bytes: u64,
    deadline: Duration,
) -> Result<Bytes, UpstreamError> {
    let coding = Coding::of(&response)?;
    let reserved = response.content_length().unwrap_or(0).min(MAX_RESERVED_BYTES).min(limit_bytes);
    let body = LimitedBody::new(response, url.clone(), limit_bytes)?;
    let buffer = LimitedBuffer {
        bytes: Vec::with_capacity(usize::try_from(reserved).unwrap_or(0)),
        limit_bytes,
        has_overflowed: false,
    };
    let reading = async {
        match coding {
            Coding::Identity => read_plain(body, buffer).await,
            Coding::Gzip => read_gzip(body, buffer).await,
        }
    };
    match tokio::time::timeout(deadline, reading).await {
        Ok(result) => result.map(Bytes::from),
        Err(_elapsed) => Err(UpstreamError::Timeout { url: shown(url) }),
    }
}

enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    fn of(response: &Response) -> Result<Self, UpstreamError> {
        let mut codings = response.headers().get_all(CONTENT_ENCODING).iter();
        let coding = match (codings.next(), codings.next()) {
            (None, _) => return Ok(Self::Identity),
            (Some(coding), None) => coding.to_str().unwrap_or_default().trim(),
            (Some(_), Some(_)) => return Err(UpstreamError::malformed("it is encoded twice")),
        };
        if coding.is_empty() || coding.eq_ignore_ascii_case("identity") {
            Ok(Self::Identity)
        } else if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            Ok(Self::Gzip)
        } else {
            Err(UpstreamError::malformed("it has a content coding that was not asked for"))
        }
    }
}

async fn read_plain(
    mut body: LimitedBody,
    mut buffer: LimitedBuffer,
) -> Result<Vec<u8>, UpstreamError> {
    while let Some(chunk) = body.chunk().await? {
        buffer.bytes.extend_from_slice(&chunk);
    }
    Ok(buffer.bytes)
}

async fn read_gzip(mut body: LimitedBody, buffer: LimitedBuffer) -> Result<Vec<u8>, UpstreamError> {
    let mut decoder = MultiGzDecoder::new(buffer);
    while let Some(chunk) = body.chunk().await? {
        if decoder.write_all(&chunk).is_err() {
            return Err(decoder.get_ref().explain());
        }
    }
    if decoder.try_finish().is_err() {
        return Err(decoder.get_ref().explain());
    }
    // `finish` would repeat the work of `try_finish`; the bytes are all there.
    Ok(std::mem::take(&mut decoder.get_mut().bytes))
}

/// A response that stops at a limit on the wire.
struct LimitedBody {
    response: Response,
    url: Url,
    limit_bytes: u64,
    left_bytes: u64,
}

impl LimitedBody {
    /// Refuses at once what states that it is too large.
    fn new(response: Response, url: Url, limit_bytes: u64) -> Result<Self, UpstreamError> {
        if response.content_length().is_some_and(|length| length > limit_bytes) {
            return Err(UpstreamError::TooLarge { limit_bytes });
        }
        Ok(Self { response, url, limit_bytes, left_bytes: limit_bytes })
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|error| UpstreamError::from_client(error, &self.url))?;
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        match self.left_bytes.checked_sub(length) {
            Some(left_bytes) => self.left_bytes = left_bytes,
            None => return Err(UpstreamError::TooLarge { limit_bytes: self.limit_bytes }),
        }
        Ok(chunk)
    }
}

/// A buffer that refuses the first byte over its limit: a decompression bomb ends here.
struct LimitedBuffer {
    bytes: Vec<u8>,
    limit_bytes: u64,
    has_overflowed: bool,
}

impl LimitedBuffer {
    fn explain(&self) -> UpstreamError {
        if self.has_overflowed {
            UpstreamError::TooLarge { limit_bytes: self.limit_bytes }
        } else {
            UpstreamError::malformed("its gzip stream is damaged")
        }
    }
}

impl Write for LimitedBuffer {
    fn write(&mut self, decoded: &[u8]) -> io::Result<usize> {
        let length = (self.bytes.len() as u64).saturating_add(decoded.len() as u64);
        if length > self.limit_bytes {
            self.has_overflowed = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(decoded);
        Ok(decoded.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
