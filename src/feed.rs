//! Notifies subscribers that a user's data has changed.
//!
//! A notification has no data, only the sequence number of the user's last change. A subscriber then reads
//! the changes from the database. So notifications may be lost, duplicated or reordered, and a slow
//! subscriber has only the latest number waiting.
//!
//! ```text
//!  commit ── publish ──┬──► subscribers in this process
//!                      └──► take_outgoing ──► other replicas ── apply_remote ──► their subscribers
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

/// The subscribers of each user. `U` is the key of a user, `S` a sequence number.
#[derive(Debug)]
pub struct Feed<U, S> {
    /// For each user with a subscriber, the latest sequence number known.
    channels: Mutex<HashMap<U, watch::Sender<S>>>,
    outgoing: Option<Outgoing<U, S>>,
}

/// The notifications for other replicas.
#[derive(Debug)]
struct Outgoing<U, S> {
    /// The latest sequence number of each user.
    latest: Mutex<BTreeMap<U, S>>,
    added: Notify,
}

impl<U, S> Default for Feed<U, S> {
    fn default() -> Self {
        Self { channels: Mutex::default(), outgoing: None }
    }
}

impl<U: Copy + Ord + Hash, S: Copy + Ord + Default> Feed<U, S> {
    /// A feed that also collects notifications for other replicas, see [`Feed::take_outgoing`].
    #[must_use]
    pub fn between_replicas() -> Self {
        let outgoing = Outgoing { latest: Mutex::default(), added: Notify::default() };
        Self { outgoing: Some(outgoing), ..Self::default() }
    }

    /// Notifies all subscribers, also at other replicas, of a change that this process has committed.
    pub fn publish(&self, user: U, sequence: S) {
        self.apply_remote(user, sequence);
        if let Some(Outgoing { latest, added }) = &self.outgoing {
            lock(latest).entry(user).and_modify(|it| *it = sequence.max(*it)).or_insert(sequence);
            added.notify_one();
        }
    }

    /// Notifies the subscribers in this process, if that sequence number is later than the latest one known.
    pub fn apply_remote(&self, user: U, sequence: S) {
        if let Some(channel) = lock(&self.channels).get(&user) {
            channel.send_if_modified(|known| {
                let is_later = sequence > *known;
                *known = sequence.max(*known);
                is_later
            });
        }
    }

    /// Waits for notifications for other replicas, and takes them all. Never returns if the feed does not
    /// collect any.
    pub async fn take_outgoing(&self) -> BTreeMap<U, S> {
        let Some(Outgoing { latest, added }) = &self.outgoing else {
            return std::future::pending().await;
        };
        loop {
            let taken = mem::take(&mut *lock(latest));
            if !taken.is_empty() {
                return taken;
            }
            added.notified().await;
        }
    }

    /// The users with a subscriber in this process.
    #[must_use]
    pub fn subscribed_users(&self) -> Vec<U> {
        lock(&self.channels).keys().copied().collect()
    }

    /// Subscribes to the changes of a user from now on.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, user: U) -> Subscriber<U, S> {
        let sequence = lock(&self.channels).entry(user).or_default().subscribe();
        Subscriber { sequence, user, feed: Arc::clone(self) }
    }
}

/// A subscription to the changes of a user, until it is dropped.
#[derive(Debug)]
pub struct Subscriber<U: Eq + Hash, S> {
    sequence: watch::Receiver<S>,
    user: U,
    feed: Arc<Feed<U, S>>,
}

impl<U: Eq + Hash, S> Subscriber<U, S> {
    /// Waits for a change after the last one returned, or after the subscription began.
    pub async fn changed(&mut self) {
        // This cannot fail, because the channel has its sender until the last subscriber is dropped.
        let _ = self.sequence.changed().await;
    }
}

impl<U: Eq + Hash, S> Drop for Subscriber<U, S> {
    fn drop(&mut self) {
        let mut channels = lock(&self.feed.channels);
        if channels.get(&self.user).is_some_and(|it| it.receiver_count() == 1) {
            channels.remove(&self.user);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_subscriber_is_notified_of_its_user_only() {
        let feed = Arc::new(Feed::<u8, u8>::default());
        let mut subscriber = feed.subscribe(1);
        feed.publish(2, 9);
        assert_eq!(subscriber.changed().now_or_never(), None);
        feed.apply_remote(1, 4);
        feed.apply_remote(1, 5);
        assert_eq!(subscriber.changed().now_or_never(), Some(()));
        assert_eq!(subscriber.changed().now_or_never(), None);
        for known in [3, 5] {
            feed.apply_remote(1, known);
            assert_eq!(subscriber.changed().now_or_never(), None);
        }
    }

    #[tokio::test]
    async fn a_user_without_subscribers_has_no_channel() {
        let feed = Arc::new(Feed::<u8, u8>::default());
        let (one, other) = (feed.subscribe(1), feed.subscribe(1));
        drop(one);
        assert_eq!(feed.subscribed_users(), [1]);
        drop(other);
        assert_eq!(feed.subscribed_users(), [0; 0]);
        feed.publish(1, 1);
        assert_eq!(feed.subscribed_users(), [0; 0]);
    }

    #[tokio::test]
    async fn other_replicas_get_the_latest_sequence_number_of_each_user() {
        let feed = Feed::<u8, u8>::between_replicas();
        assert_eq!(feed.take_outgoing().now_or_never(), None);
        for (user, sequence) in [(1, 1), (2, 7), (1, 3), (1, 2)] {
            feed.publish(user, sequence);
        }
        feed.apply_remote(3, 1);
        assert_eq!(feed.take_outgoing().now_or_never(), Some(BTreeMap::from([(1, 3), (2, 7)])));
        assert_eq!(feed.take_outgoing().now_or_never(), None);
    }
}
