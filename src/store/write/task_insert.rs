//! Making one task in the inbox, without a transaction: one statement looks where it moving, and one
//! writes it if that is still so.
//!
//! All that a user does counts their counter on. Where it stands as it did when we looked, nothing has
//! changed meanwhile: neither what the last task is, nor how many there are, nor the user's zone. Where
//! it does not, nothing is written, and the task is made as everything else is.

use sea_orm::{
    ColumnTrait, ConnectionTrait, ExprTrait, Value,
    sea_query::{Expr, Order, Query},
};

use super::{
    placement::{Location, Ordered},
    position,
    transaction::{COUNTER, Committed, ONE, WriteContext, increment_counter, with_counter},
};
use crate::{
    store::{
        OwnedStore,
        entity::{
            task::{Column, Entity},
            user,
        },
        error::StoreError,
        object::ObjectKind,
        owned::{Owned, UserNo},
        sql::dialect::CachedSql,
        task::{NewTask, TaskRow},
    },
    time::Zone,
};

/// Where a task goes of which nothing is said.
const INBOX: Location = Location { list: None, parent: None };

impl NewTask {
    /// Whether nothing but the inbox has a say in what it begins as.
    fn has_no_relations(&self) -> bool {
        self.id.is_none()
            && self.tags.is_empty()
            && self.list.flatten().is_none()
            && self.parent.is_none()
    }
}

/// The two statements.
#[derive(Debug, Default)]
pub struct TaskInsert {
    snapshot: CachedSql,
    insert: CachedSql,
}

/// What is seen of a user.
struct UserSnapshot {
    counter: i64,
    tasks: i64,
    zone: Zone,
    /// Where the last task of the inbox stands.
    last: Option<String>,
}

impl OwnedStore {
    /// Makes a task in two statements; `None` where that cannot be, or another change came in between.
    pub async fn create_task_optimistic(
        &self,
        new: &NewTask,
    ) -> Result<Option<Committed<TaskRow>>, StoreError> {
        if !self.changes_in_one_statement() || !new.has_no_relations() {
            return Ok(None);
        }
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let Some(seen) = self.snapshot(user).await? else { return Ok(None) };
        *self.zone.lock().await = Some(seen.zone);
        let position = position::between(seen.last.as_deref(), None);
        if seen.tasks >= self.store.quotas.tasks || position.len() > position::MOST {
            return Ok(None);
        }
        let now = self.store.clock.now();
        let context = WriteContext { user, number: seen.counter + 1, zone: seen.zone, now };
        let task = new.clone().first_version(self.store.new_id(now), INBOX, position, &context);
        let inserted = self.insert_if_nothing_changed(&task, user, seen.counter).await?;
        Ok(inserted.then(|| self.store.done(user, context.number, task)))
    }

    async fn snapshot(&self, user: UserNo) -> Result<Option<UserSnapshot>, StoreError> {
        let writer = &self.store.pools.writer;
        let backend = writer.get_database_backend();
        let snapshot = self.store.task_insert.snapshot.with(
            backend,
            [user.0, user.0].map(Value::from),
            || {
                let mut last = Entity::select_owned(user, [Column::Position]);
                last.cond_where(INBOX.siblings());
                for column in Entity::SORTED {
                    last.order_by_expr(Expr::col(column.as_column_ref()), Order::Desc);
                }
                let tasks = ObjectKind::Task.counter();
                let seen = [user::Column::Counter, tasks, user::Column::TimeZone];
                let mut select = Query::select();
                select.columns(seen).expr(writer.first(&last)).from(user::Entity);
                backend.build(select.and_where(user::Column::No.eq(user.0)))
            },
        );
        let Some(row) = writer.query_one_raw(snapshot).await? else { return Ok(None) };
        Ok(Some(UserSnapshot {
            counter: row.try_get_by_index(0)?,
            tasks: row.try_get_by_index(1)?,
            zone: user::zone(&row.try_get_by_index::<String>(2)?),
            last: row.try_get_by_index(3)?,
        }))
    }

    async fn insert_if_nothing_changed(
        &self,
        task: &TaskRow,
        user: UserNo,
        counter: i64,
    ) -> Result<bool, StoreError> {
        let writer = &self.store.pools.writer;
        let backend = writer.get_database_backend();
        // One more change, and one more task.
        let counting_on = [ONE.into(), ONE.into(), user.0.into(), counter.into()];
        let values = counting_on.into_iter().chain(Entity::values_owned(user, task));
        let insert = self.store.task_insert.insert.with(backend, values, || {
            let mut count = increment_counter();
            count
                .value(ObjectKind::Task.counter(), Expr::col(ObjectKind::Task.counter()).add(ONE))
                .and_where(user::Column::No.eq(user.0))
                .and_where(user::Column::Counter.eq(counter))
                .returning(Query::returning().column(user::Column::No));
            let mut insert = Entity::insert_owned_for(user, task, COUNTER);
            backend.build(insert.with_cte(with_counter(count)))
        });
        Ok(writer.execute_raw(insert).await?.rows_affected() == 1)
    }
}
