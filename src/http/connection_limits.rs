//! Limits on long-lived connections: WebSockets and event streams.

use std::{
    collections::HashMap,
    future,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

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
    /// Those that have sent no token yet, the oldest first.
    unauthenticated: Mutex<Vec<Arc<Unauthenticated>>>,
}

/// A connection that has sent no token yet.
#[derive(Debug)]
struct Unauthenticated {
    address: IpAddr,
    displaced: CancellationToken,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    unauthenticated: usize,
    authenticated: usize,
}

impl ConnectionLimits {
    /// Unauthenticated connections have a limit of their own, so that they cannot lock out all users.
    pub fn unauthenticated(&self) -> usize {
        const MIN: usize = 16;
        (self.sockets / 4).max(MIN)
    }

    /// Those of one address have a share of it.
    fn unauthenticated_per_address(&self) -> usize {
        self.unauthenticated() / 4
    }
}

impl ConnectionCounter {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        let (counts, per_user, unauthenticated) = Default::default();
        Arc::new(Self { limits, counts, per_user, unauthenticated })
    }

    /// Counts an unauthenticated connection. When there are too many, of its address or in all, the oldest of
    /// them makes room: an honest client sends its token at once, and one that sends nothing for long is not.
    pub fn open(self: &Arc<Self>, address: IpAddr) -> ConnectionPermit {
        let opened = Arc::new(Unauthenticated { address, displaced: CancellationToken::new() });
        let mut all = self.unauthenticated();
        let of_address = || all.iter().enumerate().filter(|(_, other)| other.address == address);
        let oldest = if of_address().count() >= self.limits.unauthenticated_per_address() {
            of_address().next().map(|(at, _)| at)
        } else {
            (all.len() >= self.limits.unauthenticated()).then_some(0)
        };
        if let Some(oldest) = oldest {
            all.remove(oldest).displaced.cancel();
        }
        all.push(Arc::clone(&opened));
        self.counts.send_modify(|counts| counts.unauthenticated += 1);
        let connections = Arc::clone(self);
        ConnectionPermit { connections, of: Holder::Unauthenticated(opened) }
    }

    /// Counts a connection of a user.
    ///
    /// # Errors
    /// When there are too many.
    pub fn open_for(self: &Arc<Self>, user: &UserId) -> Result<ConnectionPermit, LimitReached> {
        let mut per_user = self.per_user();
        let of_user = per_user.get(user).copied().unwrap_or_default();
        if of_user >= self.limits.sockets_per_user {
            return Err(LimitReached::PerUser);
        }
        let is_counted = self.counts.send_if_modified(|counts| {
            let has_room = counts.authenticated < self.limits.sockets;
            counts.authenticated += usize::from(has_room);
            has_room
        });
        if !is_counted {
            return Err(LimitReached::Total);
        }
        per_user.insert(user.clone(), of_user + 1);
        Ok(ConnectionPermit { connections: Arc::clone(self), of: Holder::User(user.clone()) })
    }

    /// Waits until no connection is open.
    pub async fn all_closed(&self) {
        // This cannot fail, because `self` owns the sender.
        let _ = self.counts.subscribe().wait_for(|counts| *counts == Counts::default()).await;
    }

    fn unauthenticated(&self) -> MutexGuard<'_, Vec<Arc<Unauthenticated>>> {
        self.unauthenticated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a connection that is not unauthenticated any more.
    fn forget(&self, connection: &Arc<Unauthenticated>) {
        self.unauthenticated().retain(|other| !Arc::ptr_eq(other, connection));
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
    of: Holder,
}

#[derive(Debug)]
enum Holder {
    Unauthenticated(Arc<Unauthenticated>),
    User(UserId),
}

impl ConnectionPermit {
    pub fn user(&self) -> Option<&UserId> {
        match &self.of {
            Holder::User(user) => Some(user),
            Holder::Unauthenticated(_) => None,
        }
    }

    /// Resolves when the connection has to make room for a newer one.
    pub fn displaced(&self) -> impl Future<Output = ()> + use<> {
        let connection = match &self.of {
            Holder::Unauthenticated(connection) => Some(Arc::clone(connection)),
            Holder::User(_) => None,
        };
        async move {
            match connection {
                Some(connection) => connection.displaced.cancelled().await,
                None => future::pending().await,
            }
        }
    }

    /// Makes the connection one of that user, whosever it was.
    ///
    /// # Errors
    /// When there are too many.
    pub fn assign_to(&mut self, user: &UserId) -> Result<(), LimitReached> {
        if self.user() != Some(user) {
            *self = self.connections.open_for(user)?;
        }
        Ok(())
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let Self { connections, of } = self;
        match of {
            Holder::User(user) => {
                let mut per_user = connections.per_user();
                match per_user.get_mut(user) {
                    Some(count @ 2..) => *count -= 1,
                    _ => drop(per_user.remove(user)),
                }
            }
            Holder::Unauthenticated(connection) => connections.forget(connection),
        }
        connections.counts.send_modify(|Counts { unauthenticated, authenticated }| match of {
            Holder::User(_) => *authenticated -= 1,
            Holder::Unauthenticated(_) => *unauthenticated -= 1,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use futures_util::FutureExt;

    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[tokio::test]
    async fn a_connection_counts_until_it_is_dropped() {
        let limits = ConnectionLimits { sockets: 100, sockets_per_user: 1, operations: 1 };
        let connections = ConnectionCounter::new(limits);
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
        let permit = connections.open(address(1));
        assert_eq!(connections.all_closed().now_or_never(), None);
        drop(permit);
        assert_eq!(connections.all_closed().now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn the_oldest_connection_without_a_token_makes_room() {
        let limits = ConnectionLimits { sockets: 64, sockets_per_user: 1, operations: 1 };
        let connections = ConnectionCounter::new(limits);
        let is_displaced = |permit: &ConnectionPermit| permit.displaced().now_or_never().is_some();
        let of_one: Vec<_> = iter::repeat_with(|| connections.open(address(1))).take(5).collect();
        assert_eq!(
            of_one.iter().map(is_displaced).collect::<Vec<_>>(),
            [true, false, false, false, false]
        );
        let others: Vec<_> = (2..=13).map(|last| connections.open(address(last))).collect();
        assert!(!is_displaced(&of_one[1]) && !others.iter().any(is_displaced));
        let _one_more = connections.open(address(14));
        assert!(is_displaced(&of_one[1]) && !is_displaced(&of_one[2]));
    }
}
