//! Making one task in the inbox, without a transaction: one statement looks where it goes, and one
//! writes it if that is still so.
//!
//! All that a user does counts their counter on. Where it stands as it did when we looked, nothing has
//! changed meanwhile: neither what the last task is, nor how many there are, nor the user's zone. Where
//! it does not, nothing is written, and the task is made as everything else is.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, ExprTrait, FromQueryResult, Iterable,
    sea_query::{CommonTableExpression, Expr, Order, Query, WithClause},
};

use super::{
    OwnedStore,
    change::{Author, Done, next_number},
    entity::{
        task::{Column, Entity},
        user,
    },
    error::StoreError,
    owned::Owned,
    placement::{Home, Placed},
    position,
    task::{NewTask, TaskRow},
};

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

impl OwnedStore {
    /// Makes a task in two statements; `None` where that cannot be, or another change came in between.
    pub(super) async fn create_task_at_once(
        &self,
        new: &NewTask,
    ) -> Result<Option<Done<TaskRow>>, StoreError> {
        const COUNTED: &str = "counted";
        let writer = &self.store.pools.writer;
        // On SQLite a transaction costs no way there, and one writes at a time.
        if writer.get_database_backend() != DbBackend::Postgres || !new.is_plain() {
            return Ok(None);
        }
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let mut last = Entity::select_owned(user, [Column::Position]);
        last.cond_where(INBOX.siblings());
        for column in Entity::SORTED {
            last.order_by_expr(Expr::col(column.as_column_ref()), Order::Desc);
        }
        let mut look = Query::select();
        look.columns(user::Column::iter())
            .expr(writer.first(&last))
            .from(user::Entity)
            .and_where(user::Column::No.eq(user.0));
        let Some(seen) = writer.query_one(&look).await? else { return Ok(None) };
        let last: Option<String> = seen.try_get_by_index(user::Column::iter().len())?;
        let seen = user::Model::from_query_result(&seen, "")?;
        let position = position::between(last.as_deref(), None);
        if seen.tasks >= self.store.quotas.tasks || position.len() > position::MOST {
            return Ok(None);
        }
        let (now, zone) = (self.store.clock.now(), seen.zone());
        *self.zone.lock().await = Some(zone);
        let author = Author { user, number: seen.counter + 1, zone, now };
        let task = new.clone().first_version(self.store.new_id(now), INBOX, position, &author);

        let mut count = next_number();
        count
            .value(user::Column::Tasks, Expr::col(user::Column::Tasks).add(1))
            .and_where(user::Column::No.eq(user.0))
            .and_where(user::Column::Counter.eq(seen.counter))
            .returning(Query::returning().column(user::Column::No));
        let counted = CommonTableExpression::new().table_name(COUNTED).query(count).to_owned();
        let mut insert = Entity::insert_owned_for(user, task.clone(), COUNTED)?;
        insert.with_cte(WithClause::new().cte(counted).to_owned());
        let inserted = writer.execute(&insert).await?.rows_affected() == 1;
        Ok(inserted.then(|| self.store.done(user, author.number, task)))
    }
}
