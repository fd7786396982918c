//! Making one task in the inbox, without a transaction: one statement looks where it goes, and one
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
    OwnedStore,
    change::{Author, COUNTED, Done, ONE, counting, next_number},
    dialect::Text,
    entity::{
        task::{Column, Entity},
        user,
    },
    error::StoreError,
    owned::{Owned, UserNo},
    placement::{Home, Placed},
    position,
    task::{NewTask, TaskRow},
};
use crate::calendar::Zone;

/// Where a task goes of which nothing is said.
const INBOX: Home = Home { list: None, parent: None };

impl NewTask {
    /// Whether nothing but the inbox has a say in what it begins as.
    fn is_plain(&self) -> bool {
        self.id.is_none()
            && self.tags.is_empty()
            && self.list.flatten().is_none()
            && self.parent.is_none()
    }
}

/// The two statements.
#[derive(Debug, Default)]
pub struct Creation {
    look: Text,
    insert: Text,
}

/// What is seen of a user.
struct Seen {
    counter: i64,
    tasks: i64,
    zone: Zone,
    /// Where the last task of the inbox stands.
    last: Option<String>,
}

impl OwnedStore {
    /// Makes a task in two statements; `None` where that cannot be, or another change came in between.
    pub(super) async fn create_task_at_once(
        &self,
        new: &NewTask,
    ) -> Result<Option<Done<TaskRow>>, StoreError> {
        if !self.changes_in_one_statement() || !new.is_plain() {
            return Ok(None);
        }
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let Some(seen) = self.look(user).await? else { return Ok(None) };
        *self.zone.lock().await = Some(seen.zone);
        let position = position::between(seen.last.as_deref(), None);
        if seen.tasks >= self.store.quotas.tasks || position.len() > position::MOST {
            return Ok(None);
        }
        let now = self.store.clock.now();
        let author = Author { user, number: seen.counter + 1, zone: seen.zone, now };
        let task = new.clone().first_version(self.store.new_id(now), INBOX, position, &author);
        let inserted = self.insert_if_nothing_changed(&task, user, seen.counter).await?;
        Ok(inserted.then(|| self.store.done(user, author.number, task)))
    }

    async fn look(&self, user: UserNo) -> Result<Option<Seen>, StoreError> {
        let writer = &self.store.pools.writer;
        let backend = writer.get_database_backend();
        let look =
            self.store.creation.look.with(backend, [user.0, user.0].map(Value::from), || {
                let mut last = Entity::select_owned(user, [Column::Position]);
                last.cond_where(INBOX.siblings());
                for column in Entity::SORTED {
                    last.order_by_expr(Expr::col(column.as_column_ref()), Order::Desc);
                }
                let seen = [user::Column::Counter, user::Column::Tasks, user::Column::TimeZone];
                let mut look = Query::select();
                look.columns(seen).expr(writer.first(&last)).from(user::Entity);
                backend.build(look.and_where(user::Column::No.eq(user.0)))
            });
        let Some(row) = writer.query_one_raw(look).await? else { return Ok(None) };
        Ok(Some(Seen {
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
        let insert = self.store.creation.insert.with(backend, values, || {
            let mut count = next_number();
            count
                .value(user::Column::Tasks, Expr::col(user::Column::Tasks).add(ONE))
                .and_where(user::Column::No.eq(user.0))
                .and_where(user::Column::Counter.eq(counter))
                .returning(Query::returning().column(user::Column::No));
            let mut insert = Entity::insert_owned_for(user, task, COUNTED);
            backend.build(insert.with_cte(counting(count)))
        });
        Ok(writer.execute_raw(insert).await?.rows_affected() == 1)
    }
}
