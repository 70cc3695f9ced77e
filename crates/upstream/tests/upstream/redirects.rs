//! Redirects and credentials: who is asked, and who gets to see the token.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use vouchsafe_domain::Secret;
use vouchsafe_upstream::{
    ClientLimits, Fetched, UpstreamConfig, UpstreamCredential, UpstreamError, Upstreams,
};

use crate::fake::{
    Fake, config, document_bytes, fetch, limits, raw, redirect_to, upstream, upstream_of,
    with_token,
};

/// A server that redirects everything to one place.
async fn redirecting_to(location: &str) -> Fake {
    let location = location.to_owned();
    Fake::always(move || redirect_to(&location)).await
}

#[tokio::test]
async fn redirects_are_followed_and_the_last_address_is_told() {
    let router = Router::new()
        .route("/npm/a", get(|| async { redirect_to("b?x=1#frag") }))
        .route("/npm/b", get(|| async { redirect_to("/files/c") }))
        .route("/files/c", get(|| async { "{}" }));
    let fake = Fake::start(router).await;
    let fetched = fetch(&upstream(&fake.url("/npm/")), "a").await.unwrap();
    assert!(
        matches!(&fetched, Fetched::Document { final_url, .. } if *final_url == fake.url("/files/c"))
    );
    assert_eq!(fake.paths(), ["/npm/a", "/npm/b", "/files/c"]);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let fake = redirecting_to("/again").await;
    let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::BadRedirect { .. }), "{error}");
    assert_eq!(fake.seen().len(), 4, "three redirects are the limit");
}

#[tokio::test]
async fn no_redirects_means_none() {
    let fake = redirecting_to("/again").await;
    let limits = ClientLimits { max_redirects: 0, ..limits() };
    assert!(fetch(&upstream_of(config(&fake.url("/")), limits), "x").await.is_err());
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_refused() {
    for target in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.0.0.2/",
        "http://2130706434/",
        "http://[fd00:ec2::254]/",
        "//192.168.0.1/",
    ] {
        let fake = redirecting_to(target).await;
        let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
        assert!(matches!(error, UpstreamError::ForbiddenAddress { .. }), "{target}: {error}");
        assert!(!error.is_outage());
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let secret = Fake::always(|| "internal".into_response()).await;
    let target = format!("http://localhost:{}/", secret.port);
    let fake = redirecting_to(&target).await;
    let upstream = upstream(&fake.url("/"));
    for path in ["x", target.as_str()] {
        let error = fetch(&upstream, path).await.unwrap_err();
        assert!(matches!(error, UpstreamError::ForbiddenAddress { .. }), "{path}: {error}");
        assert!(
            !error.to_string().contains("127.0.0.1:"),
            "the error tells what it found: {error}"
        );
    }
    assert!(secret.seen().is_empty());
}

#[tokio::test]
async fn a_second_hop_is_checked_like_the_first() {
    let router = Router::new()
        .route("/a", get(|| async { redirect_to("/b") }))
        .route("/b", get(|| async { redirect_to("http://169.254.169.254/") }));
    let fake = Fake::start(router).await;
    let error = fetch(&upstream(&fake.url("/")), "a").await.unwrap_err();
    assert!(matches!(error, UpstreamError::ForbiddenAddress { .. }), "{error}");
}

#[tokio::test]
async fn another_port_of_a_private_host_is_another_service() {
    let secret = Fake::always(|| "internal".into_response()).await;
    for host in ["127.0.0.1", "localhost"] {
        let target = format!("http://{host}:{}/", secret.port);
        let fake = redirecting_to(&target).await;
        let upstream = upstream(&format!("http://{host}:{}/", fake.port));
        for path in ["x", target.as_str()] {
            let error = fetch(&upstream, path).await.unwrap_err();
            assert!(matches!(error, UpstreamError::ForbiddenAddress { .. }), "{path}: {error}");
        }
    }
    assert!(secret.seen().is_empty());
}

#[tokio::test]
async fn an_operator_may_open_the_private_network() {
    let files = Fake::always(|| "{}".into_response()).await;
    let fake = redirecting_to(&format!("http://localhost:{}/", files.port)).await;
    let config = UpstreamConfig { allow_private_network: true, ..config(&fake.url("/")) };
    assert_eq!(document_bytes(fetch(&upstream_of(config, limits()), "x").await), b"{}");
}

#[tokio::test]
async fn the_configured_name_may_be_private() {
    let fake = Fake::always(|| "{}".into_response()).await;
    let upstream = upstream(&format!("http://localhost:{}/", fake.port));
    assert_eq!(document_bytes(fetch(&upstream, "x").await), b"{}");
}

#[tokio::test]
async fn redirects_to_nowhere_are_refused() {
    for target in ["ftp://127.0.0.1/", "file:///etc/passwd", "http://u:p@127.0.0.1/", "http://", ""]
    {
        let fake = match target {
            "" => Fake::always(|| StatusCode::FOUND.into_response()).await,
            target => redirecting_to(target).await,
        };
        let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
        assert!(matches!(error, UpstreamError::BadRedirect { .. }), "{target:?}: {error}");
    }
}

#[tokio::test]
async fn a_location_that_is_no_text_is_refused() {
    let base = raw(b"HTTP/1.1 302 Found\r\nlocation: /\xff\xfe\r\ncontent-length: 0\r\n\r\n").await;
    let error = fetch(&upstream(&base), "x").await.unwrap_err();
    assert!(matches!(error, UpstreamError::BadRedirect { .. }), "{error}");
}

#[tokio::test]
async fn the_token_goes_to_the_configured_place() {
    let fake = Fake::always(|| "{}".into_response()).await;
    let upstream = upstream_of(with_token(&fake.url("/npm")), limits());
    fetch(&upstream, "left-pad").await.unwrap();
    fetch(&upstream, &fake.url("/npm/left-pad")).await.unwrap();
    upstream.fetch_artifact("left-pad.tgz", 100).await.unwrap();
    for seen in fake.seen() {
        assert_eq!(seen.header("authorization"), Some("Bearer s3cret"), "{}", seen.uri);
    }
}

#[tokio::test]
async fn a_password_is_sent_as_basic() {
    let fake = Fake::always(|| "{}".into_response()).await;
    let password = Secret::new("open sesame");
    let credential = Some(UpstreamCredential::Basic { user: "Aladdin".to_owned(), password });
    let config = UpstreamConfig { credential, ..config(&fake.url("/")) };
    fetch(&upstream_of(config, limits()), "x").await.unwrap();
    let seen = fake.seen();
    let sent = seen.first().unwrap().header("authorization");
    assert_eq!(sent, Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

#[tokio::test]
async fn the_token_goes_nowhere_else() {
    let other = Fake::always(|| "{}".into_response()).await;
    let fake = Fake::always(|| "{}".into_response()).await;
    let config = UpstreamConfig { allow_private_network: true, ..with_token(&fake.url("/npm/")) };
    let upstream = upstream_of(config, limits());
    for url in [
        other.url("/npm/left-pad"),
        fake.url("/pypi/simple"),
        fake.url("/npmx"),
        fake.url("/npm/..%2fadmin"),
        fake.url("/npm/%2e%2e/admin"),
    ] {
        upstream.fetch_artifact(&url, 100).await.unwrap();
    }
    for seen in fake.seen().iter().chain(&other.seen()) {
        assert!(!seen.has_credential(), "{} saw the token", seen.uri);
    }
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_token_to_another_origin() {
    let other = Fake::always(|| "{}".into_response()).await;
    let fake = redirecting_to(&other.url("/npm/x")).await;
    let config = UpstreamConfig { allow_private_network: true, ..with_token(&fake.url("/npm/")) };
    fetch(&upstream_of(config, limits()), "x").await.unwrap();
    assert!(fake.seen().first().unwrap().has_credential());
    assert!(!other.seen().first().unwrap().has_credential());
}

#[tokio::test]
async fn a_fetch_that_left_and_comes_back_has_lost_the_token() {
    let home = Router::new()
        .route("/npm/private", get(|| async { "{}" }))
        .route("/npm/x", get(|| async { redirect_to("/away") }));
    let home =
        Fake::start(home.route("/away", get(|| async { redirect_to("/npm/private") }))).await;
    fetch(&upstream_of(with_token(&home.url("/npm/")), limits()), "x").await.unwrap();
    let saw: Vec<bool> = home.seen().iter().map(|seen| seen.has_credential()).collect();
    assert_eq!(home.paths(), ["/npm/x", "/away", "/npm/private"]);
    assert_eq!(saw, [true, false, false]);
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_a_secret() {
    let config = with_token("http://127.0.0.1:9/npm/");
    assert!(!format!("{config:?}").contains("s3cret"));
    let upstreams = Upstreams::new(vec![config], limits()).unwrap();
    assert!(!format!("{upstreams:?}").contains("s3cret"));
    let fake = redirecting_to("http://10.0.0.1/?signature=s3cret").await;
    let error = fetch(&upstream(&fake.url("/")), "x").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}
