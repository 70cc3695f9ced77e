//! Plain HTTP for tests: no redirects followed, paths sent exactly as written.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer, taken apart.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub phrase: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, de-chunked.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

/// Sends a request over a fresh connection, byte for byte as given, and reads the answer.
///
/// * `target`: the request target, sent as it is: path tricks survive.
pub fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let head = head(address, method, target, headers, body);
    send_raw(address, head.as_bytes(), body)
}

/// Like [`send`], to a server that may die meanwhile: `None` when there is no answer.
pub fn try_send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let head = head(address, method, target, headers, body);
    let bytes = exchange(address, head.as_bytes(), body).ok()?;
    bytes.windows(4).any(|window| window == b"\r\n\r\n").then(|| parse(&bytes))
}

fn head(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let has_host = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = if has_host { String::new() } else { format!("host: {address}\r\n") };
    let mut head = format!("{method} {target} HTTP/1.1\r\n{host}connection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let has_length = headers.iter().any(|(name, _)| {
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    });
    if !has_length && (!body.is_empty() || !matches!(method, "GET" | "HEAD")) {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    head
}

/// Sends bytes as they are, and reads an answer.
pub fn send_raw(address: &str, head: &[u8], body: &[u8]) -> Answer {
    parse(&exchange(address, head, body).unwrap())
}

/// What comes back until the connection ends, however it ends.
fn exchange(address: &str, head: &[u8], body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(head)?;
    // A server may answer before it has read everything.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Ok(bytes)
}

/// `GET` without further headers.
pub fn get(address: &str, target: &str) -> Answer {
    send(address, "GET", target, &[], b"")
}

fn parse(bytes: &[u8]) -> Answer {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let split = split.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut rest = &bytes[split + 4..];
    let mut lines = head.split("\r\n");
    let mut status_line = lines.next().unwrap().splitn(3, ' ').skip(1);
    let status: u16 = status_line.next().unwrap().parse().unwrap();
    if status == 100 {
        return parse(rest);
    }
    let phrase = status_line.next().unwrap_or_default().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked =
        headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let mut body = Vec::new();
    if is_chunked {
        while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
            let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
            rest = &rest[end + 2..];
            if size == 0 || rest.len() < size {
                break;
            }
            body.extend_from_slice(&rest[..size]);
            rest = &rest[(size + 2).min(rest.len())..];
        }
    } else {
        body.extend_from_slice(rest);
    }
    Answer { status, phrase, headers, body }
}
