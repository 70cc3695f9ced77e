//! Documents: conditions, statuses, limits.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use tokio::io::AsyncWriteExt;
use vouchsafe_upstream::{DocumentRequest, Fetched, UpstreamError};

use crate::fake::{
    Fake, config, document_bytes, fetch, impatient, raw, raw_with, request, upstream, upstream_of,
};

#[tokio::test]
async fn a_document_comes_with_what_the_next_request_needs() {
    let fake = Fake::always(|| {
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::ETAG, "W/\"7\""),
            (header::LAST_MODIFIED, "Sun, 22 Nov 2026 10:00:00 GMT"),
        ];
        (headers, "{}").into_response()
    })
    .await;
    let fetched = fetch(&upstream(&fake.url("/npm")), "left-pad").await.unwrap();
    let expected = Fetched::Document {
        bytes: "{}".into(),
        content_type: "application/json".to_owned(),
        etag: Some("W/\"7\"".to_owned()),
        last_modified: Some("Sun, 22 Nov 2026 10:00:00 GMT".to_owned()),
        final_url: fake.url("/npm/left-pad"),
    };
    assert_eq!(fetched, expected);
}

#[tokio::test]
async fn a_request_says_who_asks_and_what_is_at_hand_and_nothing_else() {
    let fake = Fake::always(|| {
        (StatusCode::NOT_MODIFIED, [(header::SET_COOKIE, "track=me")]).into_response()
    })
    .await;
    let upstream = upstream(&fake.url("/"));
    for _ in 0..2 {
        let request = DocumentRequest {
            etag: Some("\"7\""),
            last_modified: Some("Sun, 22 Nov 2026 10:00:00 GMT"),
            ..request("x")
        };
        assert_eq!(upstream.fetch_document(request).await.unwrap(), Fetched::NotModified);
    }
    for seen in fake.seen() {
        assert_eq!(seen.header("accept"), Some("application/json"));
        assert_eq!(seen.header("if-none-match"), Some("\"7\""));
        assert_eq!(seen.header("if-modified-since"), Some("Sun, 22 Nov 2026 10:00:00 GMT"));
        assert_eq!(seen.header("via"), Some("1.1 reg-under-test"));
        assert!(seen.header("user-agent").unwrap().starts_with("vouchsafe/"));
        assert_eq!(seen.header("cookie"), None);
        assert_eq!(seen.header("referer"), None);
    }
}

#[tokio::test]
async fn an_etag_that_no_header_can_carry_costs_a_full_answer_only() {
    let fake = Fake::always(|| "{}".into_response()).await;
    let request = DocumentRequest { etag: Some("\"7\"\r\nX-Evil: 1"), ..request("x") };
    let fetched = upstream(&fake.url("/")).fetch_document(request).await;
    assert_eq!(document_bytes(fetched), b"{}");
    let seen = fake.seen();
    let seen = seen.first().unwrap();
    assert_eq!((seen.header("if-none-match"), seen.header("x-evil")), (None, None));
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    for status in [404, 410, 451] {
        let fake =
            Fake::always(move || StatusCode::from_u16(status).unwrap().into_response()).await;
        let fetched = fetch(&upstream(&fake.url("/")), "x").await;
        assert_eq!(fetched.unwrap(), Fetched::NotFound, "{status}");
    }
    for status in [201, 206, 304, 400, 401, 403, 418] {
        let fake =
            Fake::always(move || StatusCode::from_u16(status).unwrap().into_response()).await;
        let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
        assert!(matches!(error, UpstreamError::Status(found) if found == status), "{error}");
        assert!(!error.is_outage(), "{status}");
        assert_eq!(fake.seen().len(), 1, "{status} was asked for again");
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn encoded(coding: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_ENCODING, coding)], body).into_response()
}

async fn fetch_encoded(coding: &'static str, body: Vec<u8>) -> Result<Fetched, UpstreamError> {
    let fake = Fake::always(move || encoded(coding, body.clone())).await;
    fetch(&upstream(&fake.url("/")), "x").await
}

#[tokio::test]
async fn gzip_is_decompressed() {
    let plain = b"x".repeat(10_000);
    assert_eq!(document_bytes(fetch_encoded("gzip", gzip(&plain)).await), plain);
    assert_eq!(document_bytes(fetch_encoded("X-GZip", gzip(&plain)).await), plain);
    assert_eq!(document_bytes(fetch_encoded("identity", plain.clone()).await), plain);
}

#[tokio::test]
async fn a_gzip_bomb_ends_at_the_limit() {
    let bomb = gzip(&vec![0; 8_000_000]);
    assert!(bomb.len() < 10_000, "the bomb is over the limit on the wire already");
    let fetched = fetch_encoded("gzip", bomb).await;
    assert!(matches!(fetched, Err(UpstreamError::TooLarge { limit_bytes: 10_000 })), "{fetched:?}");
}

#[tokio::test]
async fn gzip_that_decompresses_to_nothing_ends_at_the_limit_too() {
    let fetched = fetch_encoded("gzip", gzip(b"").repeat(1_000)).await;
    assert!(matches!(fetched, Err(UpstreamError::TooLarge { .. })), "{fetched:?}");
}

#[tokio::test]
async fn damaged_or_unknown_codings_are_refused() {
    let mut cut = gzip(b"hello hello hello");
    cut.truncate(cut.len() - 6);
    for (coding, body) in [
        ("gzip", cut),
        ("gzip", b"not gzip".to_vec()),
        ("br", b"?".to_vec()),
        ("gzip, gzip", gzip(&gzip(b"x"))),
    ] {
        let error = fetch_encoded(coding, body).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Malformed { .. }), "{coding}: {error}");
        assert!(!error.is_outage());
    }
}

#[tokio::test]
async fn a_document_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
    for (size, fits) in [(10_000, true), (10_001, false)] {
        let declared = Fake::always(move || vec![b'x'; size].into_response()).await;
        let chunked = Fake::always(move || {
            let chunks = stream::iter((0..size).map(|_| Ok::<_, std::io::Error>("x")));
            Body::from_stream(chunks).into_response()
        })
        .await;
        for fake in [declared, chunked] {
            match fetch(&upstream(&fake.url("/")), "x").await {
                Ok(Fetched::Document { bytes, .. }) => assert!(fits && bytes.len() == size),
                Err(UpstreamError::TooLarge { .. }) => assert!(!fits),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_stated_length_over_the_limit_is_refused_before_the_body() {
    let base = raw_with(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let fetched = fetch(&upstream(&base), "x").await;
    assert!(matches!(fetched, Err(UpstreamError::TooLarge { .. })), "{fetched:?}");
}

#[tokio::test]
async fn a_body_shorter_than_stated_is_an_outage_not_a_document() {
    let base = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").await;
    let error = fetch(&upstream(&base), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Connect { .. }), "{error}");
    assert!(error.is_outage());
}

#[tokio::test]
async fn a_body_longer_than_stated_is_cut() {
    let base = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n").await;
    assert_eq!(document_bytes(fetch(&upstream(&base), "x").await), b"{}");
}

#[tokio::test]
async fn what_is_no_http_is_an_outage() {
    let base = raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    assert!(fetch(&upstream(&base), "x").await.unwrap_err().is_outage());
}

#[tokio::test]
async fn an_upstream_that_stalls_is_a_timeout() {
    let silent = raw_with(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let stalls = raw_with(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    for base in [silent, stalls] {
        let error = fetch(&upstream_of(config(&base), impatient()), "x").await.unwrap_err();
        assert!(matches!(error, UpstreamError::Timeout { .. }), "{error}");
        assert!(error.is_outage());
    }
}

#[tokio::test]
async fn an_upstream_that_trickles_is_a_timeout_too() {
    let base = raw_with(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n").await.unwrap();
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;
    let error = fetch(&upstream_of(config(&base), impatient()), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { .. }), "{error}");
}
