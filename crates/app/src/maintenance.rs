//! What has to be done now and then: jobs that a worker calls by name.

use std::time::Duration;

use crate::{App, AppError};

/// A file of an upload or an admission may be without its row for this long.
const ORPHAN_GRACE: Duration = Duration::from_secs(24 * 3600);

/// A periodic task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Act on events of other processes.
    FollowEvents,
    /// Run queued jobs.
    RunJobs,
    /// Write down when tokens were used.
    FlushTokenUses,
    /// Delete blobs that nothing refers to.
    SweepBlobs,
    /// Delete sign-ins that are over.
    PruneWebLogins,
    /// Delete deployments that nobody finishes any more.
    PruneDeployments,
    /// Forget old claims of namespaces, and look again for the proofs of namespaces.
    TendNamespaces,
}

impl Task {
    /// Every task, with the time between two runs.
    pub const SCHEDULE: [(Self, Duration); 7] = [
        (Self::FollowEvents, Duration::from_millis(200)),
        (Self::RunJobs, Duration::from_secs(1)),
        (Self::FlushTokenUses, Duration::from_secs(30)),
        (Self::PruneWebLogins, Duration::from_secs(600)),
        (Self::PruneDeployments, Duration::from_secs(600)),
        (Self::TendNamespaces, Duration::from_secs(600)),
        (Self::SweepBlobs, Duration::from_secs(6 * 3600)),
    ];

    /// Whether a stop need not wait for it: what it leaves behind is taken up again.
    pub const fn may_be_cut_off(self) -> bool {
        matches!(self, Self::RunJobs)
    }

    /// Its name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FollowEvents => "events.follow",
            Self::RunJobs => "jobs.run",
            Self::FlushTokenUses => "tokens.flush-uses",
            Self::SweepBlobs => "blobs.sweep",
            Self::PruneWebLogins => "web-logins.prune",
            Self::PruneDeployments => "deployments.prune",
            Self::TendNamespaces => "namespaces.tend",
        }
    }
}

impl App {
    /// Runs one periodic task. Each is idempotent, so that running it twice, late, or on several
    /// nodes at once is harmless.
    ///
    /// # Errors
    ///
    /// [`AppError`]; the next run tries again.
    pub async fn run_task(&self, task: Task) -> Result<(), AppError> {
        match task {
            Task::FollowEvents => self.follow_events().await,
            Task::RunJobs => self.run_jobs().await,
            Task::FlushTokenUses => self.flush_token_uses().await,
            Task::SweepBlobs => {
                let store = &self.inner.store;
                let swept = self.inner.blobs.sweep_orphans(store, ORPHAN_GRACE, self.now()).await;
                let swept = swept.map_err(AppError::internal)?;
                if swept.deleted > 0 {
                    tracing::info!(
                        deleted = swept.deleted,
                        deleted_bytes = swept.deleted_bytes,
                        "orphaned blobs were deleted"
                    );
                }
                Ok(())
            }
            Task::PruneWebLogins => {
                self.inner.store.prune_web_logins(self.now()).await?;
                Ok(())
            }
            Task::PruneDeployments => self.prune_deployments().await,
            Task::TendNamespaces => self.tend_namespaces().await,
        }
    }
}
