//! Receiving a request body: decoded while it arrives, artifacts spooled as they appear.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_domain::call::Call;
use vouchsafe_domain::{Actor, ErrorCode, RefusalKind, Scope};
use vouchsafe_store::blob::{SpoolWriter, Spooled};

use crate::{App, AppError, Mounted};

/// Files in one request body at most.
const MAX_FILES: usize = 8;
/// What may stand around the artifacts in a body, in bytes.
const MAX_FRAME_BYTES: u64 = 32 * 1024 * 1024;

/// A request body, understood.
pub struct Received {
    /// What it asks.
    pub call: Call,
    /// Its files, in order.
    pub files: Vec<Spooled>,
}

/// Collects what one `push` lets out.
#[derive(Default)]
struct Collected(Vec<Piece>);

enum Piece {
    Begin,
    Bytes(Vec<u8>),
}

impl UploadSink for Collected {
    fn begin(&mut self) {
        self.0.push(Piece::Begin);
    }

    fn write(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Piece::Bytes(pending)) => pending.extend_from_slice(bytes),
            _ => self.0.push(Piece::Bytes(bytes.to_vec())),
        }
    }
}

impl App {
    /// Reads a body to its end.
    ///
    /// An artifact is spooled only for an actor that may publish something; everybody else is
    /// refused at its first byte, and who has no account before it. A refusal of a body that
    /// publishes is recorded.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the body breaks the protocol, a limit, or the connection.
    pub async fn receive<S, E>(
        &self,
        mounted: &Mounted,
        actor: &Actor,
        decoder: Box<dyn BodyDecoder>,
        body: S,
    ) -> Result<Received, AppError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: std::fmt::Display,
    {
        let is_publish = decoder.may_carry_files();
        // Strangers are not even asked to send it: a client that waits for a word keeps its file.
        if is_publish && matches!(actor, Actor::Anonymous) {
            may_upload(actor)?;
        }
        match self.receive_whole(mounted, actor, decoder, body).await {
            Err(error) if is_publish => Err(self.note_refused_upload(mounted, actor, error).await),
            settled => settled,
        }
    }

    async fn receive_whole<S, E>(
        &self,
        mounted: &Mounted,
        actor: &Actor,
        mut decoder: Box<dyn BodyDecoder>,
        body: S,
    ) -> Result<Received, AppError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: std::fmt::Display,
    {
        let mut body = std::pin::pin!(body);
        let limit_bytes = mounted.max_artifact_bytes;
        // Base64 makes a third more of an artifact.
        let body_limit =
            limit_bytes.saturating_add(limit_bytes / 3).saturating_add(MAX_FRAME_BYTES);
        let mut files = Files { app: self, mounted, actor, done: Vec::new(), open: None };
        let mut received_bytes: u64 = 0;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                let message = format!("the request body ended early: {error}");
                AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
            })?;
            received_bytes = received_bytes.saturating_add(chunk.len() as u64);
            if received_bytes > body_limit {
                let message = format!("a file may have at most {limit_bytes} bytes here");
                return Err(AppError::refused(RefusalKind::TooLarge, ErrorCode::TooLarge, message));
            }
            let mut collected = Collected::default();
            decoder.push(&chunk, &mut collected)?;
            files.take(collected).await?;
        }
        let mut collected = Collected::default();
        let call = decoder.finish(&mut collected)?;
        files.take(collected).await?;
        Ok(Received { call, files: files.finish().await? })
    }
}

struct Files<'a> {
    app: &'a App,
    mounted: &'a Mounted,
    actor: &'a Actor,
    done: Vec<Spooled>,
    open: Option<SpoolWriter>,
}

impl Files<'_> {
    async fn take(&mut self, collected: Collected) -> Result<(), AppError> {
        for piece in collected.0 {
            match piece {
                Piece::Begin => self.begin().await?,
                Piece::Bytes(bytes) => {
                    if let Some(open) = &mut self.open {
                        open.write(&bytes).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), AppError> {
        may_upload(self.actor)?;
        if let Some(open) = self.open.take() {
            self.done.push(open.finish().await?);
        }
        if self.done.len() >= MAX_FILES {
            return Err(AppError::refused(
                RefusalKind::TooLarge,
                ErrorCode::TooLarge,
                format!("a request may carry at most {MAX_FILES} files"),
            ));
        }
        let digests = self.mounted.adapter.profile().digests;
        self.open = Some(self.app.inner.blobs.spool(self.mounted.max_artifact_bytes, digests));
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<Spooled>, AppError> {
        if let Some(open) = self.open.take() {
            self.done.push(open.finish().await?);
        }
        Ok(self.done)
    }
}

/// Whether this actor may send artifacts at all; which package, is judged when it is known.
pub(crate) fn may_upload(actor: &Actor) -> Result<(), AppError> {
    match actor {
        Actor::System => Ok(()),
        Actor::Anonymous => Err(AppError::refused(
            RefusalKind::Unauthenticated,
            ErrorCode::AuthRequired,
            "publishing needs a token",
        )),
        Actor::Account(account) => {
            let may = [Scope::PublishNew, Scope::PublishUpdate];
            if may.into_iter().any(|scope| account.has_scope(scope)) {
                return Ok(());
            }
            Err(AppError::refused(
                RefusalKind::Forbidden,
                ErrorCode::Forbidden,
                "this token has neither the scope publish-new nor publish-update",
            ))
        }
    }
}
