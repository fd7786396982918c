//! How many connections last, of all users and of each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::auth::UserId;

/// How many connections may last.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionLimits {
    /// WebSockets and event streams together, of the whole process.
    pub sockets: usize,
    /// The same of one user.
    pub sockets_per_user: usize,
    /// Operations at a time over one WebSocket.
    pub operations: usize,
}

/// The connections that last now.
#[derive(Debug)]
pub struct ConnectionCounter {
    /// What is allowed.
    pub limits: ConnectionLimits,
    counts: watch::Sender<Counts>,
    of_users: Mutex<HashMap<UserId, usize>>,
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Those of which nobody knows yet whose they are.
    unauthenticated: usize,
    /// Those of users.
    authenticated: usize,
}

impl ConnectionLimits {
    /// How many unauthenticated may be waited for: they must not take the places of all users.
    fn unauthenticated(&self) -> usize {
        const LEAST: usize = 16;
        (self.sockets / 4).max(LEAST)
    }
}

impl ConnectionCounter {
    /// No connections yet.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: watch::Sender::default(), of_users: Mutex::default() })
    }

    /// Counts one more of a stranger, unless there are as many as are waited for.
    pub fn open(self: &Arc<Self>) -> Option<ConnectionPermit> {
        let is_counted = self.counts.send_if_modified(|Counts { unauthenticated, .. }| {
            let has_room = *unauthenticated < self.limits.unauthenticated();
            *unauthenticated += usize::from(has_room);
            has_room
        });
        is_counted.then(|| ConnectionPermit { connections: Arc::clone(self), user: None })
    }

    /// Counts one more of a user.
    ///
    /// # Errors
    /// When there are as many as are allowed.
    pub fn open_for(self: &Arc<Self>, user: &UserId) -> Result<ConnectionPermit, LimitReached> {
        self.count(user, |Counts { authenticated, .. }| *authenticated += 1)?;
        Ok(ConnectionPermit { connections: Arc::clone(self), user: Some(user.clone()) })
    }

    /// Makes room for one more of a user, which is counted like this.
    fn count(&self, user: &UserId, count: impl FnOnce(&mut Counts)) -> Result<(), LimitReached> {
        let mut of_users = self.of_users();
        let of_user = of_users.get(user).copied().unwrap_or_default();
        if of_user >= self.limits.sockets_per_user {
            return Err(LimitReached::OfUser);
        }
        let is_counted = self.counts.send_if_modified(|counts| {
            let has_room = counts.authenticated < self.limits.sockets;
            if has_room {
                count(counts);
            }
            has_room
        });
        if !is_counted {
            return Err(LimitReached::OfAll);
        }
        of_users.insert(user.clone(), of_user + 1);
        Ok(())
    }

    /// Waits until there are none.
    pub async fn all_closed(&self) {
        // It cannot fail: the sender is right here.
        let _ = self.counts.subscribe().wait_for(|counts| *counts == Counts::default()).await;
    }

    fn of_users(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.of_users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitReached {
    /// The process has as many as it may.
    OfAll,
    /// The user has as many as they may.
    OfUser,
}

/// One connection, which is counted until it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    connections: Arc<ConnectionCounter>,
    user: Option<UserId>,
}

impl ConnectionPermit {
    /// Whose it is, once that is known.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Counts it among those of a user.
    ///
    /// # Errors
    /// When there are as many as are allowed.
    pub fn belongs_to(&mut self, user: &UserId) -> Result<(), LimitReached> {
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
            let mut of_users = self.connections.of_users();
            match of_users.get_mut(user) {
                Some(count @ 2..) => *count -= 1,
                _ => drop(of_users.remove(user)),
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
    async fn a_connection_counts_as_long_as_it_is_there() {
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
