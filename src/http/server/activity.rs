//! What a connection does at the moment.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::ServerLimits;

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The head of a request comes in; at the beginning, before its first byte.
    Head { since: Instant },
    /// A request is executed, or its response sent.
    Busy,
    /// It waits for another request. What is sent of the last response counts, too.
    Idle { since: Instant },
    /// It has to make room for another connection.
    Displaced { since: Instant },
}

/// What a connection does at the moment.
#[derive(Debug)]
pub(super) struct Activity {
    phase: Mutex<Phase>,
    /// The task that drives the connection.
    task: AtomicWaker,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let phase = Phase::Head { since: Instant::now() };
        Arc::new(Self { phase: Mutex::new(phase), task: AtomicWaker::new() })
    }

    /// The task to wake when the connection is displaced.
    pub(super) fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// When the connection has to end unless it does something else before; never while it is busy.
    pub(super) fn deadline(&self, limits: &ServerLimits) -> Option<Instant> {
        match *self.phase() {
            Phase::Head { since } => Some(since + limits.head_timeout),
            Phase::Idle { since } => Some(since + limits.idle_timeout),
            Phase::Busy => None,
            Phase::Displaced { since } => Some(since),
        }
    }

    /// Since when the connection has waited for its client.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        match *self.phase() {
            Phase::Head { since } | Phase::Idle { since } => Some(since),
            Phase::Busy | Phase::Displaced { .. } => None,
        }
    }

    /// Some bytes have come in.
    pub(super) fn received(&self) {
        let mut phase = self.phase();
        if let Phase::Idle { .. } = *phase {
            *phase = Phase::Head { since: Instant::now() };
        }
    }

    /// Some bytes have been sent.
    pub(super) fn sent(&self) {
        if let Phase::Idle { since } = &mut *self.phase() {
            *since = Instant::now();
        }
    }

    /// Whether the connection is about to be closed.
    pub(super) fn is_displaced(&self) -> bool {
        matches!(*self.phase(), Phase::Displaced { .. })
    }

    /// The connection has become a WebSocket.
    pub(super) fn upgraded(&self) {
        *self.phase() = Phase::Busy;
    }

    /// Closes the connection, unless it is busy; returns whether it does.
    pub(super) fn displace(&self) -> bool {
        let mut phase = self.phase();
        let waits = matches!(*phase, Phase::Head { .. } | Phase::Idle { .. });
        if waits {
            *phase = Phase::Displaced { since: Instant::now() };
            self.task.wake();
        }
        waits
    }

    fn change(&self, next: Phase) {
        let mut phase = self.phase();
        if !matches!(*phase, Phase::Displaced { .. }) {
            *phase = next;
        }
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection is busy until this is dropped, unless it has to make room.
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn of(activity: &Arc<Activity>) -> Self {
        activity.change(Phase::Busy);
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(Phase::Idle { since: Instant::now() });
    }
}
