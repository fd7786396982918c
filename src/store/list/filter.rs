//! Which tasks are meant, as a condition on their columns.

use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryFilter, QueryTrait, Value,
    sea_query::{Asterisk, Expr, ExprTrait, Func, IntoCondition, SelectStatement},
};

use super::{search, text::Search};
use crate::store::{
    entity::{
        id::TagId,
        task::{self, Column},
        task_tag,
    },
    owned::{Owned, UserNo},
};

/// Which tasks a list shows.
#[derive(Clone, Debug)]
pub struct TaskFilter {
    /// The condition on each task.
    pub predicate: TaskPredicate,
    /// Whether tasks in the trash are shown.
    pub trash: Trash,
    /// The search that relevance is measured by; without it, all tasks are equally relevant.
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

/// A condition that is true or false of a task, never unknown, so that `Not` is the complement.
#[derive(Clone, Debug)]
pub enum TaskPredicate {
    /// All of them hold.
    All(Vec<TaskPredicate>),
    /// One of them holds.
    Any(Vec<TaskPredicate>),
    /// The other does not hold.
    Not(Box<TaskPredicate>),
    /// The column has a value, and it compares so.
    Compare(Column, Comparison, Value),
    /// The column has one of these values.
    In(Column, Vec<Value>),
    /// The column has no value, or it has one.
    IsNull(Column, bool),
    /// Every word occurs in title or description.
    Search(Search),
    /// The task has one of these tags.
    TaggedAny(Vec<TagId>),
    /// The task has each of these tags, which are named once each.
    TaggedAll(Vec<TagId>),
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
    /// How many comparisons it makes of a task at the most.
    pub fn comparisons(&self) -> usize {
        match self {
            Self::All(predicates) | Self::Any(predicates) => {
                predicates.iter().map(Self::comparisons).sum()
            }
            Self::Not(predicate) => predicate.comparisons(),
            Self::Compare(..) | Self::IsNull(..) => 1,
            Self::In(_, values) => values.len(),
            Self::Search(search) => search.words(),
            Self::TaggedAny(tags) | Self::TaggedAll(tags) => tags.len(),
        }
    }

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
            Self::Compare(column, comparison, value) => {
                let implied = implied_by(*column, *comparison, value);
                let value = value.clone();
                not_null(*column).add_option(implied).add(match comparison {
                    Comparison::Eq => column.eq(value),
                    Comparison::Gt => column.gt(value),
                    Comparison::Gte => column.gte(value),
                    Comparison::Lt => column.lt(value),
                    Comparison::Lte => column.lte(value),
                })
            }
            Self::In(column, values) => not_null(*column).add(column.is_in(values.clone())),
            Self::IsNull(column, true) => column.is_null().into_condition(),
            Self::IsNull(column, false) => not_null(*column),
            Self::Search(search) => search::found(search, user, backend),
            Self::TaggedAny(tags) => Expr::exists(links(tags, user)).into_condition(),
            Self::TaggedAll(tags) => tagged_all(tags, user),
        }
    }
}

/// What a comparison of the due day means for the key by which tasks with a due are sorted and found: no
/// database knows that the two go together.
fn implied_by(column: Column, comparison: Comparison, value: &Value) -> Option<Condition> {
    let (Column::DueOn, Value::ChronoDate(Some(day))) = (column, value) else { return None };
    let (key, (first, next)) = (Column::DueAsc, task::due_keys_of_day(*day));
    Some(match comparison {
        Comparison::Eq => Condition::all().add(key.gte(first)).add(key.lt(next)),
        Comparison::Gt => key.gte(next).into_condition(),
        Comparison::Gte => key.gte(first).into_condition(),
        Comparison::Lt => key.lt(first).into_condition(),
        Comparison::Lte => key.lt(next).into_condition(),
    })
}

/// A null compares as false, and not as unknown, which `NOT` would leave unknown.
fn not_null(column: Column) -> Condition {
    column.is_not_null().into_condition()
}

/// The links between one of these tags and the task of the outer statement.
fn links(tags: &[TagId], user: UserNo) -> SelectStatement {
    task_tag::Entity::find_owned(user)
        .filter(
            Expr::col((task_tag::Entity, task_tag::Column::TaskId))
                .equals((task::Entity, Column::Id)),
        )
        .filter(task_tag::Column::TagId.is_in(tags.iter().copied()))
        .into_query()
}

/// A task has a tag at most once: so it has all of them if it has as many of them. A condition for each
/// would be more than a statement takes.
fn tagged_all(tags: &[TagId], user: UserNo) -> Condition {
    let mut count = links(tags, user);
    count.clear_selects().expr(Func::count(Expr::col(Asterisk)));
    let all = i64::try_from(tags.len()).unwrap_or(i64::MAX);
    Expr::SubQuery(None, Box::new(count.into())).eq(all).into_condition()
}
