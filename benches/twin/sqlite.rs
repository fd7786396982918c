//! The tables of an SQLite file, by statements that are written out and prepared once for each
//! connection.

use std::{collections::HashMap, time::Duration};

use sqlx::{
    AssertSqlSafe, Row, Sqlite as Driver, SqliteConnection, SqlitePool, Transaction,
    query::Query,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};
use uuid::Uuid;

use super::{
    database::{NewTask, Result, priority},
    derived::{Derived, due_key_beyond, position_after},
    reads::{Log, Present, reads},
    response::{
        Change, ColoredTag, CompletedTask, DueTask, FoundTask, ListedTask, Named, Node,
        NodeConnection, Tag, Task, TaskList, TaskSummary,
    },
    search::Search,
    time::{Day, Millis},
};

/// How long a request waits for a connection, and a writer for the one before it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// An SQLite file: one connection that writes, and several that only read.
#[derive(Clone)]
pub struct Sqlite {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Sqlite {
    pub async fn open(file: &str, readers: u32) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(ACQUIRE_TIMEOUT);
        let pool =
            || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        let reader = pool().max_connections(readers).connect_with(options.read_only(true)).await?;
        Ok(Self { reader, writer })
    }

    pub async fn user(&self, sub: &str) -> Result<Option<i64>> {
        const SQL: &str = "SELECT no FROM user WHERE sub = ?";
        sqlx::query_scalar(SQL).bind(sub).fetch_optional(&self.reader).await
    }

    pub async fn new_user(&self, sub: &str) -> Result<i64> {
        const SQL: &str = "INSERT INTO user (sub) VALUES (?) \
             ON CONFLICT (sub) DO UPDATE SET sub = sub RETURNING no";
        sqlx::query_scalar(SQL).bind(sub).fetch_one(&self.writer).await
    }

    pub async fn page(&self, user: i64, limit: i64) -> Result<Vec<Task>> {
        // SQLite plans by the value of a limit that is a mere parameter: it would prepare the
        // statement anew for each request.
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task WHERE user_no = ? AND deleted_at IS NULL \
             ORDER BY created_at DESC, id DESC LIMIT 0 + ?";
        let rows = sqlx::query(SQL).bind(user).bind(limit).fetch_all(&self.reader).await?;
        rows.iter().map(task).collect()
    }

    pub async fn tags(&self, user: i64, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<Tag>>> {
        const SELECT: &str = "SELECT task_id, id, name FROM task_tag \
             JOIN tag ON tag.user_no = task_tag.user_no AND tag.id = tag_id \
             WHERE task_tag.user_no = ? AND task_id IN";
        let ids = vec!["?"; tasks.len()].join(", ");
        // It has nothing in it but how many ids there are.
        let sql = AssertSqlSafe(format!("{SELECT} ({ids}) ORDER BY name_key"));
        let query = tasks.iter().fold(sqlx::query(sql).bind(user), Query::bind);
        let mut tags: HashMap<_, Vec<_>> = HashMap::new();
        for row in query.fetch_all(&self.reader).await? {
            let tag = Tag { id: row.try_get(1)?, name: row.try_get(2)? };
            tags.entry(row.try_get(0)?).or_default().push(tag);
        }
        Ok(tags)
    }

    pub async fn task(&self, user: i64, id: Uuid) -> Result<Option<Task>> {
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task WHERE user_no = ? AND id = ?";
        let row = sqlx::query(SQL).bind(user).bind(id).fetch_optional(&self.reader).await?;
        row.as_ref().map(task).transpose()
    }

    pub async fn create(&self, user: i64, task: &NewTask) -> Result<()> {
        const LAST: &str = "SELECT position FROM task \
             WHERE user_no = ? AND list_id IS NULL AND parent_id IS NULL \
             ORDER BY position DESC LIMIT 1";
        const SQL: &str = "INSERT INTO task (user_no, id, title, title_key, title_words, \
             description, description_words, priority, due_on, due_at, due_asc, due_desc, \
             completed_at, completed_asc, completed_desc, position, created_at, updated_at, \
             version, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)";
        let derived = Derived::of(user, task);
        let mut write = self.write().await?;
        let number = next_sequence(&mut write, user, 1).await?;
        let last: Option<String> =
            sqlx::query_scalar(LAST).bind(user).fetch_optional(&mut *write).await?;
        sqlx::query(SQL)
            .bind(user)
            .bind(task.id)
            .bind(&task.title)
            .bind(derived.title_key)
            .bind(derived.title_words)
            .bind(&task.description)
            .bind(derived.description_words)
            .bind(task.priority)
            .bind(derived.due_on)
            .bind(task.due_at)
            .bind(derived.due_asc)
            .bind(derived.due_desc)
            .bind(task.completed_at)
            .bind(derived.completed_asc)
            .bind(derived.completed_desc)
            .bind(position_after(last.as_deref()))
            .bind(task.created_at)
            .bind(task.created_at)
            .bind(number)
            .execute(&mut *write)
            .await?;
        write.commit().await
    }

    pub async fn complete(
        &self,
        user: i64,
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
        let number = next_sequence(&mut write, user, 0).await?;
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
            completed: row.try_get::<Option<Millis>, _>(1)?.is_some(),
            updated_at: row.try_get(2)?,
        }))
    }

    async fn write(&self) -> Result<Transaction<'static, Driver>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

reads!(Sqlite, SqliteRow, reader);

impl Sqlite {
    /// The condition of a search.
    const MATCHES: &str = "no IN (SELECT rowid FROM task_search WHERE task_search MATCH $2)";

    /// Its second parameter.
    fn matching(Search { whole, prefix }: &Search) -> String {
        let whole = whole.iter().map(|word| format!("\"{word}\""));
        whole.chain([format!("\"{prefix}\" *")]).collect::<Vec<_>>().join(" AND ")
    }

    /// The rows of a statement about these tasks.
    async fn of_tasks(&self, sql: &str, user: i64, tasks: &[Uuid]) -> Result<Vec<SqliteRow>> {
        let places: Vec<_> = (2..2 + tasks.len()).map(|place| format!("${place}")).collect();
        // It has nothing in it but how many ids there are.
        let sql = AssertSqlSafe(sql.replace("{tasks}", &format!("IN ({})", places.join(", "))));
        let query = tasks.iter().fold(sqlx::query(sql).bind(user), Query::bind);
        query.fetch_all(&self.reader).await
    }
}

/// Increments the user's counter, and adds to the number of their tasks.
async fn next_sequence(write: &mut SqliteConnection, user: i64, new_tasks: i64) -> Result<i64> {
    const SQL: &str = "UPDATE user SET counter = counter + 1, tasks = tasks + ? \
         WHERE no = ? RETURNING counter";
    sqlx::query_scalar(SQL).bind(new_tasks).bind(user).fetch_one(write).await
}

fn task(row: &SqliteRow) -> Result<Task> {
    Ok(Task {
        id: row.try_get(0)?,
        title: row.try_get(1)?,
        description: row.try_get(2)?,
        completed: row.try_get::<Option<Millis>, _>(3)?.is_some(),
        priority: priority(row.try_get(4)?),
        due_at: row.try_get(5)?,
        created_at: row.try_get(6)?,
        updated_at: row.try_get(7)?,
        tags: None,
    })
}
