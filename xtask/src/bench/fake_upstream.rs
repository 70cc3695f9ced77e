//! An upstream on this machine: answers what it was told, a little late, and counts.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How late it answers: about as far away as a public registry is.
const DELAY: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
struct State {
    answers: HashMap<String, (&'static str, Arc<Vec<u8>>)>,
    hits: HashMap<String, usize>,
}

/// The upstream. It lives until the program ends; nobody asks it for more than a few minutes.
#[derive(Debug, Clone)]
pub(crate) struct FakeUpstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FakeUpstream {
    /// Starts one that knows nothing.
    ///
    /// # Errors
    ///
    /// When there is no port for it.
    pub(crate) fn start() -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for an upstream")?;
        let address = listener.local_addr().context("cannot read the upstream's port")?;
        let upstream = Self { address, state: Arc::default() };
        let serving = upstream.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A client that goes away ends its thread, and that is all that happens.
                std::thread::spawn(move || serving.serve(stream).ok());
            }
        });
        Ok(upstream)
    }

    /// Its base address, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What to answer at a path from now on.
    pub(crate) fn on(&self, path: &str, content_type: &'static str, body: Vec<u8>) {
        self.state().answers.insert(path.to_owned(), (content_type, Arc::new(body)));
    }

    /// How often a path was asked for.
    pub(crate) fn hits(&self, path: &str) -> usize {
        self.state().hits.get(path).copied().unwrap_or(0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the requests of one connection. There are no request bodies here.
    fn serve(&self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true).context("cannot switch delays off")?;
        let mut writer = stream.try_clone().context("cannot share the connection")?;
        let mut lines = BufReader::new(stream).lines();
        while let Some(line) = lines.next() {
            let line = line.context("the request ends early")?;
            let path = line.split(' ').nth(1).unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default().to_owned();
            while lines
                .next()
                .transpose()
                .context("the head ends early")?
                .is_some_and(|line| !line.is_empty())
            {}
            let answer = {
                let mut state = self.state();
                *state.hits.entry(path.clone()).or_default() += 1;
                state.answers.get(&path).cloned()
            };
            std::thread::sleep(DELAY);
            let (status, content_type, body) = match answer {
                Some((content_type, body)) => ("200 OK", content_type, body),
                None => ("404 Not Found", "text/plain", Arc::default()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
            );
            writer.write_all(head.as_bytes()).context("cannot answer")?;
            writer.write_all(&body).context("cannot answer")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::http::{Connection, Request};

    #[test]
    fn it_answers_what_it_was_told_and_counts() {
        let upstream = FakeUpstream::start().expect("a port");
        upstream.on("/a", "text/plain", b"text".to_vec());
        let mut connection = Connection::new(upstream.address);
        for (path, status) in [("/a", 200), ("/a?b=c", 200), ("/b", 404)] {
            let answer = connection.send(&Request::get(path)).expect("an answer");
            assert_eq!(answer.status, status, "{path}");
        }
        assert_eq!((upstream.hits("/a"), upstream.hits("/b"), upstream.hits("/c")), (2, 1, 0));
    }
}
