//! A PostgreSQL that refuses to write: a standby, or one whose sessions are read-only by default.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{DbErr, RuntimeErr, sqlx::error::DatabaseError};

/// `read_only_sql_transaction` (PostgreSQL, appendix A).
pub const READ_ONLY: &str = "25006";

/// How often all connections are replaced while the database is read-only: each refusal alone would let those who
/// write take the connections from those who read.
const INTERVAL: Duration = Duration::from_secs(1);

/// When PostgreSQL last refused to write. A connection that was opened before is not used again: after a failover
/// it would lead to the standby, or to a read-only session, for as long as it is open.
#[derive(Clone, Debug, Default)]
pub struct WriteRefusal(Arc<Mutex<Option<Instant>>>);

impl WriteRefusal {
    /// Notices that a statement failed because the database is read-only.
    pub fn observe(&self, error: &DbErr) {
        if let DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) = error
            && error.as_database_error().and_then(DatabaseError::code).as_deref() == Some(READ_ONLY)
        {
            self.record();
        }
    }

    /// Records that the database is read-only.
    pub fn record(&self) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= INTERVAL) {
            *last = Some(Instant::now());
        }
    }

    /// Whether a connection was opened before the refusal.
    pub fn is_after(&self, opened: Instant) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| opened <= last)
    }
}
