//! Changing the plain columns of one task: a single statement, which changes the row only if that
//! makes a difference, and only at the version that was expected.
//!
//! On PostgreSQL the same statement also counts the user's counter on, and is the whole transaction.
//! It waits for the user's row as any other change does, and what was committed meanwhile counts:
//! every condition is one on the row that is written, and PostgreSQL looks at such a row again after a
//! wait. What has to read other rows must not be done like this, since a statement sees those as they
//! were before.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, FromQueryResult, Iterable, QueryFilter,
    sea_query::{
        BinOper, CaseStatement, Expr, ExprTrait, Func, Query, SimpleExpr, UpdateStatement, Value,
    },
};
use uuid::Uuid;

use super::transaction::{
    COUNTER, Committed, ONE, WriteTransaction, expect_version, increment_counter, with_counter,
};
use crate::{
    store::{
        OwnedStore, UserNo,
        entity::{
            task::{Column, Entity, completed_keys, due_keys},
            user,
        },
        error::{Input, StoreError},
        list::text,
        owned::Owned,
        sql::projection::{PartialRow, Row},
        task::{Due, TaskColumns, TaskPart, TaskPatch, TaskRow},
    },
    time::{Timestamp, Zone},
};

/// A patch as SQL.
struct TaskUpdate {
    /// What it sets.
    sets: Vec<(Column, SimpleExpr)>,
    /// What has to hold, one or the other, for that to change anything.
    differs: Vec<SimpleExpr>,
}

impl TaskPatch {
    /// Whether nothing but the task itself decides what it does.
    fn has_no_relations(&self) -> bool {
        let reads_the_zone = matches!(self.due, Some(Some(Due::At(_))));
        self.add_tags.is_empty() && self.remove_tags.is_empty() && !reads_the_zone
    }

    fn only_completes(&self) -> bool {
        *self == Self { completed: self.completed, ..Self::default() }
    }

    /// What it does to a task of that user's at that instant, where days are read in that zone.
    fn update(&self, user: UserNo, now: Timestamp, zone: Zone) -> TaskUpdate {
        let mut update = TaskUpdate { sets: Vec::new(), differs: Vec::new() };
        if let Some(title) = &self.title {
            update.set(Column::Title, title.as_str());
            update.derive(Column::TitleKey, text::sort_key(title));
            update.derive(Column::TitleWords, text::indexed(user.0, title));
        }
        if let Some(description) = &self.description {
            let words = text::indexed(user.0, description.as_deref().unwrap_or_default());
            update.set(Column::Description, description.clone());
            update.derive(Column::DescriptionWords, words);
        }
        if let Some(priority) = self.priority {
            update.set(Column::Priority, priority);
        }
        if let Some(completed) = self.completed {
            update.complete(completed.then_some(now), self.only_completes());
        }
        if let Some(due) = self.due {
            let (on, at) = (due.map(|due| due.day(zone)), due.and_then(Due::instant));
            let (asc, desc) = due_keys(on, at);
            update.set(Column::DueOn, on);
            update.set(Column::DueAt, at);
            update.derive(Column::DueAsc, asc);
            update.derive(Column::DueDesc, desc);
        }
        update
    }
}

impl TaskUpdate {
    /// Sets a column, which changes something where it was another value.
    fn set(&mut self, column: Column, value: impl Into<SimpleExpr>) {
        let value = value.into();
        let differs =
            Expr::col((Entity, column)).binary(BinOper::Custom("IS DISTINCT FROM"), value.clone());
        self.differs.push(differs);
        self.derive(column, value);
    }

    /// Completes or opens a task. What is completed already stays so since then; by this `alone` such a
    /// task would not be changed at all.
    fn complete(&mut self, at: Option<Timestamp>, alone: bool) {
        let (asc, desc) = completed_keys(at);
        let is_open = || Expr::col((Entity, Column::CompletedAt)).is_null();
        let changes = if at.is_some() { is_open() } else { is_open().not() };
        self.differs.push(changes);
        for (column, value) in [
            (Column::CompletedAt, Value::from(at)),
            (Column::CompletedAsc, asc.into()),
            (Column::CompletedDesc, desc.into()),
        ] {
            let before = Expr::col((Entity, column));
            let value = if at.is_some() && !alone {
                CaseStatement::new().case(is_open(), Expr::value(value)).finally(before).into()
            } else {
                Expr::value(value)
            };
            self.derive(column, value);
        }
    }

    /// Sets a column that follows from another one.
    fn derive(&mut self, column: Column, value: impl Into<SimpleExpr>) {
        self.sets.push((column, value.into()));
    }
}

/// Holds where one of these does; where there is none, it does not.
fn any(differs: Vec<SimpleExpr>) -> Condition {
    let nothing = differs.is_empty().then(|| Expr::cust("FALSE"));
    differs.into_iter().chain(nothing).fold(Condition::any(), Condition::add)
}

/// What a update depends on anchor the patch.
struct Target {
    user: UserNo,
    id: Uuid,
    expected_version: Option<i32>,
}

impl Target {
    /// The change of the task, if it is at the expected version, and anything in it changes or is
    /// `touched` anyway; it answers the columns of the new row that are to be shown.
    fn update(
        &self,
        update: TaskUpdate,
        touched: bool,
        at: SimpleExpr,
        number: SimpleExpr,
        shown: impl IntoIterator<Item = Column>,
    ) -> UpdateStatement {
        let TaskUpdate { sets, differs } = update;
        let differs = (!touched).then(|| any(differs));
        let at_version = self.expected_version.map(|version| Column::Version.eq(version));
        let mut update = Entity::change_owned(self.user);
        update
            .and_where(Column::Id.eq(self.id))
            .cond_where(Condition::all().add_option(at_version).add_option(differs));
        let stamped = [
            (Column::Version, Expr::col((Entity, Column::Version)).add(ONE)),
            (Column::UpdatedAt, at),
            (Column::Number, number),
        ];
        update.values(sets.into_iter().chain(stamped)).returning(
            Query::returning().columns(shown.into_iter().map(|column| (Entity, column))),
        );
        update
    }

    /// The same change of a plain patch, which counts the user's counter on by itself.
    fn update_and_count(
        &self,
        patch: &TaskPatch,
        now: Timestamp,
        shown: impl IntoIterator<Item = Column>,
    ) -> UpdateStatement {
        let mut count = increment_counter();
        count
            .and_where(Expr::col(user::Column::No).eq(self.user.0))
            .returning(Query::returning().column(user::Column::Counter));
        let number = Expr::col((COUNTER, user::Column::Counter));
        // The wait for the user's row comes after this instant, and another change may have come in between.
        let at = Func::greatest([Expr::col((Entity, Column::UpdatedAt)), Expr::value(now)]).into();
        let update = patch.update(self.user, now, Zone::UTC);
        let mut update = self.update(update, false, at, number, shown);
        update.from(COUNTER).with_cte(with_counter(count));
        update
    }
}

impl WriteTransaction {
    /// Changes a task; when nothing would change, nothing does, whatever version was expected.
    pub async fn update_task(
        &mut self,
        id: Uuid,
        expected_version: Option<i32>,
        patch: TaskPatch,
    ) -> Result<TaskRow, StoreError> {
        let (on, off) = self.tags_to_change(id, &patch).await?;
        let touched = !on.is_empty() || !off.is_empty();
        let target = Target { user: self.user, id, expected_version };
        let task_update = || patch.update(self.user, self.now, self.zone);
        let (at, number) = (Expr::value(self.now), Expr::value(self.number));
        let update = target.update(task_update(), touched, at, number, Column::iter());
        if let Some(row) = self.transaction.query_one(&update).await? {
            self.put_on(id, on).await?;
            self.take_off(id, off).await?;
            return Ok(TaskRow::from_query_result(&row, "")?);
        }
        let present = self.get::<Entity>(id, Input::Id).await?;
        let differs = Entity::find_owned(self.user)
            .filter(Column::Id.eq(id))
            .filter(any(task_update().differs));
        if touched || differs.one(&self.transaction).await?.is_some() {
            expect_version::<Entity>(&present, expected_version)?;
        }
        Ok(present)
    }
}

impl OwnedStore {
    /// Changes a task in one statement; `None` where that cannot be, or has changed nothing.
    pub async fn update_task_optimistic(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
        patch: &TaskPatch,
    ) -> Result<Option<Committed<TaskRow>>, StoreError> {
        let columns = TaskColumns::new(Column::iter());
        let done = self.update_task_part_optimistic(id, expected_version, patch, &columns).await?;
        done.map(|done| done.try_map(|part| part.whole())).transpose()
    }

    /// The same, of which these columns are shown.
    pub async fn update_task_part_optimistic(
        &self,
        id: Uuid,
        expected_version: Option<i32>,
        patch: &TaskPatch,
        columns: &TaskColumns,
    ) -> Result<Option<Committed<TaskPart>>, StoreError> {
        if !self.changes_in_one_statement() || !patch.has_no_relations() {
            return Ok(None);
        }
        let Some(user) = self.user_no().await? else { return Ok(None) };
        let writer = &self.store.pools.writer;
        let backend = writer.get_database_backend();
        let (target, now) = (Target { user, id, expected_version }, self.store.clock.now());
        let write = || backend.build(&target.update_and_count(patch, now, columns.iter()));
        let statement = match patch.completed {
            Some(completed) if patch.only_completes() && expected_version.is_none() => {
                let statements = &columns.statements;
                let text = if completed { &statements.completed } else { &statements.opened };
                let at = completed.then_some(now);
                let (asc, desc) = completed_keys(at);
                let count = [ONE.into(), user.0.into()];
                let set = [at.into(), asc.into(), desc.into(), ONE.into(), now.into()];
                let values = count.into_iter().chain(set).chain([user.0.into(), id.into()]);
                text.with(backend, values, write)
            }
            _ => write(),
        };
        let Some(row) = writer.query_one_raw(statement).await? else { return Ok(None) };
        let part = PartialRow::new(row, columns);
        let number = part.value(Column::Number)?.number()?;
        Ok(Some(self.store.done(user, number, part)))
    }
}
