//! The tables on PostgreSQL, by statements that are written out and prepared once for each
//! connection.
//!
//! A write is one statement that also increments the user's counter, so that no transaction is needed.
//! Other replicas are notified afterwards, of many writes at once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use taskward::feed::Feed;
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

/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The number of users in a notification, which PostgreSQL limits to 8000 bytes.
const NOTIFICATION_BATCH: usize = 190;

/// A pool of connections, and what other replicas have to hear.
#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    feed: Arc<Feed<i64, i64>>,
}

impl Postgres {
    pub async fn connect(url: &str, connections: u32) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        // To plan a page anew for each limit takes as long as to read it.
        let options = options.options([("plan_cache_mode", "force_generic_plan")]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.disable_statement_logging())
            .await?;
        let postgres = Self { pool, feed: Arc::new(Feed::between_replicas()) };
        tokio::spawn(postgres.clone().publish_loop());
        Ok(postgres)
    }

    /// Notifies other replicas of changes.
    async fn publish_loop(self) -> Result<()> {
        loop {
            let numbers: Vec<_> = self.feed.take_outgoing().await.into_iter().collect();
            for numbers in numbers.chunks(NOTIFICATION_BATCH) {
                let entry = |(user, number): &(i64, i64)| format!("{user}:{number} ");
                let payload: String = numbers.iter().map(entry).collect();
                let notify = sqlx::query("SELECT pg_notify('taskward', $1)").bind(payload);
                notify.execute(&self.pool).await?;
            }
        }
    }

    pub async fn user(&self, sub: &str) -> Result<Option<i64>> {
        const SQL: &str = r#"SELECT no FROM "user" WHERE sub = $1"#;
        sqlx::query_scalar(SQL).bind(sub).fetch_optional(&self.pool).await
    }

    pub async fn new_user(&self, sub: &str) -> Result<i64> {
        const SQL: &str = r#"INSERT INTO "user" AS present (sub) VALUES ($1)
            ON CONFLICT (sub) DO UPDATE SET sub = present.sub RETURNING no"#;
        sqlx::query_scalar(SQL).bind(sub).fetch_one(&self.pool).await
    }

    pub async fn page(&self, user: i64, limit: i64) -> Result<Vec<Task>> {
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task WHERE user_no = $1 AND deleted_at IS NULL \
             ORDER BY created_at DESC, id DESC LIMIT $2";
        let rows = sqlx::query(SQL).bind(user).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(task).collect()
    }

    pub async fn tags(&self, user: i64, tasks: &[Uuid]) -> Result<HashMap<Uuid, Vec<Tag>>> {
        const SQL: &str = "SELECT task_id, id, name FROM task_tag \
             JOIN tag ON tag.user_no = task_tag.user_no AND tag.id = tag_id \
             WHERE task_tag.user_no = $1 AND task_id = ANY($2) ORDER BY name_key";
        let mut tags: HashMap<_, Vec<_>> = HashMap::new();
        for row in sqlx::query(SQL).bind(user).bind(tasks).fetch_all(&self.pool).await? {
            let tag = Tag { id: row.try_get(1)?, name: row.try_get(2)? };
            tags.entry(row.try_get(0)?).or_default().push(tag);
        }
        Ok(tags)
    }

    pub async fn task(&self, user: i64, id: Uuid) -> Result<Option<Task>> {
        const SQL: &str = "SELECT id, title, description, completed_at, priority, due_at, \
             created_at, updated_at FROM task WHERE user_no = $1 AND id = $2";
        let row = sqlx::query(SQL).bind(user).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(task).transpose()
    }

    /// The next position depends on the last one, which is read first. Every write increments the
    /// user's counter: if it is unchanged since that read, so is the last position.
    pub async fn create(&self, user: i64, task: &NewTask) -> Result<()> {
        // The order names all columns of the index, to read its last entry.
        const LAST: &str = r#"SELECT counter, (
                SELECT position FROM task
                WHERE user_no = $1 AND list_id IS NULL AND parent_id IS NULL
                ORDER BY list_id DESC, parent_id DESC, position DESC LIMIT 1
            ) FROM "user" WHERE no = $1"#;
        const INSERT: &str = r#"WITH counted AS (
                UPDATE "user" SET counter = counter + 1, tasks = tasks + 1
                WHERE no = $1 AND counter = $2 RETURNING no, counter
            ) INSERT INTO task (user_no, number, id, title, title_key, title_words, description,
                description_words, priority, due_on, due_at, due_asc, due_desc, completed_at,
                completed_asc, completed_desc, position, created_at, updated_at, version)
            SELECT no, counter, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $18, 1 FROM counted"#;
        let derived = Derived::of(user, task);
        loop {
            let last = sqlx::query(LAST).bind(user).fetch_one(&self.pool).await?;
            let (counter, last): (i64, Option<&str>) = (last.try_get(0)?, last.try_get(1)?);
            let written = sqlx::query(INSERT)
                .bind(user)
                .bind(counter)
                .bind(task.id)
                .bind(&task.title)
                .bind(&derived.title_key)
                .bind(&derived.title_words)
                .bind(&task.description)
                .bind(&derived.description_words)
                .bind(task.priority)
                .bind(derived.due_on)
                .bind(task.due_at.map(Millis))
                .bind(derived.due_asc)
                .bind(derived.due_desc)
                .bind(task.completed_at.map(Millis))
                .bind(derived.completed_asc)
                .bind(derived.completed_desc)
                .bind(position_after(last))
                .bind(Millis(task.created_at))
                .execute(&self.pool)
                .await?;
            if written.rows_affected() == 1 {
                self.feed.publish(user, counter + 1);
                return Ok(());
            }
        }
    }

    pub async fn complete(
        &self,
        user: i64,
        id: Uuid,
        completed: bool,
        now: i64,
    ) -> Result<Option<CompletedTask>> {
        // PostgreSQL looks at both rows again if it had to wait for another write.
        const UPDATE: &str = r#"WITH counted AS (
                UPDATE "user" SET counter = counter + 1 WHERE no = $1 RETURNING counter
            ) UPDATE task SET completed_at = $3, completed_asc = $4, completed_desc = $5,
                updated_at = GREATEST(updated_at, $6), version = version + 1, number = counter
            FROM counted WHERE user_no = $1 AND id = $2 AND (completed_at IS NULL) = $7
            RETURNING id, completed_at, updated_at, number"#;
        const SELECT: &str =
            "SELECT id, completed_at, updated_at FROM task WHERE user_no = $1 AND id = $2";
        let completed_at = completed.then_some(now);
        let changed = sqlx::query(UPDATE)
            .bind(user)
            .bind(id)
            .bind(completed_at.map(Millis))
            .bind(completed_at.unwrap_or(i64::MAX))
            .bind(completed_at.unwrap_or(i64::MIN))
            .bind(Millis(now))
            .bind(completed)
            .fetch_optional(&self.pool)
            .await?;
        let row = match changed {
            Some(row) => {
                self.feed.publish(user, row.try_get(3)?);
                Some(row)
            }
            None => sqlx::query(SELECT).bind(user).bind(id).fetch_optional(&self.pool).await?,
        };
        let Some(row) = row else { return Ok(None) };
        Ok(Some(CompletedTask {
            id: row.try_get(0)?,
            completed: row.try_get::<Option<Millis>, _>(1)?.is_some(),
            updated_at: row.try_get(2)?,
        }))
    }
}

reads!(Postgres, PgRow, pool);

impl Postgres {
    /// The condition of a search.
    const MATCHES: &str = "tokens @@ CAST($2 AS tsquery)";

    /// Its second parameter.
    fn matching(Search { whole, prefix }: &Search) -> String {
        let whole = whole.iter().map(|word| format!("'{word}'"));
        whole.chain([format!("'{prefix}':*")]).collect::<Vec<_>>().join(" & ")
    }

    /// The rows of a statement about these tasks.
    async fn of_tasks(&self, sql: &str, user: i64, tasks: &[Uuid]) -> Result<Vec<PgRow>> {
        let sql = AssertSqlSafe(sql.replace("{tasks}", "= ANY($2)"));
        sqlx::query(sql).bind(user).bind(tasks).fetch_all(&self.pool).await
    }
}

fn task(row: &PgRow) -> Result<Task> {
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
