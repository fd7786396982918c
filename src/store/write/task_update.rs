//! An update of one task: a single statement, which changes the row only if that makes a difference,
//! and only at the version that was expected.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, FromQueryResult, Iterable, ModelTrait, QueryFilter,
    sea_query::{
        BinOper, CaseStatement, Expr, ExprTrait, Query, ReturningClause, SimpleExpr,
        UpdateStatement, Value,
    },
};

use super::{
    quota::{row_bytes, text_bytes},
    rows::expect_version,
    task_values::{TaskValuesPatch, TaskWriter, completion},
    transaction::{ONE, WriteContext, WriteTransaction},
};
use crate::{
    store::{
        UserNo,
        entity::{
            id::{TagId, TaskId},
            task::{Column, Entity},
        },
        error::{Input, StoreError},
        owned::Owned,
        tag::MOST_TAGS,
        task::{Due, TaskRow},
    },
    time::Timestamp,
};

/// What shall change of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskPatch {
    /// What it has of its own.
    pub values: TaskValuesPatch,
    /// The tags that it shall have as well.
    pub add_tags: Vec<TagId>,
    /// The tags that it shall have no more; this wins over `add_tags`.
    pub remove_tags: Vec<TagId>,
}

impl TaskPatch {
    /// The patch that completes a task, or opens it, and does nothing else.
    pub(super) fn completing(completed: bool) -> Self {
        let values = TaskValuesPatch { completed: Some(completed), ..Default::default() };
        Self { values, ..Self::default() }
    }

    /// Whether nothing but the task itself decides what it does.
    pub(super) fn has_no_relations(&self) -> bool {
        let Self { values, add_tags, remove_tags } = self;
        let reads_the_zone = matches!(values.due, Some(Some(Due::At(_))));
        add_tags.is_empty() && remove_tags.is_empty() && !reads_the_zone
    }
}

type Assignments = Vec<(Column, SimpleExpr)>;

/// A patch as assignments.
#[derive(Default)]
pub struct TaskUpdate {
    assignments: Assignments,
    /// What has to hold, one or the other, for them to change anything.
    differences: Vec<SimpleExpr>,
    /// Whether a task whose completion does not change is not changed at all.
    only_completes: bool,
    /// The bytes of the texts that are assigned.
    pub bytes: i64,
    /// Whether a text is assigned, if only an empty one.
    writes_text: bool,
}

impl TaskUpdate {
    pub fn of(patch: &TaskPatch, context: &WriteContext) -> Self {
        let completed = patch.values.completed;
        let only_completes = completed.is_some_and(|it| *patch == TaskPatch::completing(it));
        let mut update = Self { only_completes, ..Self::default() };
        patch.values.write(&mut update, context);
        update
    }

    /// The assignments, and what holds where they change anything.
    pub fn into_parts(self) -> (Assignments, Condition) {
        let nothing = self.differences.is_empty().then(|| Expr::cust("FALSE"));
        let differences = self.differences.into_iter().chain(nothing);
        (self.assignments, differences.fold(Condition::any(), Condition::add))
    }
}

impl TaskWriter for TaskUpdate {
    fn set(&mut self, column: Column, value: impl Into<Value>) {
        let value = value.into();
        let before = Expr::col((Entity, column));
        self.differences.push(before.binary(BinOper::Custom("IS DISTINCT FROM"), value.clone()));
        self.derive(column, value);
    }

    fn derive(&mut self, column: Column, value: impl Into<Value>) {
        let value = value.into();
        self.bytes += text_bytes(&value);
        self.writes_text |= matches!(value, Value::String(_));
        self.assignments.push((column, Expr::value(value)));
    }

    fn complete(&mut self, at: Option<Timestamp>) {
        let is_open = || Expr::col((Entity, Column::CompletedAt)).is_null();
        self.differences.push(if at.is_some() { is_open() } else { is_open().not() });
        for (column, value) in completion(at) {
            if at.is_some() && !self.only_completes {
                let before = Expr::col((Entity, column));
                let case = CaseStatement::new().case(is_open(), Expr::value(value)).finally(before);
                self.assignments.push((column, case.into()));
            } else {
                self.derive(column, value);
            }
        }
    }
}

/// The task to update.
#[derive(Clone, Copy, Debug)]
pub struct UpdateTarget {
    pub user: UserNo,
    pub id: TaskId,
    pub expected_version: Option<i32>,
}

impl UpdateTarget {
    /// The update of the task, if it is at the expected version and satisfies the condition.
    pub fn statement(
        &self,
        assignments: Assignments,
        condition: Condition,
        updated_at: SimpleExpr,
        change_seq: SimpleExpr,
        returning: ReturningClause,
    ) -> UpdateStatement {
        let at_version = self.expected_version.map(|version| Column::Version.eq(version));
        let stamp = [
            (Column::Version, Expr::col((Entity, Column::Version)).add(ONE)),
            (Column::UpdatedAt, updated_at),
            (Column::ChangeSeq, change_seq),
        ];
        Entity::change_owned(self.user)
            .and_where(Column::Id.eq(self.id))
            .cond_where(Condition::all().add(condition).add_option(at_version))
            .values(assignments.into_iter().chain(stamp))
            .returning(returning)
            .take()
    }
}

/// The columns of the row as it is after the update.
pub fn returning(columns: impl IntoIterator<Item = Column>) -> ReturningClause {
    Query::returning().columns(columns.into_iter().map(|column| (Entity, column)))
}

impl WriteTransaction {
    /// Changes a task; when nothing would change, nothing does, whatever version was expected.
    pub async fn update_task(
        &mut self,
        id: TaskId,
        expected_version: Option<i32>,
        patch: &TaskPatch,
    ) -> Result<TaskRow, StoreError> {
        let (on, off) = self.tags_to_change(id, patch).await?;
        let update = TaskUpdate::of(patch, self);
        let writes_text = update.writes_text;
        let replaced = if writes_text { self.bytes_of::<Entity>(&[id]).await? } else { 0 };
        self.check_bytes(update.bytes - replaced).await?;
        let (assignments, differs) = update.into_parts();
        let changes = if on.is_empty() && off.is_empty() { differs } else { Condition::all() };
        let statement = UpdateTarget { user: self.user, id, expected_version }.statement(
            assignments,
            changes.clone(),
            Expr::value(self.now),
            Expr::value(self.change_seq),
            returning(Column::iter()),
        );
        if let Some(row) = self.transaction.query_one(&statement).await? {
            let row = TaskRow::from_query_result(&row, "")?;
            if writes_text {
                let present = row_bytes(Column::iter().map(|column| row.get(column)));
                self.owned.bytes += present - replaced;
            }
            self.put_on(id, on).await?;
            self.take_off(id, off).await?;
            return Ok(row);
        }
        let present = self.get::<Entity>(id, Input::Id).await?;
        let different = Entity::find_owned(self.user).filter(Column::Id.eq(id)).filter(changes);
        if different.one(&self.transaction).await?.is_some() {
            expect_version::<Entity>(&present, expected_version)?;
        }
        Ok(present)
    }

    /// Which tags a patch would put on a task and take off it, each of which has to exist.
    async fn tags_to_change(
        &self,
        id: TaskId,
        patch: &TaskPatch,
    ) -> Result<(HashSet<TagId>, HashSet<TagId>), StoreError> {
        if patch.add_tags.is_empty() && patch.remove_tags.is_empty() {
            return Ok((HashSet::new(), HashSet::new()));
        }
        self.get::<Entity>(id, Input::Id).await?;
        let added = self.known_tags(&patch.add_tags, Input::AddedTag).await?;
        let removed = self.known_tags(&patch.remove_tags, Input::RemovedTag).await?;
        let present = self.tags_on(id).await?;
        let on: HashSet<_> =
            added.difference(&present).filter(|tag| !removed.contains(tag)).copied().collect();
        let off: HashSet<_> = removed.intersection(&present).copied().collect();
        if present.len() + on.len() > MOST_TAGS + off.len() {
            let last = patch.add_tags.iter().rposition(|tag| on.contains(tag));
            return Err(StoreError::TooManyTags(Input::AddedTag(last.unwrap_or_default())));
        }
        Ok((on, off))
    }
}
