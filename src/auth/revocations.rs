//! Who has signed out: tokens that are refused though nothing else is wrong with them.
//!
//! ```text
//!  signOut ─► a row in the database ─┬─► the memory of this server, before the answer goes out
//!                                    └─► the memory of each other one, within a second
//!  the memory ─┬─► refuses the tokens of later requests, those that are remembered too
//!              └─► wakes who waits for the end of a session
//! ```
//!
//! The memory holds all that is in force, so that no request asks the database for it.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::TimeDelta;
use tokio::sync::Notify;

use super::{
    error::{AuthError, AuthErrorReason},
    sources::MAX_LEEWAY,
    viewer::{Session, UserId, Viewer},
};
use crate::time::Timestamp;

/// How long a session of the issuer stays signed out here at least: it may be given further tokens
/// for as long as it lives there, which is a week or two with most issuers.
const SESSION_LIFE: TimeDelta = TimeDelta::days(30);

/// Which of a user's tokens are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Those of one session; where the issuer tells no session, one token.
    Session {
        /// The digest that tells it apart.
        key: String,
        /// When it may be forgotten, since all its tokens have expired.
        until: Timestamp,
    },
    /// All that were issued before that instant, or do not tell when they were. This is never
    /// forgotten: nobody here knows how long the issuer's tokens live.
    IssuedBefore(Timestamp),
}

impl Revoked {
    /// What is refused from now on when the holder of this token signs out.
    ///
    /// `everywhere` are all tokens up to the end of the present second, since `iat` tells no more
    /// than that; this one is among them, even if its issuer's clock is ahead.
    #[must_use]
    pub fn by_sign_out(session: &Session, everywhere: bool, now: Timestamp) -> Vec<Self> {
        let expired = session.expires_at.after(TimeDelta::seconds(MAX_LEEWAY.into()));
        let until = if session.has_sid { expired.max(now.after(SESSION_LIFE)) } else { expired };
        let mut revoked = vec![Self::Session { key: session.key.clone(), until }];
        if everywhere {
            let next_second = Timestamp::from_seconds(now.seconds() + 1).unwrap_or(now);
            revoked.push(Self::IssuedBefore(next_second));
        }
        revoked
    }

    /// Before when all tokens were issued that are refused, where it goes by that.
    #[must_use]
    pub fn issued_before(&self) -> Option<Timestamp> {
        match self {
            Self::IssuedBefore(instant) => Some(*instant),
            Self::Session { .. } => None,
        }
    }
}

/// A sign-out that some server has written down.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Its number, larger than those of all sign-outs before it.
    pub no: i64,
    /// Whose it is.
    pub sub: String,
    /// What is refused.
    pub revoked: Revoked,
}

/// What is known here to be revoked, and who waits to hear of more.
#[derive(Default)]
pub(super) struct Revocations {
    users: RwLock<HashMap<UserId, OfUser>>,
    waiting: Mutex<HashMap<UserId, Arc<Notify>>>,
    /// The number of the last sign-out that was learned from the database.
    last_revocation: AtomicI64,
    /// When that was the last one, in milliseconds since the epoch.
    confirmed_at: AtomicI64,
}

/// What one user has revoked.
#[derive(Default)]
struct OfUser {
    issued_before: Option<Timestamp>,
    /// Until when the sessions are refused, by their keys.
    sessions: HashMap<String, Timestamp>,
}

impl Revocations {
    pub(super) fn last_revocation(&self) -> i64 {
        self.last_revocation.load(Ordering::SeqCst)
    }

    pub(super) fn confirm(&self, now: Timestamp) {
        self.confirmed_at.store(now.millis(), Ordering::SeqCst);
    }

    pub(super) fn confirmed_at(&self) -> Timestamp {
        let millis = self.confirmed_at.load(Ordering::SeqCst);
        Timestamp::from_millis(millis).unwrap_or(Timestamp::EPOCH)
    }

    pub(super) fn apply(&self, Revocation { no, sub, revoked }: Revocation) {
        self.add(&UserId::new(&sub), revoked);
        self.last_revocation.fetch_max(no, Ordering::SeqCst);
    }

    /// Refuses these tokens of the user from now on, and wakes who waits for that. To hear of it
    /// again changes nothing.
    pub(super) fn add(&self, user: &UserId, revoked: Revoked) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let of_user = users.entry(user.clone()).or_default();
        match revoked {
            Revoked::IssuedBefore(instant) => {
                of_user.issued_before = of_user.issued_before.max(Some(instant));
            }
            Revoked::Session { key, until } => {
                let known = of_user.sessions.entry(key).or_insert(until);
                *known = until.max(*known);
            }
        }
        drop(users);
        if let Some(notify) = self.waiting().get(user) {
            notify.notify_waiters();
        }
    }

    /// Refuses a token that its user has signed out of.
    pub(super) fn check(&self, viewer: &Viewer, now: Timestamp) -> Result<(), AuthError> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        let Some(of_user) = users.get(viewer.id()) else { return Ok(()) };
        let Session { key, issued_at, .. } = viewer.session();
        if of_user.sessions.get(key).is_some_and(|until| now < *until) {
            let message = "The session was signed out: sign in again.";
            return Err(AuthError::new(AuthErrorReason::Revoked, message));
        }
        match (of_user.issued_before, issued_at) {
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

    /// Waits until the viewer's token is refused, and tells why. `now` is asked at each look.
    pub(super) async fn end_of(&self, viewer: &Viewer, now: impl Fn() -> Timestamp) -> AuthError {
        let waiter = Waiter::of(self, viewer.id());
        loop {
            // It listens from here on, so nothing is missed between the look and the wait.
            let notified = waiter.notify.notified();
            if let Err(refusal) = self.check(viewer, now()) {
                return refusal;
            }
            notified.await;
        }
    }

    /// Forgets the sessions whose tokens have all expired.
    pub(super) fn purge(&self, now: Timestamp) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, of_user| {
            of_user.sessions.retain(|_, until| now < *until);
            of_user.issued_before.is_some() || !of_user.sessions.is_empty()
        });
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits to hear of what a user revokes. The last one takes the user's notify along.
struct Waiter<'a> {
    revocations: &'a Revocations,
    user: &'a UserId,
    notify: Arc<Notify>,
}

impl<'a> Waiter<'a> {
    fn of(revocations: &'a Revocations, user: &'a UserId) -> Self {
        let notify = Arc::clone(revocations.waiting().entry(user.clone()).or_default());
        Self { revocations, user, notify }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiting = self.revocations.waiting();
        // One is in the map, one is ours, and nobody takes another meanwhile.
        if Arc::strong_count(&self.notify) == 2 {
            waiting.remove(self.user);
        }
    }
}
