//! Operations without a transaction: optimistic concurrency in one place.
//!
//! A transaction locks the user's row, reads what the change depends on, writes, and commits: five
//! round trips. Where the change depends on little, one statement does all of it, and commits by itself.
//! It is tried only on PostgreSQL (SQLite writes nothing within a `WITH`, and has no round trips to
//! save), and only for
//!
//! - **a task created in the inbox**, with an id of the server's and no tags. What it depends on (the
//!   last position, the number of tasks, the user's zone) is read first. Every write increments the
//!   user's counter; the insert happens only if it is unchanged since, so nothing else was written.
//! - **an update of a task's own values**, without tags and without an instant whose day the user's zone
//!   decides. It increments the counter and so waits for the user's row as any transaction does. What was
//!   committed meanwhile counts, since every condition is one on the row that is written, and PostgreSQL
//!   evaluates such conditions again after a wait. A statement sees all *other* rows as they were before
//!   the wait, so nothing that reads them may be done like this.
//!
//! Where that writes nothing, for whatever reason, the same operation is executed in a transaction, and
//! answered or refused by that alone. Both build the row by [`NewTask::first_version`] and the update by
//! [`TaskUpdate`] and [`UpdateTarget`].

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, ExprTrait, Iterable, ModelTrait, Value,
    sea_query::{Expr, Func, InsertStatement, Order, Query, SelectStatement, UpdateStatement},
};

use super::{
    location::Location,
    operation::{Operation, PartOutcome},
    ordering::{Gap, Ordered},
    quota::row_bytes,
    task_insert::NewTask,
    task_update::{TaskPatch, TaskUpdate, UpdateTarget, returning},
    transaction::{COUNTER, Committed, ONE, WriteContext, increment_counter, with_counter},
};
use crate::{
    store::{
        ChangeSeq, OwnedStore,
        entity::{
            id::TaskId,
            task::{Column, Entity},
            user,
        },
        error::StoreError,
        object::ObjectKind,
        owned::{Owned, UserNo},
        sql::{
            cached_sql::{CachedSql, Parameters, Sample},
            dialect::Dialect,
            pool::ScopedPool,
            projection::PartialRow,
        },
        task::{TaskColumns, TaskRow},
    },
    time::{Timestamp, Zone},
};

/// The statements that create a task.
#[derive(Debug, Default)]
pub struct CreateStatements {
    snapshot: CachedSql,
    insert: CachedSql,
}

/// What a task in the inbox depends on, and the user's counter when it was read.
struct UserSnapshot {
    counter: ChangeSeq,
    tasks: i64,
    bytes: i64,
    zone: Zone,
    /// The position of the last task of the inbox.
    last: Option<String>,
}

impl OwnedStore {
    /// Executes an operation without a transaction; `None` where that cannot be, or has written nothing.
    pub(super) async fn execute_optimistically(
        &self,
        operation: &Operation,
        shown: &TaskColumns,
    ) -> Result<Option<Committed<PartOutcome>>, StoreError> {
        if self.store.pools.writer.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        if let Operation::CreateTask(new) = operation
            && new.has_no_relations()
        {
            return self.insert_task(new).await;
        }
        if let Operation::UpdateTask(id, version, patch) = operation
            && patch.has_no_relations()
        {
            return self.update_task(*id, *version, patch, shown).await;
        }
        Ok(None)
    }

    async fn insert_task(
        &self,
        new: &NewTask,
    ) -> Result<Option<Committed<PartOutcome>>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let Some(seen) = self.snapshot(user).await? else { return Ok(None) };
        *self.zone.lock().await = Some(seen.zone);
        let Some(position) = Gap::behind(seen.last).short_middle() else { return Ok(None) };
        if self.store.check_quota(ObjectKind::Task, seen.tasks).is_err() {
            return Ok(None);
        }
        let context = WriteContext { user, zone: seen.zone, now: self.store.clock.now() };
        let (id, change_seq) = (self.store.new_id(context.now).into(), seen.counter.next());
        let task = new.first_version(id, Location::INBOX, position, &context, change_seq)?;

        let row = values_of(&task);
        let bytes = seen.bytes.saturating_add(row_bytes(row.iter().cloned()));
        if bytes > self.store.quotas.bytes {
            return Ok(None);
        }
        let writer = self.writer();
        let values = NewRow { user, counter: seen.counter, bytes, row };
        let statements = &self.store.create_statements;
        let insert =
            statements
                .insert
                .with(writer.get_database_backend(), &(), values, |(), it| it.insert());
        let inserted = writer.execute_raw(insert).await?.rows_affected() == 1;
        Ok(inserted.then(|| self.store.committed(user, change_seq, PartOutcome::from(task))))
    }

    async fn snapshot(&self, user: UserNo) -> Result<Option<UserSnapshot>, StoreError> {
        let writer = self.writer();
        let statement = self.store.create_statements.snapshot.with(
            writer.get_database_backend(),
            &writer,
            (user,),
            |writer, (user,)| select_snapshot(writer, user),
        );
        let Some(row) = writer.query_one_raw(statement).await? else { return Ok(None) };
        Ok(Some(UserSnapshot {
            counter: row.try_get_by_index(0)?,
            tasks: row.try_get_by_index(1)?,
            bytes: row.try_get_by_index(2)?,
            zone: user::zone(&row.try_get_by_index::<String>(3)?),
            last: row.try_get_by_index(4)?,
        }))
    }

    async fn update_task(
        &self,
        id: TaskId,
        expected_version: Option<i32>,
        patch: &TaskPatch,
        shown: &TaskColumns,
    ) -> Result<Option<Committed<PartOutcome>>, StoreError> {
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let writer = self.writer();
        let backend = writer.get_database_backend();
        let target = UpdateTarget { user, id, expected_version };
        let now = self.store.clock.now();
        let (completed, opened) = (&shown.statements.completed, &shown.statements.opened);
        let statement = if expected_version.is_none() && *patch == TaskPatch::completing(true) {
            completed.with(backend, shown, Completion { user, id, now }, |shown, it| {
                it.update(true, shown)
            })
        } else if expected_version.is_none() && *patch == TaskPatch::completing(false) {
            opened.with(backend, shown, Completion { user, id, now }, |shown, it| {
                it.update(false, shown)
            })
        } else {
            backend.build(&update_and_count(&target, patch, now, shown, self.store.quotas.bytes))
        };
        let Some(row) = writer.query_one_raw(statement).await? else { return Ok(None) };
        let change_seq = row.try_get_by_index(shown.iter().len())?;
        let part = PartOutcome::Task(PartialRow::new(row, shown));
        Ok(Some(self.store.committed(user, change_seq, part)))
    }
}

fn select_snapshot(writer: &Dialect<ScopedPool<'_>>, user: UserNo) -> SelectStatement {
    let mut last = Entity::select_owned(user, [Column::Position]);
    last.cond_where(Location::INBOX.siblings());
    for column in Entity::SORTED {
        last.order_by_expr(Expr::col(column.as_column_ref()), Order::Desc);
    }
    Query::select()
        .columns([user::Column::Counter, ObjectKind::Task.counter()])
        .columns([user::Column::Bytes, user::Column::TimeZone])
        .expr(writer.first(&last))
        .from(user::Entity)
        .and_where(user::Column::No.eq(user.0))
        .take()
}

/// The row of a task to insert if the counter is unchanged.
struct NewRow {
    user: UserNo,
    counter: ChangeSeq,
    /// How many bytes the user has with it.
    bytes: i64,
    row: Vec<Value>,
}

fn values_of(task: &TaskRow) -> Vec<Value> {
    Column::iter().map(|column| task.get(column)).collect()
}

impl NewRow {
    fn insert(self) -> InsertStatement {
        let tasks = ObjectKind::Task.counter();
        let mut count = increment_counter();
        count
            .value(tasks, Expr::col(tasks).add(ONE))
            .value(user::Column::Bytes, self.bytes)
            .and_where(user::Column::No.eq(self.user.0))
            .and_where(user::Column::Counter.eq(self.counter))
            .returning(Query::returning().column(user::Column::No));
        let mut insert = Entity::insert_owned_for(self.user, self.row, COUNTER);
        insert.with_cte(with_counter(count)).take()
    }
}

impl Parameters for NewRow {
    type Values = Vec<Value>;

    fn sample(&self, sample: &mut Sample) -> Self {
        let (user, counter) = (UserNo(sample.number()), ChangeSeq(sample.number()));
        let bytes = sample.number();
        Self { user, counter, bytes, row: Column::iter().map(|_| sample.number().into()).collect() }
    }

    fn values(self) -> Vec<Value> {
        let mut values = self.row;
        values.extend([self.user.0.into(), self.counter.into(), self.bytes.into()]);
        values
    }
}

/// A task to complete or to open now.
struct Completion {
    user: UserNo,
    id: TaskId,
    now: Timestamp,
}

impl Completion {
    fn update(self, completed: bool, shown: &TaskColumns) -> UpdateStatement {
        let Self { user, id, now } = self;
        let target = UpdateTarget { user, id, expected_version: None };
        update_and_count(&target, &TaskPatch::completing(completed), now, shown, i64::MAX)
    }
}

impl Parameters for Completion {
    type Values = [Value; 4];

    fn sample(&self, sample: &mut Sample) -> Self {
        Self { user: UserNo(sample.number()), id: sample.id(), now: sample.timestamp() }
    }

    fn values(self) -> [Value; 4] {
        // The instant is a sort key, too.
        let Self { user, id, now } = self;
        [user.0.into(), id.into(), now.into(), now.millis().into()]
    }
}

/// The update, which increments the user's counter by itself, and writes no text beyond the bytes that the user
/// may have. It returns the columns that are shown, and behind them the number of the change.
fn update_and_count(
    target: &UpdateTarget,
    patch: &TaskPatch,
    now: Timestamp,
    shown: &TaskColumns,
    most_bytes: i64,
) -> UpdateStatement {
    let mut count = increment_counter();
    count
        .and_where(Expr::col(user::Column::No).eq(target.user.0))
        .returning(Query::returning().column(user::Column::Counter));
    let change_seq = Expr::col((COUNTER, user::Column::Counter));
    // The wait for the user's row comes after this instant, and another change may have come in between.
    let at = Func::greatest([Expr::col((Entity, Column::UpdatedAt)), Expr::value(now)]).into();
    // No day is read in the zone, see [`TaskPatch::has_no_relations`].
    let context = WriteContext { user: target.user, zone: Zone::UTC, now };
    let assigned = TaskUpdate::of(patch, &context);
    if assigned.bytes > 0 {
        let bytes = Expr::col(user::Column::Bytes).add(assigned.bytes);
        count.and_where(bytes.clone().lte(most_bytes)).value(user::Column::Bytes, bytes);
    }
    let (assignments, differs) = assigned.into_parts();
    let columns = returning(shown.iter().chain([Column::ChangeSeq]));
    let mut update = target.statement(assignments, differs, at, change_seq, columns);
    update.from(COUNTER).with_cte(with_counter(count)).take()
}
