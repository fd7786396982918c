//! Limits on long-lived connections: WebSockets and event streams.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::auth::UserId;

#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionLimits {
    /// Connections of the whole process.
    pub sockets: usize,
    /// Connections of one user.
    pub sockets_per_user: usize,
    /// Operations at a time on one WebSocket.
    pub operations: usize,
}

/// Counts the open connections.
#[derive(Debug)]
pub struct ConnectionCounter {
    pub limits: ConnectionLimits,
    counts: watch::Sender<Counts>,
    per_user: Mutex<HashMap<UserId, usize>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    unauthenticated: usize,
    authenticated: usize,
}

impl ConnectionLimits {
    /// Unauthenticated connections have a limit of their own, so that they cannot lock out all users.
    fn unauthenticated(&self) -> usize {
        const MIN: usize = 16;
        (self.sockets / 4).max(MIN)
    }
}

impl ConnectionCounter {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: watch::Sender::default(), per_user: Mutex::default() })
    }

    /// Counts an unauthenticated connection; `None` when there are too many.
    pub fn open(self: &Arc<Self>) -> Option<ConnectionPermit> {
        let is_counted = self.counts.send_if_modified(|Counts { unauthenticated, .. }| {
            let has_room = *unauthenticated < self.limits.unauthenticated();
            *unauthenticated += usize::from(has_room);
            has_room
        });
        is_counted.then(|| ConnectionPermit { connections: Arc::clone(self), user: None })
    }

    /// Counts a connection of a user.
    ///
    /// # Errors
    /// When there are too many.
    pub fn open_for(self: &Arc<Self>, user: &UserId) -> Result<ConnectionPermit, LimitReached> {
        self.count(user, |Counts { authenticated, .. }| *authenticated += 1)?;
        Ok(ConnectionPermit { connections: Arc::clone(self), user: Some(user.clone()) })
    }

    /// Checks the limits for one more connection of a user, and changes the counts by `count`.
    fn count(&self, user: &UserId, count: impl FnOnce(&mut Counts)) -> Result<(), LimitReached> {
        let mut per_user = self.per_user();
        let of_user = per_user.get(user).copied().unwrap_or_default();
        if of_user >= self.limits.sockets_per_user {
            return Err(LimitReached::PerUser);
        }
        let is_counted = self.counts.send_if_modified(|counts| {
            let has_room = counts.authenticated < self.limits.sockets;
            if has_room {
                count(counts);
            }
            has_room
        });
        if !is_counted {
            return Err(LimitReached::Total);
        }
        per_user.insert(user.clone(), of_user + 1);
        Ok(())
    }

    /// Waits until no connection is open.
    pub async fn all_closed(&self) {
        // This cannot fail, because `self` owns the sender.
        let _ = self.counts.subscribe().wait_for(|counts| *counts == Counts::default()).await;
    }

    fn per_user(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.per_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitReached {
    Total,
    PerUser,
}

/// Counts as a connection until it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    connections: Arc<ConnectionCounter>,
    user: Option<UserId>,
}

impl ConnectionPermit {
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Makes an unauthenticated connection one of that user.
    ///
    /// # Errors
    /// When there are too many.
    pub fn assign_to(&mut self, user: &UserId) -> Result<(), LimitReached> {
        self.connections.count(user, |Counts { unauthenticated, authenticated }| {
            (*unauthenticated, *authenticated) = (*unauthenticated - 1, *authenticated + 1);
        })?;
        self.user = Some(user.clone());
        Ok(())
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            let mut per_user = self.connections.per_user();
            match per_user.get_mut(user) {
                Some(count @ 2..) => *count -= 1,
                _ => drop(per_user.remove(user)),
            }
        }
        self.connections.counts.send_modify(|Counts { unauthenticated, authenticated }| {
            *(if self.user.is_some() { authenticated } else { unauthenticated }) -= 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_connection_counts_until_it_is_dropped() {
        let limits = ConnectionLimits { sockets: 100, sockets_per_user: 1, operations: 1 };
        let connections = ConnectionCounter::new(limits);
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
        let mut unauthenticated: Vec<_> = std::iter::from_fn(|| connections.open()).collect();
        assert_eq!(unauthenticated.len(), 25);
        unauthenticated.pop();
        unauthenticated.extend(connections.open());
        assert!(unauthenticated.len() == 25 && connections.open().is_none());
        assert_eq!(connections.all_closed().now_or_never(), None);
        drop(unauthenticated);
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
    }
}
