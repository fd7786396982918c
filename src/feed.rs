//! Who must be told that a user's data moved.
//!
//! Nothing of the data is here, only how far the counters of the users whom somebody follows are known
//! to be. Whoever hears of a number reads from the database what has changed up to it, so that news may
//! be lost, come twice, or overtake one another, and a subscriber who is slow has one number waiting.
//!
//! ```text
//!  a change is committed ── changed ──┬──► followers in this process
//!                                     └──► outgoing ──► other replicas ── heard ──► their followers
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

/// A user's key in the database.
type UserNo = i64;

/// The counters of the users whom somebody follows.
#[derive(Debug, Default)]
pub struct Feed {
    followed: Mutex<HashMap<UserNo, Followed>>,
    outgoing: Option<Outgoing>,
}

/// A user whom somebody follows.
#[derive(Debug)]
struct Followed {
    /// How far their counter is known to be.
    counter: watch::Sender<i64>,
    /// Who has one of these reads what has changed, so that many who follow one user leave the database
    /// to others.
    permits: Arc<Semaphore>,
}

/// How many followers of one user read at a time.
const MAX_CONCURRENT_READS: usize = 2;

impl Default for Followed {
    fn default() -> Self {
        Self {
            counter: watch::Sender::new(0),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_READS)),
        }
    }
}

/// What other replicas have to hear: of each user the latest number alone.
#[derive(Debug, Default)]
struct Outgoing {
    numbers: Mutex<BTreeMap<UserNo, i64>>,
    there: Notify,
}

impl Feed {
    /// A feed whose news also have to reach other replicas: somebody has to take what is
    /// [`Feed::take_outgoing`].
    #[must_use]
    pub fn between_replicas() -> Self {
        Self { outgoing: Some(Outgoing::default()), ..Self::default() }
    }

    /// This process has committed a change of that number.
    pub fn publish(&self, user: UserNo, number: i64) {
        self.apply_remote(user, number);
        if let Some(Outgoing { numbers, there }) = &self.outgoing {
            lock(numbers).entry(user).and_modify(|it| *it = number.max(*it)).or_insert(number);
            there.notify_one();
        }
    }

    /// The user's counter has come to that number.
    pub fn apply_remote(&self, user: UserNo, number: i64) {
        if let Some(Followed { counter, .. }) = lock(&self.followed).get(&user) {
            counter.send_if_modified(|known| {
                let is_news = number > *known;
                *known = number.max(*known);
                is_news
            });
        }
    }

    /// What other replicas have to hear, each user once, as soon as there is anything; never where
    /// there are no others.
    pub async fn take_outgoing(&self) -> BTreeMap<UserNo, i64> {
        let Some(Outgoing { numbers, there }) = &self.outgoing else {
            return std::future::pending().await;
        };
        loop {
            let taken = mem::take(&mut *lock(numbers));
            if !taken.is_empty() {
                return taken;
            }
            there.notified().await;
        }
    }

    /// The users whom somebody follows here.
    #[must_use]
    pub fn subscribed_users(&self) -> Vec<UserNo> {
        lock(&self.followed).keys().copied().collect()
    }

    /// Follows a user from now on.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, user: UserNo) -> Subscriber {
        let mut followed = lock(&self.followed);
        let Followed { counter, permits } = followed.entry(user).or_default();
        let (counter, permits) = (counter.subscribe(), Arc::clone(permits));
        Subscriber { counter, permits, user, feed: Arc::clone(self) }
    }
}

/// Somebody who follows a user, until it is dropped.
#[derive(Debug)]
pub struct Subscriber {
    counter: watch::Receiver<i64>,
    permits: Arc<Semaphore>,
    user: UserNo,
    feed: Arc<Feed>,
}

impl Subscriber {
    /// Waits until the user's counter is known to have moved, since the last time or since the
    /// following began.
    pub async fn changed(&mut self) {
        // The sender is only taken away with the last subscriber.
        let _ = self.counter.changed().await;
    }

    /// Waits until it may read what has changed, for as long as it keeps what it is given.
    pub async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.permits.acquire().await.ok()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut followed = lock(&self.feed.followed);
        if followed.get(&self.user).is_some_and(|it| it.counter.receiver_count() == 1) {
            followed.remove(&self.user);
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
    async fn a_follower_hears_of_their_user_alone() {
        let feed = Arc::new(Feed::default());
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
    async fn nobody_is_kept_whom_nobody_follows() {
        let feed = Arc::new(Feed::default());
        let (one, other) = (feed.subscribe(1), feed.subscribe(1));
        drop(one);
        assert_eq!(feed.subscribed_users(), [1]);
        drop(other);
        assert_eq!(feed.subscribed_users(), [0; 0]);
        feed.publish(1, 1);
        assert_eq!(feed.subscribed_users(), [0; 0]);
    }

    #[tokio::test]
    async fn other_replicas_hear_the_latest_number_of_each_user() {
        let feed = Feed::between_replicas();
        assert_eq!(feed.take_outgoing().now_or_never(), None);
        for (user, number) in [(1, 1), (2, 7), (1, 3), (1, 2)] {
            feed.publish(user, number);
        }
        feed.apply_remote(3, 1);
        assert_eq!(feed.take_outgoing().now_or_never(), Some(BTreeMap::from([(1, 3), (2, 7)])));
        assert_eq!(feed.take_outgoing().now_or_never(), None);
    }
}
