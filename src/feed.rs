//! Who must be told that a user's data moved.
//!
//! Nothing of the data is here, only how far the counters of the users whom somebody follows are known
//! to be. Whoever hears of a number reads from the database what has changed up to it, so that news may
//! be lost, come twice, or overtake one another, and a follower who is slow has one number waiting.
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
type UserKey = i64;

/// The counters of the users whom somebody follows.
#[derive(Debug, Default)]
pub struct Feed {
    followed: Mutex<HashMap<UserKey, Followed>>,
    outgoing: Option<Outgoing>,
}

/// A user whom somebody follows.
#[derive(Debug)]
struct Followed {
    /// How far their counter is known to be.
    counter: watch::Sender<i64>,
    /// Who has one of these reads what has changed, so that many who follow one user leave the database
    /// to others.
    turns: Arc<Semaphore>,
}

/// How many followers of one user read at a time.
const TURNS: usize = 2;

impl Default for Followed {
    fn default() -> Self {
        Self { counter: watch::Sender::new(0), turns: Arc::new(Semaphore::new(TURNS)) }
    }
}

/// What other replicas have to hear: of each user the latest number alone.
#[derive(Debug, Default)]
struct Outgoing {
    numbers: Mutex<BTreeMap<UserKey, i64>>,
    there: Notify,
}

impl Feed {
    /// A feed whose news also have to reach other replicas: somebody has to take what is
    /// [`Feed::outgoing`].
    #[must_use]
    pub fn between_replicas() -> Self {
        Self { outgoing: Some(Outgoing::default()), ..Self::default() }
    }

    /// This process has committed a change of that number.
    pub fn changed(&self, user: UserKey, number: i64) {
        self.heard(user, number);
        if let Some(Outgoing { numbers, there }) = &self.outgoing {
            lock(numbers).entry(user).and_modify(|it| *it = number.max(*it)).or_insert(number);
            there.notify_one();
        }
    }

    /// The user's counter has come to that number.
    pub fn heard(&self, user: UserKey, number: i64) {
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
    pub async fn outgoing(&self) -> BTreeMap<UserKey, i64> {
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
    pub fn followed(&self) -> Vec<UserKey> {
        lock(&self.followed).keys().copied().collect()
    }

    /// Follows a user from now on.
    #[must_use]
    pub fn follow(self: &Arc<Self>, user: UserKey) -> Follower {
        let mut followed = lock(&self.followed);
        let Followed { counter, turns } = followed.entry(user).or_default();
        let (counter, turns) = (counter.subscribe(), Arc::clone(turns));
        Follower { counter, turns, user, feed: Arc::clone(self) }
    }
}

/// Somebody who follows a user, until it is dropped.
#[derive(Debug)]
pub struct Follower {
    counter: watch::Receiver<i64>,
    turns: Arc<Semaphore>,
    user: UserKey,
    feed: Arc<Feed>,
}

impl Follower {
    /// Waits until the user's counter is known to have moved, since the last time or since the
    /// following began.
    pub async fn news(&mut self) {
        // The sender is only taken away with the last follower.
        let _ = self.counter.changed().await;
    }

    /// Waits until it may read what has changed, for as long as it keeps what it is given.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.turns.acquire().await.ok()
    }
}

impl Drop for Follower {
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
        let mut follower = feed.follow(1);
        feed.changed(2, 9);
        assert_eq!(follower.news().now_or_never(), None);
        feed.heard(1, 4);
        feed.heard(1, 5);
        assert_eq!(follower.news().now_or_never(), Some(()));
        assert_eq!(follower.news().now_or_never(), None);
        for known in [3, 5] {
            feed.heard(1, known);
            assert_eq!(follower.news().now_or_never(), None);
        }
    }

    #[tokio::test]
    async fn nobody_is_kept_whom_nobody_follows() {
        let feed = Arc::new(Feed::default());
        let (one, other) = (feed.follow(1), feed.follow(1));
        drop(one);
        assert_eq!(feed.followed(), [1]);
        drop(other);
        assert_eq!(feed.followed(), [0; 0]);
        feed.changed(1, 1);
        assert_eq!(feed.followed(), [0; 0]);
    }

    #[tokio::test]
    async fn other_replicas_hear_the_latest_number_of_each_user() {
        let feed = Feed::between_replicas();
        assert_eq!(feed.outgoing().now_or_never(), None);
        for (user, number) in [(1, 1), (2, 7), (1, 3), (1, 2)] {
            feed.changed(user, number);
        }
        feed.heard(3, 1);
        assert_eq!(feed.outgoing().now_or_never(), Some(BTreeMap::from([(1, 3), (2, 7)])));
        assert_eq!(feed.outgoing().now_or_never(), None);
    }
}
