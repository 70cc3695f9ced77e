//! The files of a tag, as they arrive.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::GitError;
use super::command::Running;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A zip archive that git is writing. How much of it is believed is up to the reader, who drops it
/// when it is enough.
#[derive(Debug)]
pub struct TagArchive {
    running: Running,
    ends_at: Instant,
    timeout: Duration,
}

impl TagArchive {
    pub(super) fn new(running: Running, timeout: Duration) -> Self {
        Self { running, ends_at: Instant::now() + timeout, timeout }
    }

    /// The next bytes; `None` when the archive is complete.
    ///
    /// # Errors
    ///
    /// [`GitError`] when git fails or takes too long. What was read before is no archive then.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, GitError> {
        let Self { running, ends_at, timeout } = self;
        let next = async {
            let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
            if running.stdout.read_buf(&mut chunk).await? > 0 {
                return Ok(Some(chunk.freeze()));
            }
            running.finish().await?;
            Ok(None)
        };
        let next = tokio::time::timeout_at(*ends_at, next).await;
        next.unwrap_or(Err(GitError::TimedOut { after: *timeout }))
    }
}
