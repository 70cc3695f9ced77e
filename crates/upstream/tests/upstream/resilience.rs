//! Retries, breaker, loops, configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use tokio::net::TcpListener;
use vouchsafe_domain::{EcosystemId, Secret};
use vouchsafe_upstream::{
    BreakerState, ClientLimits, ConfigError, SingleFlight, UpstreamConfig, UpstreamCredential,
    UpstreamError, Upstreams,
};

use crate::fake::{
    Fake, NPM, config, document_bytes, fetch, limits, redirect_to, upstream, upstream_of,
};

/// A failure that may be retried at once, so that no test waits.
fn failure(status: u16) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, "0")]).into_response()
}

/// Fails so many times, then answers.
async fn failing(times: usize, status: u16) -> Fake {
    let asked = Arc::new(AtomicUsize::new(0));
    Fake::always(move || {
        let is_failing = asked.fetch_add(1, Ordering::SeqCst) < times;
        if is_failing { failure(status) } else { "{}".into_response() }
    })
    .await
}

#[tokio::test]
async fn a_hiccup_is_not_noticed() {
    for status in [429, 500, 502, 503, 504] {
        let fake = failing(2, status).await;
        assert_eq!(document_bytes(fetch(&upstream(&fake.url("/")), "x").await), b"{}");
        let fake = failing(2, status).await;
        assert!(upstream(&fake.url("/")).fetch_artifact("x", 10).await.is_ok());
    }
}

#[tokio::test]
async fn three_attempts_are_enough() {
    let fake = failing(3, 503).await;
    let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Status(503)), "{error}");
    assert_eq!(fake.seen().len(), 3);
}

#[tokio::test]
async fn an_upstream_that_asks_for_an_hour_is_not_asked_again() {
    let fake = Fake::always(|| {
        (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "3600")]).into_response()
    })
    .await;
    let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Status(429)), "{error}");
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_an_outage() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = fetch(&upstream(&format!("http://127.0.0.1:{port}/")), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::Connect { .. }), "{error}");
    assert!(error.is_outage());
}

#[tokio::test]
async fn an_upstream_that_keeps_failing_is_left_alone() {
    let fake = failing(usize::MAX, 500).await;
    let upstream = upstream(&fake.url("/"));
    assert_eq!(upstream.breaker_state(), BreakerState::Closed);
    let mut last = None;
    for _ in 0..4 {
        last = fetch(&upstream, "x").await.err();
    }
    assert_eq!(upstream.breaker_state(), BreakerState::Open);
    assert!(matches!(last, Some(UpstreamError::BreakerOpen { .. })), "{last:?}");
    assert!(last.unwrap().is_outage());
    assert_eq!(fake.seen().len(), 8);
}

#[tokio::test]
async fn answers_do_not_open_the_breaker_whatever_they_say() {
    let fake = Fake::always(|| StatusCode::FORBIDDEN.into_response()).await;
    let upstream = upstream(&fake.url("/"));
    for _ in 0..20 {
        fetch(&upstream, "x").await.unwrap_err();
        fetch(&upstream, "http://10.0.0.1/").await.unwrap_err();
    }
    assert_eq!(upstream.breaker_state(), BreakerState::Closed);
}

#[tokio::test]
async fn other_hosts_do_not_open_the_breaker_of_an_upstream() {
    let broken = failing(usize::MAX, 500).await;
    let target = format!("http://localhost:{}/", broken.port);
    let fake = Fake::always({
        let target = target.clone();
        move || redirect_to(&target)
    })
    .await;
    let config = UpstreamConfig { allow_private_network: true, ..config(&fake.url("/")) };
    let upstream = upstream_of(config, limits());
    for _ in 0..5 {
        assert!(fetch(&upstream, "x").await.is_err());
    }
    for _ in 0..5 {
        assert!(upstream.fetch_artifact(&target, 10).await.is_err());
    }
    assert_eq!(upstream.breaker_state(), BreakerState::Closed);
}

#[tokio::test]
async fn a_hundred_callers_of_one_document_cause_one_request() {
    let fake = Fake::always(|| "{}".into_response()).await;
    let upstream = upstream(&fake.url("/"));
    let flights = SingleFlight::<&str, bool>::default();
    let calls = (0..100).map(|_| {
        let upstream = upstream.clone();
        flights.run("x", || async move { fetch(&upstream, "x").await.is_ok() })
    });
    assert_eq!(join_all(calls).await, vec![true; 100]);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_request_that_has_been_here_is_refused() {
    let upstreams = Upstreams::new(vec![], limits()).unwrap();
    assert!(upstreams.refuse_loop("1.1 other, 1.1 reg-somewhere").is_ok());
    let refused = upstreams.refuse_loop("1.1 other, 1.1 Reg-Under-Test");
    assert!(matches!(refused, Err(UpstreamError::Loop)));
}

#[track_caller]
fn check_refused(configs: Vec<UpstreamConfig>, limits: ClientLimits, expected: &str) {
    let error = Upstreams::new(configs, limits).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_the_start() {
    let http = || config("http://127.0.0.1/");
    check_refused(vec![http(), http()], limits(), "two upstreams for npm");
    check_refused(vec![config("ftp://127.0.0.1/")], limits(), "neither http nor https");
    check_refused(vec![config("http://a:s3cret@127.0.0.1/")], limits(), "give it separately");
    check_refused(vec![config("http://127.0.0.1/?a=b")], limits(), "query");
    let via = ClientLimits { via_name: "a b".to_owned(), ..limits() };
    check_refused(vec![http()], via, "Via name");
    let credential = Some(UpstreamCredential::Bearer(Secret::new("a\r\nb")));
    let config = UpstreamConfig { credential, ..http() };
    check_refused(vec![config.clone()], limits(), "cannot carry");
    let error = Upstreams::new(vec![config], limits()).unwrap_err();
    assert!(matches!(error, ConfigError::Credential { ecosystem } if ecosystem == NPM));
}

#[test]
fn each_ecosystem_has_its_own_upstream() {
    let upstreams = Upstreams::new(vec![config("http://upstream.example/npm")], limits()).unwrap();
    assert!(upstreams.get(&EcosystemId::from_static("pypi")).is_none());
    let npm = upstreams.get(&NPM).unwrap();
    assert_eq!(npm.base_url().as_str(), "http://upstream.example/npm/");
    assert_eq!(upstreams.iter().count(), 1);
}
