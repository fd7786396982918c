//! What belongs to tasks, read for all tasks that are shown together.
//!
//! Whatever is selected on the tasks of a page, in however many places, is collected in one
//! [`RequiredOfTasks`] when a plan is compiled. So each relation of all the tasks is one statement, and the
//! number of statements depends on the document, and not on the number of tasks:
//!
//! ```text
//! a page of tasks ─┬─ tags
//!                  ├─ lists
//!                  ├─ parents ─────────── what is required of them, and so on
//!                  └─ subtasks, by their
//!                     arguments ───────── what is required of all tasks on all those pages
//! ```

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use futures_util::{
    FutureExt,
    future::{BoxFuture, join4},
};

use super::{
    PlanContext,
    arguments::TaskPageArguments,
    connection::{RequiredOfPage, ResolvedPage},
    task::{self, Due},
};
use crate::{
    engine::document::CollectedField,
    error::ApiError,
    graphql::{page::PageCursors, types::task_order::ListQuery},
    store::{
        ColumnValue, Input, ListColumns, ListId, ListPart, Parents, Row, StoreError, TagColumns,
        TagPart, TaskColumn, TaskColumns, TaskEntity, TaskId, TaskPart,
    },
    time::Timestamp,
};

/// What has to be read of tasks that are shown together, and of what belongs to them.
#[derive(Debug, Default)]
pub struct RequiredOfTasks {
    columns: TaskColumns,
    overdue: bool,
    tags: Option<TagColumns>,
    lists: Option<ListColumns>,
    parents: Option<Box<RequiredOfTasks>>,
    subtasks: Vec<RequiredOfSubtasks>,
}

/// The same for the subtasks that some arguments select.
#[derive(Debug)]
pub struct RequiredOfSubtasks {
    arguments: TaskPageArguments,
    of_page: RequiredOfPage,
    of_tasks: RequiredOfTasks,
}

/// Which of several pages of subtasks of a task.
#[derive(Clone, Copy, Debug)]
pub struct SubtasksKey(usize);

impl RequiredOfTasks {
    pub fn columns(&self) -> &TaskColumns {
        &self.columns
    }

    pub fn add_columns<const N: usize>(&mut self, columns: [TaskColumn; N]) {
        self.columns = self.columns.and(columns);
    }

    pub fn add_overdue(&mut self) {
        self.add_columns([TaskColumn::CompletedAt, TaskColumn::DueAt, TaskColumn::DueOn]);
        self.overdue = true;
    }

    pub fn tags(&mut self) -> &mut TagColumns {
        self.tags.get_or_insert_default()
    }

    pub fn lists(&mut self) -> &mut ListColumns {
        self.add_columns([TaskColumn::ListId]);
        self.lists.get_or_insert_default()
    }

    pub fn parents(&mut self) -> &mut RequiredOfTasks {
        self.add_columns([TaskColumn::ParentId]);
        self.parents.get_or_insert_default()
    }

    /// The subtasks that a field selects: the same for each field with the same arguments.
    pub fn subtasks(
        &mut self,
        selected: &CollectedField,
    ) -> (SubtasksKey, &mut RequiredOfSubtasks) {
        self.add_columns([TaskColumn::DeletedAt]);
        let arguments = TaskPageArguments::by_position(selected);
        let known = self.subtasks.iter().position(|subtasks| subtasks.arguments == arguments);
        let at = known.unwrap_or_else(|| {
            let (of_page, of_tasks) = Default::default();
            self.subtasks.push(RequiredOfSubtasks { arguments, of_page, of_tasks });
            self.subtasks.len() - 1
        });
        (SubtasksKey(at), &mut self.subtasks[at])
    }

    /// Refuses what reading it would refuse for its arguments. Reads no rows.
    pub fn check<'a>(&'a self, context: PlanContext<'a>) -> BoxFuture<'a, Result<(), ApiError>> {
        async move {
            if let Some(parents) = &self.parents {
                parents.check(context).await?;
            }
            for subtasks in &self.subtasks {
                subtasks.arguments.check(context).await?;
                subtasks.of_tasks.check(context).await?;
            }
            Ok(())
        }
        .boxed()
    }

    /// Reads what belongs to these tasks.
    pub async fn read<'t, R: Row<TaskColumn> + 't>(
        &self,
        context: PlanContext<'_>,
        tasks: impl IntoIterator<Item = &'t R>,
    ) -> Result<Related, ApiError> {
        if !self.reads_more() {
            return Ok(Related::default());
        }
        let batch = self.batch(tasks)?;
        self.read_batch(context, batch).await
    }

    /// Whether something beside the rows has to be read.
    fn reads_more(&self) -> bool {
        let Self { columns: _, overdue, tags, lists, parents, subtasks } = self;
        *overdue || tags.is_some() || lists.is_some() || parents.is_some() || !subtasks.is_empty()
    }

    fn batch<'t, R: Row<TaskColumn> + 't>(
        &self,
        tasks: impl IntoIterator<Item = &'t R>,
    ) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        for task in tasks {
            batch.tasks.push(task::id(task)?);
            if self.lists.is_some() {
                batch.in_lists.extend(task::list(task)?);
            }
            if self.parents.is_some() {
                batch.under.extend(task::parent(task)?);
            }
            if !self.subtasks.is_empty() {
                batch.trashed |= task.value(TaskColumn::DeletedAt)? != ColumnValue::Null;
            }
            if self.overdue {
                batch.needs_today |= Due::of(task)?.needs_today();
            }
        }
        Ok(batch)
    }

    fn read_batch<'a>(
        &'a self,
        context: PlanContext<'a>,
        batch: Batch,
    ) -> BoxFuture<'a, Result<Related, ApiError>> {
        let read = async move {
            let today = if batch.needs_today { Some(context.request.today().await?) } else { None };
            // All are read to the end, also where one fails: see `query::read`.
            let (tags, lists, parents, subtasks) = join4(
                self.read_tags(context, &batch),
                self.read_lists(context, &batch),
                self.read_parents(context, &batch),
                self.read_subtasks(context, &batch),
            )
            .await;
            let (tags, lists, parents, subtasks) = (tags?, lists?, parents?, subtasks?);
            let now = Some(context.request.now());
            Ok(Related { now, today, tags, lists, parents, subtasks })
        };
        read.boxed()
    }

    async fn read_tags(
        &self,
        context: PlanContext<'_>,
        batch: &Batch,
    ) -> Result<HashMap<TaskId, Vec<TagPart>>, ApiError> {
        match &self.tags {
            Some(columns) if !batch.tasks.is_empty() => {
                Ok(context.request.store.tags_of(&batch.tasks, columns).await?)
            }
            _ => Ok(HashMap::new()),
        }
    }

    async fn read_lists(
        &self,
        context: PlanContext<'_>,
        batch: &Batch,
    ) -> Result<HashMap<ListId, ListPart>, ApiError> {
        match &self.lists {
            Some(columns) if !batch.in_lists.is_empty() => {
                let ids: Vec<_> = batch.in_lists.iter().copied().collect();
                Ok(context.request.store.rows(&ids, columns).await?)
            }
            _ => Ok(HashMap::new()),
        }
    }

    async fn read_parents(
        &self,
        context: PlanContext<'_>,
        batch: &Batch,
    ) -> Result<Option<Box<RelatedParents>>, ApiError> {
        match &self.parents {
            Some(required) if !batch.under.is_empty() => {
                let ids: Vec<_> = batch.under.iter().copied().collect();
                let rows = context.request.store.rows(&ids, &required.columns).await?;
                let related = required.read(context, rows.values()).await?;
                Ok(Some(Box::new(RelatedParents { rows, related })))
            }
            _ => Ok(None),
        }
    }

    async fn read_subtasks(
        &self,
        context: PlanContext<'_>,
        batch: &Batch,
    ) -> Result<Vec<Subtasks>, ApiError> {
        if batch.tasks.is_empty() {
            return Ok(Vec::new());
        }
        let mut read = Vec::with_capacity(self.subtasks.len());
        for subtasks in &self.subtasks {
            read.push(subtasks.read(context, batch).await?);
        }
        Ok(read)
    }
}

impl RequiredOfSubtasks {
    /// What is required of the pages, and of the tasks on them.
    pub fn of_pages(&mut self) -> (&mut RequiredOfPage, &mut RequiredOfTasks) {
        (&mut self.of_page, &mut self.of_tasks)
    }

    async fn read(&self, context: PlanContext<'_>, batch: &Batch) -> Result<Subtasks, ApiError> {
        let ListQuery { filter, order, window, cursors } = self.arguments.read(context).await?;
        let store = &context.request.store;
        let parents = Parents { ids: &batch.tasks, trashed: batch.trashed };
        let (columns, counted) = (&self.of_tasks.columns, self.of_page.is_counted());
        let read = store.subtask_pages(parents, filter, &order, window, columns, counted).await?;
        let mut pages = HashMap::with_capacity(read.len());
        for (task, page) in read {
            pages.insert(task, self.of_page.resolve(store, page).await?);
        }
        let tasks = pages.values().flat_map(ResolvedPage::rows);
        let related = self.of_tasks.read(context, tasks).await?;
        Ok(Subtasks { pages, cursors, related })
    }
}

/// Tasks that are shown together.
#[derive(Default)]
struct Batch {
    tasks: Vec<TaskId>,
    in_lists: BTreeSet<ListId>,
    under: BTreeSet<TaskId>,
    /// Whether one of them is in the trash.
    trashed: bool,
    /// Whether the day decides if one of them is overdue.
    needs_today: bool,
}

/// What belongs to tasks that are shown together.
#[derive(Default)]
pub struct Related {
    now: Option<Timestamp>,
    /// Read only where it decides something.
    today: Option<NaiveDate>,
    tags: HashMap<TaskId, Vec<TagPart>>,
    lists: HashMap<ListId, ListPart>,
    parents: Option<Box<RelatedParents>>,
    subtasks: Vec<Subtasks>,
}

struct RelatedParents {
    rows: HashMap<TaskId, TaskPart>,
    related: Related,
}

/// Pages of the subtasks of each task.
struct Subtasks {
    pages: HashMap<TaskId, ResolvedPage<TaskEntity>>,
    cursors: PageCursors,
    /// Of all tasks on all of the pages.
    related: Related,
}

impl Related {
    pub fn tags(&self, task: TaskId) -> &[TagPart] {
        self.tags.get(&task).map_or(&[], Vec::as_slice)
    }

    pub fn list(&self, task: &impl Row<TaskColumn>) -> Result<Option<&ListPart>, StoreError> {
        Ok(task::list(task)?.and_then(|list| self.lists.get(&list)))
    }

    /// The task that one is under, with what belongs to it.
    pub fn parent(
        &self,
        task: &impl Row<TaskColumn>,
    ) -> Result<Option<(&TaskPart, &Related)>, StoreError> {
        let Some((id, parents)) = task::parent(task)?.zip(self.parents.as_deref()) else {
            return Ok(None);
        };
        Ok(parents.rows.get(&id).map(|parent| (parent, &parents.related)))
    }

    /// A page of the subtasks of a task, the name of its order, and what belongs to the subtasks.
    pub fn subtasks(
        &self,
        SubtasksKey(at): SubtasksKey,
        task: TaskId,
    ) -> Result<(&ResolvedPage<TaskEntity>, &PageCursors, &Related), StoreError> {
        let subtasks = self.subtasks.get(at);
        let page = subtasks.and_then(|it| Some((it.pages.get(&task)?, &it.cursors, &it.related)));
        page.ok_or(StoreError::NotFound(Input::Id))
    }

    /// What [`Task.overdue`](crate::graphql::types::task::Task) is.
    pub fn is_overdue(&self, task: &impl Row<TaskColumn>) -> Result<bool, StoreError> {
        Ok(match Due::of(task)? {
            Due::Never => false,
            Due::At(at) => self.now.is_some_and(|now| at < now),
            Due::On(day) => self.today.is_some_and(|today| day < today),
        })
    }
}
