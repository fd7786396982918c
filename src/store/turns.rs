//! Who reads and writes at present: one user's statements must not take all connections.
//!
//! They wait here, in memory, before they take a connection. So whoever sends many at once waits for their own
//! statements, and others find a connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::error::StoreError;
use crate::auth::UserId;

/// How much of the pool one user's reads may take: a quarter.
const SHARE: u32 = 4;
/// How many writes of a user may wait for the one that is done.
const WAITING_WRITES: usize = 32;

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
    write: Arc<Semaphore>,
    /// Places for the write that is done, and for those that wait for it.
    places: Arc<Semaphore>,
    user: UserId,
    all: Arc<Turns>,
}

/// The turn of a write, until it is dropped.
#[derive(Debug)]
pub struct WriteTurn {
    _turn: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
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
            write: Arc::new(Semaphore::new(1)),
            places: Arc::new(Semaphore::new(1 + WAITING_WRITES)),
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
    pub async fn write(&self) -> Result<WriteTurn, StoreError> {
        let too_many = |_| StoreError::TooManyWrites;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(too_many)?;
        let turn = Arc::clone(&self.write).acquire_owned().await.ok();
        Ok(WriteTurn { _turn: turn, _place: place })
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
