//! Statements of whole screens, which both databases take as they are.

use chrono::NaiveDate;

use super::{response::Change, time::Millis};

/// The instant of a request, and the day that it is for the user.
#[derive(Clone, Copy)]
pub struct Present {
    pub now: Millis,
    pub today: NaiveDate,
}

/// The part of a user's log after a change.
pub struct Log {
    /// The user's last change.
    pub counter: i64,
    /// The last change whose tombstones have been purged.
    pub purged_through_seq: i64,
    pub changes: Vec<Change>,
}

/// The same methods for each database and its pool of readers. A statement about many tasks has `{tasks}`
/// where the databases differ, and goes through the database's own `of_tasks`.
macro_rules! reads {
    ($database:ty, $row:ty, $pool:ident) => {
        impl $database {
            pub async fn zone(&self, user: i64) -> Result<Option<String>> {
                const SQL: &str = r#"SELECT time_zone FROM "user" WHERE no = $1"#;
                sqlx::query_scalar(SQL).bind(user).fetch_optional(&self.$pool).await
            }

            pub async fn due_tasks(&self, user: i64, present: Present) -> Result<Vec<DueTask>> {
                // Without the bound on `due_asc`, all open tasks are read.
                const SQL: &str = "SELECT task.id, title, due_on, due_at, priority, \
                     task_list.name, due_asc \
                     FROM task LEFT JOIN task_list \
                         ON task_list.user_no = task.user_no AND task_list.id = list_id \
                     WHERE task.user_no = $1 AND deleted_at IS NULL AND completed_at IS NULL \
                         AND due_asc < $4 \
                         AND (due_at < $2 OR (due_at IS NULL AND due_on < $3) OR due_on = $3) \
                     ORDER BY due_asc, priority DESC, task.id DESC LIMIT 51";
                let query = sqlx::query(SQL).bind(user).bind(present.now).bind(present.today);
                let query = query.bind(due_key_beyond(present.today));
                let task = |row: &$row| -> Result<_> {
                    let priority_number: i16 = row.try_get(4)?;
                    let due_on = row.try_get::<Option<_>, _>(2)?;
                    let due_at = row.try_get::<Option<Millis>, _>(3)?;
                    Ok(DueTask {
                        id: row.try_get(0)?,
                        title: row.try_get(1)?,
                        due_on: due_on.map(Day),
                        due_at,
                        overdue: match (due_at, due_on) {
                            (Some(at), _) => at < present.now,
                            (None, day) => day.is_some_and(|day| day < present.today),
                        },
                        priority: priority(priority_number),
                        tags: Vec::new(),
                        list: row.try_get::<Option<_>, _>(5)?.map(|name| Named { name }),
                        keys: [row.try_get(6)?, priority_number.into()],
                    })
                };
                query.fetch_all(&self.$pool).await?.iter().map(task).collect()
            }

            pub async fn counts(&self, user: i64, present: Present) -> Result<(i64, i64)> {
                const SQL: &str = "SELECT ( \
                         SELECT COUNT(*) FROM task WHERE user_no = $1 AND deleted_at IS NULL \
                             AND completed_at IS NULL AND list_id IS NULL \
                     ), ( \
                         SELECT COUNT(*) FROM task WHERE user_no = $1 AND deleted_at IS NULL \
                             AND completed_at IS NULL AND due_asc < $4 \
                             AND (due_at < $2 OR (due_at IS NULL AND due_on < $3)) \
                     )";
                let query = sqlx::query(SQL).bind(user).bind(present.now).bind(present.today);
                let query = query.bind(due_key_beyond(present.today));
                let row = query.fetch_one(&self.$pool).await?;
                Ok((row.try_get(0)?, row.try_get(1)?))
            }

            pub async fn colored_tags(
                &self,
                user: i64,
                tasks: &[Uuid],
            ) -> Result<HashMap<Uuid, Vec<ColoredTag>>> {
                const SQL: &str = "SELECT task_id, name, color FROM task_tag \
                     JOIN tag ON tag.user_no = task_tag.user_no AND tag.id = tag_id \
                     WHERE task_tag.user_no = $1 AND task_id {tasks} ORDER BY name_key";
                let mut colored_tags: HashMap<_, Vec<_>> = HashMap::new();
                for row in self.of_tasks(SQL, user, tasks).await? {
                    let tag = ColoredTag { name: row.try_get(1)?, color: row.try_get(2)? };
                    colored_tags.entry(row.try_get(0)?).or_default().push(tag);
                }
                Ok(colored_tags)
            }

            pub async fn list(&self, user: i64, id: Uuid) -> Result<Option<TaskList>> {
                const SQL: &str =
                    "SELECT name, color, archived_at FROM task_list WHERE user_no = $1 AND id = $2";
                let row = sqlx::query(SQL).bind(user).bind(id).fetch_optional(&self.$pool).await?;
                let Some(row) = row else { return Ok(None) };
                Ok(Some(TaskList {
                    name: row.try_get(0)?,
                    color: row.try_get(1)?,
                    archived_at: row.try_get(2)?,
                }))
            }

            pub async fn tasks_of_list(&self, user: i64, list: Uuid) -> Result<Vec<ListedTask>> {
                const SQL: &str = "SELECT id, title, completed_at IS NOT NULL, position, version \
                     FROM task WHERE user_no = $1 AND list_id = $2 AND parent_id IS NULL \
                         AND deleted_at IS NULL ORDER BY position, id LIMIT 100";
                let task = |row: &$row| -> Result<_> {
                    Ok(ListedTask {
                        id: row.try_get(0)?,
                        title: row.try_get(1)?,
                        completed: row.try_get(2)?,
                        position: row.try_get(3)?,
                        version: row.try_get(4)?,
                        subtasks: NodeConnection::counted(Vec::new(), 0),
                    })
                };
                let query = sqlx::query(SQL).bind(user).bind(list);
                query.fetch_all(&self.$pool).await?.iter().map(task).collect()
            }

            pub async fn subtasks(
                &self,
                user: i64,
                tasks: &[Uuid],
            ) -> Result<HashMap<Uuid, NodeConnection<TaskSummary>>> {
                const SQL: &str = "SELECT id, title, completed, parent_id, total FROM ( \
                         SELECT id, title, completed_at IS NOT NULL AS completed, parent_id, \
                             ROW_NUMBER() OVER (PARTITION BY parent_id ORDER BY position, id) \
                                 AS place, \
                             COUNT(*) OVER (PARTITION BY parent_id) AS total \
                         FROM task WHERE user_no = $1 AND deleted_at IS NULL \
                             AND parent_id {tasks} \
                     ) AS subtask WHERE place <= 20 ORDER BY parent_id, place";
                let mut subtasks = HashMap::new();
                for row in self.of_tasks(SQL, user, tasks).await? {
                    let total = row.try_get(4)?;
                    let list = subtasks.entry(row.try_get(3)?);
                    let list = list.or_insert_with(|| NodeConnection::counted(Vec::new(), total));
                    list.nodes.push(TaskSummary {
                        id: row.try_get(0)?,
                        title: row.try_get(1)?,
                        completed: row.try_get(2)?,
                    });
                }
                Ok(subtasks)
            }

            pub async fn newest(&self, user: i64) -> Result<NodeConnection<TaskSummary>> {
                const NEWEST: &str = "SELECT id, title, completed_at IS NOT NULL FROM task \
                     WHERE user_no = $1 AND deleted_at IS NULL \
                     ORDER BY created_at DESC, id DESC LIMIT 10";
                const COUNT: &str =
                    "SELECT COUNT(*) FROM task WHERE user_no = $1 AND deleted_at IS NULL";
                let line = |row: &$row| -> Result<_> {
                    let (id, title) = (row.try_get(0)?, row.try_get(1)?);
                    Ok(TaskSummary { id, title, completed: row.try_get(2)? })
                };
                let newest = sqlx::query(NEWEST).bind(user).fetch_all(&self.$pool).await?;
                let newest = newest.iter().map(line).collect::<Result<_>>()?;
                let count = sqlx::query_scalar(COUNT).bind(user).fetch_one(&self.$pool).await?;
                Ok(NodeConnection::counted(newest, count))
            }

            pub async fn changes(&self, user: i64, since: i64) -> Result<Log> {
                const SQL: &str = r#"SELECT counter, forgotten, kind, id, name, completed, deleted_at
                    FROM "user" LEFT JOIN (
                        SELECT * FROM (
                            SELECT number, 1 AS kind, id, title AS name,
                                completed_at IS NOT NULL AS completed, deleted_at
                            FROM task WHERE user_no = $1 AND number > $2
                            ORDER BY number, id LIMIT 501
                        ) AS tasks UNION ALL SELECT * FROM (
                            SELECT number, 2, id, name, FALSE, CAST(NULL AS TIMESTAMPTZ)
                            FROM tag WHERE user_no = $1 AND number > $2
                            ORDER BY number, id LIMIT 501
                        ) AS tags UNION ALL SELECT * FROM (
                            SELECT number, 3, id, name, FALSE, CAST(NULL AS TIMESTAMPTZ)
                            FROM task_list WHERE user_no = $1 AND number > $2
                            ORDER BY number, id LIMIT 501
                        ) AS lists UNION ALL SELECT * FROM (
                            SELECT number, 0, id, '', FALSE, CAST(NULL AS TIMESTAMPTZ)
                            FROM tombstone WHERE user_no = $1 AND number > $2
                            ORDER BY number, id LIMIT 501
                        ) AS tombstones
                    ) AS entry ON TRUE WHERE no = $1 ORDER BY number, id LIMIT 501"#;
                let rows = sqlx::query(SQL).bind(user).bind(since).fetch_all(&self.$pool).await?;
                let mut log = Log { counter: 0, purged_through_seq: 0, changes: Vec::new() };
                for row in &rows {
                    (log.counter, log.purged_through_seq) = (row.try_get(0)?, row.try_get(1)?);
                    let Some(kind) = row.try_get::<Option<i32>, _>(2)? else { break };
                    let node = match kind {
                        0 => None,
                        1 => Some(Node::Task {
                            title: row.try_get(4)?,
                            completed: row.try_get(5)?,
                            deleted_at: row.try_get(6)?,
                        }),
                        _ => Some(Node::Named(Named { name: row.try_get(4)? })),
                    };
                    log.changes.push(Change::new(row.try_get(3)?, node));
                }
                Ok(log)
            }

            pub async fn search(&self, user: i64, search: &Search) -> Result<Vec<FoundTask>> {
                // It has nothing in it but how many words there are.
                let sql = AssertSqlSafe(search.sql(Self::MATCHES));
                let query = sqlx::query(sql).bind(user).bind(Self::matching(search));
                let query = search.patterns().fold(query, |query, pattern| query.bind(pattern));
                let task = |row: &$row| -> Result<_> {
                    let created_at: Millis = row.try_get(5)?;
                    Ok(FoundTask {
                        id: row.try_get(0)?,
                        title: row.try_get(1)?,
                        description: row.try_get(2)?,
                        completed: row.try_get(3)?,
                        due_on: row.try_get::<Option<_>, _>(4)?.map(Day),
                        keys: [row.try_get::<i32, _>(6)?.into(), created_at.0],
                    })
                };
                query.fetch_all(&self.$pool).await?.iter().map(task).collect()
            }
        }
    };
}
pub(super) use reads;
