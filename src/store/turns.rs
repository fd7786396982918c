//! Who reads and writes at present: one user's statements must not take all connections.
//!
//! They wait here, in memory, before they take a connection. So whoever sends many at once waits for their own
//! statements, and others find a connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::StoreError;
use crate::auth::UserId;

/// How much of the pool one user's reads may take: a quarter.
const SHARE: u32 = 4;
/// How many writes of a user may wait for the one that is done.
const WAITING_WRITES: usize = 32;
/// How many messages of a user's subscriptions are made at a time.
const MESSAGES: usize = 2;
/// How many bytes of a user's messages may wait for their clients to read them.
const UNDELIVERED_BYTES: u32 = 16 << 20;

/// The users who have requests at present; all others are forgotten.
#[derive(Debug)]
pub struct Turns {
    reads: usize,
    users: Mutex<HashMap<UserId, Weak<UserTurns>>>,
}

/// What one user may do at a time.
#[derive(Debug)]
pub struct UserTurns {
    reads: Semaphore,
    /// One write at a time: they would wait for each other in the database anyway, each with a connection.
    write: Semaphore,
    /// Places for the write that is done, and for those that wait for it.
    places: Semaphore,
    /// Messages of subscriptions that may be made.
    messages: Semaphore,
    /// Bytes of them that may wait to be read.
    undelivered: Semaphore,
    user: UserId,
    all: Arc<Turns>,
}

/// Permits of one of a user's semaphores, until they are dropped.
#[derive(Debug)]
struct Taken {
    turns: Arc<UserTurns>,
    from: fn(&UserTurns) -> &Semaphore,
    count: u32,
}

/// The turn of a write, until it is dropped.
#[derive(Debug)]
pub struct WriteTurn {
    _turn: Taken,
    _place: Taken,
}

/// The turn to make a message, until it is dropped.
#[derive(Debug)]
pub struct MessageTurn {
    _taken: Taken,
}

/// A message that its client has not read yet, until it is dropped.
#[derive(Debug)]
pub struct Undelivered {
    _taken: Taken,
}

/// The messages of one subscription, which share the turns of its user with those of all others. Its clones are
/// the same.
#[derive(Clone, Debug)]
pub struct Messages {
    turns: Arc<UserTurns>,
    /// Held while a message is made.
    making: Arc<Mutex<Option<MessageTurn>>>,
}

impl Turns {
    /// Turns for a pool of that size.
    pub fn new(pool_size: u32) -> Arc<Self> {
        let reads = (pool_size / SHARE).max(1) as usize;
        Arc::new(Self { reads, users: Mutex::default() })
    }

    /// The turns of that user, which all their requests share.
    pub fn of(self: &Arc<Self>, user: &UserId) -> Arc<UserTurns> {
        let mut users = self.users();
        if let Some(turns) = users.get(user).and_then(Weak::upgrade) {
            return turns;
        }
        let turns = Arc::new(UserTurns {
            reads: Semaphore::new(self.reads),
            write: Semaphore::new(1),
            places: Semaphore::new(1 + WAITING_WRITES),
            messages: Semaphore::new(MESSAGES),
            undelivered: Semaphore::new(UNDELIVERED_BYTES as usize),
            user: user.clone(),
            all: Arc::clone(self),
        });
        users.insert(user.clone(), Arc::downgrade(&turns));
        turns
    }

    fn users(&self) -> MutexGuard<'_, HashMap<UserId, Weak<UserTurns>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UserTurns {
    /// Waits until the user may execute one more statement.
    pub async fn read(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes the semaphore.
        self.reads.acquire().await.ok()
    }

    /// Waits until the user's writes that came before are done.
    ///
    /// # Errors
    /// [`StoreError::TooManyWrites`] if too many wait already.
    pub async fn write(self: &Arc<Self>) -> Result<WriteTurn, StoreError> {
        let place = self.places.try_acquire().map_err(|_| StoreError::TooManyWrites)?;
        place.forget();
        let place = self.taken(|turns| &turns.places, 1);
        Ok(WriteTurn { _turn: self.take(|turns| &turns.write, 1).await, _place: place })
    }

    async fn take(self: &Arc<Self>, from: fn(&Self) -> &Semaphore, count: u32) -> Taken {
        // Nobody closes a semaphore.
        let count = from(self).acquire_many(count).await.map_or(0, |permits| {
            permits.forget();
            count
        });
        self.taken(from, count)
    }

    fn taken(self: &Arc<Self>, from: fn(&Self) -> &Semaphore, count: u32) -> Taken {
        Taken { turns: Arc::clone(self), from, count }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        (self.from)(&self.turns).add_permits(self.count as usize);
    }
}

impl Messages {
    pub fn new(turns: &Arc<UserTurns>) -> Self {
        Self { turns: Arc::clone(turns), making: Arc::default() }
    }

    /// Waits until few enough messages of the user are made.
    pub async fn turn(&self) -> MessageTurn {
        MessageTurn { _taken: self.turns.take(|turns| &turns.messages, 1).await }
    }

    /// Keeps the turn until the message is made.
    pub fn begin(&self, turn: MessageTurn) {
        *self.making() = Some(turn);
    }

    /// Waits until a message of so many bytes has room beside those that were not read yet, and ends the turn in
    /// which it was made. One that is larger than all of the room waits until it is alone.
    pub async fn end(&self, bytes: usize) -> Undelivered {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(UNDELIVERED_BYTES);
        let taken = self.turns.take(|turns| &turns.undelivered, bytes).await;
        self.making().take();
        Undelivered { _taken: taken }
    }

    fn making(&self) -> MutexGuard<'_, Option<MessageTurn>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the user with their last request.
impl Drop for UserTurns {
    fn drop(&mut self) {
        let mut users = self.all.users();
        // Another request may have begun meanwhile, with turns of its own.
        if users.get(&self.user).is_some_and(|turns| turns.strong_count() == 0) {
            users.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn messages_of_alice(turns: &Arc<Turns>) -> Messages {
        Messages::new(&turns.of(&UserId::in_test("alice")))
    }

    #[tokio::test]
    async fn a_user_has_two_messages_made_at_a_time() {
        let turns = Turns::new(16);
        let subscriptions = [(); 3].map(|()| messages_of_alice(&turns));
        for messages in &subscriptions[..2] {
            messages.begin(messages.turn().await);
        }
        assert!(subscriptions[2].turn().now_or_never().is_none());
        drop(subscriptions[0].end(1).await);
        assert!(subscriptions[2].turn().now_or_never().is_some());
    }

    #[tokio::test]
    async fn messages_that_nobody_reads_keep_the_user_from_more() {
        let turns = Turns::new(16);
        let (reader, idler) = (messages_of_alice(&turns), messages_of_alice(&turns));
        idler.begin(idler.turn().await);
        let unread = idler.end(UNDELIVERED_BYTES as usize).await;
        reader.begin(reader.turn().await);
        assert!(reader.end(1).now_or_never().is_none());
        drop(unread);
        assert!(reader.end(usize::MAX).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_has_no_requests_is_forgotten() {
        let turns = Turns::new(16);
        let messages = messages_of_alice(&turns);
        let undelivered = messages.end(1).await;
        drop(messages);
        assert_eq!(turns.users().len(), 1);
        drop(undelivered);
        assert_eq!(turns.users().len(), 0);
    }
}
