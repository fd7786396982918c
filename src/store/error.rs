//! What can go wrong between a request and the database.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError},
};

use super::{Side, budget::TooLarge, object::ObjectKind, sql::write_refusal::READ_ONLY};

/// The part of an operation that named an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The object itself.
    Id,
    /// The list where a task shall be.
    List,
    /// The task under which one shall be.
    Parent,
    /// The sibling before which something shall stand.
    Before,
    /// The sibling after which something shall stand.
    After,
    /// The n-th tag of a new task.
    Tag(usize),
    /// The n-th tag that a task shall get.
    AddedTag(usize),
    /// The n-th tag that a task shall lose.
    RemovedTag(usize),
}

/// Why the store did not do what it was asked to.
#[derive(Debug)]
pub enum StoreError {
    /// The user has no object of the id that was named there; it may be somebody else's.
    NotFound(Input),
    /// The place in the list is not one of its order.
    ForeignCursor(Side),
    /// The sibling exists, and is not in the place where the object goes.
    NotASibling(Input),
    /// A subtask is in the list of the task that it is under.
    NotTheParentsList,
    /// A task cannot be under itself or under one of its own subtasks.
    UnderItself,
    /// Tasks nest at most [`super::MOST_LEVELS`] levels.
    TooDeep,
    /// A task has at most [`super::MOST_TAGS`] tags; the input names the last one.
    TooManyTags(Input),
    /// Another tag has this name.
    NameTaken,
    /// The user has as many of them as the server allows.
    Full(ObjectKind, i64),
    /// The user has as many bytes as the server allows.
    FullOfBytes(i64),
    /// The operations before it have written so many rows already.
    TooManyRows(u64),
    /// Nothing was wrong with it, but another operation of its batch failed.
    Aborted,
    /// The object is at this version, and not at the expected one.
    VersionConflict(i32),
    /// The id belongs to an object of another type, or to one that was deleted for good.
    IdTaken,
    /// As many writes of the user as may wait for each other do so.
    TooManyWrites,
    /// The response would be larger than the request's budget.
    TooLarge(TooLarge),
    /// The database cannot be reached or has no room for us: the same may work a little later.
    Unavailable(DbErr),
    /// A fault of ours.
    Internal(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let DbErr::Query(RuntimeErr::SqlxError(cause)) = &error
            && let sqlx::Error::Decode(cause) = &**cause
            && let Some(too_large) = cause.downcast_ref::<TooLarge>()
        {
            return (*too_large).into();
        }
        let passing = match &error {
            // Whatever it was that broke off, there is no connection.
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => is_passing(error),
            _ => false,
        };
        if passing { Self::Unavailable(error) } else { Self::Internal(error) }
    }
}

impl From<TooLarge> for StoreError {
    fn from(error: TooLarge) -> Self {
        Self::TooLarge(error)
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
/// serialization), a lock that another holds for too long, read-only as a standby is until it is promoted. SQLite:
/// busy, locked, no permission to write, I/O error, full, cannot open.
fn is_passing_code(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        let primary = code.parse::<u32>().unwrap_or_default() & 0xff;
        matches!(primary, 5 | 6 | 8 | 10 | 13 | 14)
    } else {
        ["08", "53", "57", "40", "55P03", READ_ONLY].iter().any(|class| code.starts_with(class))
    }
}

impl StoreError {
    /// Whether it is none of the user's doing.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// Whether the same may work in a moment.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
