//! Jobs: work that follows from a change, queued in the transaction of its cause.
//!
//! A worker holds a job by a lease, not by a lock: when it dies, the lease runs out and another
//! one takes the job. Jobs must therefore be idempotent.

use std::time::Duration;

use vouchsafe_domain::{JobId, Timestamp};

use crate::connection::{WriteTx, without_nul};
use crate::error::{stored, stored_json, stored_u64};
use crate::sql::{both, statements};
use crate::{Store, StoreError, new_id};

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What is to be done, e.g. `index.render`.
    pub kind: String,
    /// With what.
    pub payload: serde_json::Value,
    /// Higher runs first.
    pub priority: i64,
    /// A waiting job of the same kind and key makes this one unnecessary; it is due no later than
    /// this one would be.
    pub unique_key: Option<String>,
    /// Not before.
    pub run_at: Timestamp,
}

/// A job that a worker holds.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub payload: serde_json::Value,
    /// How often it was claimed, this time included.
    pub attempts: u64,
    /// Until when it is held.
    pub lease_until: Timestamp,
}

statements! {
    INSERT_JOB =
        "INSERT INTO jobs (id, kind, payload, priority, unique_key, run_at, attempts, locked_by,
                           lease_until, last_error)
         VALUES ($1, $2, $3, $4, $5, $6, 0, NULL, NULL, NULL)
         ON CONFLICT (kind, unique_key) WHERE locked_by IS NULL DO UPDATE SET
             run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at
                           ELSE jobs.run_at END";

    COUNT_DUE =
        "SELECT count(*) FROM
             (SELECT 1 FROM jobs
              WHERE run_at <= $1 AND (locked_by IS NULL OR lease_until < $1) LIMIT 1) AS due";

    CLAIM_JOB =
        "UPDATE jobs SET locked_by = $2, lease_until = $3, attempts = attempts + 1
         WHERE id = (SELECT id FROM jobs
                     WHERE run_at <= $1 AND (locked_by IS NULL OR lease_until < $1)
                     ORDER BY priority DESC, run_at, id LIMIT 1)
         RETURNING id, kind, payload, attempts";

    COMPLETE_JOB = "DELETE FROM jobs WHERE id = $1 AND locked_by = $2";

    RENEW_JOB = "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND locked_by = $2";

    DROP_IF_REPLACED =
        "DELETE FROM jobs WHERE id = $1 AND locked_by = $2 AND unique_key IS NOT NULL
         AND EXISTS (SELECT 1 FROM jobs AS other
                     WHERE other.kind = jobs.kind AND other.unique_key = jobs.unique_key
                       AND other.locked_by IS NULL)";

    RELEASE_JOB =
        "UPDATE jobs SET locked_by = NULL, lease_until = NULL, run_at = $3, last_error = $4
         WHERE id = $1 AND locked_by = $2";

    COUNT_JOBS = "SELECT count(*) FROM jobs";
}

/// Queues a job in the transaction of its cause.
pub(crate) async fn insert_job(tx: &mut WriteTx, job: &NewJob) -> Result<(), StoreError> {
    both!(
        tx,
        execute(
            INSERT_JOB,
            JobId::from_uuid(new_id()).to_string(),
            job.kind.as_str(),
            job.payload.to_string(),
            job.priority,
            job.unique_key.as_deref().map(without_nul).as_deref(),
            job.run_at.as_micros(),
        )
    )?;
    Ok(())
}

struct Claim {
    worker: String,
    now: Timestamp,
    lease_until: Timestamp,
}

async fn claim(tx: &mut WriteTx, claim: &Claim) -> Result<Option<JobRow>, StoreError> {
    let Claim { worker, now, lease_until } = claim;
    let row = both!(
        tx,
        fetch_optional::<(String, String, String, i64)>(
            CLAIM_JOB,
            now.as_micros(),
            worker.as_str(),
            lease_until.as_micros(),
        )
    )?;
    let Some((id, kind, payload, attempts)) = row else { return Ok(None) };
    Ok(Some(JobRow {
        id: stored("jobs.id", &id)?,
        kind,
        payload: stored_json("jobs.payload", &payload)?,
        attempts: stored_u64("jobs.attempts", attempts)?,
        lease_until: *lease_until,
    }))
}

impl Store {
    /// Queues a job by itself.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn enqueue(&self, job: NewJob) -> Result<(), StoreError> {
        self.write(job, |tx, job| Box::pin(insert_job(tx, job))).await
    }

    /// Claims the job whose turn it is: due, highest priority first, then oldest.
    ///
    /// * `worker`: a name of the worker, different in every process.
    /// * `lease`: how long it may take before another worker gets the job.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn claim_job(
        &self,
        worker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        // Workers ask all the time: only a job that is there costs a write.
        let mut reader = self.reader().await?;
        let (due,) = both!(reader, fetch_one::<(i64,)>(COUNT_DUE, now.as_micros()))?;
        drop(reader);
        if due == 0 {
            return Ok(None);
        }
        let data = Claim { worker: worker.to_owned(), now, lease_until: now.plus(lease) };
        self.write(data, |tx, data| Box::pin(claim(tx, data))).await
    }

    /// Holds a job longer. False: the lease ran out and somebody else holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn renew_job(
        &self,
        id: JobId,
        worker: &str,
        lease_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (id.to_string(), worker.to_owned(), lease_until.as_micros());
        self.write(data, |tx, (id, worker, lease_until)| {
            Box::pin(async move {
                let rows =
                    both!(tx, execute(RENEW_JOB, id.as_str(), worker.as_str(), *lease_until))?;
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// The job is done. False: the lease ran out and somebody else holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn complete_job(&self, id: JobId, worker: &str) -> Result<bool, StoreError> {
        self.write((id.to_string(), worker.to_owned()), |tx, (id, worker)| {
            Box::pin(async move {
                let rows = both!(tx, execute(COMPLETE_JOB, id.as_str(), worker.as_str()))?;
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// The job failed and is to be tried again, not before `retry_at`. It is dropped when a job
    /// of the same kind and key waits already. False: somebody else holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn fail_job(
        &self,
        id: JobId,
        worker: &str,
        error: &str,
        retry_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let error = without_nul(error).into_owned();
        let data = (id.to_string(), worker.to_owned(), error, retry_at);
        self.write(data, |tx, (id, worker, error, retry_at)| {
            Box::pin(async move {
                let (id, worker) = (id.as_str(), worker.as_str());
                if both!(tx, execute(DROP_IF_REPLACED, id, worker))? > 0 {
                    return Ok(true);
                }
                let retry_at = retry_at.as_micros();
                let rows = both!(tx, execute(RELEASE_JOB, id, worker, retry_at, error.as_str()))?;
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// How many jobs there are, waiting or held.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn pending_jobs(&self) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let (count,) = both!(reader, fetch_one::<(i64,)>(COUNT_JOBS))?;
        stored_u64("jobs", count)
    }
}
