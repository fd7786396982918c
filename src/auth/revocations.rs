//! Revocations: tokens that are rejected because their user has signed out.
//!
//! ```text
//!  signOut ─► row in the database ─┬─► Revocations of this replica, before the response
//!                                  └─► Revocations of each other replica, which polls
//!  Revocations ─┬─► rejects the tokens of later requests, cached ones too
//!               └─► ends open connections
//! ```
//!
//! All effective revocations are in memory, so that no request queries the database for them, unless they
//! could not be polled for some seconds.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::{
    error::{AuthError, AuthErrorReason},
    sources::MAX_LEEWAY,
    viewer::{Session, UserId, Viewer},
};
use crate::time::Timestamp;

/// How long a session stays revoked at least: the issuer may give it further tokens until it ends
/// there, with most issuers after a week or two.
const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);

/// The tokens of a user that a revocation rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Those of one session; one token if it has no `sid`.
    Session {
        /// A digest of the `sid`, otherwise of the signing input.
        key: String,
        /// When all its tokens have expired, so that the revocation may be deleted.
        until: Timestamp,
    },
    /// Those with an earlier `iat`, and those without `iat`. It is never deleted: the lifetime of
    /// the issuer's tokens is unknown.
    IssuedBefore(Timestamp),
}

impl Revoked {
    /// What to revoke when a session signs out at that instant by the issuer's clock.
    ///
    /// `everywhere` also revokes all tokens issued up to the end of the current second, because `iat`
    /// is usually in whole seconds. The session itself is always included, in case the issuer's clock is
    /// further ahead than the server knows.
    #[must_use]
    pub fn by_sign_out(session: &Session, everywhere: bool, now: Timestamp) -> Vec<Self> {
        let expired = session.expires_at.after(TimeDelta::seconds(MAX_LEEWAY.into()));
        let until =
            if session.has_sid { expired.max(now.after(SESSION_LIFETIME)) } else { expired };
        let mut revoked = vec![Self::Session { key: session.key.clone(), until }];
        if everywhere {
            let next_second = Timestamp::from_seconds(now.seconds() + 1).unwrap_or(now);
            revoked.push(Self::IssuedBefore(next_second));
        }
        revoked
    }

    /// The instant of [`Revoked::IssuedBefore`].
    #[must_use]
    pub fn issued_before(&self) -> Option<Timestamp> {
        match self {
            Self::IssuedBefore(instant) => Some(*instant),
            Self::Session { .. } => None,
        }
    }
}

/// A revocation as stored in the database.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Its number: later revocations have larger ones.
    pub no: i64,
    /// The `sub` of the user.
    pub sub: String,
    /// The rejected tokens.
    pub revoked: Revoked,
}

/// Where the revocations by all replicas are stored.
pub trait RevocationLog: Send + Sync {
    /// Those with larger numbers, the smallest first, in batches: none after the last one.
    ///
    /// # Errors
    /// When they cannot be read within a moment.
    fn revocations_after(&self, no: i64) -> BoxFuture<'_, Result<Vec<Revocation>, BoxError>>;
}

/// Why revocations cannot be read.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The effective revocations, and the tasks to notify of new ones.
pub(super) struct Revocations {
    users: RwLock<HashMap<UserId, UserRevocations>>,
    waiting: Mutex<HashMap<UserId, Arc<Notify>>>,
    last_revocation: AtomicI64,
    /// Until when all revocations are applied, by the monotonic clock.
    confirmed_at: AtomicI64,
}

#[derive(Default)]
struct UserRevocations {
    issued_before: Option<Timestamp>,
    /// By session key: until when the session is revoked.
    sessions: HashMap<String, Timestamp>,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            users: RwLock::default(),
            waiting: Mutex::default(),
            last_revocation: AtomicI64::new(0),
            confirmed_at: AtomicI64::new(i64::MIN),
        }
    }
}

impl Revocations {
    pub(super) fn last_revocation(&self) -> i64 {
        self.last_revocation.load(Ordering::SeqCst)
    }

    /// Records that all revocations up to that instant of the monotonic clock are applied.
    pub(super) fn confirm(&self, millis: i64) {
        self.confirmed_at.store(millis, Ordering::SeqCst);
    }

    /// How old the news of revocations is at that instant of the monotonic clock, in milliseconds.
    pub(super) fn age(&self, millis: i64) -> i64 {
        millis.saturating_sub(self.confirmed_at.load(Ordering::SeqCst))
    }

    pub(super) fn apply(&self, Revocation { no, sub, revoked }: Revocation) {
        self.add(&UserId::new(&sub), revoked);
        self.last_revocation.fetch_max(no, Ordering::SeqCst);
    }

    /// Adds a revocation and notifies the tasks that wait for the user's. It is idempotent.
    pub(super) fn add(&self, user: &UserId, revoked: Revoked) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let user_revocations = users.entry(user.clone()).or_default();
        match revoked {
            Revoked::IssuedBefore(instant) => {
                user_revocations.issued_before = user_revocations.issued_before.max(Some(instant));
            }
            Revoked::Session { key, until } => {
                let known = user_revocations.sessions.entry(key).or_insert(until);
                *known = until.max(*known);
            }
        }
        drop(users);
        if let Some(notify) = self.waiting().get(user) {
            notify.notify_waiters();
        }
    }

    pub(super) fn check(&self, viewer: &Viewer, now: Timestamp) -> Result<(), AuthError> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let Some(user_revocations) = users.get(viewer.id()) else { return Ok(()) };
        let Session { key, issued_at, .. } = viewer.session();
        if user_revocations.sessions.get(key).is_some_and(|until| now < *until) {
            let message = "The session was signed out: sign in again.";
            return Err(AuthError::new(AuthErrorReason::Revoked, message));
        }
        match (user_revocations.issued_before, issued_at) {
            (Some(end), None) => Err(AuthError::new(
                AuthErrorReason::Revoked,
                format!(
                    "The user signed out everywhere, of all tokens issued before {end}, and this one \
                     does not tell when it was: let the issuer add `iat`."
                ),
            )),
            (Some(end), Some(issued_at)) if *issued_at < end => Err(AuthError::new(
                AuthErrorReason::Revoked,
                format!(
                    "The user signed out everywhere, of all tokens issued before {end}: sign in \
                     again."
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Completes when the viewer's token is revoked.
    pub(super) async fn revoked(&self, viewer: &Viewer, now: impl Fn() -> Timestamp) -> AuthError {
        let waiter = Waiter::new(self, viewer.id());
        loop {
            // Created before the check, so that no revocation between check and wait is missed.
            let notified = waiter.notify.notified();
            if let Err(error) = self.check(viewer, now()) {
                return error;
            }
            notified.await;
        }
    }

    /// Deletes the sessions whose tokens have all expired.
    pub(super) fn purge(&self, now: Timestamp) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, user_revocations| {
            user_revocations.sessions.retain(|_, until| now < *until);
            user_revocations.issued_before.is_some() || !user_revocations.sessions.is_empty()
        });
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that waits for a user's revocations. The last one to be dropped removes the map entry.
struct Waiter<'a> {
    revocations: &'a Revocations,
    user: &'a UserId,
    notify: Arc<Notify>,
}

impl<'a> Waiter<'a> {
    fn new(revocations: &'a Revocations, user: &'a UserId) -> Self {
        let notify = Arc::clone(revocations.waiting().entry(user.clone()).or_default());
        Self { revocations, user, notify }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.revocations.waiting();
        // The references are the map's and this one, and the lock prevents a third.
        if Arc::strong_count(&self.notify) == 2 {
            waiting.remove(self.user);
        }
    }
}
