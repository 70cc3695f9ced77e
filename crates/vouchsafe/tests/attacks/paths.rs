//! Paths, heads and framings that two programs could read differently.

use vouchsafe_testkit::Server;
use vouchsafe_testkit::http::{self, Answer};

use crate::stage::{Eco, PRIVATE, ask, start};

/// Where tricks are put: every address that takes a name, a version or a file.
const PLACES: &[&str] = &[
    "/{}",
    "/assets/{}",
    "/docs/{}",
    "/docs/guides/{}",
    "/errors/{}",
    "/packages/cargo/{}",
    "/withheld/npm/{}",
    "/login/{}",
    "/cargo/{}",
    "/cargo/index/{}",
    "/cargo/index/ga/dg/{}",
    "/cargo/api/v1/crates/{}/1.0.0/download",
    "/cargo/api/v1/crates/gadget/{}/download",
    "/cargo/api/v1/crates/{}/owners",
    "/npm/{}",
    "/npm/gadget/{}",
    "/npm/gadget/-/{}",
    "/npm/-/{}",
    "/npm/-/package/{}/dist-tags",
    "/npm/-/user/{}",
    "/pypi/{}",
    "/pypi/simple/{}/",
    "/pypi/files/{}/gadget-1.0.0-py3-none-any.whl",
    "/pypi/files/gadget/{}",
    "/pypi/{}/json",
    "/pypi/gadget/{}/json",
    "/composer/{}",
    "/composer/p2/{}",
    "/composer/p2/acme/{}",
    "/composer/p2/acme/{}.json",
    "/composer/dist/{}/gadget/acme-gadget-1.0.0.zip",
    "/composer/dist/acme/gadget/{}",
    "/composer/dist/acme/gadget/{}.zip",
    "/composer/packages/{}/gadget.json",
    "/composer/packages/acme/{}/owners",
    "/maven/{}",
    "/maven/.meta/{}",
    "/maven/org/{}/maven-metadata.xml",
    "/maven/org/example/{}/1.0.0/gadget-1.0.0.jar",
    "/maven/org/example/gadget/{}/gadget-1.0.0.jar",
    "/maven/org/example/gadget/1.0.0/{}",
    "/maven/org/example/gadget/1.0.0/gadget-1.0.0-{}.jar.sha1",
    "/maven/org/example/gadget/{}/",
    "/maven/api/v1/publisher/{}",
    "/maven/api/v1/publisher/deployments/download/{}",
    "/golang/{}",
    "/golang/corp.example/{}/@v/list",
    "/golang/corp.example/gadget/@v/{}",
    "/golang/corp.example/gadget/@v/{}.zip",
    "/golang/sumdb/{}",
];

/// A file that is on every machine, and the database of this one, as far up as it takes.
const TRICKS: &[&str] = &[
    "../../../../../../../../etc/passwd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2f%2f%2f%2f%2f%2f%2fetc%2fpasswd",
    "//etc/passwd",
    "%2F%2F%2F%2F%2F..%2F..%2F..%2F..%2F..%2Fetc/passwd",
    "..%5c..%5c..%5cvouchsafe.db",
    "..\\..\\vouchsafe.db",
    "%252e%252e%252fvouchsafe.db",
    "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "%e0%80%ae%e0%80%ae/etc/passwd",
    "gadget%00.txt",
    "gadget%0d%0aSet-Cookie:%20a=b",
    "gadget%0aX:%20y",
    "gadget%",
    "gadget%zz",
    "gadget%2",
    "%ff%fe",
    "file:%2f%2f%2fetc%2fpasswd",
    "..;/vouchsafe.db",
    "%u002e%u002e/vouchsafe.db",
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "./gadget/../gadget",
    "%2e/vouchsafe.toml",
    "perl",
    "<script>alert(1)</script>",
    "${7*7}",
    "{{7*7}}",
    "gadget?/../../etc/passwd",
];

#[track_caller]
fn check_harmless(target: &str, answer: &Answer) {
    let text = answer.text();
    for secret in ["root:x:0", "SQLite format", "[access]", "signed-in\"\n"] {
        assert!(!text.contains(secret), "{target} shows {secret}");
    }
    assert!(answer.header("set-cookie").is_none(), "{target} sets a cookie");
    assert!(answer.header("x").is_none(), "{target} injects a header");
    assert!(answer.status < 500 || answer.status == 501, "{target}: {} {text}", answer.status);
    let is_html = answer.header("content-type").is_some_and(|kind| kind.contains("html"));
    assert!(!is_html || !text.contains("<script"), "{target}: a script in {text}");
}

fn with_gadget(config: &str) -> (Server, String) {
    let server = start(config);
    let token = server.user_and_token("owner");
    for eco in Eco::ALL {
        assert!(eco.publish(&server, &token, "gadget", "1.0.0").status < 300);
    }
    (server, token)
}

#[test]
fn nexus_cve_2024_4956_encoded_slashes() {
    let (server, _) = with_gadget("");
    for place in PLACES {
        for trick in TRICKS {
            let target = place.replace("{}", trick);
            let answer = http::get(server.address(), &target);
            check_harmless(&target, &answer);
            // Whatever is served is a package document or a page: never a file of the machine.
            if place.starts_with("/pypi/files") || place.ends_with("/download") {
                assert!(answer.status >= 400, "{target}: {}", answer.status);
            }
        }
    }
    assert_eq!(http::get(server.address(), "/healthz").status, 200);
}

/// A percent-encoded mount is another address, which has nothing; it is no way round a check.
#[test]
fn artifact_keeper_ghsa_fv45_encoded_mounts() {
    let (server, token) = with_gadget(PRIVATE);
    let bearer = format!("Bearer {token}");
    for target in [
        "/%63argo/index/ga/dg/gadget",
        "/carg%6f/api/v1/crates/gadget/1.0.0/download",
        "/%6epm/gadget",
        "/np%6d/gadget/-/gadget-1.0.0.tgz",
        "/pyp%69/simple/gadget/",
        "//npm/gadget",
        "/./npm/gadget",
        "/docs/../npm/gadget",
        "/NPM/gadget",
        "/npm%2fgadget",
        "/cargo;x/index/ga/dg/gadget",
    ] {
        for authorization in [None, Some(bearer.as_str())] {
            let answer = ask(&server, "GET", target, authorization, b"");
            assert_eq!(answer.status, 404, "{target}");
        }
    }
    // An encoded letter of the name is the same name, with the same decision.
    for target in ["/npm/%67adget", "/pypi/simple/%67adget/", "/cargo/index/ga/dg/%67adget"] {
        assert_eq!(ask(&server, "GET", target, None, b"").status, 401, "{target}");
        assert_eq!(ask(&server, "GET", target, Some(&bearer), b"").status, 200, "{target}");
    }
}

#[track_caller]
fn check_raw(server: &Server, head: &str, body: &str, expected: &[u16]) -> Answer {
    let answer = http::send_raw(server.address(), head.as_bytes(), body.as_bytes());
    assert!(expected.contains(&answer.status), "{head:?}: {} {}", answer.status, answer.text());
    answer
}

/// The bytes of everything that came back on one connection.
fn conversation(server: &Server, bytes: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn contradicting_lengths_are_refused() {
    let server = start("");
    let head = "POST /npm/-/v1/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    for framing in [
        "content-length: 0\r\ncontent-length: 5\r\n",
        "content-length: 5, 6\r\n",
        "content-length: -1\r\n",
        "content-length: +5\r\n",
        "content-length: 0x5\r\n",
        "content-length: 99999999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
        " transfer-encoding: chunked\r\n",
        "content-length : 5\r\n",
        "bad header\r\n",
        "x: a\rb\r\n",
        "x: a\0b\r\n",
    ] {
        check_raw(&server, &format!("{head}{framing}\r\n"), "0\r\n\r\n", &[400]);
    }
    let old = "POST /npm/-/v1/login HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    check_raw(&server, old, "", &[400]);
}

/// With both framings the chunks decide, and nothing behind them is taken for a request that the
/// length would have hidden, or the other way round.
#[test]
fn a_second_request_cannot_be_smuggled() {
    let (server, token) = with_gadget("");
    for framing in [
        "content-length: 60\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 60\r\n",
    ] {
        let smuggled = format!(
            "DELETE /cargo/api/v1/crates/gadget/1.0.0/yank HTTP/1.1\r\nhost: x\r\n\
             authorization: {token}\r\nconnection: close\r\n\r\n"
        );
        let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
        let all = format!(
            "POST /npm/-/v1/login HTTP/1.1\r\nhost: x\r\n{framing}\r\n{chunk}\
             GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        );
        let answers = conversation(&server, &all);
        assert!(!answers.contains("\"ok\":true"), "{answers}");
        // The connection ends with the one answer: a proxy in front that goes by the length cannot
        // be made to take what follows for the answer to somebody else.
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!(answers.to_lowercase().contains("connection: close"), "{answers}");
        let index = http::get(server.address(), "/cargo/index/ga/dg/gadget").text();
        assert!(index.contains("\"yanked\":false"), "{index}");
    }
}

#[test]
fn wrong_chunks_publish_nothing() {
    let (server, token) = with_gadget("");
    let upload = Eco::Npm.upload("chunky", "1.0.0", &Eco::Npm.archive("chunky", "1.0.0"));
    let head = format!(
        "PUT /npm/chunky HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let body = String::from_utf8(upload.body).unwrap();
    let length = body.len();
    for chunks in [
        format!("{length:x}\r\n{body}"),
        format!("{length:x}\r\n{body}\r\n"),
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", length + 10),
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 10),
        format!("zz\r\n{body}\r\n0\r\n\r\n"),
        format!("-1\r\n{body}\r\n0\r\n\r\n"),
        format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
        format!("{length:x};{}\r\n{body}\r\n0\r\n\r\n", "x".repeat(100_000)),
    ] {
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        std::io::Write::write_all(&mut stream, format!("{head}{chunks}").as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.starts_with("HTTP/1.1 20"), "{answer}");
        assert_eq!(http::get(server.address(), "/npm/chunky").status, 404);
    }
}

#[test]
fn odd_request_lines_are_answered_or_refused_and_never_crash() {
    let (server, _) = with_gadget(PRIVATE);
    let close = "host: registry.example\r\nconnection: close\r\n\r\n";
    // An absolute target is the same question, with the same decision.
    let absolute = format!("GET http://elsewhere.example/npm/gadget HTTP/1.1\r\n{close}");
    check_raw(&server, &absolute, "", &[401]);
    check_raw(&server, &format!("GET /npm/gadget HTTP/1.0\r\n{close}"), "", &[401]);
    check_raw(&server, "GET /npm/gadget HTTP/1.0\r\n\r\n", "", &[401]);
    check_raw(&server, &format!("OPTIONS * HTTP/1.1\r\n{close}"), "", &[404, 405]);
    check_raw(
        &server,
        &format!("CONNECT upstream.example:443 HTTP/1.1\r\n{close}"),
        "",
        &[404, 405],
    );
    check_raw(&server, &format!("TRACE /npm/gadget HTTP/1.1\r\n{close}"), "", &[405]);
    check_raw(&server, &format!("GET npm/gadget HTTP/1.1\r\n{close}"), "", &[400]);
    check_raw(&server, &format!("GET /npm/gad get HTTP/1.1\r\n{close}"), "", &[400]);
    check_raw(&server, &format!("GET /npm/gadget HTTP/3.0\r\n{close}"), "", &[400]);
    check_raw(
        &server,
        &format!("{} /npm/gadget HTTP/1.1\r\n{close}", "A".repeat(500)),
        "",
        &[400, 405],
    );
    let long = format!("GET /npm/{} HTTP/1.1\r\n{close}", "a".repeat(300_000));
    check_raw(&server, &long, "", &[400, 414, 431]);
    let large = format!("GET /npm/gadget HTTP/1.1\r\nx: {}\r\n{close}", "a".repeat(600_000));
    check_raw(&server, &large, "", &[431]);
    let many: String = (0..500).map(|place| format!("x-{place}: y\r\n")).collect();
    check_raw(&server, &format!("GET /npm/gadget HTTP/1.1\r\n{many}{close}"), "", &[431]);
    let pairs = "a=b&".repeat(100);
    check_raw(&server, &format!("GET /npm/-/v1/search?{pairs} HTTP/1.1\r\n{close}"), "", &[400]);
    let deep = "a/".repeat(200);
    check_raw(&server, &format!("GET /npm/{deep} HTTP/1.1\r\n{close}"), "", &[400]);
    assert_eq!(http::get(server.address(), "/healthz").status, 200);
}

/// A plain connection speaks HTTP/1.1: the phrase that clients show to people lives there alone,
/// and waiting for the first bytes of another protocol would have no end.
#[test]
fn a_plain_connection_does_not_wait_for_another_protocol() {
    let server = start("");
    let answers = conversation(&server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(answers.is_empty() || answers.starts_with("HTTP/1.1 400"), "{answers}");
}
