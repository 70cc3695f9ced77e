//! Why a release is not published, in the words its publisher reads.

use vouchsafe_domain::{ErrorCode, PackageRef, RefusalKind, Version};
use vouchsafe_store::CommitError;

use crate::AppError;

pub(crate) fn commit_refused(
    error: CommitError,
    package: &PackageRef,
    version: &Version,
) -> AppError {
    match error {
        CommitError::Store(error) => error.into(),
        CommitError::ReleaseExists => release_exists(package, version),
        CommitError::Tombstoned { .. } => tombstoned(package, version),
        CommitError::FilenameTaken { filename } => filename_taken(filename.as_str()),
        CommitError::NameCollision { existing } => name_collision(&existing),
        // Verified, or frozen, while the files were looked into.
        CommitError::NamespaceHeld { namespace } => AppError::refused(
            RefusalKind::Forbidden,
            ErrorCode::NameClaimed,
            format!(
                "{package} lies in the namespace {namespace}, which is not yours to publish in"
            ),
        ),
        CommitError::PackageAppeared | CommitError::PackageGone => AppError::refused(
            RefusalKind::Conflict,
            ErrorCode::ReleaseExists,
            format!("somebody else changed {package} at the same time; look, then try again"),
        ),
        other => AppError::internal(other),
    }
}

pub(crate) fn release_exists(package: &PackageRef, version: &Version) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::ReleaseExists,
        format!(
            "{package}@{} already exists, and a release never changes; publish a new version",
            version
        ),
    )
}

pub(crate) fn tombstoned(package: &PackageRef, version: &Version) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::Tombstoned,
        format!(
            "{package}@{} was removed, and a removed version is never used again; publish a new \
             version",
            version
        ),
    )
}

pub(crate) fn filename_taken(filename: &str) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::FilenameTaken,
        format!("File already exists: `{filename}` is taken, now or by something removed"),
    )
}

pub(crate) fn name_collision(existing: &str) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::NameCollision,
        format!("the name is too much like `{existing}`, which exists already"),
    )
}
