//! What can go wrong between a request and the database.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError},
};

/// Why the store did not do what it was asked to.
#[derive(Debug)]
pub enum StoreError {
    /// The user has no such object; it may be somebody else's.
    NotFound,
    /// The object is at this version, and not at the expected one.
    VersionConflict(i32),
    /// The id belongs to an object of another type, or to one that was deleted for good.
    IdTaken,
    /// The database cannot be reached or has no room for us: the same may work a little later.
    Unavailable(DbErr),
    /// A fault of ours.
    Internal(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let passing = match &error {
            DbErr::ConnectionAcquire(_) => true,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => is_passing(error),
            _ => false,
        };
        if passing { Self::Unavailable(error) } else { Self::Internal(error) }
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => is_passing_code(error.as_ref()),
        _ => false,
    }
}

/// PostgreSQL: connection exceptions, no resources, operator intervention, a lost race (deadlock,
/// serialization). SQLite: busy, locked, no permission to write, I/O error, full, cannot open.
fn is_passing_code(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        let primary = code.parse::<u32>().unwrap_or_default() & 0xff;
        matches!(primary, 5 | 6 | 8 | 10 | 13 | 14)
    } else {
        ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))
    }
}

impl StoreError {
    /// Whether the same may work in a moment.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
