//! Which tasks a list shows: the input, and how it becomes one predicate.

use async_graphql::{Enum, InputObject};

use super::field_filters::{DateFilter, DateTimeFilter, IDFilter, PriorityFilter, TagsFilter};
use crate::{
    error::ApiError,
    graphql::{context::RequestContext, validate},
    store::{self, Comparison, Search, TaskColumn, TaskPredicate},
    time::{self, Zone},
};

/// How deep `and`, `or` and `not` may nest.
const NESTING: usize = 3;
/// How many conditions a filter may have.
const CONDITIONS: usize = 50;
/// How many filters may stand inside of `and`, `or` and `not`.
const OPERANDS: usize = 100;
/// How many words all searches of a filter may have: as many as fit into one.
const WORDS: usize = 200;
/// The predicate that holds for each task.
const EVERY_TASK: TaskPredicate = TaskPredicate::All(Vec::new());

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
    start_on: Option<DateFilter>,
    completed_at: Option<DateTimeFilter>,
    created_at: Option<DateTimeFilter>,
    updated_at: Option<DateTimeFilter>,
    tags: Option<TagsFilter>,
    list: Option<IDFilter>,
    parent: Option<IDFilter>,
    /// Null: EXCLUDE. Read at the top level only, not inside `and`, `or`, `not`.
    trash: Option<TrashFilter>,
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
        let trash = self.trash.map(Into::into).unwrap_or_default();
        let searched = self.search.clone();
        let mut compiler =
            FilterCompiler { request, depth: 0, conditions: 0, operands: 0, searches: 0, words: 0 };
        let predicate = compiler.predicate(self, "filter").await?;
        if by_relevance && (compiler.searches, searched.is_some()) != (1, true) {
            let message = "RELEVANCE needs a search at the top level of the filter, and no other.";
            return Err(ApiError::bad_input("orderBy", message));
        }
        request.store.budget().compare(predicate.as_ref().map_or(0, TaskPredicate::comparisons))?;
        let relevance = searched.filter(|_| by_relevance).and_then(|typed| Search::parse(&typed));
        Ok(store::TaskFilter { predicate: predicate.unwrap_or(EVERY_TASK), trash, relevance })
    }
}

/// Makes one predicate of a filter, and counts what is limited.
struct FilterCompiler<'r> {
    /// The day and the instant by which tasks are overdue: the day is read when a filter first needs it.
    request: &'r RequestContext,
    /// Operators around the filter that is read.
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

impl FilterCompiler<'_> {
    /// All that the filter asks for, as one predicate; `None` when it asks for nothing.
    async fn predicate(
        &mut self,
        filter: TaskFilter,
        path: &str,
    ) -> Result<Option<TaskPredicate>, ApiError> {
        let TaskFilter {
            and,
            or,
            not,
            search,
            completed,
            overdue,
            priority,
            due_on,
            start_on,
            completed_at,
            created_at,
            updated_at,
            tags,
            list,
            parent,
            trash: _, // Read at the top level.
        } = filter;
        let mut predicates = Vec::new();
        if let Some(search) = search {
            predicates.extend(self.search(&search, format!("{path}.search"))?);
        }
        predicates.extend(completed.map(is_completed));
        if let Some(overdue) = overdue {
            predicates.push(self.overdue(overdue).await?);
        }
        predicates.extend(priority.into_iter().flat_map(|it| it.on(TaskColumn::Priority)));
        predicates.extend(self.day(TaskColumn::DueOn, due_on, path, "dueOn").await?);
        predicates.extend(self.day(TaskColumn::StartOn, start_on, path, "startOn").await?);
        predicates.extend(completed_at.into_iter().flat_map(|it| it.on(TaskColumn::CompletedAt)));
        predicates.extend(created_at.into_iter().flat_map(|it| it.on(TaskColumn::CreatedAt)));
        predicates.extend(updated_at.into_iter().flat_map(|it| it.on(TaskColumn::UpdatedAt)));
        if let Some(tags) = tags {
            predicates.extend(tags.predicates(&format!("{path}.tags"))?);
        }
        for (column, field, ids) in
            [(TaskColumn::ListId, "list", list), (TaskColumn::ParentId, "parent", parent)]
        {
            if let Some(ids) = ids {
                predicates.extend(ids.on(column, &format!("{path}.{field}"))?);
            }
        }
        self.count(predicates.len())?;

        for (at, and) in and.into_iter().flatten().enumerate() {
            predicates.extend(self.operand(and, &format!("{path}.and.{at}")).await?);
        }
        let mut any = Vec::new();
        for (at, one) in or.into_iter().flatten().enumerate() {
            any.push(self.operand(one, &format!("{path}.or.{at}")).await?);
        }
        let asks = any.iter().any(Option::is_some);
        // One that asks for nothing holds for every task, and so does the whole `or` beside it.
        let any =
            any.into_iter().collect::<Option<Vec<_>>>().map_or(EVERY_TASK, TaskPredicate::Any);
        predicates.extend(asks.then_some(any));
        if let Some(not) = not {
            let not = self.operand(*not, &format!("{path}.not")).await?;
            predicates.extend(not.map(|not| TaskPredicate::Not(Box::new(not))));
        }
        Ok((!predicates.is_empty()).then_some(TaskPredicate::All(predicates)))
    }

    fn search(&mut self, typed: &str, field: String) -> Result<Option<TaskPredicate>, ApiError> {
        validate::at_most(&field, typed, validate::SEARCH)?;
        self.searches += 1;
        let search = Search::parse(typed);
        self.words += search.as_ref().map_or(0, Search::words);
        if self.words > WORDS {
            let message = format!("A filter searches for at most {WORDS} words in all.");
            return Err(ApiError::bad_input(field, message));
        }
        Ok(search.map(TaskPredicate::Search))
    }

    /// What `Task.overdue` says, as a predicate.
    async fn overdue(&self, overdue: bool) -> Result<TaskPredicate, ApiError> {
        let (now, today) = (self.request.now(), self.request.today().await?);
        let is_past = TaskPredicate::Any(vec![
            TaskPredicate::Compare(TaskColumn::DueAt, Comparison::Lt, now.into()),
            TaskPredicate::All(vec![
                TaskPredicate::IsNull(TaskColumn::DueAt, true),
                TaskPredicate::Compare(TaskColumn::DueOn, Comparison::Lt, today.into()),
            ]),
        ]);
        // In no zone was the day of an instant that is past later than this.
        let latest = time::days_after(Zone::UTC.day(now), 1);
        let is_near = TaskPredicate::Compare(TaskColumn::DueOn, Comparison::Lte, latest.into());
        let predicate = TaskPredicate::All(vec![is_completed(false), is_near, is_past]);
        Ok(if overdue { predicate } else { TaskPredicate::Not(Box::new(predicate)) })
    }

    async fn day(
        &self,
        column: TaskColumn,
        filter: Option<DateFilter>,
        path: &str,
        field: &str,
    ) -> Result<impl Iterator<Item = TaskPredicate>, ApiError> {
        let predicates = match filter {
            Some(filter) => {
                Some(filter.on(column, &format!("{path}.{field}"), self.request).await?)
            }
            None => None,
        };
        Ok(predicates.into_iter().flatten())
    }

    async fn operand(
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
        let predicate = Box::pin(self.predicate(filter, path)).await;
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

fn is_completed(completed: bool) -> TaskPredicate {
    TaskPredicate::IsNull(TaskColumn::CompletedAt, !completed)
}
