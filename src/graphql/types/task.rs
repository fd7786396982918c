//! Tasks: the type, its list and its payload.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};

use super::{
    tag::Tag,
    task_filter::TaskFilter,
    task_list::TaskList,
    task_order::{ListQuery, TaskArguments, TaskOrder},
};
use crate::{
    error::{ApiError, ErrorCode},
    graphql::{
        batch_loader::TaskBatch,
        context::ContextExt,
        page::{PageArguments, PageCursors, connection},
        query::Query,
        scalars::Date,
    },
    store::{self, Edge, TaskPage, TaskRow},
    time::Timestamp,
};

/// Something to do.
pub struct Task {
    id: ID,
    row: TaskRow,
    /// The tasks that are shown together with it.
    batch: Arc<TaskBatch>,
}

impl Task {
    /// A task of a batch.
    pub fn new(row: TaskRow, batch: &Arc<TaskBatch>) -> Self {
        Self { id: row.id.into(), row, batch: Arc::clone(batch) }
    }
}

/// A task that is shown alone.
impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        let batch = TaskBatch::of([&row]);
        Self::new(row, &batch)
    }
}

/// Something to do.
#[Object]
impl Task {
    pub async fn id(&self) -> &ID {
        &self.id
    }

    /// 1..500 characters after trimming.
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn title(&self, ctx: &Context<'_>) -> Result<&str, ApiError> {
        ctx.shown(&self.row.title)
    }

    /// Markdown, at most 20 000 characters.
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn description(&self, ctx: &Context<'_>) -> Result<Option<&str>, ApiError> {
        self.row.description.as_deref().map(|text| ctx.shown(text)).transpose()
    }

    async fn completed(&self) -> bool {
        self.row.completed_at.is_some()
    }

    async fn completed_at(&self) -> Option<Timestamp> {
        self.row.completed_at
    }

    async fn priority(&self) -> Priority {
        self.row.priority.into()
    }

    /// The due day, set whenever the task is due at all.
    async fn due_on(&self) -> Option<Date> {
        self.row.due_on.map(Date)
    }

    /// The due instant, set only when the task is due at a time of day.
    async fn due_at(&self) -> Option<Timestamp> {
        self.row.due_at
    }

    /// Not to be begun before that day.
    async fn start_on(&self) -> Option<Date> {
        self.row.start_on.map(Date)
    }

    /// Sorts among siblings by plain string comparison. Written by `moveTask` only.
    async fn position(&self) -> &str {
        &self.row.position
    }

    async fn created_at(&self) -> Timestamp {
        self.row.created_at
    }

    async fn updated_at(&self) -> Timestamp {
        self.row.updated_at
    }

    /// Set while the task is in the trash; it is purged 30 days later.
    async fn deleted_at(&self) -> Option<Timestamp> {
        self.row.deleted_at
    }

    /// Grows by one with every change.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// Not completed, and past `dueAt` or, without one, past the end of `dueOn` in the viewer's zone.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let request = ctx.request()?;
        Ok(match (self.row.due_at, self.row.due_on) {
            _ if self.row.completed_at.is_some() => false,
            (Some(at), _) => at < request.now(),
            (None, Some(day)) => day < request.today().await?,
            (None, None) => false,
        })
    }

    /// By name, at most 50.
    async fn tags(&self, ctx: &Context<'_>) -> Result<&[Tag], ApiError> {
        self.batch.tags(ctx.store()?, self.row.id).await
    }

    /// Null: the inbox.
    async fn list(&self, ctx: &Context<'_>) -> Result<Option<&TaskList>, ApiError> {
        let Some(list) = self.row.list_id else { return Ok(None) };
        self.batch.list(ctx.store()?, list).await
    }

    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<&Task>, ApiError> {
        let Some(parent) = self.row.parent_id else { return Ok(None) };
        self.batch.parent(ctx.store()?, parent).await
    }

    /// By position. Nesting is at most 5 deep.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn subtasks(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<TaskFilter>,
        order_by: Option<Vec<TaskOrder>>,
    ) -> Result<Arc<TaskConnection>, ApiError> {
        let page = PageArguments { first, after, last, before };
        let arguments = TaskArguments::by_position(page, filter, order_by);
        let subtasks = self.batch.subtasks(ctx.request()?, self.row.id, arguments).await?;
        subtasks.ok_or_else(|| {
            ApiError::new(ErrorCode::InternalServerError, "The task is not in its own batch.")
        })
    }
}

/// How urgent a task is.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[graphql(remote = "store::Priority")]
pub enum Priority {
    None,
    Low,
    Medium,
    High,
    Urgent,
}

connection! {
    /// A page of tasks.
    TaskConnection of TaskPage,
    /// A task and its place in the list.
    TaskEdge of Task
}

impl TaskConnection {
    /// Reads the page that the arguments describe.
    pub async fn read(ctx: &Context<'_>, arguments: TaskArguments) -> Result<Self, ApiError> {
        let ListQuery { filter, order, window, cursors } = arguments.read(ctx.request()?).await?;
        let store = ctx.store()?;
        let page = store.task_page(filter, &order, window, store.task_columns()).await?.whole()?;
        let batch = TaskBatch::of(page.rows.iter().map(|(_, row)| row));
        Ok(Self::of(page, &batch, cursors))
    }

    /// A page whose tasks are of that batch.
    pub fn of(page: TaskPage<Edge<TaskRow>>, batch: &Arc<TaskBatch>, cursors: PageCursors) -> Self {
        Self::new(page.map(|row| Task::new(row, batch)), cursors)
    }
}

/// The task as it is now.
#[derive(SimpleObject)]
pub struct TaskPayload {
    task: Task,
    pub query: Query,
    pub cursor: String,
}

impl TaskPayload {
    /// The payload of a mutation; `cursor` is that of its change.
    pub fn new(row: TaskRow, cursor: String) -> Self {
        Self { task: row.into(), query: Query, cursor }
    }
}
