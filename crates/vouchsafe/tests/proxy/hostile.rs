//! Upstreams and clients that want the server to fetch, leak or cache what it must not.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};
use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::{FakeUpstream, Reply, Server, packages};

use crate::ecosystem::{ALL, Eco, Entry, ago, old};
use crate::scripted::{Scripted, reply};
use crate::stage::{config, server, start};

const NAME: &str = "left-pad";

/// Addresses that lead to a service which only this machine may ask.
fn inner_addresses(port: &str, server: &Server) -> Vec<String> {
    let mut all: Vec<String> = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "127.0.0.1.",
    ]
    .iter()
    .map(|host| format!("http://{host}:{port}"))
    .collect();
    // A cloud's metadata, a private network, and this server's own pages.
    all.extend(["http://169.254.169.254".to_owned(), "http://10.0.0.1:9".to_owned(), server.url()]);
    all
}

fn port_of(upstream: &FakeUpstream) -> String {
    upstream.url().rsplit(':').next().unwrap().to_owned()
}

#[track_caller]
fn check_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 502, "{what}: {}", answer.text());
    assert_eq!(answer.header("x-vouchsafe-code"), Some("upstream.malformed"), "{what}");
    assert!(!answer.text().contains("INTERNAL"), "{what}");
}

#[test]
fn an_index_cannot_lead_to_internal_services() {
    let (upstream, internal) = (FakeUpstream::start(), FakeUpstream::start());
    let server = server(&upstream, "index_ttl_secs = 0", "");
    for eco in ALL {
        let path = eco.upstream_file(NAME, "1.0.0");
        internal.on(&path, Reply::ok("text/plain", "INTERNAL"));
        for inner in inner_addresses(&port_of(&internal), &server) {
            let entry = Entry {
                version: "1.0.0",
                published_at: None,
                url: format!("{inner}{path}"),
                bytes: b"INTERNAL".to_vec(),
            };
            let (kind, index) = eco.index_with(NAME, &[entry]);
            upstream.on(&eco.upstream_index(NAME), Reply::ok(kind, index));
            let settings =
                json!({ "dl": format!("{inner}/files/{{crate}}-{{version}}.crate") }).to_string();
            upstream.on("/cargo/config.json", Reply::ok("application/json", settings));
            assert_eq!(eco.get_index(&server, NAME).status, 200, "{eco:?} {inner}");
            let what = format!("{eco:?} {inner}");
            check_refused(&eco.get_file(&server, NAME, "1.0.0"), &what);
        }
    }
    assert_eq!(internal.all_hits(), 0);
}

#[test]
fn a_redirect_cannot_lead_to_internal_services() {
    let (upstream, internal) = (FakeUpstream::start(), FakeUpstream::start());
    let server = server(&upstream, "index_ttl_secs = 0", "");
    for eco in ALL {
        for inner in inner_addresses(&port_of(&internal), &server) {
            let what = format!("{eco:?} {inner}");
            eco.script(&upstream, NAME, &[old("1.0.0")]);
            let away = |path: &str| {
                internal.on(path, Reply::ok("text/plain", "INTERNAL"));
                upstream.on(path, Reply::status(302).header("location", &format!("{inner}{path}")));
            };
            away(&eco.upstream_file(NAME, "1.0.0"));
            assert_eq!(eco.get_index(&server, NAME).status, 200, "{what}");
            check_refused(&eco.get_file(&server, NAME, "1.0.0"), &what);
            away(&eco.upstream_index(NAME));
            check_refused(&eco.get_index(&server, NAME), &what);
        }
    }
    assert_eq!(internal.all_hits(), 0);
}

#[test]
fn redirects_that_never_end_are_given_up() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0")]);
        let path = eco.upstream_file(NAME, "1.0.0");
        upstream.on(&path, Reply::status(302).header("location", &path));
        check_refused(&eco.get_file(&server, NAME, "1.0.0"), "a loop");
        assert!(upstream.hits(&path) <= 8, "{eco:?}: {}", upstream.hits(&path));
    }
}

#[test]
fn a_credential_is_sent_to_its_own_place_alone() {
    let (upstream, other) = (FakeUpstream::start(), FakeUpstream::start());
    let settings = "bearer_token = \"s3cret\"\nallow_private_network = true";
    let server = server(&upstream, settings, "");
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0"), old("2.0.0")]);
        eco.script(&other, NAME, &[old("1.0.0"), old("2.0.0")]);
        // The files lie beside the configured path; one of them is on another port.
        let away = eco.upstream_file(NAME, "2.0.0");
        let location = format!("{}{away}", other.url());
        upstream.on(&away, Reply::status(307).header("location", &location));
        for version in ["1.0.0", "2.0.0"] {
            assert_eq!(eco.get_file(&server, NAME, version).status, 200, "{eco:?} {version}");
        }
    }
    let sent: Vec<_> = upstream.requests();
    for (path, headers) in &sent {
        let token = headers.iter().find(|(name, _)| name == "authorization");
        assert_eq!(token.is_some(), !path.starts_with("/files/"), "{path}");
    }
    assert_eq!(other.all_hits(), 3);
    for (path, headers) in other.requests() {
        assert!(headers.iter().all(|(_, value)| !value.contains("s3cret")), "{path}");
        assert!(headers.iter().all(|(name, _)| name != "referer"), "{path}");
    }
}

/// A configuration with a registry of our own kind as the upstream.
fn registry_as_upstream(server: &Server) -> String {
    let below = |path: &str| format!("url = \"{}/{path}/\"", server.url());
    format!(
        "[upstreams.cargo]\n{}\n[upstreams.npm]\n{}\n[upstreams.pypi]\n{}\n",
        below("cargo/index"),
        below("npm"),
        below("pypi/simple")
    )
}

#[test]
fn servers_that_are_each_others_upstream_notice_it() {
    let mut one = start("");
    let two = start(registry_as_upstream(&one));
    one.stop();
    one.set_config(registry_as_upstream(&two));
    one.up();
    for eco in ALL {
        let answer = eco.get_index(&one, NAME);
        assert!(matches!(answer.status, 502 | 503), "{eco:?} {}: {}", answer.status, answer.text());
    }
    // And one that is its own.
    let mut own = start("");
    own.stop();
    own.set_config(registry_as_upstream(&own));
    own.up();
    for eco in ALL {
        assert!(eco.get_index(&own, NAME).status >= 500, "{eco:?}");
    }
    let passed = http::send(own.address(), "GET", "/npm/x", &[("via", "1.1 somebody-else")], b"");
    assert!(!passed.text().contains("form a loop"), "{}", passed.text());
}

/// The most memory that the server has had at once, in kilobytes.
fn peak_memory_kb(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.pid().unwrap());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_giant_index_is_refused_before_it_fills_the_memory() {
    let bomb = packages::tar_gz(&[("zeros", &vec![0; 200 * 1024 * 1024])]);
    assert!(bomb.len() < 8 * 1024 * 1024);
    type Send = Box<dyn Fn(&mut TcpStream) + std::marker::Send + Sync>;
    let giants: [(&str, Send); 3] = [
        (
            "it says so",
            Box::new(|stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 99999999999\r\n\r\n{");
            }),
        ),
        (
            "it does not end",
            Box::new(|stream| {
                let mut go_on =
                    stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n").is_ok();
                let zeros = vec![b' '; 1024 * 1024];
                while go_on {
                    go_on = stream.write_all(&zeros).is_ok();
                }
            }),
        ),
        (
            "it is a bomb",
            Box::new(move |stream| {
                reply(stream, 200, &[("content-encoding", "gzip")], &bomb);
            }),
        ),
    ];
    for (what, send) in giants {
        let upstream = Scripted::start(move |_, stream| send(stream));
        let server = start(config(&upstream.url(), "", ""));
        for eco in ALL {
            check_refused(&eco.get_index(&server, NAME), what);
        }
        let peak = peak_memory_kb(&server);
        assert!(peak < 512 * 1024, "{what}: {peak} kB");
    }
}

#[test]
fn what_a_client_sends_beside_the_path_changes_no_document() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "");
    let junk = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "/evil"),
        ("x-rewrite-url", "/evil"),
        ("accept-language", "evil"),
    ];
    for eco in ALL {
        eco.script(&upstream, NAME, &[old("1.0.0")]);
        let mut paths = vec![eco.index(NAME)];
        if eco == Eco::Cargo {
            paths.push("/cargo/index/config.json".to_owned());
        }
        for path in paths {
            // The junk comes first: it is what would be remembered.
            let mut headers = junk.to_vec();
            headers.push(eco.accept());
            let target = format!("{path}?evil.example=1&format=evil&callback=evil");
            let poisoned = raw_get(&server, &target, &headers);
            let clean = http::send(server.address(), "GET", &path, &[eco.accept()], b"");
            assert_eq!(clean.status, 200, "{path}: {}", clean.text());
            for answer in [&poisoned, &clean] {
                assert!(!answer.text().contains("evil"), "{path}: {}", answer.text());
                let headers = answer.headers.iter();
                assert!(headers.clone().all(|(_, value)| !value.contains("evil")), "{path}");
            }
            assert!(poisoned.status != 200 || poisoned.body == clean.body, "{path}");
        }
    }
    for (path, headers) in upstream.requests() {
        assert!(!path.contains("evil"), "{path}");
        assert!(headers.iter().all(|(_, value)| !value.contains("evil")), "{path}");
    }
}

/// Like `http::get`, with these headers and no other `Host`.
fn raw_get(server: &Server, target: &str, headers: &[(&str, &str)]) -> Answer {
    let mut head = format!("GET {target} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    http::send_raw(server.address(), head.as_bytes(), b"")
}

#[test]
fn nothing_that_an_upstream_says_becomes_a_header_or_markup() {
    let upstream = FakeUpstream::start();
    let server = server(&upstream, "", "[policy]\ncooldown = \"3d\"");
    let evil = "x\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>";
    let evil_headers = |reply: Reply| {
        reply.header("set-cookie", "evil=1").header("x-evil", "1").header("via", "x")
    };

    let (_, index) = Eco::Npm.index_of(&upstream.url(), NAME, &[old("1.0.0"), old("1.1.0")]);
    let mut packument: Value = serde_json::from_str(&index).unwrap();
    packument["dist-tags"][evil] = "1.0.0".into();
    packument["description"] = evil.into();
    packument["time"]["1.1.0"] = evil.into();
    packument["versions"]["1.0.0"]["deprecated"] = evil.into();
    let mut odd = packument["versions"]["1.0.0"].clone();
    odd["dist"]["tarball"] = format!("{}/files/\"%0d%0aX-Evil: 1.tgz", upstream.url()).into();
    packument["versions"]["1.0.1"] = odd.clone();
    packument["versions"][evil] = odd;
    upstream.on("/npm/left-pad", evil_headers(Reply::ok("text/html", packument.to_string())));

    let wheel = Eco::Pypi.filename(NAME, "1.0.0");
    let entry = |filename: &str| {
        json!({
            "filename": filename, "url": format!("{}/files/{wheel}", upstream.url()),
            "hashes": { "sha256": "0".repeat(64) }, "yanked": evil, "requires-python": evil,
            "upload-time": ago(std::time::Duration::from_secs(86_400 * 30)).to_rfc3339_micros(),
        })
    };
    let files = [entry(&wheel), entry(evil), entry("left_pad-2.0\".tar.gz"), entry("../x.tar.gz")];
    let status = json!({ "status": "archived", "reason": evil });
    let page = json!({
        "meta": { "api-version": "1.1" }, "name": NAME, "files": files, "project-status": status,
    });
    let reply = Reply::ok("application/vnd.pypi.simple.v1+json", page.to_string());
    upstream.on("/pypi/left-pad/", evil_headers(reply));

    let html = ("accept", "text/html");
    for (path, accept) in [
        ("/npm/left-pad", Eco::Npm.accept()),
        ("/npm/left-pad/1.0.0", Eco::Npm.accept()),
        ("/npm/left-pad/-/left-pad-1.1.0.tgz", Eco::Npm.accept()),
        ("/pypi/simple/left-pad/", Eco::Pypi.accept()),
        ("/pypi/simple/left-pad/", html),
        ("/packages/npm/left-pad", html),
        ("/packages/pypi/left-pad", html),
        ("/withheld/npm/left-pad@1.1.0", html),
    ] {
        let answer = http::send(server.address(), "GET", path, &[accept], b"");
        assert!(matches!(answer.status, 200 | 403), "{path} {}: {}", answer.status, answer.text());
        assert_eq!(answer.header("x-evil"), None, "{path}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        let is_html = answer.header("content-type").is_some_and(|kind| kind.contains("html"));
        assert!(!is_html || accept == html, "{path}");
        assert!(!is_html || !answer.text().contains("<script>alert"), "{path}: {}", answer.text());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    let versions = Eco::Npm.installable(&Eco::Npm.get_index(&server, NAME));
    assert!(versions.iter().all(|version| !version.contains('\r')), "{versions:?}");
}
