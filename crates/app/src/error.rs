//! The one error of every use case: a "no" for the client, or a failure of our own.

use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind};
use vouchsafe_store::StoreError;
use vouchsafe_store::blob::BlobError;
use vouchsafe_upstream::UpstreamError;

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The client may read why.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Our side failed. The cause is for the log alone.
    #[error("the registry could not complete the request")]
    Internal(#[source] anyhow::Error),
}

impl AppError {
    /// The refusal that the client gets. An internal failure says nothing about itself.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Internal(_) => Refusal::new(
                RefusalKind::Unavailable,
                ErrorCode::Internal,
                "the registry could not complete the request; its log knows more under the request id",
            ),
        }
    }

    pub(crate) fn refused(kind: RefusalKind, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(kind, code, message))
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::Refused(Refusal::not_found(what))
    }

    pub(crate) fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<BlobError> for AppError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { limit_bytes } => Self::refused(
                RefusalKind::TooLarge,
                ErrorCode::TooLarge,
                format!("a file may have at most {limit_bytes} bytes here"),
            ),
            other => Self::internal(other),
        }
    }
}

impl From<vouchsafe_adapter::FormatError> for AppError {
    fn from(error: vouchsafe_adapter::FormatError) -> Self {
        match error {
            vouchsafe_adapter::FormatError::Io(_) => Self::internal(error),
            other => Self::Refused(other.into()),
        }
    }
}

impl From<vouchsafe_adapter::WireError> for AppError {
    fn from(error: vouchsafe_adapter::WireError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<UpstreamError> for AppError {
    fn from(error: UpstreamError) -> Self {
        Self::Refused(error.into())
    }
}
