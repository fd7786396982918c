//! Which tasks are meant, as a condition on their columns.

use chrono::NaiveDate;
use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryFilter, QueryTrait,
    sea_query::{Asterisk, Expr, ExprTrait, Func, IntoCondition, SelectStatement},
};
use uuid::Uuid;

use super::{search, text::Search};
use crate::{
    store::{
        entity::{
            task::{self, Column, Priority},
            task_tag,
        },
        owned::{Owned, UserNo},
    },
    time::Timestamp,
};

/// Which tasks a list shows.
#[derive(Clone, Debug)]
pub struct TaskFilter {
    /// What must hold.
    pub predicate: TaskPredicate,
    /// Whether the trash is looked at.
    pub trash: Trash,
    /// What relevance is measured by; without it, all tasks are as relevant.
    pub relevance: Option<Search>,
}

/// Whether tasks in the trash are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trash {
    /// Only those outside of it.
    #[default]
    Exclude,
    /// Only those in it.
    Only,
    /// Both.
    Include,
}

/// Something that holds for a task or does not: never neither, so that `Not` is the complement.
#[derive(Clone, Debug)]
pub enum TaskPredicate {
    /// Each of them holds.
    All(Vec<TaskPredicate>),
    /// One of them holds.
    Any(Vec<TaskPredicate>),
    /// It does not hold.
    Not(Box<TaskPredicate>),
    /// Every word occurs in title or description.
    Search(Search),
    /// It is completed, or it is not.
    Completed(bool),
    /// It has one of these priorities.
    PriorityIn(Vec<Priority>),
    /// Its priority compares so.
    Priority(Comparison, Priority),
    /// Its due day compares so.
    DueOn(Comparison, NaiveDate),
    /// It has no due day, or it has one.
    DueOnIsNull(bool),
    /// That instant of it compares so.
    At(TimestampField, Comparison, Timestamp),
    /// It has no such instant, or it has one.
    AtIsNull(TimestampField, bool),
    /// It has one of these tags.
    TaggedAny(Vec<Uuid>),
    /// It has each of these tags, which are named once each.
    TaggedAll(Vec<Uuid>),
    /// It is in one of these lists.
    ListIn(Vec<Uuid>),
    /// It is in the inbox, or it is not.
    ListIsNull(bool),
    /// It is right under one of these tasks.
    ParentIn(Vec<Uuid>),
    /// It is at the top level, or it is not.
    ParentIsNull(bool),
}

/// The instants of a task that can be asked for.
#[derive(Clone, Copy, Debug)]
pub enum TimestampField {
    /// `completedAt`
    Completed,
    /// `createdAt`
    Created,
    /// `updatedAt`
    Updated,
    /// `dueAt`
    Due,
}

/// How a value relates to the one that is given.
#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Later or more.
    Gt,
    /// The same, later or more.
    Gte,
    /// Earlier or less.
    Lt,
    /// The same, earlier or less.
    Lte,
}

impl TaskFilter {
    /// The condition, with the trash as a literal: the partial indexes are found by it.
    pub fn condition(&self, user: UserNo, backend: DbBackend) -> Condition {
        let trash = match self.trash {
            Trash::Exclude => Some(Column::DeletedAt.is_null()),
            Trash::Only => Some(Column::DeletedAt.is_not_null()),
            Trash::Include => None,
        };
        Condition::all().add_option(trash).add(self.predicate.condition(user, backend))
    }
}

impl TaskPredicate {
    fn condition(&self, user: UserNo, backend: DbBackend) -> Condition {
        let each = |predicates: &[Self], all| {
            predicates
                .iter()
                .map(|predicate| predicate.condition(user, backend))
                .fold(all, Condition::add)
        };
        match self {
            Self::All(predicates) => each(predicates, Condition::all()),
            Self::Any(predicates) => each(predicates, Condition::any()),
            Self::Not(predicate) => predicate.condition(user, backend).not(),
            Self::Search(search) => search::found(search, user, backend),
            Self::Completed(true) => Column::CompletedAt.is_not_null().into_condition(),
            Self::Completed(false) => Column::CompletedAt.is_null().into_condition(),
            Self::PriorityIn(some) => Column::Priority.is_in(some.iter().copied()).into_condition(),
            Self::Priority(comparison, priority) => {
                compare(Column::Priority, *comparison, *priority)
            }
            Self::DueOn(comparison, day) => compare(Column::DueOn, *comparison, *day),
            Self::DueOnIsNull(is_null) => null(Column::DueOn, *is_null),
            Self::At(field, comparison, instant) => compare(field.column(), *comparison, *instant),
            Self::AtIsNull(field, is_null) => null(field.column(), *is_null),
            Self::TaggedAny(tags) => Expr::exists(links(tags, user)).into_condition(),
            Self::TaggedAll(tags) => tagged_all(tags, user),
            Self::ListIn(lists) => one_of(Column::ListId, lists),
            Self::ListIsNull(is_null) => null(Column::ListId, *is_null),
            Self::ParentIn(parents) => one_of(Column::ParentId, parents),
            Self::ParentIsNull(is_null) => null(Column::ParentId, *is_null),
        }
    }
}

impl TimestampField {
    fn column(self) -> Column {
        match self {
            Self::Completed => Column::CompletedAt,
            Self::Created => Column::CreatedAt,
            Self::Updated => Column::UpdatedAt,
            Self::Due => Column::DueAt,
        }
    }
}

/// A null compares as false, and not as unknown, which `NOT` would leave unknown.
fn compare(column: Column, comparison: Comparison, value: impl Into<sea_orm::Value>) -> Condition {
    let value = value.into();
    let compared = match comparison {
        Comparison::Eq => column.eq(value),
        Comparison::Gt => column.gt(value),
        Comparison::Gte => column.gte(value),
        Comparison::Lt => column.lt(value),
        Comparison::Lte => column.lte(value),
    };
    Condition::all().add(column.is_not_null()).add(compared)
}

/// As [`compare`], for one of some ids.
fn one_of(column: Column, ids: &[Uuid]) -> Condition {
    Condition::all().add(column.is_not_null()).add(column.is_in(ids.iter().copied()))
}

/// What puts one of these tags on the task at hand.
fn links(tags: &[Uuid], user: UserNo) -> SelectStatement {
    task_tag::Entity::find_owned(user)
        .filter(
            Expr::col((task_tag::Entity, task_tag::Column::TaskId))
                .equals((task::Entity, Column::Id)),
        )
        .filter(task_tag::Column::TagId.is_in(tags.iter().copied()))
        .into_query()
}

/// A task has a tag once: so it has all, when it has as many of them. A condition for each would be
/// more than a statement takes.
fn tagged_all(tags: &[Uuid], user: UserNo) -> Condition {
    let mut count = links(tags, user);
    count.clear_selects().expr(Func::count(Expr::col(Asterisk)));
    let all = i64::try_from(tags.len()).unwrap_or(i64::MAX);
    Expr::SubQuery(None, Box::new(count.into())).eq(all).into_condition()
}

fn null(column: Column, is_null: bool) -> Condition {
    if is_null { column.is_null() } else { column.is_not_null() }.into_condition()
}
