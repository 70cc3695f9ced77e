//! A small HTTP/1.1 client: enough to fill servers and to look at one answer. Load comes from wrk.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long a server may take for one answer. Publishing to a slow one takes seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The same when a hundred others send or fetch huge files at the same time.
const LONG_TIMEOUT: Duration = Duration::from_secs(600);

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// Headers, without `Host` and `Content-Length`.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A GET.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A request with a body.
    pub(crate) fn with_body(
        method: &'static str,
        path: impl Into<String>,
        content_type: &str,
        body: Vec<u8>,
    ) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { method, path: path.into(), headers, body }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The body as sent: chunks put together, compression untouched.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The answer itself when its status is 2xx.
    ///
    /// # Errors
    ///
    /// Any other status, with the beginning of the body.
    pub(crate) fn success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let text: String = String::from_utf8_lossy(&self.body).chars().take(400).collect();
        bail!("the server answered {}: {text}", self.status)
    }
}

/// A connection that is kept open, and opened again when the server closed it.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// A connection to this address; it is opened with the first request.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or not in HTTP/1.1.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Response> {
        if let Some(stream) = self.stream.take() {
            // The server may have closed a connection that was idle: then once more, on a new one.
            if let Ok(response) = self.exchange(stream, request) {
                return Ok(response);
            }
        }
        let stream = connect(self.address, TIMEOUT)?;
        self.exchange(BufReader::new(stream), request)
            .with_context(|| format!("{} {}", request.method, request.path))
    }

    fn exchange(
        &mut self,
        mut stream: BufReader<TcpStream>,
        request: &Request,
    ) -> Result<Response> {
        let mut head = head(self.address, request);
        if !request.body.is_empty() || request.method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&request.body);
        stream.get_mut().write_all(&bytes).context("cannot send the request")?;

        let (response, is_open) = read_response(&mut stream)?;
        if is_open {
            self.stream = Some(stream);
        }
        Ok(response)
    }
}

/// Uploads a body that is too large to be put together: its parts are sent one after another.
///
/// # Errors
///
/// When the server does not answer.
pub(crate) fn upload(address: SocketAddr, request: &Request, parts: &[&[u8]]) -> Result<Response> {
    let stream = connect(address, LONG_TIMEOUT)?;
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut head = head(address, request);
    head.push_str(&format!("Content-Length: {length}\r\n\r\n"));
    let mut writer = &stream;
    writer.write_all(head.as_bytes()).context("cannot send the request")?;
    for part in parts {
        writer.write_all(part).context("cannot send the body")?;
    }
    Ok(read_response(&mut BufReader::new(&stream))?.0)
}

/// Downloads a body of known length without keeping it, and says how long it was.
///
/// # Errors
///
/// When the server does not answer with 200 and as many bytes as it said.
pub(crate) fn download(address: SocketAddr, request: &Request) -> Result<u64> {
    let stream = connect(address, LONG_TIMEOUT)?;
    let mut writer = &stream;
    let head = format!("{}\r\n", head(address, request));
    writer.write_all(head.as_bytes()).context("cannot send the request")?;
    let mut reader = BufReader::with_capacity(256 * 1024, &stream);
    let response = read_head(&mut reader)?;
    if response.status != 200 {
        bail!("the server answered {}", response.status);
    }
    let length = response.header("content-length").and_then(|value| value.parse().ok());
    let length: u64 = length.context("the answer does not say how long it is")?;
    let received = std::io::copy(&mut reader.take(length), &mut std::io::sink())
        .context("cannot read the body")?;
    if received != length {
        bail!("the body ends after {received} of {length} bytes");
    }
    Ok(received)
}

fn connect(address: SocketAddr, timeout: Duration) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true).context("cannot switch delays off")?;
    stream.set_read_timeout(Some(timeout)).context("cannot set a time limit")?;
    Ok(stream)
}

/// The head of a request, without the length of a body and without the empty line.
fn head(address: SocketAddr, request: &Request) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {address}\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

/// Reads the head of an answer.
fn read_head(stream: &mut impl std::io::BufRead) -> Result<Response> {
    let status_line = read_line(stream)?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .with_context(|| format!("{status_line:?} is not an HTTP status line"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Ok(Response { status, headers, body: Vec::new() })
}

/// Reads one answer, and says whether the connection can be used again.
fn read_response(stream: &mut impl std::io::BufRead) -> Result<(Response, bool)> {
    let mut response = read_head(stream)?;
    let mut is_open =
        !response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    if matches!(response.status, 204 | 304) {
        return Ok((response, is_open));
    }
    let is_chunked = response
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length: Option<u64> =
        response.header("content-length").and_then(|value| value.parse().ok());
    match (is_chunked, length) {
        (true, _) => response.body = read_chunks(stream)?,
        (false, Some(length)) => {
            stream.take(length).read_to_end(&mut response.body).context("cannot read the body")?;
        }
        (false, None) => {
            stream.read_to_end(&mut response.body).context("cannot read the body")?;
            is_open = false;
        }
    }
    Ok((response, is_open))
}

fn read_chunks(stream: &mut impl std::io::BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size.trim(), 16)
            .with_context(|| format!("{line:?} is not the size of a chunk"))?;
        stream.take(size).read_to_end(&mut body).context("cannot read a chunk")?;
        // The line end after a chunk, or the empty line after the last.
        read_line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_line(stream: &mut impl std::io::BufRead) -> Result<String> {
    let mut line = Vec::new();
    stream.take(64 * 1024).read_until(b'\n', &mut line).context("cannot read the answer")?;
    if line.pop() != Some(b'\n') {
        bail!("the answer ends early");
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, status: u16, body: &str, is_open: bool) {
        let (response, open) = read_response(&mut answer.as_bytes()).expect("an answer");
        assert_eq!((response.status, open), (status, is_open));
        assert_eq!(String::from_utf8_lossy(&response.body), body);
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd", 200, "ab", true);
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            200,
            "abc",
            true,
        );
        check("HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc", false);
        check("HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", 304, "", false);
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(read_response(&mut "HTTP/1.1 200 OK\r\nContent-".as_bytes()).is_err());
    }
}
