//! Group commit: one task writes for everybody.
//!
//! A durable commit costs a disk flush. The writer takes every command that waits, runs all of
//! them in one transaction and flushes once, so throughput grows with the number of callers while
//! a lone caller waits for nobody.
//!
//! # Invariants
//!
//! - A command that fails leaves no trace and does not disturb its neighbours: each runs in its
//!   own savepoint.
//! - Nobody is answered before the commit is confirmed.
//! - A command may be run twice, when the connection breaks before the commit. It must therefore
//!   have no effect outside its transaction.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::connection::{Pools, WriteTx};

/// Commands that may wait. Beyond it callers wait before they are queued.
const QUEUE_COMMANDS: usize = 1024;
/// Commands in one transaction at most, so that the first one is not held up for long.
const GROUP_COMMANDS: usize = 128;
/// How often a group is tried on a fresh connection.
const ATTEMPTS: u32 = 3;

/// The body of a command: a plain function over its data, so that it can be run again.
pub(crate) type Body<D, T, E> = for<'a> fn(&'a mut WriteTx, &'a D) -> BoxFuture<'a, Result<T, E>>;

/// A queued write, with its types hidden.
trait Command: Send {
    /// Runs it. False when it failed and must be undone.
    fn run<'a>(&'a mut self, tx: &'a mut WriteTx) -> BoxFuture<'a, bool>;

    /// The commit is confirmed.
    fn committed(self: Box<Self>);

    /// The group failed as a whole.
    fn failed(self: Box<Self>, error: &Arc<StoreError>);
}

struct TypedCommand<D, T, E> {
    data: D,
    body: Body<D, T, E>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<D, T, E> Command for TypedCommand<D, T, E>
where
    D: Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut WriteTx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let outcome = (self.body)(tx, &self.data).await;
            self.outcome.insert(outcome).is_ok()
        })
    }

    fn committed(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(StoreError::Closed.into()));
        // The caller may have gone away; the write stands all the same.
        let _ = self.reply.send(outcome);
    }

    fn failed(self: Box<Self>, error: &Arc<StoreError>) {
        let error = StoreError::Group { source: Arc::clone(error) };
        let _ = self.reply.send(Err(error.into()));
    }
}

enum Message {
    Write(Box<dyn Command>),
    Close(oneshot::Sender<()>),
}

/// Where commands are put.
#[derive(Clone)]
pub(crate) struct WriteQueue(mpsc::Sender<Message>);

impl WriteQueue {
    /// Starts the writer task on the current runtime.
    pub(crate) fn start(pools: Pools) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_COMMANDS);
        tokio::spawn(run_writer(pools, receiver));
        Self(sender)
    }

    /// Runs a command in the next group and waits until it is durable.
    pub(crate) async fn write<D, T, E>(&self, data: D, body: Body<D, T, E>) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = TypedCommand { data, body, outcome: None, reply };
        if self.0.send(Message::Write(Box::new(command))).await.is_err() {
            return Err(StoreError::Closed.into());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Refuses further commands, finishes those that wait, and returns.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.0.send(Message::Close(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

async fn run_writer(pools: Pools, mut queue: mpsc::Receiver<Message>) {
    let mut closing = Vec::new();
    let mut group: Vec<Box<dyn Command>> = Vec::new();
    while let Some(message) = queue.recv().await {
        let mut next = Some(message);
        while let Some(message) = next.take() {
            match message {
                Message::Write(command) => group.push(command),
                Message::Close(done) => {
                    queue.close();
                    closing.push(done);
                }
            }
            if group.len() < GROUP_COMMANDS {
                next = queue.try_recv().ok();
            }
        }
        if !group.is_empty() {
            metrics::histogram!("vouchsafe_write_group_commands").record(group.len() as f64);
            // A panic in a command drops the group, which answers its callers with `Closed`.
            let commands = std::mem::take(&mut group);
            if AssertUnwindSafe(commit_group(&pools, commands)).catch_unwind().await.is_err() {
                tracing::error!("a write panicked; its group was rolled back");
            }
        }
    }
    for done in closing {
        let _ = done.send(());
    }
}

/// Runs a group, again on a fresh connection when the first one broke, and answers everybody.
async fn commit_group(pools: &Pools, mut group: Vec<Box<dyn Command>>) {
    let mut attempt = 1;
    let outcome = loop {
        match try_group(pools, &mut group).await {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                tracing::warn!(attempt, cause = ?error, "a group of writes is tried again");
                attempt += 1;
            }
            outcome => break outcome,
        }
    };
    match outcome {
        Ok(()) => group.into_iter().for_each(Command::committed),
        Err(error) => {
            tracing::error!(commands = group.len(), cause = ?error, "a group of writes failed");
            let error = Arc::new(error);
            group.into_iter().for_each(|command| command.failed(&error));
        }
    }
}

async fn try_group(pools: &Pools, group: &mut [Box<dyn Command>]) -> Result<(), StoreError> {
    let mut tx = pools.begin_write().await?;
    // A command that is alone has the whole transaction for its savepoint.
    if let [command] = group {
        return match command.run(&mut tx).await {
            true => tx.commit().await,
            false => tx.rollback().await,
        };
    }
    for command in group {
        tx.savepoint().await?;
        match command.run(&mut tx).await {
            true => tx.release().await?,
            false => tx.undo().await?,
        }
    }
    tx.commit().await
}
