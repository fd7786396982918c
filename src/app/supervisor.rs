//! Supervises background tasks: one that ends or panics is logged and restarted.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    task::{AbortHandle, Id, JoinSet},
    time::{Instant, sleep},
};

/// The delay before the first restart. It doubles with each further one (exponential backoff).
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// A task that has run for longer starts with the first delay again.
const STABLE: Duration = Duration::from_mins(1);

/// Makes the future of a task, for each start a new one.
type Start = Box<dyn Fn() -> BoxFuture<'static, ()> + Send>;

#[derive(Default)]
pub struct Supervisor {
    starts: Vec<(&'static str, Start)>,
    tasks: BackgroundTasks,
}

/// The running tasks by their names.
#[derive(Clone, Debug, Default)]
pub struct BackgroundTasks(Arc<Mutex<HashMap<&'static str, AbortHandle>>>);

impl BackgroundTasks {
    /// The names of the tasks, in any order.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.running().keys().copied().collect()
    }

    /// Aborts a task, as if it failed: the supervisor restarts it.
    pub fn abort(&self, name: &str) {
        if let Some(task) = self.running().get(name) {
            task.abort();
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<&'static str, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct RunningTask {
    /// In [`Supervisor::starts`].
    index: usize,
    since: Instant,
    /// Before the next restart.
    delay: Duration,
}

impl Supervisor {
    /// Adds a task that should never end.
    pub fn add<F>(&mut self, name: &'static str, start: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.starts.push((name, Box::new(move || start().boxed())));
    }

    pub fn tasks(&self) -> BackgroundTasks {
        self.tasks.clone()
    }

    /// Runs all tasks until this future is dropped.
    pub async fn run(self) {
        let mut set = JoinSet::new();
        let mut running: HashMap<Id, RunningTask> = HashMap::new();
        for index in 0..self.starts.len() {
            let task = self.start(&mut set, index, Duration::ZERO);
            let since = Instant::now();
            running.insert(task, RunningTask { index, since, delay: MIN_DELAY });
        }
        while let Some(ended) = set.join_next_with_id().await {
            let (task, cause) = match ended {
                Ok((task, None)) => (task, "it ended"),
                Ok((task, Some(Panic))) => (task, "it panicked"),
                Err(error) => (error.id(), "it was aborted"),
            };
            let Some(RunningTask { index, since, delay }) = running.remove(&task) else { continue };
            let delay = if since.elapsed() > STABLE { MIN_DELAY } else { delay };
            let (name, _) = &self.starts[index];
            tracing::error!(task = name, cause, ?delay, "a background task stopped: restarting it");
            let task = self.start(&mut set, index, delay);
            let (since, delay) = (Instant::now() + delay, MAX_DELAY.min(delay * 2));
            running.insert(task, RunningTask { index, since, delay });
        }
    }

    fn start(&self, set: &mut JoinSet<Option<Panic>>, index: usize, delay: Duration) -> Id {
        let (name, start) = &self.starts[index];
        let run = AssertUnwindSafe(start()).catch_unwind();
        let handle = set.spawn(async move {
            sleep(delay).await;
            run.await.err().map(|_| Panic)
        });
        let id = handle.id();
        self.tasks.running().insert(name, handle);
        id
    }
}

struct Panic;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_panics_or_is_aborted_is_restarted() {
        let (started, mut starts) = mpsc::unbounded_channel();
        let count = Arc::new(AtomicUsize::new(0));
        let mut supervisor = Supervisor::default();
        supervisor.add("flaky", move || {
            let (started, run) = (started.clone(), count.fetch_add(1, Ordering::SeqCst));
            async move {
                started.send(run).unwrap();
                match run {
                    0 => {}
                    1 => panic!("on purpose"),
                    _ => std::future::pending().await,
                }
            }
        });
        let tasks = supervisor.tasks();
        let supervising = tokio::spawn(supervisor.run());
        for run in 0..=2 {
            assert_eq!(starts.recv().await, Some(run));
        }
        assert_eq!(tasks.names(), ["flaky"]);
        tasks.abort("flaky");
        assert_eq!(starts.recv().await, Some(3));
        supervising.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_doubles_for_a_task_that_always_fails() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let mut supervisor = Supervisor::default();
        supervisor.add("broken", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async {}
        });
        let supervising = tokio::spawn(supervisor.run());
        sleep(Duration::from_mins(10)).await;
        supervising.abort();
        // After the first start, nine delays double from 0.1 s to 25.6 s; the others are 30 s.
        assert_eq!(count.load(Ordering::SeqCst), 1 + 9 + 19);
    }
}
