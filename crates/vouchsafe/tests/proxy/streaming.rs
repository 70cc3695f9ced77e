//! Files on their way through: fed to the first client while they arrive, and never admitted when
//! they are not what the index says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vouchsafe_testkit::Server;

use crate::ecosystem::{ALL, Eco, Entry, ago};
use crate::scripted::{Gate, Scripted, head, reply};
use crate::stage::{config, events, eventually, start};

const NAME: &str = "left-pad";
const VERSION: &str = "1.0.0";
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// An upstream whose index lists one file.
///
/// * `listed`: the bytes that its digests are of.
/// * `send`: writes the answer to a request for the file.
fn upstream_with(
    eco: Eco,
    listed: Vec<u8>,
    send: impl Fn(&mut TcpStream) + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |asked, stream| {
        let upstream = format!("http://{}", asked.header("host").unwrap());
        if asked.path == eco.upstream_index(NAME) {
            let url = format!("{upstream}{}", eco.upstream_file(NAME, VERSION));
            let published_at = Some(ago(YEAR));
            let entry = Entry { version: VERSION, published_at, url, bytes: listed.clone() };
            let (kind, index) = eco.index_with(NAME, &[entry]);
            reply(stream, 200, &[("content-type", kind)], index.as_bytes());
        } else if asked.path == "/cargo/config.json" {
            reply(stream, 200, &[], &eco.settings(&upstream).body);
        } else if asked.path == eco.upstream_file(NAME, VERSION) {
            send(stream);
        } else {
            reply(stream, 404, &[], b"");
        }
    })
}

/// Bytes that no compression makes small, the same on every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u32 = 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A download that is read piece by piece.
struct Download {
    stream: TcpStream,
    arrived: Vec<u8>,
}

impl Download {
    fn start(server: &Server, path: &str) -> Self {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Self { stream, arrived: Vec::new() }
    }

    /// Waits until this much has arrived, head included.
    fn read_some(&mut self, length: usize) {
        let mut piece = vec![0; 64 * 1024];
        while self.arrived.len() < length {
            let read = self.stream.read(&mut piece).unwrap();
            assert_ne!(read, 0, "it ended early");
            self.arrived.extend_from_slice(&piece[..read]);
        }
    }

    /// Reads to the end: the status, the body, and whether that is all of it.
    fn finish(mut self) -> (u16, Vec<u8>, bool) {
        let _ = self.stream.read_to_end(&mut self.arrived);
        let at = self.arrived.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(at) = at else { return (0, Vec::new(), false) };
        let head = String::from_utf8_lossy(&self.arrived[..at]).to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let mut rest = &self.arrived[at + 4..];
        if let Some(length) = head.split("content-length: ").nth(1) {
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            return (status, rest.to_vec(), rest.len() == length);
        }
        let mut body = Vec::new();
        while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
            let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
            if size == 0 {
                return (status, body, true);
            }
            let chunk = &rest[end + 2..];
            body.extend_from_slice(&chunk[..size.min(chunk.len())]);
            rest = chunk.get(size + 2..).unwrap_or_default();
        }
        (status, body, false)
    }
}

#[test]
fn the_first_client_is_fed_while_the_file_arrives() {
    for eco in ALL {
        let (bytes, gate) = (noise(3_000_000), Gate::default());
        let (sent, door) = (bytes.clone(), gate.clone());
        let upstream = upstream_with(eco, bytes.clone(), move |stream| {
            head(stream, 200, &[], sent.len());
            stream.write_all(&sent[..2_000_000]).unwrap();
            door.wait();
            stream.write_all(&sent[2_000_000..]).unwrap();
        });
        let server = start(config(&upstream.url(), "", ""));
        let path = eco.file(NAME, VERSION);
        let mut first = Download::start(&server, &path);
        first.read_some(1_000_000);
        let second = Download::start(&server, &path);
        gate.open();
        for download in [first, second] {
            let (status, body, is_whole) = download.finish();
            assert_eq!((status, is_whole), (200, true), "{eco:?}");
            assert!(body == bytes, "{eco:?}");
        }
        assert_eq!(upstream.asked(&eco.upstream_file(NAME, VERSION)).len(), 1, "{eco:?}");
    }
}

#[test]
fn a_slow_first_client_does_not_hold_up_the_others() {
    let eco = Eco::Npm;
    // More than all buffers on the way together.
    let bytes = noise(48 * 1024 * 1024);
    let sent = bytes.clone();
    let upstream = upstream_with(eco, bytes.clone(), move |stream| reply(stream, 200, &[], &sent));
    let server = start(config(&upstream.url(), "", ""));
    let path = eco.file(NAME, VERSION);
    let mut slow = Download::start(&server, &path);
    slow.read_some(1);
    let (_, body, is_whole) = Download::start(&server, &path).finish();
    assert!(is_whole && body == bytes);
    // And gets all of it when it comes back to reading.
    let (_, body, is_whole) = slow.finish();
    assert!(is_whole && body == bytes);
    assert_eq!(upstream.asked(&eco.upstream_file(NAME, VERSION)).len(), 1);
}

#[test]
fn a_first_client_that_goes_away_does_not_lose_the_file() {
    let eco = Eco::Pypi;
    let (bytes, gate) = (noise(3_000_000), Gate::default());
    let (sent, door) = (bytes.clone(), gate.clone());
    let upstream = upstream_with(eco, bytes.clone(), move |stream| {
        head(stream, 200, &[], sent.len());
        stream.write_all(&sent[..2_000_000]).unwrap();
        door.wait();
        stream.write_all(&sent[2_000_000..]).unwrap();
    });
    let server = start(config(&upstream.url(), "", ""));
    let path = eco.file(NAME, VERSION);
    let mut first = Download::start(&server, &path);
    first.read_some(1_000_000);
    drop(first);
    gate.open();
    let (status, body, is_whole) = Download::start(&server, &path).finish();
    assert_eq!((status, is_whole), (200, true));
    assert!(body == bytes);
    assert_eq!(upstream.asked(&eco.upstream_file(NAME, VERSION)).len(), 1);
}

/// How an upstream goes wrong.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The connection ends before the stated length.
    Truncated,
    /// The stated length is that of a part.
    LengthTooSmall,
    /// One byte is another.
    OneByteOff,
    /// Nothing but a head.
    Empty,
}

impl Fault {
    const ALL: [Self; 4] = [Self::Truncated, Self::LengthTooSmall, Self::OneByteOff, Self::Empty];

    fn send(self, bytes: &[u8], stream: &mut TcpStream) {
        match self {
            Self::Truncated => {
                head(stream, 200, &[], bytes.len());
                let _ = stream.write_all(&bytes[..bytes.len() - 1]);
            }
            Self::LengthTooSmall => {
                head(stream, 200, &[], bytes.len() - 1);
                let _ = stream.write_all(bytes);
            }
            Self::OneByteOff => {
                let mut bytes = bytes.to_vec();
                bytes[0] ^= 1;
                reply(stream, 200, &[], &bytes);
            }
            Self::Empty => reply(stream, 200, &[], b""),
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Truncated => "upstream.broken",
            _ => "upstream.mismatch",
        }
    }
}

fn check_fault(eco: Eco, fault: Fault, bytes: Vec<u8>) {
    let is_well = Arc::new(AtomicBool::new(false));
    let (sent, flag) = (bytes.clone(), Arc::clone(&is_well));
    let upstream = upstream_with(eco, bytes.clone(), move |stream| {
        if flag.load(Ordering::SeqCst) {
            reply(stream, 200, &[], &sent);
        } else {
            fault.send(&sent, stream);
        }
    });
    let server = start(config(&upstream.url(), "", ""));
    let path = eco.file(NAME, VERSION);
    let what = format!("{eco:?}, {fault:?}, {} bytes", bytes.len());
    for _ in 0..2 {
        let (status, body, is_whole) = Download::start(&server, &path).finish();
        assert!(status >= 400 || !is_whole, "{what}: {status}");
        assert!(body != bytes && (status >= 400 || body.len() < bytes.len()), "{what}");
    }
    assert_eq!(events(&server, fault.event())[0].subject, eco.purl(NAME), "{what}");
    assert!(events(&server, "upstream.admitted").is_empty(), "{what}");
    is_well.store(true, Ordering::SeqCst);
    eventually("a good answer is admitted", || {
        let (status, body, is_whole) = Download::start(&server, &path).finish();
        status == 200 && is_whole && body == bytes
    });
    eventually("the event is there", || events(&server, "upstream.admitted").len() == 1);
}

#[test]
fn a_small_file_that_is_not_what_the_index_says_is_refused() {
    for eco in ALL {
        for fault in Fault::ALL {
            check_fault(eco, fault, eco.artifact(NAME, VERSION));
        }
    }
}

#[test]
fn a_large_file_that_is_not_what_the_index_says_never_arrives_whole() {
    for fault in Fault::ALL {
        check_fault(Eco::Npm, fault, noise(3_000_000));
    }
}
