//! Filters of single fields, and the predicates that they put on a column.

use std::collections::BTreeSet;

use async_graphql::{ID, InputObject, resolver_utils::EnumType};
use uuid::Uuid;

use super::task::Priority;
use crate::{
    error::ApiError,
    graphql::{context::RequestContext, id, scalars::Date},
    store::{self, Comparison, TaskColumn, TaskPredicate, Value},
    time::{self, Duration, Timestamp},
};

/// The predicate that holds for no task.
const NO_TASK: TaskPredicate = TaskPredicate::TaggedAny(Vec::new());

/// By priority: one of some, or a range from NONE to URGENT.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
pub struct PriorityFilter {
    r#in: Option<Vec<Priority>>,
    gte: Option<Priority>,
    lte: Option<Priority>,
}

/// By day.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateFilter {
    eq: Option<Date>,
    gt: Option<Date>,
    gte: Option<Date>,
    lt: Option<Date>,
    lte: Option<Date>,
    is_null: Option<bool>,
    /// From today to that far ahead, in the viewer's zone: `P0D` is today, `P7D` the coming week.
    within: Option<Duration>,
}

/// By instant.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTimeFilter {
    gt: Option<Timestamp>,
    gte: Option<Timestamp>,
    lt: Option<Timestamp>,
    lte: Option<Timestamp>,
    is_null: Option<bool>,
}

/// By tags. An id that the viewer has no tag of is on no task.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_field_names, reason = "clients read them without the name of the type")]
pub struct TagsFilter {
    any_of: Option<Vec<ID>>,
    all_of: Option<Vec<ID>>,
    none_of: Option<Vec<ID>>,
}

/// By the id of what a task belongs to. One that the viewer has nothing of has no tasks.
#[derive(InputObject, Clone, Debug, PartialEq, Eq, Hash)]
#[graphql(name = "IDFilter")]
pub struct IDFilter {
    r#in: Option<Vec<ID>>,
    is_null: Option<bool>,
}

impl PriorityFilter {
    /// What it asks of a column of priorities.
    pub fn on(self, column: TaskColumn) -> impl Iterator<Item = TaskPredicate> {
        let Self { r#in, gte, lte } = self;
        let one_of = r#in.map(|named| {
            // Each once, however often it is named: a statement takes so many values and no more.
            let priorities = Priority::items().iter().map(|item| item.value);
            let named = priorities.filter(|priority| named.contains(priority));
            TaskPredicate::In(column, named.map(|it| store::Priority::from(it).into()).collect())
        });
        let bounds = [(Comparison::Gte, gte), (Comparison::Lte, lte)];
        let bounds =
            bounds.map(|(comparison, bound)| (comparison, bound.map(store::Priority::from)));
        one_of.into_iter().chain(comparisons(column, bounds))
    }
}

impl DateFilter {
    /// What it asks of a column of days; `path` is its own.
    pub async fn on(
        self,
        column: TaskColumn,
        path: &str,
        request: &RequestContext,
    ) -> Result<impl Iterator<Item = TaskPredicate> + use<>, ApiError> {
        let Self { eq, gt, gte, lt, lte, is_null, within } = self;
        let within = match within {
            Some(ahead) => Some(coming_days(column, ahead, path, request).await?),
            None => None,
        };
        let bounds = [
            (Comparison::Eq, eq),
            (Comparison::Gt, gt),
            (Comparison::Gte, gte),
            (Comparison::Lt, lt),
            (Comparison::Lte, lte),
        ];
        let is_null = is_null.map(|is_null| TaskPredicate::IsNull(column, is_null));
        Ok(comparisons(column, bounds).chain(is_null).chain(within))
    }
}

/// From today on, and not later than that far ahead.
async fn coming_days(
    column: TaskColumn,
    ahead: Duration,
    path: &str,
    request: &RequestContext,
) -> Result<TaskPredicate, ApiError> {
    let days = ahead.whole_days().ok_or_else(|| {
        let message = "within takes whole days or weeks ahead, for example P7D.";
        ApiError::bad_input(format!("{path}.within"), message)
    })?;
    let today = request.today().await?;
    Ok(TaskPredicate::All(vec![
        TaskPredicate::Compare(column, Comparison::Gte, today.into()),
        TaskPredicate::Compare(column, Comparison::Lte, time::days_after(today, days).into()),
    ]))
}

impl DateTimeFilter {
    /// What it asks of a column of instants.
    pub fn on(self, column: TaskColumn) -> impl Iterator<Item = TaskPredicate> {
        let Self { gt, gte, lt, lte, is_null } = self;
        let bounds = [
            (Comparison::Gt, gt),
            (Comparison::Gte, gte),
            (Comparison::Lt, lt),
            (Comparison::Lte, lte),
        ];
        let is_null = is_null.map(|is_null| TaskPredicate::IsNull(column, is_null));
        comparisons(column, bounds).chain(is_null)
    }
}

impl TagsFilter {
    /// What it asks of a task's tags; `path` is its own.
    pub fn predicates(self, path: &str) -> Result<impl Iterator<Item = TaskPredicate>, ApiError> {
        let Self { any_of, all_of, none_of } = self;
        let tagged_any = |field: &str, ids: Vec<ID>| {
            Ok::<_, ApiError>(TaskPredicate::TaggedAny(known(&format!("{path}.{field}"), &ids)?))
        };
        let any = any_of.map(|ids| tagged_any("anyOf", ids)).transpose()?;
        let all = all_of.map(|ids| {
            let known = known(&format!("{path}.allOf"), &ids)?;
            let all_exist = ids.iter().all(|id| id::parse::<Uuid>(id).is_some());
            Ok::<_, ApiError>(if all_exist { TaskPredicate::TaggedAll(known) } else { NO_TASK })
        });
        let all = all.transpose()?;
        let none = none_of.map(|ids| tagged_any("noneOf", ids)).transpose()?;
        let none = none.map(|tagged| TaskPredicate::Not(Box::new(tagged)));
        Ok([any, all, none].into_iter().flatten())
    }
}

impl IDFilter {
    /// What it asks of a column of ids; `path` is its own.
    pub fn on(
        self,
        column: TaskColumn,
        path: &str,
    ) -> Result<impl Iterator<Item = TaskPredicate>, ApiError> {
        let Self { r#in, is_null } = self;
        let one_of = r#in.map(|ids| known::<Uuid>(&format!("{path}.in"), &ids)).transpose()?;
        let one_of =
            one_of.map(|ids| TaskPredicate::In(column, ids.into_iter().map(Value::from).collect()));
        let is_null = is_null.map(|is_null| TaskPredicate::IsNull(column, is_null));
        Ok(one_of.into_iter().chain(is_null))
    }
}

/// A comparison with each bound that is given.
fn comparisons<T: Into<Value>, const N: usize>(
    column: TaskColumn,
    bounds: [(Comparison, Option<T>); N],
) -> impl Iterator<Item = TaskPredicate> {
    bounds.into_iter().filter_map(move |(comparison, bound)| {
        Some(TaskPredicate::Compare(column, comparison, bound?.into()))
    })
}

/// Those of the ids that can exist, each once.
fn known<I: From<Uuid> + Ord>(field: &str, ids: &[ID]) -> Result<Vec<I>, ApiError> {
    id::at_most(field, ids)?;
    Ok(ids.iter().filter_map(id::parse).collect::<BTreeSet<_>>().into_iter().collect())
}
