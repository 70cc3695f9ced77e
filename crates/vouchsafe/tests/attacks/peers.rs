//! Holes that other registries had, which no other file here is about.

use serde_json::json;
use vouchsafe_testkit::http;
use vouchsafe_testkit::packages;
use vouchsafe_testkit::{FakeUpstream, Reply};

use crate::stage::{Eco, ask, count_events, npm_rev, start};

/// A packument whose only version's tarball is there.
fn packument(name: &str, tarball_url: &str, tarball: &[u8]) -> Vec<u8> {
    let body = packages::npm_publish_body_of(name, "1.0.0", tarball);
    let mut document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    document.as_object_mut().unwrap().remove("_attachments");
    document["versions"]["1.0.0"]["dist"]["tarball"] = json!(tarball_url);
    document["time"] = json!({ "1.0.0": "2020-01-01T00:00:00.000Z" });
    document.to_string().into_bytes()
}

fn upstream_config(url: &str, more: &str) -> String {
    format!("[upstreams.npm]\nurl = \"{url}/\"\n{more}\n")
}

/// The operator names an upstream; what that upstream names is a stranger's word, and leads
/// nowhere inside.
#[test]
fn nexus_cve_2026_0600_an_upstream_leads_to_a_private_address() {
    let (upstream, inside) = (FakeUpstream::start(), FakeUpstream::start());
    let port = inside.url().rsplit(':').next().unwrap().to_owned();
    let tarball = packages::npm_tarball("left-pad", "1.0.0");
    inside.on("/secret", Reply::ok("application/octet-stream", tarball.clone()));
    let hosts = [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::]",
        "user@127.0.0.1",
        "169.254.169.254",
        "127.0.0.1.",
    ];
    let server = start(&upstream_config(&upstream.url(), ""));
    for (place, host) in hosts.iter().enumerate() {
        let address = format!("http://{host}:{port}/secret");
        let (name, moved) = (format!("pad{place}"), format!("moved{place}"));
        let document = packument(&name, &address, &packages::npm_tarball(&name, "1.0.0"));
        upstream.on(&format!("/{name}"), Reply::ok("application/json", document));
        upstream.on(&format!("/{moved}"), Reply::status(302).header("location", &address));
        for target in [Eco::Npm.file(&name, "1.0.0"), format!("/npm/{moved}")] {
            let answer = http::get(server.address(), &target);
            assert!([404, 502, 503].contains(&answer.status), "{host} {target}: {}", answer.text());
        }
    }
    assert!(upstream.all_hits() >= 2 * hosts.len());
    assert_eq!(inside.all_hits(), 0);
}

#[test]
fn artifactory_cve_2024_6915_what_a_request_says_about_itself_reaches_no_cache() {
    let upstream = FakeUpstream::start();
    let tarball = packages::npm_tarball("left-pad", "1.0.0");
    let file_url = format!("{}/left-pad/-/left-pad-1.0.0.tgz", upstream.url());
    let document = packument("left-pad", &file_url, &tarball);
    upstream.on("/left-pad", Reply::ok("application/json", document));
    upstream.on(
        "/left-pad/-/left-pad-1.0.0.tgz",
        Reply::ok("application/octet-stream", tarball.clone()),
    );
    let server = start(&upstream_config(&upstream.url(), "allow_private_network = true"));
    let odd = [
        ("host", "elsewhere.example"),
        ("x-forwarded-host", "elsewhere.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/elsewhere"),
        ("x-original-url", "/npm/other"),
        ("x-rewrite-url", "/npm/other"),
        ("x-http-method-override", "DELETE"),
        ("forwarded", "host=elsewhere.example;proto=gopher"),
        ("accept-language", "xx"),
        ("range", "bytes=0-3"),
    ];
    let first = http::send(server.address(), "GET", "/npm/left-pad?x=elsewhere.example", &odd, b"");
    assert!(!first.text().contains("elsewhere"), "{}", first.text());
    let plain = http::get(server.address(), "/npm/left-pad");
    assert_eq!((first.status, &first.body), (200, &plain.body));
    let tarball_url = plain.json()["versions"]["1.0.0"]["dist"]["tarball"].clone();
    assert_eq!(
        tarball_url,
        json!(format!("{}{}", server.url(), Eco::Npm.file("left-pad", "1.0.0")))
    );
    http::send(server.address(), "GET", &Eco::Npm.file("left-pad", "1.0.0"), &odd, b"");
    assert_eq!(http::get(server.address(), &Eco::Npm.file("left-pad", "1.0.0")).body, tarball);
    for (_, headers) in upstream.requests() {
        assert!(headers.iter().all(|(_, value)| !value.contains("elsewhere")), "{headers:?}");
    }
}

#[test]
fn artifact_keeper_ghsa_qxv7_wrong_bytes_are_never_kept() {
    let upstream = FakeUpstream::start();
    let tarball = packages::npm_tarball("left-pad", "1.0.0");
    let path = "/left-pad/-/left-pad-1.0.0.tgz";
    let document = packument("left-pad", &format!("{}{path}", upstream.url()), &tarball);
    upstream.on("/left-pad", Reply::ok("application/json", document));
    let evil = packages::tar_gz(&[("package/package.json", b"{}"), ("package/evil.js", b"evil()")]);
    upstream.on(path, Reply::ok("application/octet-stream", evil.clone()));
    let server = start(&upstream_config(&upstream.url(), "allow_private_network = true"));
    let target = Eco::Npm.file("left-pad", "1.0.0");
    for _ in 0..2 {
        let answer = http::get(server.address(), &target);
        assert_ne!(answer.body, evil);
        assert!(answer.status == 502, "{} {}", answer.status, answer.text());
        assert_eq!(answer.header("x-vouchsafe-code"), Some("upstream.digest-mismatch"));
        Eco::Npm.check_shape(&target, &answer);
    }
    assert!(count_events(&server, "upstream.mismatch", "left-pad") >= 1);
    assert_eq!(count_events(&server, "upstream.admitted", "left-pad"), 0);
    upstream.on(path, Reply::ok("application/octet-stream", tarball.clone()));
    assert_eq!(http::get(server.address(), &target).body, tarball);
}

#[test]
fn artifact_keeper_ghsa_78h6_a_credential_stays_with_its_upstream() {
    let (upstream, elsewhere) = (FakeUpstream::start(), FakeUpstream::start());
    let tarball = packages::npm_tarball("left-pad", "1.0.0");
    let path = "/left-pad/-/left-pad-1.0.0.tgz";
    let document = packument("left-pad", &format!("{}{path}", elsewhere.url()), &tarball);
    upstream.on("/left-pad", Reply::ok("application/json", document));
    elsewhere.on(path, Reply::ok("application/octet-stream", tarball.clone()));
    let moved = format!("{}/moved", elsewhere.url());
    upstream.on("/moved", Reply::status(302).header("location", &moved));
    let config = "allow_private_network = true\nbearer_token = \"upstream-secret\"";
    let server = start(&upstream_config(&upstream.url(), config));
    let token = server.user_and_token("owner");
    let bearer = format!("Bearer {token}");
    for target in ["/npm/left-pad", "/npm/left-pad/-/left-pad-1.0.0.tgz", "/npm/moved"] {
        ask(&server, "GET", target, Some(&bearer), b"");
    }
    let sent = |asked: &FakeUpstream, secret: &str| {
        asked
            .requests()
            .iter()
            .filter(|(_, headers)| headers.iter().any(|(_, v)| v.contains(secret)))
            .count()
    };
    assert!(elsewhere.all_hits() >= 1);
    assert!(sent(&upstream, "upstream-secret") >= 1);
    assert_eq!(sent(&elsewhere, "upstream-secret"), 0);
    assert_eq!(sent(&upstream, &token) + sent(&elsewhere, &token), 0);
    assert!(!server.log().contains("upstream-secret"));
}

/// A name with a dash and a version must not be taken for a longer name, or for a shorter one.
#[test]
fn rubygems_cve_2022_29176_a_name_and_a_version_are_never_glued() {
    let server = start("[access]\nunpublish = \"owners\"\n");
    let (owner, attacker) = (server.user_and_token("owner"), server.user_and_token("attacker"));
    assert!(Eco::Npm.publish(&server, &owner, "gadget-extra", "1.0.0").status < 300);
    assert!(Eco::Npm.publish(&server, &attacker, "gadget", "1.0.0").status < 300);
    let krate = |name: &str, token: &str| {
        Eco::Cargo
            .upload(name, "1.0.0", &packages::krate(name, "1.0.0"))
            .send(&server, token)
            .status
    };
    assert_eq!((krate("gadget-extra", &owner), krate("gadget", &attacker)), (200, 200));
    let bearer = format!("Bearer {attacker}");
    let rev = npm_rev(&server, &attacker, "gadget");
    for (method, target) in [
        ("DELETE", format!("/npm/gadget/-/gadget-extra-1.0.0.tgz/-rev/{rev}")),
        ("DELETE", format!("/npm/gadget/-/gadget-extra/-rev/{rev}")),
        ("DELETE", format!("/npm/gadget%2f-extra/-rev/{rev}")),
        ("DELETE", format!("/npm/gadget-extra/-/gadget-1.0.0.tgz/-rev/{rev}")),
        ("DELETE", "/cargo/api/v1/crates/gadget/extra-1.0.0/yank".to_owned()),
        ("DELETE", "/cargo/api/v1/crates/gadget-extra/1.0.0/yank".to_owned()),
        ("DELETE", "/cargo/api/v1/crates/gadget_extra/1.0.0/yank".to_owned()),
        ("DELETE", "/cargo/api/v1/crates/GADGET-EXTRA/1.0.0/yank".to_owned()),
        ("DELETE", "/cargo/api/v1/crates/gadget%2dextra/1.0.0/yank".to_owned()),
    ] {
        let answer = ask(&server, method, &target, Some(&bearer), b"");
        assert!(
            (400..500).contains(&answer.status),
            "{target}: {} {}",
            answer.status,
            answer.text()
        );
        Eco::check_shape(
            if target.starts_with("/npm") { Eco::Npm } else { Eco::Cargo },
            &target,
            &answer,
        );
    }
    assert_eq!(http::get(server.address(), &Eco::Npm.file("gadget-extra", "1.0.0")).status, 200);
    let index = http::get(server.address(), &Eco::Cargo.index("gadget-extra")).text();
    assert!(index.contains("\"yanked\":false"), "{index}");
    // A file of another package is not at this package's address.
    for target in ["/npm/gadget/-/gadget-extra-1.0.0.tgz", "/npm/gadget-extra/-/gadget-1.0.0.tgz"] {
        assert_eq!(http::get(server.address(), target).status, 404, "{target}");
    }
}

#[test]
fn pypiserver_cve_2019_6802_line_breaks_in_an_address() {
    let server = start("");
    for target in [
        "/pypi/simple/x%0d%0aSet-Cookie:%20a=b/",
        "/pypi/simple/x%0aSet-Cookie:%20a=b",
        "/pypi/X%0d%0aSet-Cookie:%20a=b/json",
        "/pypi/simple?format=%0d%0aSet-Cookie:%20a=b",
        "/npm/x%0d%0aSet-Cookie:%20a=b",
        "/cargo/index/x%0d%0aSet-Cookie:%20a=b",
        "/composer/p2/acme/x%0d%0aSet-Cookie:%20a=b.json",
        "/composer/search.json?q=%0d%0aSet-Cookie:%20a=b",
        "/maven/org/example/x%0d%0aSet-Cookie:%20a=b/maven-metadata.xml",
        "/golang/corp.example/x%0d%0aSet-Cookie:%20a=b/@v/list",
        "/errors/x%0d%0aSet-Cookie:%20a=b",
        "/npm/-/user/org.couchdb.user:x%0d%0aSet-Cookie:%20a=b",
    ] {
        let answer = http::get(server.address(), target);
        assert!(answer.header("set-cookie").is_none(), "{target}: {:?}", answer.headers);
        assert!(!answer.phrase.contains('\n'), "{target}");
    }
}

#[test]
fn verdaccio_873_a_package_may_be_called_like_a_program() {
    let server = start("");
    let token = server.user_and_token("owner");
    for name in ["perl", "admin", "login", "index", "packages", "simple", "legacy", "json", "files"]
    {
        for eco in Eco::ALL {
            // A module of Python itself is no name for a project, whoever asks.
            if eco == Eco::Pypi && name == "json" {
                continue;
            }
            let answer = eco.publish(&server, &token, name, "1.0.0");
            assert!(answer.status < 300, "{eco:?} {name}: {}", answer.text());
            let index = http::get(server.address(), &eco.index(name));
            assert_eq!(index.status, 200, "{eco:?} {name}");
            let served = http::get(server.address(), &eco.file(name, "1.0.0"));
            assert_eq!(served.body, eco.archive(name, "1.0.0"), "{eco:?} {name}");
        }
    }
}

/// Publishing a name that the upstream has, or that is claimed for others, would shadow it.
#[test]
fn trust_25_a_public_name_cannot_be_shadowed() {
    let upstream = FakeUpstream::start();
    let tarball = packages::npm_tarball("left-pad", "1.0.0");
    let document = packument("left-pad", &format!("{}/x.tgz", upstream.url()), &tarball);
    upstream.on("/left-pad", Reply::ok("application/json", document));
    let server = start(&upstream_config(&upstream.url(), "allow_private_network = true"));
    let token = server.user_and_token("owner");
    let answer = Eco::Npm.publish(&server, &token, "left-pad", "9.9.9");
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some("publish.name-exists-upstream"));
    assert_eq!(count_events(&server, "publish.refused", "left-pad"), 1);
    let seen = http::get(server.address(), "/npm/left-pad").json();
    assert!(seen["versions"].get("9.9.9").is_none());
    assert_eq!(count_events(&server, "package.created", "left-pad"), 0);
}

/// What policy withholds is in no index and cannot be downloaded, and asking for it is on record.
#[test]
fn nora_583_what_is_withheld_cannot_be_downloaded() {
    let server = start("");
    let token = server.user_and_token("owner");
    for eco in Eco::ALL {
        assert!(eco.publish(&server, &token, "gadget", "1.0.0").status < 300);
        let release = format!("pkg:{}/gadget@1.0.0", eco.id());
        server.cli(&["policy", "deny", &release, "--reason", "it steals tokens"]).ok();
    }
    for eco in Eco::ALL {
        let target = eco.file("gadget", "1.0.0");
        // Another process denied it: the server learns of it from the event log.
        let withheld =
            (0..20_000).map(|_| http::get(server.address(), &target)).find(|a| a.status != 200);
        let answer = withheld.expect("it is still served");
        assert_eq!(
            (answer.status, answer.header("x-vouchsafe-code")),
            (403, Some("policy.denied"))
        );
        assert!(answer.text().contains("it steals tokens"), "{}", answer.text());
        eco.check_shape(&target, &answer);
        let encoded = target.replace("gadget", "%67adget");
        assert_eq!(http::get(server.address(), &encoded).status, 403, "{encoded}");
        let metadata = format!("{target}.metadata");
        assert_ne!(http::get(server.address(), &metadata).status, 200, "{metadata}");
        let headers = [("range", "bytes=0-10"), ("if-none-match", "*")];
        assert_eq!(http::send(server.address(), "GET", &target, &headers, b"").status, 403);
        assert_eq!(http::send(server.address(), "HEAD", &target, &[], b"").status, 403);
        assert!(
            count_events(&server, "download.refused", &format!("pkg:{}/gadget", eco.id())) >= 1
        );
    }
}
