//! The tables, behind the servers' backs: filling them quickly with what taskward would have written
//! task by task, and looking at what was written.

pub mod people;

use std::iter;

use chrono::{DateTime, SecondsFormat};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
    TransactionTrait, TryGetable,
};
use taskward::{
    clock::Clock,
    store::{Quotas, Store},
};
use uuid::Uuid;

use self::people::Person;
use crate::twin::derived::{Derived, position_after};

/// What a task is, but for who it is and how often it has changed.
const TASK: &str = "user_no, title, title_key, title_words, description, description_words, \
     priority, due_on, due_at, due_asc, due_desc, completed_at, completed_asc, completed_desc, \
     list_id, parent_id, created_at, updated_at, deleted_at, deleted_with";

/// How many rows a statement writes.
const AT_ONCE: usize = 500;

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
        let store = Store::connect(url, 1, Quotas::default(), Clock::system()).await.unwrap();
        store.migrate().await.unwrap();
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
        let (row, id) = (self.json(TASK), self.dialect().id(id));
        self.column(&format!("SELECT {row} FROM task WHERE id = {id}")).await.remove(0)
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
            ("task", format!("{}, {TASK}, position, version, number", id("id"))),
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

    /// Writes what people have. Indexes are made at the end, since that is faster.
    pub async fn load(&self, people: impl Iterator<Item = Person>) {
        let indexes = self.drop_indexes().await;
        if self.backend() == DbBackend::Postgres {
            // Nothing here refers to what is not there.
            self.execute("SET session_replication_role = replica").await;
            self.execute("SET maintenance_work_mem = '256MB'").await;
        }
        for person in people {
            self.load_person(&person).await;
        }
        for index in indexes {
            self.execute(&index).await;
        }
        self.execute("ANALYZE").await;
        self.refresh().await;
    }

    /// Clears up behind many writes.
    pub async fn refresh(&self) {
        match self.backend() {
            DbBackend::Postgres => self.execute("VACUUM").await,
            _ => self.execute("PRAGMA wal_checkpoint(TRUNCATE)").await,
        }
    }

    /// Drops the indexes that hold nothing together, and says how they are made.
    async fn drop_indexes(&self) -> Vec<String> {
        let (names, made) = match self.backend() {
            DbBackend::Postgres => {
                ("SELECT indexname FROM pg_indexes", "SELECT indexdef FROM pg_indexes")
            }
            _ => ("SELECT name FROM sqlite_master", "SELECT sql FROM sqlite_master"),
        };
        let such = match self.backend() {
            DbBackend::Postgres => {
                "WHERE tablename IN ('task', 'task_tag') AND indexdef NOT LIKE 'CREATE UNIQUE%' ORDER BY 1"
            }
            _ => {
                "WHERE type = 'index' AND tbl_name IN ('task', 'task_tag') AND sql IS NOT NULL ORDER BY 1"
            }
        };
        let made = self.column(&format!("{made} {such}")).await;
        for name in self.column::<String>(&format!("{names} {such}")).await {
            self.execute(&format!("DROP INDEX {name}")).await;
        }
        made
    }

    async fn load_person(&self, person: &Person) {
        let Person { sub, tags, tasks } = person;
        let sql = self.dialect();
        let counter = tags.len() + tasks.len();
        let user = format!(
            r#"INSERT INTO "user" (sub, counter, tasks, tags) VALUES ('{sub}', {counter}, {}, {}) RETURNING no"#,
            tasks.len(),
            tags.len(),
        );
        let transaction = self.0.begin().await.unwrap();
        let user = transaction
            .query_one_raw(Statement::from_string(self.backend(), user))
            .await
            .unwrap()
            .unwrap()
            .try_get_by_index::<i64>(0)
            .unwrap();
        let mut number = 0;
        let mut next_number = || {
            number += 1;
            number
        };
        let mut rows_of_tags = Vec::new();
        for tag in tags {
            let (id, at, number) = (sql.id(tag.id), sql.instant(tag.created_at), next_number());
            let name = &tag.name;
            rows_of_tags
                .push(format!("({user}, {id}, '{name}', '{name}', {at}, {at}, 1, {number})"));
        }
        let mut rows_of_tasks = Vec::new();
        let mut links = Vec::new();
        let positions =
            iter::successors(Some(position_after(None)), |last| Some(position_after(Some(last))));
        for (tagged, position) in tasks.iter().zip(positions) {
            let (task, derived) = (&tagged.task, Derived::of(user, &tagged.task));
            let id = sql.id(task.id);
            let created_at = sql.instant(task.created_at);
            rows_of_tasks.push(format!(
                "({user}, {id}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, '{position}', {created_at}, {created_at}, 1, {})",
                text(&task.title),
                text(&derived.title_key),
                text(&derived.title_words),
                task.description.as_deref().map_or_else(null, text),
                text(&derived.description_words),
                task.priority,
                derived.due_on.map_or_else(null, |day| format!("'{day}'")),
                task.due_at.map_or_else(null, |at| sql.instant(at)),
                derived.due_asc,
                literal(derived.due_desc),
                task.completed_at.map_or_else(null, |at| sql.instant(at)),
                derived.completed_asc,
                literal(derived.completed_desc),
                next_number(),
            ));
            links
                .extend(tagged.tags.map(|tag| format!("({user}, {id}, {})", sql.id(tags[tag].id))));
        }
        for (table, rows) in [
            (
                "tag (user_no, id, name, name_key, created_at, updated_at, version, number)",
                rows_of_tags,
            ),
            (
                "task (user_no, id, title, title_key, title_words, description, \
                 description_words, priority, due_on, due_at, due_asc, due_desc, completed_at, \
                 completed_asc, completed_desc, position, created_at, updated_at, version, number)",
                rows_of_tasks,
            ),
            ("task_tag (user_no, task_id, tag_id)", links),
        ] {
            for rows in rows.chunks(AT_ONCE) {
                let insert = format!("INSERT INTO {table} VALUES {}", rows.join(","));
                transaction.execute_unprepared(&insert).await.unwrap();
            }
        }
        transaction.commit().await.unwrap();
    }

    fn backend(&self) -> DbBackend {
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

    /// A column of ids as text.
    fn plain(self, column: &str) -> String {
        match self.0 {
            DbBackend::Postgres => column.to_owned(),
            _ => format!("hex({column})"),
        }
    }

    fn instant(self, millis: i64) -> String {
        match self.0 {
            DbBackend::Postgres => {
                let instant = DateTime::from_timestamp_millis(millis).unwrap();
                format!("'{}'", instant.to_rfc3339_opts(SecondsFormat::Millis, true))
            }
            _ => millis.to_string(),
        }
    }
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The least number has to be worked out, since its digits alone are too large.
fn literal(number: i64) -> String {
    if number == i64::MIN { format!("({} - 1)", i64::MIN + 1) } else { number.to_string() }
}

fn null() -> String {
    "NULL".to_owned()
}
