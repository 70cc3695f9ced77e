//! The worker: runs periodic tasks of `vouchsafe-app` until the server stops. Knows no task.

use std::time::Duration;

use tokio::sync::watch;
use vouchsafe_app::App;
use vouchsafe_app::maintenance::Task;

/// The longest wait after a task that keeps failing.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// And the longest in doublings of its period: what runs several times a second must not be
/// minutes late after the database was away for a while.
const MOST_DOUBLINGS: u32 = 4;

/// Runs every scheduled task until `stop` turns true, then returns when the running ones ended
/// or, where that is harmless, were cut off.
pub async fn run(app: App, stop: watch::Receiver<bool>) {
    let mut tasks = tokio::task::JoinSet::new();
    for (task, period) in Task::SCHEDULE {
        tasks.spawn(repeat(app.clone(), task, period, stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

async fn repeat(app: App, task: Task, period: Duration, mut stop: watch::Receiver<bool>) {
    let mut failures: u32 = 0;
    loop {
        let wait = backoff(period, failures);
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(wait) => {}
        }
        let outcome = if task.may_be_cut_off() {
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => return,
                outcome = app.run_task(task) => outcome,
            }
        } else {
            app.run_task(task).await
        };
        match outcome {
            Ok(()) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                metrics::counter!("vouchsafe_task_failures_total", "task" => task.name())
                    .increment(1);
                tracing::error!(task = task.name(), error = ?error, "a task failed");
            }
        }
    }
}

/// Doubles the wait with every failure in a row.
fn backoff(period: Duration, failures: u32) -> Duration {
    period.saturating_mul(1 << failures.min(MOST_DOUBLINGS)).min(LONGEST_WAIT.max(period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_a_task_down_and_never_stop_it() {
        let period = Duration::from_millis(200);
        assert_eq!(backoff(period, 0), period);
        assert_eq!(backoff(period, 1), period * 2);
        assert_eq!(backoff(period, 100), period * 16);
        assert_eq!(backoff(Duration::from_secs(30), 100), LONGEST_WAIT);
        assert_eq!(backoff(Duration::from_secs(3600), 100), Duration::from_secs(3600));
    }
}
