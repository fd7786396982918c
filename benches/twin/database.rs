//! The tables, of either kind.

use std::collections::HashMap;

use uuid::Uuid;

use super::{
    postgres::Postgres,
    reads::{Log, Present},
    response::{
        ColoredTag, CompletedTask, DueTask, FoundTask, ListedTask, NodeConnection, Tag, Task,
        TaskList, TaskSummary,
    },
    search::Search,
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

    /// The name of the user's time zone.
    pub async fn zone(&self, user: i64) -> Result<Option<String>> {
        either!(self, database => database.zone(user))
    }

    /// The first open tasks that are overdue or due today, one more than a page of 50 has.
    pub async fn due_tasks(&self, user: i64, present: Present) -> Result<Vec<DueTask>> {
        either!(self, database => database.due_tasks(user, present))
    }

    /// How many open tasks are in the inbox, and how many are overdue.
    pub async fn counts(&self, user: i64, present: Present) -> Result<(i64, i64)> {
        either!(self, database => database.counts(user, present))
    }

    /// The tags of each of these tasks, by name, as they are shown there.
    pub async fn colored_tags(
        &self,
        user: i64,
        tasks: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<ColoredTag>>> {
        either!(self, database => database.colored_tags(user, tasks))
    }

    /// One list.
    pub async fn list(&self, user: i64, id: Uuid) -> Result<Option<TaskList>> {
        either!(self, database => database.list(user, id))
    }

    /// The first 100 tasks of a list, without their subtasks.
    pub async fn tasks_of_list(&self, user: i64, list: Uuid) -> Result<Vec<ListedTask>> {
        either!(self, database => database.tasks_of_list(user, list))
    }

    /// The first 20 subtasks of each of these tasks, and how many there are.
    pub async fn subtasks(
        &self,
        user: i64,
        tasks: &[Uuid],
    ) -> Result<HashMap<Uuid, NodeConnection<TaskSummary>>> {
        either!(self, database => database.subtasks(user, tasks))
    }

    /// The 10 newest tasks, and how many there are.
    pub async fn newest(&self, user: i64) -> Result<NodeConnection<TaskSummary>> {
        either!(self, database => database.newest(user))
    }

    /// What has changed behind that change, one more than a page of 500 has.
    pub async fn changes(&self, user: i64, since: i64) -> Result<Log> {
        either!(self, database => database.changes(user, since))
    }

    /// The tasks that match best, one more than a page of 20 has.
    pub async fn search(&self, user: i64, search: &Search) -> Result<Vec<FoundTask>> {
        either!(self, database => database.search(user, search))
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
