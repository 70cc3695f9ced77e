//! A stop lets running requests finish, and lets no new ones in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use vouchsafe_testkit::{http, packages};

use crate::{PATIENCE, start, wait_until};

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length / 8).flatten().collect()
}

#[test]
fn a_running_upload_finishes_after_a_stop_was_asked_for() {
    let mut server = start("[ecosystems.cargo]\nmax_artifact_mb = 100\n");
    let token = server.user_and_token("alice");
    let manifest = "[package]\nname = \"weighty\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
                    description = \"A test crate\"\nlicense = \"MIT\"\n";
    let archive = packages::tar_gz(&[
        ("weighty-1.0.0/Cargo.toml", manifest.as_bytes()),
        ("weighty-1.0.0/src/lib.rs", b""),
        ("weighty-1.0.0/noise.bin", &noise(50 * 1024 * 1024)),
    ]);
    let body = packages::krate_publish_body_of("weighty", "1.0.0", &archive);
    let mut upload = TcpStream::connect(server.address()).unwrap();
    upload.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "PUT /cargo/api/v1/crates/new HTTP/1.1\r\nhost: {}\r\nauthorization: {token}\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        server.address(),
        body.len()
    );
    upload.write_all(head.as_bytes()).unwrap();
    // The interim answer shows that the request is being worked on.
    let mut interim = [0; 25];
    upload.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    let (first, second) = body.split_at(body.len() / 2);
    upload.write_all(first).unwrap();

    server.terminate();
    let address = server.address().to_owned();
    wait_until("new connections are refused", || TcpStream::connect(&address).is_err());
    upload.write_all(second).unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.exit_code(), Some(0));

    server.up_elsewhere();
    let download = "/cargo/api/v1/crates/weighty/1.0.0/download";
    assert!(http::get(server.address(), download).body == archive, "other bytes came back");
}

#[test]
fn a_server_can_be_stopped_from_the_moment_it_says_that_it_listens() {
    let mut server = start("");
    server.terminate();
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_request_that_never_ends_does_not_keep_a_stopping_server_alive() {
    let mut server = start("[server]\nshutdown_grace_secs = 1\n");
    let token = server.user_and_token("alice");
    let mut upload = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "PUT /cargo/api/v1/crates/new HTTP/1.1\r\nhost: {}\r\nauthorization: {token}\r\n\
         content-length: 1000\r\nexpect: 100-continue\r\n\r\n",
        server.address(),
    );
    upload.write_all(head.as_bytes()).unwrap();
    upload.read_exact(&mut [0; 25]).unwrap();
    server.terminate();
    assert_eq!(server.exit_code(), Some(0));
    assert!(server.log().contains("did not finish in time"), "{}", server.log());
}

#[test]
fn an_idle_connection_does_not_hold_up_a_stop() {
    let mut server = start("[server]\nshutdown_grace_secs = 1000\n");
    let _silent = TcpStream::connect(server.address()).unwrap();
    let mut kept = TcpStream::connect(server.address()).unwrap();
    write!(kept, "GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address()).unwrap();
    assert!(kept.read(&mut [0; 1024]).unwrap() > 0);
    server.terminate();
    assert_eq!(server.exit_code(), Some(0));
}
