//! Which tasks a list shows: the inputs, and how they become one predicate.

use std::collections::BTreeSet;

use async_graphql::{Enum, ID, InputObject};
use chrono::NaiveDate;
use uuid::Uuid;

use super::task::Priority;
use crate::{
    error::ApiError,
    graphql::{context::RequestContext, id, scalars::Date, validate},
    store::{self, Comparison, Search, TaskPredicate, TimestampField},
    time::{self, Duration, Timestamp, Zone},
};

/// How deep `and`, `or` and `not` may nest.
const NESTING: usize = 3;
/// How many conditions a filter may have.
const CONDITIONS: usize = 50;
/// How many filters may stand inside of `and`, `or` and `not`.
const OPERANDS: usize = 100;
/// How many words all searches of a filter may have: as many as fit into one.
const WORDS: usize = 200;
/// The predicate that holds for each of them.
const EVERY_TASK: TaskPredicate = TaskPredicate::All(Vec::new());
/// The predicate that holds for none of them.
const NO_TASK: TaskPredicate = TaskPredicate::TaggedAny(Vec::new());

/// All given fields must hold. `and`/`or`/`not` nest at most 3 deep, 50 conditions in all.
#[derive(InputObject, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaskFilter {
    and: Option<Vec<TaskFilter>>,
    or: Option<Vec<TaskFilter>>,
    not: Option<Box<TaskFilter>>,
    /// Every word must occur in title or description, without regard to case and accents; the last word counts as a prefix. `orderBy: [{field: RELEVANCE, direction: DESC}]` puts the best match first.
    search: Option<String>,
    completed: Option<bool>,
    overdue: Option<bool>,
    priority: Option<PriorityFilter>,
    due_on: Option<DateFilter>,
    completed_at: Option<DateTimeFilter>,
    created_at: Option<DateTimeFilter>,
    updated_at: Option<DateTimeFilter>,
    tags: Option<TagsFilter>,
    list: Option<IDFilter>,
    parent: Option<IDFilter>,
    /// Null: EXCLUDE. Read at the top level only, not inside `and`, `or`, `not`.
    trash: Option<TrashFilter>,
}

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

/// Whether tasks in the trash are shown.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[graphql(remote = "store::Trash")]
pub enum TrashFilter {
    Exclude,
    Only,
    Include,
}

impl TaskFilter {
    /// Checks the limits and makes the predicate that the store knows. An order by relevance needs one
    /// search to measure it by.
    pub async fn read(
        self,
        request: &RequestContext,
        by_relevance: bool,
    ) -> Result<store::TaskFilter, ApiError> {
        // Most filters mean the same in every zone: they shall not wait for the viewer's.
        let today = if self.depends_on_today() {
            request.today().await?
        } else {
            Zone::UTC.day(request.now())
        };
        let trash = self.trash.map(Into::into).unwrap_or_default();
        let searched = self.search.clone();
        let mut compiler = FilterCompiler::new(request.now(), today);
        let predicate = compiler.predicate(self, "filter")?;
        if by_relevance && (compiler.searches, searched.is_some()) != (1, true) {
            let message = "RELEVANCE needs a search at the top level of the filter, and no other.";
            return Err(ApiError::bad_input("orderBy", message));
        }
        let relevance = searched.filter(|_| by_relevance).and_then(|typed| Search::parse(&typed));
        Ok(store::TaskFilter { predicate: predicate.unwrap_or(EVERY_TASK), trash, relevance })
    }

    fn depends_on_today(&self) -> bool {
        let operands = self.and.iter().chain(&self.or).flatten().chain(self.not.as_deref());
        self.overdue.is_some()
            || self.due_on.as_ref().is_some_and(|due| due.within.is_some())
            || operands.into_iter().any(Self::depends_on_today)
    }
}

/// Goes through a filter and counts.
struct FilterCompiler {
    /// The instant by which tasks are overdue.
    now: Timestamp,
    /// The viewer's day at that instant.
    today: NaiveDate,
    /// Operators around the place that is read.
    depth: usize,
    /// Conditions so far.
    conditions: usize,
    /// Filters inside of operators so far, those too that ask for nothing.
    operands: usize,
    /// Searches so far, those without a word too.
    searches: usize,
    /// Words that are searched for so far.
    words: usize,
}

impl FilterCompiler {
    fn new(now: Timestamp, today: NaiveDate) -> Self {
        Self { now, today, depth: 0, conditions: 0, operands: 0, searches: 0, words: 0 }
    }

    /// All that the filter asks for, as one predicate; `None` when it asks for nothing.
    fn predicate(
        &mut self,
        filter: TaskFilter,
        path: &str,
    ) -> Result<Option<TaskPredicate>, ApiError> {
        let mut predicates = Vec::new();
        if let Some(search) = &filter.search {
            let field = format!("{path}.search");
            validate::at_most(&field, search, validate::SEARCH)?;
            self.searches += 1;
            let search = Search::parse(search);
            self.words += search.as_ref().map_or(0, Search::words);
            if self.words > WORDS {
                let message = format!("A filter searches for at most {WORDS} words in all.");
                return Err(ApiError::bad_input(field, message));
            }
            predicates.extend(search.map(TaskPredicate::Search));
        }
        predicates.extend(filter.completed.map(TaskPredicate::Completed));
        predicates.extend(filter.overdue.map(|overdue| self.overdue(overdue)));
        predicates.extend(filter.priority.into_iter().flat_map(PriorityFilter::predicates));
        if let Some(due) = filter.due_on {
            let within = due.within.map(|ahead| self.within(ahead, path)).transpose()?;
            predicates.extend(due.predicates().chain(within));
        }
        for (field, instants) in [
            (TimestampField::Completed, filter.completed_at),
            (TimestampField::Created, filter.created_at),
            (TimestampField::Updated, filter.updated_at),
        ] {
            predicates.extend(instants.into_iter().flat_map(|instants| instants.predicates(field)));
        }
        if let Some(tags) = filter.tags {
            predicates.extend(tags.predicates(&format!("{path}.tags"))?);
        }
        if let Some(list) = filter.list {
            let path = format!("{path}.list");
            predicates.extend(list.predicates(
                &path,
                TaskPredicate::ListIn,
                TaskPredicate::ListIsNull,
            )?);
        }
        if let Some(parent) = filter.parent {
            let path = format!("{path}.parent");
            predicates.extend(parent.predicates(
                &path,
                TaskPredicate::ParentIn,
                TaskPredicate::ParentIsNull,
            )?);
        }
        self.count(predicates.len())?;

        for (at, and) in filter.and.into_iter().flatten().enumerate() {
            predicates.extend(self.operand(and, &format!("{path}.and.{at}"))?);
        }
        let mut or = Vec::new();
        for (at, one) in filter.or.into_iter().flatten().enumerate() {
            or.push(self.operand(one, &format!("{path}.or.{at}"))?);
        }
        let asks = or.iter().any(Option::is_some);
        // One that asks for nothing holds for every task, and so does the whole `or` beside it.
        let or = or.into_iter().collect::<Option<Vec<_>>>().map_or(EVERY_TASK, TaskPredicate::Any);
        predicates.extend(asks.then_some(or));
        if let Some(not) = filter.not {
            let not = self.operand(*not, &format!("{path}.not"))?;
            predicates.extend(not.map(|not| TaskPredicate::Not(Box::new(not))));
        }
        Ok((!predicates.is_empty()).then_some(TaskPredicate::All(predicates)))
    }

    /// What `Task.overdue` says, as a predicate.
    fn overdue(&self, overdue: bool) -> TaskPredicate {
        let past_its_time = TaskPredicate::At(TimestampField::Due, Comparison::Lt, self.now);
        let past_its_day = TaskPredicate::All(vec![
            TaskPredicate::AtIsNull(TimestampField::Due, true),
            TaskPredicate::DueOn(Comparison::Lt, self.today),
        ]);
        let is_past = TaskPredicate::Any(vec![past_its_time, past_its_day]);
        let predicate = TaskPredicate::All(vec![TaskPredicate::Completed(false), is_past]);
        if overdue { predicate } else { TaskPredicate::Not(Box::new(predicate)) }
    }

    /// Due from today on, and not later than that far ahead.
    fn within(&self, ahead: Duration, path: &str) -> Result<TaskPredicate, ApiError> {
        let days = ahead.whole_days().ok_or_else(|| {
            let message = "within takes whole days or weeks ahead, for example P7D.";
            ApiError::bad_input(format!("{path}.dueOn.within"), message)
        })?;
        let last = time::days_after(self.today, days);
        Ok(TaskPredicate::All(vec![
            TaskPredicate::DueOn(Comparison::Gte, self.today),
            TaskPredicate::DueOn(Comparison::Lte, last),
        ]))
    }

    fn operand(
        &mut self,
        filter: TaskFilter,
        path: &str,
    ) -> Result<Option<TaskPredicate>, ApiError> {
        self.operands += 1;
        if self.operands > OPERANDS {
            let message = format!("and, or and not hold at most {OPERANDS} filters in all.");
            return Err(ApiError::bad_input("filter", message));
        }
        if self.depth == NESTING {
            let message = format!("and, or and not nest at most {NESTING} deep.");
            return Err(ApiError::bad_input(path, message));
        }
        self.depth += 1;
        let predicate = self.predicate(filter, path);
        self.depth -= 1;
        predicate
    }

    fn count(&mut self, more: usize) -> Result<(), ApiError> {
        self.conditions += more;
        if self.conditions > CONDITIONS {
            let message = format!("A filter has at most {CONDITIONS} conditions in all.");
            return Err(ApiError::bad_input("filter", message));
        }
        Ok(())
    }
}

impl PriorityFilter {
    fn predicates(self) -> impl Iterator<Item = TaskPredicate> {
        let some = self.r#in.map(|some| once_each(some).into_iter().map(Into::into).collect());
        [
            some.map(TaskPredicate::PriorityIn),
            self.gte.map(|least| TaskPredicate::Priority(Comparison::Gte, least.into())),
            self.lte.map(|most| TaskPredicate::Priority(Comparison::Lte, most.into())),
        ]
        .into_iter()
        .flatten()
    }
}

/// However often each is named: a statement takes so many values and no more.
fn once_each(named: Vec<Priority>) -> Vec<Priority> {
    let mut priorities = Vec::new();
    for priority in named {
        if !priorities.contains(&priority) {
            priorities.push(priority);
        }
    }
    priorities
}

impl DateFilter {
    fn predicates(self) -> impl Iterator<Item = TaskPredicate> {
        [
            (Comparison::Eq, self.eq),
            (Comparison::Gt, self.gt),
            (Comparison::Gte, self.gte),
            (Comparison::Lt, self.lt),
            (Comparison::Lte, self.lte),
        ]
        .into_iter()
        .filter_map(|(comparison, day)| Some(TaskPredicate::DueOn(comparison, day?.0)))
        .chain(self.is_null.map(TaskPredicate::DueOnIsNull))
    }
}

impl DateTimeFilter {
    fn predicates(self, field: TimestampField) -> impl Iterator<Item = TaskPredicate> {
        [
            (Comparison::Gt, self.gt),
            (Comparison::Gte, self.gte),
            (Comparison::Lt, self.lt),
            (Comparison::Lte, self.lte),
        ]
        .into_iter()
        .filter_map(move |(comparison, instant)| {
            Some(TaskPredicate::At(field, comparison, instant?))
        })
        .chain(self.is_null.map(|is_null| TaskPredicate::AtIsNull(field, is_null)))
    }
}

impl TagsFilter {
    fn predicates(self, path: &str) -> Result<Vec<TaskPredicate>, ApiError> {
        let mut predicates = Vec::new();
        if let Some(any) = self.any_of {
            predicates.push(TaskPredicate::TaggedAny(known(&format!("{path}.anyOf"), &any)?));
        }
        if let Some(all) = self.all_of {
            let known = known(&format!("{path}.allOf"), &all)?;
            let exist = all.iter().all(|id| id::uuid(id).is_some());
            predicates.push(if exist { TaskPredicate::TaggedAll(known) } else { NO_TASK });
        }
        if let Some(none) = self.none_of {
            let tagged = TaskPredicate::TaggedAny(known(&format!("{path}.noneOf"), &none)?);
            predicates.push(TaskPredicate::Not(Box::new(tagged)));
        }
        Ok(predicates)
    }
}

impl IDFilter {
    fn predicates(
        self,
        path: &str,
        one_of: fn(Vec<Uuid>) -> TaskPredicate,
        is_null: fn(bool) -> TaskPredicate,
    ) -> Result<impl Iterator<Item = TaskPredicate>, ApiError> {
        let some = self.r#in.map(|some| known(&format!("{path}.in"), &some)).transpose()?;
        Ok(some.map(one_of).into_iter().chain(self.is_null.map(is_null)))
    }
}

/// Those of the ids that can exist, each once.
fn known(field: &str, ids: &[ID]) -> Result<Vec<Uuid>, ApiError> {
    id::at_most(field, ids)?;
    Ok(ids.iter().filter_map(id::uuid).collect::<BTreeSet<_>>().into_iter().collect())
}
