//! Tasks: the type, its list, its inputs and payloads.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject,
    SimpleObject,
};

use super::{
    context::ContextExt,
    error::ApiError,
    id,
    page::{self, PageArguments, PageInfo},
    payload::DeletePayload,
    query::Query,
    scalars::Date,
    task_filter::TaskFilter,
    text,
};
use crate::{
    clock::Instant,
    store::{
        self, Due, NewTask, StoreError, TaskOrderField as Field, TaskPage, TaskPatch, TaskRow,
        task_listing,
    },
};

/// Something to do.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct Task {
    pub(super) id: ID,
    /// 1..500 characters after trimming.
    title: String,
    /// Markdown, at most 20 000 characters.
    description: Option<String>,
    completed: bool,
    completed_at: Option<Instant>,
    priority: Priority,
    /// The due day, set whenever the task is due at all.
    due_on: Option<Date>,
    /// The due instant, set only when the task is due at a time of day.
    due_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
    /// Set while the task is in the trash; it is purged 30 days later.
    deleted_at: Option<Instant>,
    /// Grows by one with every change.
    version: i32,
}

#[ComplexObject]
impl Task {
    /// Not completed, and past `dueAt` or, without one, past the end of `dueOn` in the viewer's zone.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let request = ctx.request()?;
        Ok(match (self.due_at, self.due_on) {
            _ if self.completed => false,
            (Some(at), _) => at < request.now,
            (None, Some(Date(day))) => day < request.today().await?,
            (None, None) => false,
        })
    }
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.id.into(),
            title: row.title,
            description: row.description,
            completed: row.completed_at.is_some(),
            completed_at: row.completed_at,
            priority: row.priority.into(),
            due_on: row.due_on.map(Date),
            due_at: row.due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            version: row.version,
        }
    }
}

/// How urgent a task is.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "store::Priority")]
pub enum Priority {
    None,
    Low,
    Medium,
    High,
    Urgent,
}

/// A page of tasks.
pub struct TaskConnection {
    page: TaskPage,
    order: String,
}

impl TaskConnection {
    /// Reads the page that the arguments describe.
    pub async fn read(
        ctx: &Context<'_>,
        page: PageArguments,
        filter: TaskFilter,
        order: &[TaskOrder],
    ) -> Result<Self, ApiError> {
        const NEWEST_FIRST: TaskOrder =
            TaskOrder { field: TaskOrderField::CreatedAt, direction: OrderDirection::Desc };
        let order = if order.is_empty() { vec![NEWEST_FIRST] } else { once_each(order) };
        let name = name_of(&order);
        let window = page.window(&name)?;
        let keys: Vec<_> =
            order.iter().map(|key| (Field::from(key.field), key.direction.into())).collect();
        let listing =
            task_listing(&filter.read(ctx).await?, &keys, window).map_err(page::foreign)?;
        Ok(Self { page: ctx.store()?.page(listing).await?, order: name })
    }
}

/// The same order without the fields that were named before: they change nothing, and a statement
/// takes so many and no more. The last one stays, since the id follows it.
fn once_each(order: &[TaskOrder]) -> Vec<TaskOrder> {
    let mut kept: Vec<TaskOrder> = Vec::new();
    for (at, key) in order.iter().enumerate() {
        let is_last = at + 1 == order.len();
        if is_last || kept.iter().all(|earlier| earlier.field != key.field) {
            kept.push(*key);
        }
    }
    kept
}

/// What the cursors of an order are marked with.
fn name_of(order: &[TaskOrder]) -> String {
    let keys: Vec<_> =
        order.iter().map(|key| format!("{:?} {:?}", key.field, key.direction)).collect();
    format!("tasks by {}", keys.join(", "))
}

#[Object]
impl TaskConnection {
    async fn edges(&self) -> Vec<TaskEdge> {
        let rows = self.page.rows.iter();
        rows.map(|(place, row)| TaskEdge {
            cursor: page::cursor(&self.order, place),
            node: row.clone().into(),
        })
        .collect()
    }

    async fn nodes(&self) -> Vec<Task> {
        self.page.rows.iter().map(|(_, row)| row.clone().into()).collect()
    }

    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo, ApiError> {
        PageInfo::of(ctx, &self.page, &self.order).await
    }

    /// Counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let total = ctx.store()?.total(&self.page).await?;
        Ok(i32::try_from(total).unwrap_or(i32::MAX))
    }
}

/// A task and its place in the list.
#[derive(SimpleObject)]
pub struct TaskEdge {
    cursor: String,
    node: Task,
}

/// Nulls last; ties end at the id, so every order is total.
#[derive(InputObject, Clone, Copy, Debug)]
pub struct TaskOrder {
    field: TaskOrderField,
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// By what tasks are sorted.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "store::TaskOrderField")]
pub enum TaskOrderField {
    CreatedAt,
    UpdatedAt,
    CompletedAt,
    /// `dueOn`, then `dueAt`; days without a time come after those with one.
    Due,
    Priority,
    /// Without regard to case.
    Title,
}

/// Which way an order runs.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "store::Direction")]
pub enum OrderDirection {
    Asc,
    Desc,
}

/// The task as it is now.
#[derive(SimpleObject)]
pub struct TaskPayload {
    task: Task,
    pub(super) query: Query,
}

impl From<TaskRow> for TaskPayload {
    fn from(row: TaskRow) -> Self {
        Self { task: row.into(), query: Query }
    }
}

/// A new task.
#[derive(InputObject)]
pub struct CreateTaskInput {
    /// A UUID made by the client (v7 preferred). Given again by the same user, the call returns the task that exists.
    id: Option<ID>,
    title: String,
    description: Option<String>,
    #[graphql(default)]
    completed: bool,
    #[graphql(default_with = "Priority::None")]
    priority: Priority,
    due: Option<DueInput>,
}

/// A field left out stays as it is; a field given null is cleared.
#[derive(InputObject)]
pub struct UpdateTaskInput {
    id: ID,
    /// Fails with CONFLICT when the task is at another version, unless nothing would change.
    expected_version: Option<i32>,
    title: MaybeUndefined<String>,
    description: MaybeUndefined<String>,
    completed: MaybeUndefined<bool>,
    priority: MaybeUndefined<Priority>,
    due: MaybeUndefined<DueInput>,
}

/// When a task is due: on a day, or at an instant.
#[derive(OneofObject, Clone, Copy)]
pub enum DueInput {
    /// Some time on that day.
    On(Date),
    /// At that instant; `dueOn` becomes its day in the viewer's zone.
    At(Instant),
}

impl From<DueInput> for Due {
    fn from(due: DueInput) -> Self {
        match due {
            DueInput::On(day) => Self::On(day.0),
            DueInput::At(instant) => Self::At(instant),
        }
    }
}

/// Which task to delete, and how.
#[derive(InputObject)]
pub struct DeleteTaskInput {
    id: ID,
    expected_version: Option<i32>,
    #[graphql(default)]
    permanently: bool,
}

/// Which task to bring back.
#[derive(InputObject)]
pub struct RestoreTaskInput {
    id: ID,
}

impl CreateTaskInput {
    pub(super) async fn create(self, ctx: &Context<'_>) -> Result<TaskPayload, ApiError> {
        let viewer = ctx.viewer()?;
        let new = NewTask {
            id: self.id.map(|id| id::new(&id, viewer.id())).transpose()?,
            title: text::title("input.title", &self.title, text::TITLE)?,
            description: self.description.map(|text| described(&text)).transpose()?,
            completed: self.completed,
            priority: self.priority.into(),
            due: self.due.map(Due::from),
        };
        Ok(ctx.store()?.task_create(new).await?.into())
    }
}

impl UpdateTaskInput {
    pub(super) async fn update(self, ctx: &Context<'_>) -> Result<TaskPayload, ApiError> {
        let title = required("title", self.title)?;
        let patch = TaskPatch {
            title: title.map(|t| text::title("input.title", &t, text::TITLE)).transpose()?,
            description: match self.description {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(text) => Some(Some(described(&text)?)),
            },
            completed: required("completed", self.completed)?,
            priority: required("priority", self.priority)?.map(Into::into),
            due: match self.due {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(due) => Some(Some(due.into())),
            },
        };
        let id = id::existing(&self.id)?;
        let task = ctx.store()?.task_update(id, self.expected_version, patch).await;
        Ok(task.map_err(at_id)?.into())
    }
}

impl DeleteTaskInput {
    pub(super) async fn delete(self, ctx: &Context<'_>) -> Result<DeletePayload, ApiError> {
        let (id, store) = (id::existing(&self.id)?, ctx.store()?);
        let deleted = if self.permanently {
            store.task_delete(id, self.expected_version).await
        } else {
            store.task_trash(id, self.expected_version).await
        };
        Ok(DeletePayload::new(deleted.map_err(at_id)?))
    }
}

impl RestoreTaskInput {
    pub(super) async fn restore(self, ctx: &Context<'_>) -> Result<TaskPayload, ApiError> {
        let task = ctx.store()?.task_restore(id::existing(&self.id)?).await;
        Ok(task.map_err(at_id)?.into())
    }
}

fn described(text: &str) -> Result<String, ApiError> {
    text::body("input.description", text, text::DESCRIPTION)
}

/// A field that may be left out, but not be empty.
fn required<T>(name: &str, value: MaybeUndefined<T>) -> Result<Option<T>, ApiError> {
    match value {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(value) => Ok(Some(value)),
        MaybeUndefined::Null => {
            let message = format!("{name} cannot be cleared: leave it out to keep it.");
            Err(ApiError::bad_input(format!("input.{name}"), message))
        }
    }
}

/// What is not found was named by the input's id.
fn at_id(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound => id::not_found(),
        other => other.into(),
    }
}
