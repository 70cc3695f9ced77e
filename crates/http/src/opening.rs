//! The first bytes of a connection have a deadline of their own.
//!
//! hyper times a request head from the moment it knows which HTTP the client speaks. Until then,
//! that is for a client that sends nothing, or a part of HTTP/2's preface, it would wait for ever,
//! and a few thousand such clients would take every slot there is.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What a client sends first when it speaks HTTP/2 (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose reads fail when the protocol is not known in time.
pub(crate) struct Opening<S> {
    stream: S,
    /// `None` once the protocol is known.
    deadline: Option<Pin<Box<Sleep>>>,
    /// How much of the preface has come.
    preface: &'static [u8],
}

impl<S> Opening<S> {
    pub(crate) fn new(stream: S, timeout: Duration) -> Self {
        let deadline = Some(Box::pin(tokio::time::sleep(timeout)));
        Self { stream, deadline, preface: PREFACE }
    }

    /// Bytes have come. The protocol is known when they leave the preface, or end it.
    fn came(&mut self, bytes: &[u8]) {
        match self.preface.strip_prefix(bytes) {
            Some(rest) if !rest.is_empty() => self.preface = rest,
            _ => self.deadline = None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(deadline) = &mut self.deadline else { return polled };
        match polled {
            Poll::Pending if deadline.as_mut().poll(context).is_ready() => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(())) => {
                self.came(buffer.filled().get(before..).unwrap_or_default());
                polled
            }
            polled => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds bytes in pieces; is the protocol known afterwards?
    #[tokio::test]
    async fn the_deadline_ends_with_the_preface_or_with_what_is_not_it() {
        for (pieces, is_known) in [
            (&[&b"G"[..]][..], true),
            (&[b"P"], false),
            (&[b"PRI * HT", b"TP/2.0"], false),
            (&[b"PRI * HT", b"XX"], true),
            (&[b"PUT /npm/"], true),
            (&[PREFACE], true),
            (&[b"PRI * HTTP/2.0\r\n\r\nS", b"M\r\n\r\nmore"], true),
        ] {
            let mut opening = Opening::new(tokio::io::empty(), Duration::from_secs(1));
            pieces.iter().for_each(|piece| opening.came(piece));
            assert_eq!(opening.deadline.is_none(), is_known, "{pieces:?}");
        }
    }
}
