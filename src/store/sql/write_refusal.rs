//! A PostgreSQL that refuses to write: a standby, or one whose sessions are read-only by default.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{DbErr, RuntimeErr, sqlx::error::DatabaseError};

/// `read_only_sql_transaction` (PostgreSQL, appendix A).
pub const READ_ONLY: &str = "25006";

/// How often all connections are replaced while the database is read-only: each refusal alone would let those who
/// write take the connections from those who read.
const INTERVAL: Duration = Duration::from_secs(1);

/// Which connections are not used again, since PostgreSQL has refused to write: after a failover they would lead to
/// the standby, or to a read-only session, for as long as they are open.
#[derive(Clone, Debug, Default)]
pub struct WriteRefusal(Arc<Mutex<Retired>>);

#[derive(Debug, Default)]
struct Retired {
    /// Those that were opened until then.
    until: Option<Instant>,
    /// Whether there was a refusal since the database was last seen to accept writes.
    is_refusing: bool,
}

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
        let mut retired = self.retired();
        retired.is_refusing = true;
        if retired.until.is_none_or(|until| until.elapsed() >= INTERVAL) {
            retired.until = Some(Instant::now());
        }
    }

    /// Records that the database accepts writes: whatever was opened before may be from the time when it did not.
    pub fn accepted(&self) {
        let mut retired = self.retired();
        if mem::take(&mut retired.is_refusing) {
            retired.until = Some(Instant::now());
        }
    }

    /// Whether a connection was opened before the refusal.
    pub fn is_after(&self, opened: Instant) -> bool {
        self.retired().until.is_some_and(|until| opened <= until)
    }

    fn retired(&self) -> MutexGuard<'_, Retired> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
