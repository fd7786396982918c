//! The tables, of either kind.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    postgres::Postgres,
    response::{CompletedTask, Tag, Task},
    sqlite::Sqlite,
};

pub type Result<T> = std::result::Result<T, sqlx::Error>;

/// A task to be written.
pub struct NewTask {
    pub id: Uuid,
    pub title: String,
    pub description: Option<String>,
    pub priority: i16,
    pub due_at: Option<i64>,
    pub completed_at: Option<i64>,
    pub created_at: i64,
}

/// A database whose tables are there already: an SQLite file, or PostgreSQL.
#[derive(Clone)]
pub enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Calls the same method of either.
macro_rules! either {
    ($self:ident, $database:ident => $result:expr) => {
        match $self {
            Self::Sqlite($database) => $result.await,
            Self::Postgres($database) => $result.await,
        }
    };
}

impl Database {
    /// Connects to `sqlite://…` or `postgres://…` with at most so many connections.
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        Ok(match url.strip_prefix("sqlite://") {
            Some(file) => Self::Sqlite(Sqlite::open(file, connections).await?),
            None => Self::Postgres(Postgres::connect(url, connections).await?),
        })
    }

    /// The key of a user.
    pub async fn user(&self, sub: &str) -> Result<Option<i64>> {
        either!(self, database => database.user(sub))
    }

    /// The key of a user, who may be new.
    pub async fn new_user(&self, sub: &str) -> Result<i64> {
        either!(self, database => database.new_user(sub))
    }

    /// The newest tasks.
    pub async fn page(&self, user: i64, limit: i64) -> Result<Vec<Task>> {
        either!(self, database => database.page(user, limit))
    }

    /// The tags of each of these tasks, by name.
    pub async fn tags(&self, user: i64, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<Tag>>> {
        either!(self, database => database.tags(user, tasks))
    }

    /// One task, also from the trash.
    pub async fn task(&self, user: i64, id: Uuid) -> Result<Option<Task>> {
        either!(self, database => database.task(user, id))
    }

    /// Writes a new task.
    pub async fn create(&self, user: i64, task: &NewTask) -> Result<()> {
        either!(self, database => database.create(user, task))
    }

    /// Sets whether a task is completed; one that is so already stays as it is.
    pub async fn complete(
        &self,
        user: i64,
        id: Uuid,
        completed: bool,
        now: i64,
    ) -> Result<Option<CompletedTask>> {
        either!(self, database => database.complete(user, id, completed, now))
    }
}

/// The name of a priority by its number.
pub fn priority(number: i16) -> &'static str {
    match number {
        1 => "LOW",
        2 => "MEDIUM",
        3 => "HIGH",
        4 => "URGENT",
        _ => "NONE",
    }
}
