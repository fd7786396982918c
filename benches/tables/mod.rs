//! The tables, behind the servers' backs: filling them, and looking at what was written.

pub mod dataset;
mod load;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TryGetable,
};
use taskward::{
    store::{Quotas, Store},
    time::Clock,
};
use uuid::Uuid;

/// What a task is, but for who it is and how often it has changed.
const TASK: &str = "user_no, title, title_key, title_words, description, description_words, \
     priority, due_on, due_at, due_asc, due_desc, completed_at, completed_asc, completed_desc, \
     created_at, updated_at, deleted_at";

/// A connection to the database of a server.
pub struct Tables(DatabaseConnection);

impl Tables {
    pub async fn connect(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Self(Database::connect(options).await.unwrap())
    }

    /// The tables of a database that is brought up to date.
    pub async fn migrated(url: &str) -> Self {
        Store::open(url, 1, Quotas::default(), Clock::system(), false).await.unwrap();
        Self::connect(url).await
    }

    pub async fn execute(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.unwrap();
    }

    /// The first column of what a query answers.
    pub async fn column<T: TryGetable>(&self, sql: &str) -> Vec<T> {
        let statement = Statement::from_string(self.backend(), sql);
        let rows = self.0.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// The number of the user's last change.
    pub async fn counter(&self, sub: &str) -> i64 {
        self.column(&format!(r#"SELECT counter FROM "user" WHERE sub = '{sub}'"#)).await[0]
    }

    /// All columns of a task but its id, its place and what counts its changes, to compare it with
    /// another.
    pub async fn stored(&self, id: Uuid) -> String {
        let (row, id) = (self.json(&self.dialect().task()), self.dialect().id(id));
        self.column(&format!("SELECT {row} FROM task WHERE id = {id}")).await.remove(0)
    }

    /// Removes a task as if it had never been there, but for the number of its change.
    pub async fn remove(&self, task: Uuid) {
        let id = self.dialect().id(task);
        self.execute(&format!(
            r#"UPDATE "user" SET tasks = tasks - 1 WHERE no = (SELECT user_no FROM task WHERE id = {id})"#
        ))
        .await;
        self.execute(&format!("DELETE FROM task WHERE id = {id}")).await;
    }

    /// All there is, to compare it with the tables of another database.
    pub async fn everything(&self) -> Vec<String> {
        let id = |column| self.dialect().plain(column);
        let tables = [
            (r#""user""#, "no, sub, time_zone, counter, forgotten, tasks, tags, lists".to_owned()),
            (
                "tag",
                format!(
                    "{}, user_no, name, name_key, color, created_at, updated_at, version, number",
                    id("id")
                ),
            ),
            (
                "task_list",
                format!(
                    "{}, user_no, name, color, position, archived_at, created_at, updated_at, version, number",
                    id("id")
                ),
            ),
            ("task", format!("{}, {}, position, version, number", id("id"), self.dialect().task())),
            ("task_tag", format!("user_no, {}, {}", id("task_id"), id("tag_id"))),
        ];
        let mut everything = Vec::new();
        for (table, columns) in tables {
            let rows: Vec<String> =
                self.column(&format!("SELECT {} FROM {table}", self.json(&columns))).await;
            everything.extend(rows);
        }
        everything.sort();
        everything
    }

    /// Clears up behind many writes.
    pub async fn refresh(&self) {
        match self.backend() {
            DbBackend::Postgres => self.execute("VACUUM").await,
            _ => self.execute("PRAGMA wal_checkpoint(TRUNCATE)").await,
        }
    }

    pub fn backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    fn dialect(&self) -> Dialect {
        Dialect(self.backend())
    }

    fn json(&self, columns: &str) -> String {
        match self.backend() {
            DbBackend::Postgres => format!("json_build_array({columns})::text"),
            _ => format!("json_array({columns})"),
        }
    }
}

/// How a database writes values.
#[derive(Clone, Copy)]
struct Dialect(DbBackend);

impl Dialect {
    fn id(self, id: Uuid) -> String {
        match self.0 {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        }
    }

    /// The columns in [`TASK`], and to which objects it belongs.
    fn task(self) -> String {
        let ids = ["list_id", "parent_id", "deleted_with"].map(|column| self.plain(column));
        format!("{TASK}, {}", ids.join(", "))
    }

    /// A column of ids as text.
    fn plain(self, column: &str) -> String {
        match self.0 {
            DbBackend::Postgres => column.to_owned(),
            _ => format!("hex({column})"),
        }
    }
}
