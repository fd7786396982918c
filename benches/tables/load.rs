//! Writes a dataset: what taskward would have written task by task, by whatever is fastest.

use std::{collections::HashMap, fmt::Write};

use chrono::{DateTime, SecondsFormat};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sqlx::{AssertSqlSafe, postgres::PgPoolCopyExt};
use uuid::Uuid;

use super::{
    Tables,
    dataset::{Dataset, OwnList, OwnTag, OwnTask, sub},
};
use crate::twin::derived::{Derived, position_after};

const LIST: &str = "user_no, id, name, color, position, created_at, updated_at, version, number";
const TAG: &str = "user_no, id, name, name_key, color, created_at, updated_at, version, number";
const TASK: &str = "user_no, id, title, title_key, title_words, description, description_words, \
     priority, due_on, due_at, due_asc, due_desc, completed_at, completed_asc, completed_desc, \
     list_id, parent_id, position, created_at, updated_at, deleted_at, deleted_with, version, number";
const LINK: &str = "user_no, task_id, tag_id";

/// How each constraint of the large tables is dropped and made, those first that need others.
const CONSTRAINTS: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', \
             conrelid::regclass, conname, pg_get_constraintdef(oid)) \
     FROM pg_constraint WHERE conrelid IN ('task'::regclass, 'task_tag'::regclass) \
         AND contype IN ('f', 'p', 'u') ORDER BY contype";
/// The same of their other indexes.
const INDEXES: &str = "SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes \
     WHERE tablename IN ('task', 'task_tag')";
const INDEXES_OF_SQLITE: &str = "SELECT 'DROP INDEX ' || name, sql FROM sqlite_master \
     WHERE type = 'index' AND tbl_name IN ('task', 'task_tag') AND sql IS NOT NULL";

/// How many rows a statement of SQLite writes.
const ROWS_PER_INSERT: usize = 500;
/// How much is copied to PostgreSQL at once, in bytes.
const CHUNK: usize = 1 << 16;

impl Tables {
    /// Writes a dataset into empty tables, all users' tasks mixed as time has mixed them. Indexes and
    /// constraints are made at the end, from their own definitions.
    pub async fn load(&self, dataset: Dataset) {
        let prepare = match self.backend() {
            DbBackend::Postgres => "SET maintenance_work_mem = '1GB'",
            _ => {
                "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; \
                 PRAGMA cache_size = -1000000; BEGIN"
            }
        };
        self.execute(prepare).await;
        let dropped = self.drop_indexes().await;
        let mut owners = Vec::new();
        for sub in (0..dataset.users).map(sub) {
            let user =
                format!(r#"INSERT INTO "user" (sub, bytes) VALUES ('{sub}', 0) RETURNING no"#);
            owners.push(Owner { user: self.column(&user).await[0], ..Owner::default() });
        }
        self.write("task_list", LIST, dataset.lists().map(|own| owners[own.user].list(own))).await;
        self.write("tag", TAG, dataset.tags().map(|own| owners[own.user].tag(own))).await;
        self.write("task", TASK, dataset.tasks().map(|own| owners[own.user].task(own))).await;
        self.write("task_tag", LINK, dataset.tasks().flat_map(|own| owners[own.user].links(&own)))
            .await;
        for Owner { user, counter, lists, tags, tasks, .. } in owners {
            self.execute(&format!(
                r#"UPDATE "user" SET counter = {counter}, tasks = {tasks}, tags = {tags}, lists = {lists} WHERE no = {user}"#
            ))
            .await;
        }
        for definition in dropped.iter().rev() {
            self.execute(definition).await;
        }
        let finish = match self.backend() {
            DbBackend::Postgres => "ANALYZE",
            _ => "COMMIT; ANALYZE",
        };
        self.execute(finish).await;
        self.refresh().await;
    }

    /// Drops what would be looked at for each row, and says how it is made again, in reverse.
    async fn drop_indexes(&self) -> Vec<String> {
        let kinds: &[_] = match self.backend() {
            DbBackend::Postgres => &[CONSTRAINTS, INDEXES],
            _ => &[INDEXES_OF_SQLITE],
        };
        let mut dropped = Vec::new();
        for kind in kinds {
            let statement = Statement::from_string(self.backend(), *kind);
            for row in self.0.query_all_raw(statement).await.unwrap() {
                self.execute(&row.try_get_by_index::<String>(0).unwrap()).await;
                dropped.push(row.try_get_by_index(1).unwrap());
            }
        }
        dropped
    }

    async fn write<const N: usize>(
        &self,
        table: &str,
        columns: &str,
        rows: impl Iterator<Item = [ColumnValue; N]>,
    ) {
        match self.backend() {
            DbBackend::Postgres => self.copy(table, columns, rows).await,
            _ => self.insert(table, columns, rows).await,
        }
    }

    async fn copy<const N: usize>(
        &self,
        table: &str,
        columns: &str,
        rows: impl Iterator<Item = [ColumnValue; N]>,
    ) {
        let pool = self.0.get_postgres_connection_pool();
        let copy = format!("COPY {table} ({columns}) FROM STDIN");
        let mut copy = pool.copy_in_raw(&copy).await.unwrap();
        let mut lines = String::new();
        for row in rows {
            for (place, cell) in row.into_iter().enumerate() {
                lines.push_str(if place == 0 { "" } else { "\t" });
                cell.push_to(&mut lines);
            }
            lines.push('\n');
            if lines.len() > CHUNK {
                copy.send(lines.as_bytes()).await.unwrap();
                lines.clear();
            }
        }
        copy.send(lines.as_bytes()).await.unwrap();
        copy.finish().await.unwrap();
    }

    async fn insert<const N: usize>(
        &self,
        table: &str,
        columns: &str,
        rows: impl Iterator<Item = [ColumnValue; N]>,
    ) {
        let pool = self.0.get_sqlite_connection_pool();
        let row = format!("({})", ["?"; N].join(", "));
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let some: Vec<_> = rows.by_ref().take(ROWS_PER_INSERT).collect();
            let places = vec![row.as_str(); some.len()].join(", ");
            let sql = format!("INSERT INTO {table} ({columns}) VALUES {places}");
            let query = sqlx::query(AssertSqlSafe(sql));
            let query = some.into_iter().flatten().fold(query, |query, cell| match cell {
                ColumnValue::Null => query.bind(None::<i64>),
                ColumnValue::Number(number) | ColumnValue::Instant(number) => query.bind(number),
                ColumnValue::Text(text) => query.bind(text),
                ColumnValue::Id(id) => query.bind(id),
            });
            query.execute(pool).await.unwrap();
        }
    }
}

/// A user, as far as they were loaded.
#[derive(Default)]
struct Owner {
    user: i64,
    /// The number of the last change.
    counter: i64,
    lists: i64,
    tags: i64,
    tasks: i64,
    /// The position of the last list.
    last_list: Option<String>,
    /// The position of the last task under a task, in a list or in the inbox.
    last_tasks: HashMap<Option<Uuid>, String>,
}

impl Owner {
    /// The next list, as a row.
    fn list(&mut self, OwnList { id, name, color, created_at, .. }: OwnList) -> [ColumnValue; 9] {
        let position = position_after(self.last_list.as_deref());
        self.last_list = Some(position.clone());
        self.lists += 1;
        self.counter += 1;
        [
            ColumnValue::Number(self.user),
            ColumnValue::Id(id),
            ColumnValue::Text(name),
            ColumnValue::optional(color.map(str::to_owned), ColumnValue::Text),
            ColumnValue::Text(position),
            ColumnValue::Instant(created_at),
            ColumnValue::Instant(created_at),
            ColumnValue::Number(1),
            ColumnValue::Number(self.counter),
        ]
    }

    /// The next tag, as a row.
    fn tag(&mut self, OwnTag { id, name, color, created_at, .. }: OwnTag) -> [ColumnValue; 9] {
        self.tags += 1;
        self.counter += 1;
        [
            ColumnValue::Number(self.user),
            ColumnValue::Id(id),
            ColumnValue::Text(name.clone()),
            ColumnValue::Text(name),
            ColumnValue::optional(color.map(str::to_owned), ColumnValue::Text),
            ColumnValue::Instant(created_at),
            ColumnValue::Instant(created_at),
            ColumnValue::Number(1),
            ColumnValue::Number(self.counter),
        ]
    }

    /// The next task, as a row.
    fn task(&mut self, own: OwnTask) -> [ColumnValue; 24] {
        let OwnTask { task, list, parent, is_in_trash, .. } = own;
        let derived = Derived::of(self.user, &task);
        let siblings = parent.or(list);
        let position = position_after(self.last_tasks.get(&siblings).map(String::as_str));
        // That it went to the trash is a change of its own.
        let version = 1 + i64::from(is_in_trash);
        self.last_tasks.insert(siblings, position.clone());
        self.tasks += 1;
        self.counter += version;
        [
            ColumnValue::Number(self.user),
            ColumnValue::Id(task.id),
            ColumnValue::Text(task.title),
            ColumnValue::Text(derived.title_key),
            ColumnValue::Text(derived.title_words),
            ColumnValue::optional(task.description, ColumnValue::Text),
            ColumnValue::Text(derived.description_words),
            ColumnValue::Number(task.priority.into()),
            ColumnValue::optional(derived.due_on, |day| ColumnValue::Text(day.to_string())),
            ColumnValue::optional(task.due_at, ColumnValue::Instant),
            ColumnValue::Number(derived.due_asc),
            ColumnValue::Number(derived.due_desc),
            ColumnValue::optional(task.completed_at, ColumnValue::Instant),
            ColumnValue::Number(derived.completed_asc),
            ColumnValue::Number(derived.completed_desc),
            ColumnValue::optional(list, ColumnValue::Id),
            ColumnValue::optional(parent, ColumnValue::Id),
            ColumnValue::Text(position),
            ColumnValue::Instant(task.created_at),
            ColumnValue::Instant(task.created_at),
            ColumnValue::optional(is_in_trash.then_some(task.created_at), ColumnValue::Instant),
            ColumnValue::optional(is_in_trash.then_some(task.id), ColumnValue::Id),
            ColumnValue::Number(version),
            ColumnValue::Number(self.counter),
        ]
    }

    /// What ties a task to its tags.
    fn links(&self, OwnTask { task, tags, .. }: &OwnTask) -> [[ColumnValue; 3]; 2] {
        tags.map(|tag| {
            [ColumnValue::Number(self.user), ColumnValue::Id(task.id), ColumnValue::Id(tag)]
        })
    }
}

/// A value of a row.
enum ColumnValue {
    Null,
    Number(i64),
    Text(String),
    Id(Uuid),
    /// By its milliseconds since 1970.
    Instant(i64),
}

impl ColumnValue {
    fn optional<T>(value: Option<T>, some: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, some)
    }

    /// Writes it down as PostgreSQL's `COPY` reads it.
    fn push_to(&self, line: &mut String) {
        match self {
            Self::Null => line.push_str("\\N"),
            Self::Number(number) => write!(line, "{number}").unwrap(),
            Self::Text(text) => {
                assert!(!text.contains(['\\', '\t', '\n', '\r']), "it would have to be escaped");
                line.push_str(text);
            }
            Self::Id(id) => write!(line, "{id}").unwrap(),
            Self::Instant(millis) => {
                let instant = DateTime::from_timestamp_millis(*millis).unwrap();
                line.push_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true));
            }
        }
    }
}
