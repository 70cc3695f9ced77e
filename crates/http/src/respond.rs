//! Writing documents, artifacts and refusals: conditions, ranges, compression, cache rules.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use vouchsafe_adapter::WireResponse;
use vouchsafe_app::{App, AppError, ArtifactBody, ArtifactDownload, Mounted, ServedDocument};
use vouchsafe_domain::{Refusal, RefusalKind, Timestamp};

use crate::service::Cause;

/// What an HTML document of an ecosystem may load and do: nothing.
const DOCUMENT_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Longest reason phrase, in characters: all that a publisher may have to mend fits, and proxies
/// have room for it.
const PHRASE_CHARS: usize = 600;
/// Hexadecimal digits of a digest that make an entity tag.
const TAG_DIGITS: usize = 32;
/// What an adapter gives a document that clients shall not revalidate by its date.
const NO_STORE: (&str, &str) = ("cache-control", "no-store");

/// A response that an adapter wrote.
pub(crate) fn wire(response: WireResponse) -> Response<Body> {
    let mut out = Response::new(Body::from(response.body));
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    out
}

/// A refusal that an adapter wrote, with what every refusal carries.
pub(crate) fn refusal(
    response: WireResponse,
    refusal: &Refusal,
    error: AppError,
) -> Response<Body> {
    let mut out = wire(response);
    let headers = out.headers_mut();
    set(headers, HeaderName::from_static("x-vouchsafe-code"), refusal.code.as_str());
    if let Some(url) = &refusal.docs_url {
        set(headers, header::LINK, &format!("<{url}>; rel=\"help\""));
    }
    if let RefusalKind::Throttled { retry_after_secs } = refusal.kind {
        set(headers, header::RETRY_AFTER, &retry_after_secs.to_string());
    }
    // Several clients show a person nothing but this phrase; HTTP/2 leaves it out.
    let phrase = Bytes::from(refusal.reason_phrase(PHRASE_CHARS));
    if let Ok(phrase) = hyper::ext::ReasonPhrase::try_from(phrase) {
        out.extensions_mut().insert(phrase);
    }
    if matches!(error, AppError::Internal(_)) {
        out.extensions_mut().insert(Cause(Arc::new(error)));
    }
    out
}

/// A document, or 304 when the client has it.
pub(crate) async fn document(
    served: &ServedDocument,
    request: &HeaderMap,
    is_private: bool,
    now: Timestamp,
) -> Response<Body> {
    let document = &served.document;
    let gzip = if accepts_gzip(request) {
        if document.has_gzip() {
            document.gzip().cloned()
        } else {
            // Compressing a large document takes tens of milliseconds, once.
            let document = Arc::clone(document);
            let packed = tokio::task::spawn_blocking(move || document.gzip().cloned()).await;
            packed.unwrap_or_default()
        }
    } else {
        None
    };
    let digest = document.digest.get(..TAG_DIGITS).unwrap_or(&document.digest);
    let tag = if gzip.is_some() { format!("\"{digest}-gz\"") } else { format!("\"{digest}\"") };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    set(headers, header::ETAG, &tag);
    // Changes within one second look the same in a date, so a young date is not offered.
    let has_settled = now.as_secs() > document.modified_at.as_secs() + 1;
    // Nor is one for what has to be read anew each time, because it has a word for people in it.
    let is_kept = !document.headers.iter().any(|(name, value)| (*name, value.as_str()) == NO_STORE);
    let has_date = has_settled && is_kept;
    if has_date {
        set(headers, header::LAST_MODIFIED, &http_date(document.modified_at));
    }
    set_static(
        headers,
        header::CACHE_CONTROL,
        if is_private { "private, no-cache" } else { "public, no-cache" },
    );
    let mut vary = String::from("accept-encoding");
    for (name, value) in &document.headers {
        if *name == "vary" {
            vary = format!("{value}, {vary}");
        } else {
            set(headers, HeaderName::from_static(name), value);
        }
    }
    if is_private {
        vary.push_str(", authorization");
    }
    set(headers, header::VARY, &vary);
    if let Some(since) = served.stale_since {
        let age = now.since(since).as_secs();
        set(headers, header::AGE, &age.to_string());
        set_static(headers, header::WARNING, "110 vouchsafe \"the upstream cannot be reached\"");
    }
    if is_unchanged(request, digest, has_date.then_some(document.modified_at)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    set_static(headers, header::CONTENT_TYPE, document.content_type);
    if document.content_type.contains("html") {
        // It lives on the origin of the pages and is full of publishers' words.
        set_static(headers, header::CONTENT_SECURITY_POLICY, DOCUMENT_POLICY);
    }
    let body = match gzip {
        Some(gzip) => {
            set_static(headers, header::CONTENT_ENCODING, "gzip");
            gzip
        }
        None => document.body.clone(),
    };
    *response.body_mut() = Body::from(body);
    response
}

/// A file, a part of it, or 304.
pub(crate) async fn artifact(
    app: &App,
    mounted: &Mounted,
    download: ArtifactDownload,
    request: &HeaderMap,
    is_private: bool,
) -> Result<Response<Body>, AppError> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let (content_type, further) =
        mounted.adapter.artifact_headers(&download.filename, &download.digests);
    set_static(headers, header::CONTENT_TYPE, content_type);
    for (name, value) in further {
        set(headers, HeaderName::from_static(name), &value);
    }
    let disposition = format!("attachment; filename=\"{}\"", download.filename);
    set(headers, header::CONTENT_DISPOSITION, &disposition);
    set_static(
        headers,
        header::CACHE_CONTROL,
        if !download.is_final {
            "no-store"
        } else if is_private {
            "private, max-age=31536000, immutable"
        } else {
            "public, max-age=31536000, immutable"
        },
    );
    if let Some(published_at) = download.published_at {
        set(headers, header::LAST_MODIFIED, &http_date(published_at));
    }
    let (Some(sha256), Some(size_bytes)) = (download.sha256, download.size_bytes) else {
        if let ArtifactBody::Arriving(stream) = download.body {
            *response.body_mut() = Body::from_stream(
                stream.map(|item| item.map_err(|error| std::io::Error::other(error.to_string()))),
            );
        }
        return Ok(response);
    };
    let digest = sha256.to_hex();
    let digest = digest.get(..TAG_DIGITS).unwrap_or(&digest);
    set(headers, header::ETAG, &format!("\"{digest}\""));
    set_static(headers, header::ACCEPT_RANGES, "bytes");
    if is_unchanged(request, digest, download.published_at) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let range = match wanted_range(request, digest, size_bytes) {
        Wanted::All => None,
        Wanted::Part(range) => Some(range),
        Wanted::Unsatisfiable => {
            set(headers, header::CONTENT_RANGE, &format!("bytes */{size_bytes}"));
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(response);
        }
    };
    let length = range.as_ref().map_or(size_bytes, |range| range.end - range.start);
    set(headers, header::CONTENT_LENGTH, &length.to_string());
    if let Some(range) = &range {
        let last = range.end.saturating_sub(1);
        let content = format!("bytes {}-{last}/{size_bytes}", range.start);
        set(headers, header::CONTENT_RANGE, &content);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    *response.body_mut() = match download.body {
        ArtifactBody::Memory(bytes) => match range {
            Some(range) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                let (start, end) = (at(range.start).min(bytes.len()), at(range.end));
                Body::from(bytes.slice(start..end.min(bytes.len())))
            }
            None => Body::from(bytes),
        },
        ArtifactBody::Blob(sha256) => {
            let read = Box::pin(app.blobs().read(sha256, range)).await?;
            Body::from_stream(read.stream)
        }
        ArtifactBody::Arriving(stream) => Body::from_stream(
            stream.map(|item| item.map_err(|error| std::io::Error::other(error.to_string()))),
        ),
    };
    Ok(response)
}

/// Whether the client's copy is this one. `If-None-Match` decides alone when it is there. A date
/// must be the very one that was sent with the copy: nodes render at times of their own, and a
/// later date of one says nothing about the document of another.
fn is_unchanged(request: &HeaderMap, digest: &str, modified_at: Option<Timestamp>) -> bool {
    let mut tags = request.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        return tags
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|tag| matches_tag(tag.trim(), digest));
    }
    let since = request.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.and_then(|text| httpdate::parse_http_date(text).ok());
    match (since, modified_at) {
        (Some(since), Some(modified_at)) => {
            modified_at.as_secs() == Timestamp::from(since).as_secs()
        }
        _ => false,
    }
}

/// The compressed and the plain form, strong or weak, are the same document for a 304.
fn matches_tag(tag: &str, digest: &str) -> bool {
    if tag == "*" {
        return true;
    }
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    inner.is_some_and(|inner| inner.strip_suffix("-gz").unwrap_or(inner) == digest)
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
        |coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let is_refused =
                parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            is_gzip && !is_refused
        },
    )
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Unsatisfiable,
}

/// One range is answered; several, or one that cannot be read, get the whole (RFC 9110, 14.2).
fn wanted_range(request: &HeaderMap, digest: &str, size_bytes: u64) -> Wanted {
    let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(spec) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    if let Some(condition) = text(header::IF_RANGE)
        && (condition.starts_with("W/") || !matches_tag(condition, digest))
    {
        return Wanted::All;
    }
    let Some((first, last)) = spec.split_once('-') else { return Wanted::All };
    let range = match (first.trim().parse::<u64>().ok(), last.trim().parse::<u64>().ok()) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (Some(first), None) if last.trim().is_empty() => first..size_bytes,
        (None, Some(suffix)) if first.trim().is_empty() => {
            if suffix == 0 {
                return Wanted::Unsatisfiable;
            }
            size_bytes.saturating_sub(suffix)..size_bytes
        }
        _ => return Wanted::All,
    };
    if range.start >= size_bytes { Wanted::Unsatisfiable } else { Wanted::Part(range) }
}

fn http_date(at: Timestamp) -> String {
    httpdate::fmt_http_date(SystemTime::from(at))
}

/// Sets a header; a value that is not a legal one is left out, never passed on.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn set_static(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_range(spec: &str, expected: Wanted) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, spec.parse().unwrap());
        assert_eq!(wanted_range(&headers, "d", 100), expected);
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        check_range("bytes=0-4", Wanted::Part(0..5));
        check_range("bytes=90-", Wanted::Part(90..100));
        check_range("bytes=-10", Wanted::Part(90..100));
        check_range("bytes=-1000", Wanted::Part(0..100));
        check_range("bytes=0-1000", Wanted::Part(0..100));
        check_range("bytes=100-", Wanted::Unsatisfiable);
        check_range("bytes=-0", Wanted::Unsatisfiable);
        check_range("bytes=5-2", Wanted::All);
        check_range("bytes=0-1,5-6", Wanted::All);
        check_range("lines=0-1", Wanted::All);
        check_range("bytes=0-18446744073709551615", Wanted::Part(0..100));
    }

    #[test]
    fn a_tag_matches_in_both_forms() {
        for tag in ["\"d\"", "W/\"d\"", "\"d-gz\"", "*"] {
            assert!(matches_tag(tag, "d"), "{tag}");
        }
        assert!(!matches_tag("\"e\"", "d"));
    }
}
