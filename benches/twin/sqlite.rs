//! The tables of an SQLite file, by statements that are written out and prepared once for each
//! connection.

use std::{path::Path, time::Duration};

use chrono::NaiveDate;
use sqlx::{
    Row, Sqlite as Driver, SqliteConnection, SqlitePool, Transaction,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};
use uuid::Uuid;

use super::{
    answer::{CompletedTask, Millis, Task},
    derived,
};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// How long a request waits for a connection, and a writer for the one before it.
const PATIENCE: Duration = Duration::from_secs(10);

/// An SQLite file: one connection that writes, and several that only read.
#[derive(Clone)]
pub struct Sqlite {
    reader: SqlitePool,
    writer: SqlitePool,
}

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

impl Sqlite {
    /// Opens a file whose tables are there already.
    pub async fn open(file: &Path, readers: u32) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        let reader = pool().max_connections(readers).connect_with(options.read_only(true)).await?;
        Ok(Self { reader, writer })
    }

    /// The newest tasks.
    pub async fn page(&self, sub: &str, limit: i64) -> Result<Vec<Task>> {
        // SQLite plans by the value of a limit that is a mere parameter: it would prepare the
        // statement anew for each request.
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task \
             WHERE user_no = (SELECT no FROM user WHERE sub = ?) AND deleted_at IS NULL \
             ORDER BY created_at DESC, id DESC LIMIT 0 + ?";
        let rows = sqlx::query(SQL).bind(sub).bind(limit).fetch_all(&self.reader).await?;
        rows.iter().map(task).collect()
    }

    /// One task, also from the trash.
    pub async fn task(&self, sub: &str, id: Uuid) -> Result<Option<Task>> {
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task \
             WHERE user_no = (SELECT no FROM user WHERE sub = ?) AND id = ?";
        let row = sqlx::query(SQL).bind(sub).bind(id).fetch_optional(&self.reader).await?;
        row.as_ref().map(task).transpose()
    }

    /// Writes a new task.
    pub async fn create(&self, sub: &str, task: &NewTask) -> Result<()> {
        let mut write = self.write().await?;
        let (user, number) = take_number(&mut write, sub, 1).await?;
        insert(&mut write, user, number, task).await?;
        write.commit().await
    }

    /// Writes many new tasks, all or nothing.
    pub async fn load(&self, sub: &str, tasks: impl IntoIterator<Item = NewTask>) -> Result<()> {
        let mut write = self.write().await?;
        for task in tasks {
            let (user, number) = take_number(&mut write, sub, 1).await?;
            insert(&mut write, user, number, &task).await?;
        }
        write.commit().await
    }

    /// Sets whether a task is completed; one that is so already stays as it is.
    pub async fn complete(
        &self,
        sub: &str,
        id: Uuid,
        completed: bool,
        now: i64,
    ) -> Result<Option<CompletedTask>> {
        const UPDATE: &str = "UPDATE task SET completed_at = ?, completed_asc = ?, \
             completed_desc = ?, updated_at = ?, version = version + 1, number = ? \
             WHERE user_no = ? AND id = ? AND (completed_at IS NULL) = ? \
             RETURNING id, completed_at, updated_at";
        const SELECT: &str =
            "SELECT id, completed_at, updated_at FROM task WHERE user_no = ? AND id = ?";
        let mut write = self.write().await?;
        let (user, number) = take_number(&mut write, sub, 0).await?;
        let completed_at = completed.then_some(now);
        let mut row = sqlx::query(UPDATE)
            .bind(completed_at)
            .bind(completed_at.unwrap_or(i64::MAX))
            .bind(completed_at.unwrap_or(i64::MIN))
            .bind(now)
            .bind(number)
            .bind(user)
            .bind(id)
            .bind(completed)
            .fetch_optional(&mut *write)
            .await?;
        if row.is_none() {
            row = sqlx::query(SELECT).bind(user).bind(id).fetch_optional(&mut *write).await?;
        }
        let Some(row) = row else { return Ok(None) };
        write.commit().await?;
        Ok(Some(CompletedTask {
            id: row.try_get(0)?,
            completed: row.try_get::<Option<i64>, _>(1)?.is_some(),
            updated_at: Millis(row.try_get(2)?),
        }))
    }

    /// All columns of a task but its id and what counts its changes, to compare it with another.
    pub async fn stored(&self, id: Uuid) -> Result<String> {
        const SQL: &str = "SELECT json_array(user_no, title, title_key, title_words, description, \
             description_words, priority, due_on, due_at, due_asc, due_desc, completed_at, \
             completed_asc, completed_desc, list_id, parent_id, created_at, updated_at, \
             deleted_at, deleted_with) FROM task WHERE id = ?";
        sqlx::query_scalar(SQL).bind(id).fetch_one(&self.reader).await
    }

    /// The number of the user's last change.
    pub async fn counter(&self, sub: &str) -> Result<i64> {
        const SQL: &str = "SELECT counter FROM user WHERE sub = ?";
        sqlx::query_scalar(SQL).bind(sub).fetch_one(&self.reader).await
    }

    async fn write(&self) -> Result<Transaction<'static, Driver>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Counts one further for the user, who gets so many new tasks, making the row for somebody new:
/// their key, and the number.
async fn take_number(
    write: &mut SqliteConnection,
    sub: &str,
    new_tasks: i64,
) -> Result<(i64, i64)> {
    const UPDATE: &str = "UPDATE user SET counter = counter + 1, tasks = tasks + ? \
         WHERE sub = ? RETURNING no, counter";
    const INSERT: &str = "INSERT INTO user (sub, time_zone, counter, tasks) \
         VALUES (?, 'UTC', 1, ?) RETURNING no, counter";
    let counted = sqlx::query(UPDATE).bind(new_tasks).bind(sub).fetch_optional(&mut *write);
    let row = match counted.await? {
        Some(row) => row,
        None => sqlx::query(INSERT).bind(sub).bind(new_tasks).fetch_one(write).await?,
    };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn insert(
    write: &mut SqliteConnection,
    user: i64,
    number: i64,
    task: &NewTask,
) -> Result<()> {
    const LAST: &str = "SELECT position FROM task \
         WHERE user_no = ? AND list_id IS NULL AND parent_id IS NULL \
         ORDER BY position DESC LIMIT 1";
    const SQL: &str = "INSERT INTO task (user_no, id, title, title_key, title_words, \
         description, description_words, priority, due_on, due_at, due_asc, due_desc, \
         completed_at, completed_asc, completed_desc, position, created_at, updated_at, version, \
         number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)";
    let last: Option<String> =
        sqlx::query_scalar(LAST).bind(user).fetch_optional(&mut *write).await?;
    let due_on: Option<NaiveDate> = task.due_at.map(derived::day);
    let due_key = task.due_at.map(derived::due_key);
    sqlx::query(SQL)
        .bind(user)
        .bind(task.id)
        .bind(&task.title)
        .bind(derived::title_key(&task.title))
        .bind(derived::words(user, &task.title))
        .bind(&task.description)
        .bind(derived::words(user, task.description.as_deref().unwrap_or_default()))
        .bind(task.priority)
        .bind(due_on)
        .bind(task.due_at)
        .bind(due_key.unwrap_or(i64::MAX))
        .bind(due_key.unwrap_or(i64::MIN))
        .bind(task.completed_at)
        .bind(task.completed_at.unwrap_or(i64::MAX))
        .bind(task.completed_at.unwrap_or(i64::MIN))
        .bind(derived::position_after(last.as_deref()))
        .bind(task.created_at)
        .bind(task.created_at)
        .bind(number)
        .execute(write)
        .await?;
    Ok(())
}

fn task(row: &SqliteRow) -> Result<Task> {
    Ok(Task {
        id: row.try_get(0)?,
        title: row.try_get(1)?,
        description: row.try_get(2)?,
        completed: row.try_get::<Option<i64>, _>(3)?.is_some(),
        priority: priority(row.try_get(4)?),
        due_at: row.try_get::<Option<i64>, _>(5)?.map(Millis),
        created_at: Millis(row.try_get(6)?),
        updated_at: Millis(row.try_get(7)?),
    })
}

fn priority(number: i16) -> &'static str {
    match number {
        1 => "LOW",
        2 => "MEDIUM",
        3 => "HIGH",
        4 => "URGENT",
        _ => "NONE",
    }
}
