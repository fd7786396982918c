//! How many connections last, of all users and of each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::auth::UserId;

/// How many connections may last.
#[derive(Clone, Copy, Debug)]
pub struct LiveLimits {
    /// WebSockets and event streams together, of the whole process.
    pub sockets: usize,
    /// The same of one user.
    pub sockets_per_user: usize,
    /// Operations at a time over one WebSocket.
    pub operations: usize,
}

/// The connections that last now.
#[derive(Debug)]
pub struct Connections {
    /// What is allowed.
    pub limits: LiveLimits,
    all: watch::Sender<usize>,
    of_users: Mutex<HashMap<UserId, usize>>,
}

impl Connections {
    /// No connections yet.
    #[must_use]
    pub fn new(limits: LiveLimits) -> Arc<Self> {
        Arc::new(Self { limits, all: watch::Sender::new(0), of_users: Mutex::default() })
    }

    /// Counts one more, unless the process has as many as are allowed.
    pub fn open(self: &Arc<Self>) -> Option<Connection> {
        let is_counted = self.all.send_if_modified(|all| {
            let has_room = *all < self.limits.sockets;
            *all += usize::from(has_room);
            has_room
        });
        is_counted.then(|| Connection { connections: Arc::clone(self), user: None })
    }

    /// Waits until there are none.
    pub async fn all_closed(&self) {
        // It cannot fail: the sender is right here.
        let _ = self.all.subscribe().wait_for(|all| *all == 0).await;
    }

    fn of_users(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.of_users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection, which is counted until it is dropped.
#[derive(Debug)]
pub struct Connection {
    connections: Arc<Connections>,
    user: Option<UserId>,
}

impl Connection {
    /// Whose it is, once that is known.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Counts it among those of a user; tells whether they may have one more.
    #[must_use]
    pub fn is_allowed_for(&mut self, user: &UserId) -> bool {
        let mut of_users = self.connections.of_users();
        let count = of_users.entry(user.clone()).or_default();
        let has_room = *count < self.connections.limits.sockets_per_user;
        if has_room {
            *count += 1;
            self.user = Some(user.clone());
        }
        has_room
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            let mut of_users = self.connections.of_users();
            match of_users.get_mut(user) {
                Some(count @ 2..) => *count -= 1,
                _ => drop(of_users.remove(user)),
            }
        }
        self.connections.all.send_modify(|all| *all -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn limits(sockets: usize) -> LiveLimits {
        LiveLimits { sockets, sockets_per_user: 1, operations: 1 }
    }

    #[tokio::test]
    async fn a_connection_counts_as_long_as_it_is_there() {
        let connections = Connections::new(limits(2));
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
        let (one, other) = (connections.open().unwrap(), connections.open().unwrap());
        assert!(connections.open().is_none());
        drop(one);
        let third = connections.open().unwrap();
        assert!(connections.open().is_none());
        drop(other);
        assert_eq!(connections.all_closed().now_or_never(), None);
        drop(third);
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
    }
}
