//! Limits of connections and request heads, and whose word about addresses is believed.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use vouchsafe_testkit::{Server, http};

use crate::start;

/// A connection that has been served once and stays open.
fn open_connection(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    ask(&mut stream, server);
    assert!(answer(&mut stream).starts_with("HTTP/1.1 200"));
    stream
}

fn ask(stream: &mut TcpStream, server: &Server) {
    let head = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address());
    stream.write_all(head.as_bytes()).unwrap();
}

/// Reads up to the end of the small answer.
fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"ok\n") {
        let mut chunk = [0; 1024];
        let length = stream.read(&mut chunk).unwrap();
        assert!(length > 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn connections_beyond_the_limit_wait_their_turn() {
    let server = start("[server]\nmax_connections = 2\n");
    let (first, _second) = (open_connection(&server), open_connection(&server));
    let mut third = TcpStream::connect(server.address()).unwrap();
    ask(&mut third, &server);
    // However long this is: nothing comes while both places are taken.
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let early = third.read(&mut [0; 16]).map_err(|error| error.kind());
    assert!(matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{early:?}");
    third.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    drop(first);
    assert!(answer(&mut third).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_head_that_is_too_large_is_refused_and_the_server_goes_on() {
    let server = start("");
    let get = |name: &str, length: usize| {
        let value = "x".repeat(length);
        http::send(server.address(), "GET", "/healthz", &[(name, &value)], b"")
    };
    assert_eq!(get("x-large", 63 * 1024).status, 200);
    for length in [65, 200] {
        assert_eq!(get("x-too-large", length * 1024).status, 431, "{length} kB");
    }
    // It may hang up on one that is much too large before that is sent.
    let huge = "x".repeat(3_000_000);
    let refused = http::try_send(server.address(), "GET", "/healthz", &[("x-huge", &huge)], b"");
    assert!(refused.is_none_or(|answer| answer.status == 431));
    let long = format!("/npm/{}", "a/".repeat(33 * 1024));
    assert_eq!(http::get(server.address(), &long).status / 100, 4);
    let many: Vec<(String, String)> =
        (0..200).map(|n| (format!("x-{n}"), "1".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(http::send(server.address(), "GET", "/healthz", &many, b"").status, 431);
    assert_eq!(http::get(server.address(), "/healthz").status, 200);
}

/// Who sends a head slowly, or nothing, or a part of what HTTP/2 begins with, loses the connection.
#[test]
fn a_client_that_does_not_get_to_its_point_is_cut_off() {
    let server = start("");
    let starts: [&[u8]; 4] = [b"", b"GET /healthz HTTP/1.1\r\nhost: a\r\n", b"PRI * HTTP", b"P"];
    std::thread::scope(|scope| {
        for start in starts {
            let address = server.address();
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(start).unwrap();
                stream.set_read_timeout(Some(crate::PATIENCE)).unwrap();
                let end = stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
                let is_open = matches!(end, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut));
                assert!(!is_open, "{:?} keeps its connection", String::from_utf8_lossy(start));
            });
        }
    });
}

/// The address that the server takes a client for, as its sign-in page shows it.
fn address_seen(server: &Server, forwarded: &str) -> String {
    let headers = [("x-forwarded-for", forwarded), ("content-type", "application/json")];
    let started = http::send(server.address(), "POST", "/npm/-/v1/login", &headers, b"{}");
    let url = started.json()["loginUrl"].as_str().unwrap().to_owned();
    let page = http::get(server.address(), url.strip_prefix(&server.url()).unwrap()).text();
    let after = page.split("Asked from</dt><dd><code>").nth(1).expect("the page names an address");
    after.split('<').next().unwrap().to_owned()
}

#[test]
fn only_trusted_proxies_say_where_a_client_is() {
    let server = start("");
    assert_eq!(address_seen(&server, "203.0.113.9"), "127.0.0.1");
    let server = start("[server]\ntrusted_proxies = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\n");
    assert_eq!(address_seen(&server, "203.0.113.9"), "203.0.113.9");
    assert_eq!(address_seen(&server, "198.51.100.1, 203.0.113.9, 10.0.0.7"), "203.0.113.9");
    assert_eq!(address_seen(&server, "nonsense"), "127.0.0.1");
}
