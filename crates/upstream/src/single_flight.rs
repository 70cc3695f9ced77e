//! Single flight: many callers with one question cause one execution.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tracing::Instrument;

use crate::via::with_origin;

/// Runs at most one execution per key at a time, and gives its result to everybody who asked
/// while it ran. Remembers nothing afterwards.
///
/// The execution is a task of its own: callers may be cancelled, the first one included, and the
/// others still get their answer. A clone shares the flights.
///
/// # Examples
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// use vouchsafe_upstream::SingleFlight;
///
/// let flights: SingleFlight<&str, u32> = SingleFlight::default();
/// let (a, b) = tokio::join!(flights.run("x", || async { 1 }), flights.run("x", || async { 2 }));
/// assert_eq!((a, b), (1, 1));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SingleFlight<K, V> {
    flights: Arc<Flights<K, V>>,
}

type Flights<K, V> = Mutex<HashMap<K, watch::Receiver<Option<V>>>>;

impl<K, V> Clone for SingleFlight<K, V> {
    fn clone(&self) -> Self {
        Self { flights: Arc::clone(&self.flights) }
    }
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self { flights: Arc::default() }
    }
}

impl<K, V> SingleFlight<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Waits for the running execution of `key`, or starts one.
    ///
    /// * `make`: called at most once, and only when this caller starts the execution.
    ///
    /// # Panics
    ///
    /// Passes on a panic of this caller's own execution. Waiters of an execution that panicked
    /// start their own, one after the other; the key stays usable.
    pub async fn run<F, Fut>(&self, key: K, make: F) -> V
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V> + Send + 'static,
    {
        let sender = loop {
            let mut running = match self.join_or_start(&key) {
                Flight::Start(sender) => break sender,
                Flight::Join(running) => running,
            };
            if let Some(value) = landed(&mut running).await {
                return value;
            }
        };
        let mut result = sender.subscribe();
        // Lands the flight even when `make` itself panics.
        let landing = Landing { flights: Arc::clone(&self.flights), key, sender };
        let execution = make();
        let flight = async move {
            let value = execution.await;
            landing.land(value);
        };
        let task = tokio::spawn(with_origin(flight).in_current_span());
        match landed(&mut result).await {
            Some(value) => value,
            None => match task.await {
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // The runtime is shutting down: nobody is left to be answered.
                _ => std::future::pending().await,
            },
        }
    }

    fn join_or_start(&self, key: &K) -> Flight<V> {
        let mut flights = lock(&self.flights);
        if let Some(running) = flights.get(key) {
            return Flight::Join(running.clone());
        }
        let (sender, receiver) = watch::channel(None);
        flights.insert(key.clone(), receiver);
        Flight::Start(sender)
    }
}

enum Flight<V> {
    Start(watch::Sender<Option<V>>),
    Join(watch::Receiver<Option<V>>),
}

/// The result, or `None` when the execution ended without one.
async fn landed<V: Clone>(running: &mut watch::Receiver<Option<V>>) -> Option<V> {
    running.wait_for(Option::is_some).await.ok().and_then(|value| value.clone())
}

/// Takes the key off the board when the execution ends, however it ends.
struct Landing<K: Hash + Eq, V> {
    flights: Arc<Flights<K, V>>,
    key: K,
    sender: watch::Sender<Option<V>>,
}

impl<K: Hash + Eq, V> Landing<K, V> {
    fn land(self, value: V) {
        self.sender.send_replace(Some(value));
    }
}

impl<K: Hash + Eq, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

fn lock<K, V>(flights: &Flights<K, V>) -> MutexGuard<'_, HashMap<K, watch::Receiver<Option<V>>>> {
    // Every change of the map is one call, so a poisoned lock does not matter.
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::{Notify, oneshot};

    use super::*;

    #[tokio::test]
    async fn a_hundred_callers_cause_one_execution() {
        let flights = SingleFlight::<u8, usize>::default();
        let executions = Arc::new(AtomicUsize::new(0));
        let calls = (0..100).map(|_| {
            let executions = Arc::clone(&executions);
            flights.run(7, move || async move {
                tokio::task::yield_now().await;
                executions.fetch_add(1, Ordering::SeqCst)
            })
        });
        assert_eq!(join_all(calls).await, vec![0; 100]);
        assert_eq!(executions.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn keys_do_not_wait_for_each_other_and_nothing_is_remembered() {
        let flights = SingleFlight::<u8, u8>::default();
        let (one, two) =
            tokio::join!(flights.run(1, || async { 1 }), flights.run(2, || async { 2 }),);
        assert_eq!((one, two), (1, 2));
        assert_eq!(flights.run(1, || async { 3 }).await, 3);
        assert!(lock(&flights.flights).is_empty());
    }

    #[tokio::test]
    async fn a_cancelled_first_caller_does_not_cancel_the_others() {
        let flights = SingleFlight::<u8, &str>::default();
        let (started, has_started) = oneshot::channel();
        let go = Arc::new(Notify::new());
        let first = tokio::spawn({
            let (flights, go) = (flights.clone(), Arc::clone(&go));
            async move {
                flights
                    .run(1, || async move {
                        let _ = started.send(());
                        go.notified().await;
                        "from the first"
                    })
                    .await
            }
        });
        has_started.await.unwrap();
        let second = flights.run(1, || async { "from the second" });
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        go.notify_one();
        assert_eq!(second.await, "from the first");
    }

    #[tokio::test]
    async fn a_panic_reaches_its_caller_and_frees_the_key() {
        let flights = SingleFlight::<u8, u8>::default();
        let first = tokio::spawn({
            let flights = flights.clone();
            async move { flights.run(1, || async { panic!("boom") }).await }
        });
        assert!(first.await.unwrap_err().is_panic());
        assert_eq!(flights.run(1, || async { 2 }).await, 2);
    }

    #[tokio::test]
    async fn a_panic_before_the_first_await_frees_the_key() {
        let flights = SingleFlight::<u8, u8>::default();
        let first = tokio::spawn({
            let flights = flights.clone();
            async move { flights.run(1, || -> std::future::Ready<u8> { panic!("boom") }).await }
        });
        assert!(first.await.unwrap_err().is_panic());
        assert_eq!(flights.run(1, || async { 2 }).await, 2);
    }

    #[tokio::test]
    async fn who_waited_for_a_panic_gets_an_own_execution() {
        let flights = SingleFlight::<u8, u8>::default();
        let (started, has_started) = oneshot::channel();
        let go = Arc::new(Notify::new());
        let first = tokio::spawn({
            let (flights, go) = (flights.clone(), Arc::clone(&go));
            async move {
                flights
                    .run(1, || async move {
                        let _ = started.send(());
                        go.notified().await;
                        panic!("boom")
                    })
                    .await
            }
        });
        has_started.await.unwrap();
        let second = flights.run(1, || async { 2 });
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        go.notify_one();
        assert_eq!(second.await, 2);
        assert!(first.await.is_err());
    }
}
