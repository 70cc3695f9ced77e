//! Artifacts: streams that keep to their limit and hand bytes on as they are stored.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures::{StreamExt, TryStreamExt, stream};
use vouchsafe_upstream::{ArtifactBody, UpstreamError};

use crate::fake::{Fake, raw, upstream};

async fn bytes_of(artifact: ArtifactBody) -> Result<Vec<u8>, UpstreamError> {
    artifact
        .stream
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
}

#[tokio::test]
async fn an_artifact_is_streamed() {
    let fake = Fake::always(|| vec![7; 300_000].into_response()).await;
    let artifact = upstream(&fake.url("/")).fetch_artifact("x.tgz", 300_000).await.unwrap();
    assert_eq!(artifact.declared_len, Some(300_000));
    assert_eq!(bytes_of(artifact).await.unwrap(), vec![7; 300_000]);
}

#[tokio::test]
async fn an_artifact_is_never_decompressed() {
    let fake = Fake::always(|| ([(header::CONTENT_ENCODING, "gzip")], "as stored").into_response());
    let fake = fake.await;
    let artifact = upstream(&fake.url("/")).fetch_artifact("x.tgz", 100).await.unwrap();
    assert_eq!(bytes_of(artifact).await.unwrap(), b"as stored");
    assert_eq!(fake.seen().first().unwrap().header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn an_artifact_that_states_to_be_too_large_is_refused_at_once() {
    let fake = Fake::always(|| vec![7; 101].into_response()).await;
    let refused = upstream(&fake.url("/")).fetch_artifact("x.tgz", 100).await;
    assert!(matches!(refused, Err(UpstreamError::TooLarge { limit_bytes: 100 })), "{refused:?}");
}

#[tokio::test]
async fn an_artifact_that_turns_out_too_large_ends_at_the_limit() {
    let fake = Fake::always(|| {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![7; 64]));
        Body::from_stream(endless).into_response()
    })
    .await;
    let artifact = upstream(&fake.url("/")).fetch_artifact("x.tgz", 1_000).await.unwrap();
    assert_eq!(artifact.declared_len, None);
    let chunks: Vec<_> = artifact.stream.collect().await;
    let received: usize = chunks.iter().flatten().map(|chunk| chunk.len()).sum();
    assert!(received <= 1_000);
    assert!(matches!(chunks.last(), Some(Err(UpstreamError::TooLarge { .. }))));
}

#[tokio::test]
async fn an_artifact_that_breaks_off_ends_with_an_outage() {
    let base = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").await;
    let artifact = upstream(&base).fetch_artifact("x.tgz", 100).await.unwrap();
    assert!(bytes_of(artifact).await.unwrap_err().is_outage());
}

#[tokio::test]
async fn a_missing_artifact_is_a_status() {
    let fake = Fake::always(|| StatusCode::NOT_FOUND.into_response()).await;
    let refused = upstream(&fake.url("/")).fetch_artifact("x.tgz", 100).await;
    assert!(matches!(refused, Err(UpstreamError::Status(404))), "{refused:?}");
}

#[tokio::test]
async fn a_partial_artifact_is_not_taken_for_a_whole_one() {
    let fake = Fake::always(|| (StatusCode::PARTIAL_CONTENT, "half").into_response()).await;
    let refused = upstream(&fake.url("/")).fetch_artifact("x.tgz", 100).await;
    assert!(matches!(refused, Err(UpstreamError::Status(206))), "{refused:?}");
}
