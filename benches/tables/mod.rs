//! The tables, behind the servers' backs: filling them quickly with what taskward would have written
//! task by task, and looking at what was written.

pub mod dataset;

use chrono::{DateTime, SecondsFormat};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TryGetable,
};
use taskward::{
    clock::Clock,
    store::{Quotas, Store},
};
use uuid::Uuid;

use self::dataset::{Dataset, OwnTag, OwnTask, sub};
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

    /// Writes a dataset, all users' tasks mixed as time has mixed them. Indexes are made at the end,
    /// since that is faster.
    pub async fn load(&self, dataset: Dataset) {
        let indexes = self.drop_indexes().await;
        let in_haste = match self.backend() {
            // Nothing here refers to what is not there.
            DbBackend::Postgres => {
                "SET session_replication_role = replica; SET maintenance_work_mem = '256MB'"
            }
            _ => "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF",
        };
        self.execute(in_haste).await;
        let mut owners = Vec::new();
        for sub in (0..dataset.users).map(sub) {
            let user = format!(r#"INSERT INTO "user" (sub) VALUES ('{sub}') RETURNING no"#);
            owners.push(Owner { user: self.column(&user).await[0], ..Owner::default() });
        }
        self.load_tags(&mut owners, dataset.tags()).await;
        self.load_tasks(&mut owners, dataset.tasks()).await;
        for Owner { user, tags, tasks, .. } in owners {
            self.execute(&format!(
                r#"UPDATE "user" SET counter = {}, tasks = {tasks}, tags = {tags} WHERE no = {user}"#,
                tags + tasks
            ))
            .await;
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

    async fn load_tags(&self, owners: &mut [Owner], tags: impl Iterator<Item = OwnTag>) {
        let sql = self.dialect();
        let rows = tags.map(|OwnTag { user, id, name, created_at }| {
            let owner = &mut owners[user];
            owner.tags += 1;
            let (user, number) = (owner.user, owner.tags);
            let (id, at) = (sql.id(id), sql.instant(created_at));
            format!("({user}, {id}, '{name}', '{name}', {at}, {at}, 1, {number})")
        });
        let columns = "user_no, id, name, name_key, created_at, updated_at, version, number";
        self.insert("tag", columns, &rows.collect::<Vec<_>>()).await;
    }

    async fn load_tasks(&self, owners: &mut [Owner], mut tasks: impl Iterator<Item = OwnTask>) {
        const COLUMNS: &str = "user_no, id, title, title_key, title_words, description, \
             description_words, priority, due_on, due_at, due_asc, due_desc, completed_at, \
             completed_asc, completed_desc, position, created_at, updated_at, version, number";
        loop {
            let tasks: Vec<_> = tasks.by_ref().take(AT_ONCE).collect();
            if tasks.is_empty() {
                break;
            }
            let rows: Vec<_> =
                tasks.iter().map(|own| self.task(&mut owners[own.user], own)).collect();
            self.insert("task", COLUMNS, &rows).await;
            let link = |own: &OwnTask| {
                let (user, task) = (owners[own.user].user, self.dialect().id(own.task.id));
                own.tags.map(|tag| format!("({user}, {task}, {})", self.dialect().id(tag)))
            };
            let links: Vec<_> = tasks.iter().flat_map(link).collect();
            self.insert("task_tag", "user_no, task_id, tag_id", &links).await;
        }
    }

    /// The next task of a user, as a row.
    fn task(&self, owner: &mut Owner, OwnTask { task, .. }: &OwnTask) -> String {
        let sql = self.dialect();
        let derived = Derived::of(owner.user, task);
        let position = position_after(owner.position.as_deref());
        let created_at = sql.instant(task.created_at);
        owner.tasks += 1;
        let values = [
            owner.user.to_string(),
            sql.id(task.id),
            text(&task.title),
            text(&derived.title_key),
            text(&derived.title_words),
            task.description.as_deref().map_or_else(null, text),
            text(&derived.description_words),
            task.priority.to_string(),
            derived.due_on.map_or_else(null, |day| text(&day.to_string())),
            task.due_at.map_or_else(null, |at| sql.instant(at)),
            derived.due_asc.to_string(),
            number(derived.due_desc),
            task.completed_at.map_or_else(null, |at| sql.instant(at)),
            derived.completed_asc.to_string(),
            number(derived.completed_desc),
            text(&position),
            created_at.clone(),
            created_at,
            "1".to_owned(),
            (owner.tags + owner.tasks).to_string(),
        ];
        owner.position = Some(position);
        format!("({})", values.join(", "))
    }

    async fn insert(&self, table: &str, columns: &str, rows: &[String]) {
        for rows in rows.chunks(AT_ONCE) {
            let rows = rows.join(", ");
            self.execute(&format!("INSERT INTO {table} ({columns}) VALUES {rows}")).await;
        }
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

/// A user, as far as they were loaded.
#[derive(Default)]
struct Owner {
    user: i64,
    tags: i64,
    tasks: i64,
    /// The position of the last task.
    position: Option<String>,
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
fn number(number: i64) -> String {
    if number == i64::MIN { format!("({} - 1)", i64::MIN + 1) } else { number.to_string() }
}

fn null() -> String {
    "NULL".to_owned()
}
