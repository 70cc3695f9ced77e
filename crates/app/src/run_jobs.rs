//! Queued jobs: claimed with a lease, held while they run, tried again when they fail.
//!
//! A job may be cut off at any moment, by a crash or by the end of the server: its lease runs out
//! and somebody else takes it. Every kind of job is therefore idempotent.

use std::time::Duration;

use vouchsafe_domain::GitSourceId;
use vouchsafe_store::{JobRow, new_id};

use crate::git_sources::IMPORT_JOB;
use crate::{App, AppError};

/// How long a job stays with a worker that says nothing more.
const LEASE: Duration = Duration::from_secs(120);
/// How often a worker says that it is still there.
const RENEWAL: Duration = Duration::from_secs(30);
/// Tries of a job that keeps failing.
const MAX_ATTEMPTS: u64 = 5;
/// Wait after the first failure. Each further one waits four times as long.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// Wait before a job of an unknown kind is looked at again here.
const UNKNOWN_WAIT: Duration = Duration::from_secs(600);

/// How a job ended.
enum Ended {
    Done,
    /// It may work later.
    Failed(String),
    /// A newer program on another node knows what to do.
    Unknown,
}

impl App {
    /// Runs the jobs that are due, one after the other.
    pub(crate) async fn run_jobs(&self) -> Result<(), AppError> {
        let worker = new_id().to_string();
        while let Some(job) = self.inner.store.claim_job(&worker, LEASE, self.now()).await? {
            self.hold_and_run(&worker, &job).await?;
        }
        Ok(())
    }

    async fn hold_and_run(&self, worker: &str, job: &JobRow) -> Result<(), AppError> {
        let store = &self.inner.store;
        let mut work = std::pin::pin!(self.run_job(job));
        let ended = loop {
            tokio::select! {
                ended = &mut work => break ended?,
                () = tokio::time::sleep(RENEWAL) => {
                    let until = self.now().plus(LEASE);
                    if !store.renew_job(job.id, worker, until).await? {
                        tracing::warn!(job = %job.id, kind = job.kind, "a job was taken over");
                        return Ok(());
                    }
                }
            }
        };
        match ended {
            Ended::Done => drop(store.complete_job(job.id, worker).await?),
            Ended::Unknown => {
                let retry_at = self.now().plus(UNKNOWN_WAIT);
                store.fail_job(job.id, worker, "unknown kind", retry_at).await?;
            }
            Ended::Failed(reason) if job.attempts >= MAX_ATTEMPTS => {
                tracing::warn!(kind = job.kind, reason, "a job is given up");
                store.complete_job(job.id, worker).await?;
            }
            Ended::Failed(reason) => {
                let tries = u32::try_from(job.attempts).unwrap_or(u32::MAX);
                let wait = FIRST_WAIT.saturating_mul(4_u32.saturating_pow(tries.saturating_sub(1)));
                tracing::warn!(kind = job.kind, reason, "a job failed and is tried again");
                store.fail_job(job.id, worker, &reason, self.now().plus(wait)).await?;
            }
        }
        Ok(())
    }

    async fn run_job(&self, job: &JobRow) -> Result<Ended, AppError> {
        match job.kind.as_str() {
            IMPORT_JOB => self.run_import(job).await,
            _ => Ok(Ended::Unknown),
        }
    }

    async fn run_import(&self, job: &JobRow) -> Result<Ended, AppError> {
        let id = job.payload.get("source").and_then(serde_json::Value::as_str);
        let id = id.and_then(|id| id.parse::<GitSourceId>().ok());
        let source = match id {
            Some(id) => self.inner.store.find_git_source(id).await?,
            None => None,
        };
        // Removed meanwhile.
        let Some(source) = source else { return Ok(Ended::Done) };
        Ok(match self.import(&source, false).await {
            Ok(report) => {
                if report.left > 0 {
                    self.queue_import(source.id).await?;
                }
                Ended::Done
            }
            Err(failure) if failure.may_pass() => Ended::Failed(failure.to_string()),
            Err(failure) => {
                tracing::warn!(url = source.url, %failure, "a git repository cannot be imported");
                Ended::Done
            }
        })
    }
}
