//! Which tasks are meant, as a condition on their columns.

use std::{cmp, sync::Arc};

use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryFilter, QueryTrait, Value,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Func, IntoCondition, Query, SelectStatement},
};

use super::{search, text::Search};
use crate::store::{
    entity::{
        id::TagId,
        task::{self, Column},
        task_tag,
    },
    owned::{Owned, UserNo},
    sql::cached_sql::{Sample, Shape},
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

/// Which rows a list shows.
#[derive(Clone, Debug)]
pub enum RowFilter {
    /// Those of which a condition holds that is always the same.
    Fixed(Condition),
    /// The tasks that a filter keeps.
    Tasks(Arc<TaskFilter>),
    /// The same, and those trashed by the same deletion as the task that they are under.
    Subtasks(Arc<TaskFilter>),
}

impl RowFilter {
    /// The condition of a user's rows.
    pub fn condition(&self, user: UserNo, backend: DbBackend) -> Condition {
        match self {
            Self::Fixed(condition) => condition.clone(),
            Self::Tasks(filter) => filter.condition(user, backend),
            Self::Subtasks(filter) => {
                same_deletion_as_parent().add(filter.predicate.condition(user, backend))
            }
        }
    }

    /// All that its text depends on.
    pub fn shape(&self, shape: &mut Shape) {
        match self {
            Self::Fixed(_) => shape.set_unknown(),
            Self::Tasks(filter) => {
                shape.add([filter.trash as u8]);
                filter.predicate.shape(shape);
            }
            Self::Subtasks(filter) => {
                shape.add([u8::MAX]);
                filter.predicate.shape(shape);
            }
        }
    }

    /// Another filter with such conditions.
    pub fn sample(&self, sample: &mut Sample) -> Self {
        let mut other = |filter: &TaskFilter| {
            let TaskFilter { predicate, trash, relevance } = filter;
            let predicate = predicate.sample(sample);
            Arc::new(TaskFilter { predicate, trash: *trash, relevance: relevance.clone() })
        };
        match self {
            Self::Fixed(condition) => Self::Fixed(condition.clone()),
            Self::Tasks(filter) => Self::Tasks(other(filter)),
            Self::Subtasks(filter) => Self::Subtasks(other(filter)),
        }
    }

    /// The values in its condition.
    pub fn values(&self, user: UserNo, backend: DbBackend, values: &mut Vec<Value>) {
        match self {
            Self::Fixed(_) => {}
            Self::Tasks(filter) | Self::Subtasks(filter) => {
                filter.predicate.values(user, backend, values);
            }
        }
    }
}

impl TaskPredicate {
    /// All that the text of its condition depends on.
    fn shape(&self, shape: &mut Shape) {
        match self {
            Self::All(predicates) | Self::Any(predicates) => {
                shape.add([if matches!(self, Self::All(_)) { 1 } else { 2 }]);
                shape.count(predicates.len());
                for predicate in predicates {
                    predicate.shape(shape);
                }
            }
            Self::Not(predicate) => {
                shape.add([3]);
                predicate.shape(shape);
            }
            Self::Compare(column, comparison, value) => {
                shape.add([4, *column as u8, *comparison as u8]);
                shape.value(value);
            }
            Self::In(column, values) => {
                shape.add([5, *column as u8]);
                shape.values(values.iter());
            }
            Self::IsNull(column, is_null) => {
                shape.add([6, *column as u8, u8::from(*is_null)]);
            }
            Self::Search(_) => shape.add([7]),
            Self::TaggedAny(tags) => {
                shape.add([8]);
                shape.count(tags.len());
            }
            Self::TaggedAll(tags) => {
                shape.add([9]);
                shape.count(tags.len());
            }
        }
    }

    /// A predicate of the same shape.
    fn sample(&self, sample: &mut Sample) -> Self {
        let mut each =
            |predicates: &[Self]| predicates.iter().map(|it| it.sample(sample)).collect();
        match self {
            Self::All(predicates) => Self::All(each(predicates)),
            Self::Any(predicates) => Self::Any(each(predicates)),
            Self::Not(predicate) => Self::Not(Box::new(predicate.sample(sample))),
            Self::Compare(column, comparison, value) => {
                Self::Compare(*column, *comparison, sample.value(value))
            }
            Self::In(column, values) => {
                Self::In(*column, values.iter().map(|value| sample.value(value)).collect())
            }
            Self::IsNull(column, is_null) => Self::IsNull(*column, *is_null),
            Self::Search(search) => Self::Search(search.sample(sample)),
            Self::TaggedAny(tags) => Self::TaggedAny(tags.iter().map(|_| sample.id()).collect()),
            Self::TaggedAll(tags) => Self::TaggedAll(tags.iter().map(|_| sample.id()).collect()),
        }
    }

    /// The values in its condition.
    fn values(&self, user: UserNo, backend: DbBackend, values: &mut Vec<Value>) {
        match self {
            Self::All(predicates) | Self::Any(predicates) => {
                for predicate in predicates {
                    predicate.values(user, backend, values);
                }
                if matches!(self, Self::Any(_)) {
                    values.extend(self.due_keys().values());
                }
            }
            Self::Not(predicate) => predicate.values(user, backend, values),
            Self::Compare(_, _, value) => {
                values.push(value.clone());
                values.extend(self.due_keys().values());
            }
            Self::In(_, compared) => values.extend(compared.iter().cloned()),
            Self::IsNull(..) => {}
            Self::Search(search) => values.push(search::pattern(search, user, backend).into()),
            Self::TaggedAny(tags) | Self::TaggedAll(tags) => {
                values.extend(tags.iter().map(|tag| Value::from(*tag)));
            }
        }
    }

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

    /// Where its tasks are in the order by due.
    fn due_keys(&self) -> DueKeys {
        match self {
            Self::All(predicates) => {
                predicates.iter().map(Self::due_keys).fold(DueKeys::default(), DueKeys::and)
            }
            Self::Any(predicates) => {
                let all = predicates.iter().map(Self::due_keys).reduce(DueKeys::or);
                all.unwrap_or_default().widened()
            }
            Self::Compare(Column::DueOn, comparison, Value::ChronoDate(Some(day))) => {
                let (first, next) = task::due_keys_of_day(*day);
                let (beyond, upto) = match comparison {
                    Comparison::Eq => (Some(first), Some(next)),
                    Comparison::Gt => (Some(next), None),
                    Comparison::Gte => (Some(first), None),
                    Comparison::Lt => (None, Some(first)),
                    Comparison::Lte => (None, Some(next)),
                };
                // No task has the first key of a day.
                DueKeys { after: beyond.map(|key| key - 1), upto: upto.map(|key| key - 1) }
            }
            Self::Not(_)
            | Self::Compare(..)
            | Self::In(..)
            | Self::IsNull(..)
            | Self::Search(_)
            | Self::TaggedAny(_)
            | Self::TaggedAll(_) => DueKeys::default(),
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
            Self::Any(predicates) => {
                let any = each(predicates, Condition::any());
                Condition::all().add(self.due_keys().condition()).add(any)
            }
            Self::Not(predicate) => predicate.condition(user, backend).not(),
            Self::Compare(column, comparison, value) => {
                let implied = self.due_keys().condition();
                let value = value.clone();
                not_null(*column).add(implied).add(match comparison {
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

/// A range of the keys by which tasks with a due are sorted and found. What is asked of the due day implies one: no
/// database knows that the two go together.
#[derive(Clone, Copy, Debug, Default)]
struct DueKeys {
    /// Keys that are larger.
    after: Option<i64>,
    /// Keys that are as large or smaller.
    upto: Option<i64>,
}

impl DueKeys {
    fn and(self, other: Self) -> Self {
        let upto = [self.upto, other.upto].into_iter().flatten().reduce(cmp::min);
        Self { after: cmp::max(self.after, other.after), upto }
    }

    fn or(self, other: Self) -> Self {
        let upto = self.upto.zip(other.upto).map(|(one, other)| cmp::max(one, other));
        Self { after: cmp::min(self.after, other.after), upto }
    }

    /// A little more. So a key of several predicates is none of the keys of one of them, each of which is another
    /// parameter of the statement.
    fn widened(self) -> Self {
        Self { after: self.after.map(|key| key - 1), upto: self.upto.map(|key| key + 1) }
    }

    fn condition(self) -> Condition {
        let after = self.after.map(|key| Column::DueAsc.gt(key));
        let upto = self.upto.map(|key| Column::DueAsc.lte(key));
        Condition::all().add_option(after).add_option(upto)
    }

    fn values(self) -> impl Iterator<Item = Value> {
        [self.after, self.upto].into_iter().flatten().map(Value::from)
    }
}

/// The condition of subtasks outside of the trash, and of those trashed by the same deletion as the parent.
fn same_deletion_as_parent() -> Condition {
    let parent = Alias::new("parent");
    let mut deleted_with = Query::select();
    deleted_with
        .column((parent.clone(), Column::DeletedWith))
        .from_as(task::Entity, parent.clone())
        .and_where(
            Expr::col((parent.clone(), Column::UserNo)).equals((task::Entity, Column::UserNo)),
        )
        .and_where(Expr::col((parent, Column::Id)).equals((task::Entity, Column::ParentId)));
    let together = Expr::col((task::Entity, Column::DeletedWith))
        .eq(Expr::SubQuery(None, Box::new(deleted_with.into())));
    let is_there = Condition::any().add(Column::DeletedAt.is_null()).add(together);
    Condition::all().add(is_there)
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
