//! Tasks: the type, its list, its inputs and payloads.

use std::sync::Arc;

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, MaybeUndefined, OneofObject, SimpleObject,
};
use uuid::Uuid;

use super::{
    inputs::{PlaceInput, required},
    tag::Tag,
    task_filter::TaskFilter,
    task_list::TaskList,
    task_order::{Listing, TaskArguments, TaskOrder},
};
use crate::{
    auth::UserId,
    error::{ApiError, ErrorCode},
    graphql::{
        batch_loader::TaskBatch,
        context::ContextExt,
        id,
        page::{PageArguments, connection},
        query::Query,
        scalars::Date,
        validate,
    },
    store::{
        self, Due, Input, Move, NewTask, Operation, TaskPage, TaskPatch, TaskRow, TaskValues,
        TaskValuesPatch,
    },
    time::Timestamp,
};

/// Something to do.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct Task {
    pub id: ID,
    /// 1..500 characters after trimming.
    title: String,
    /// Markdown, at most 20 000 characters.
    description: Option<String>,
    completed: bool,
    completed_at: Option<Timestamp>,
    priority: Priority,
    /// The due day, set whenever the task is due at all.
    due_on: Option<Date>,
    /// The due instant, set only when the task is due at a time of day.
    due_at: Option<Timestamp>,
    /// Sorts among siblings by plain string comparison. Written by `moveTask` only.
    position: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// Set while the task is in the trash; it is purged 30 days later.
    deleted_at: Option<Timestamp>,
    /// Grows by one with every change.
    version: i32,
    #[graphql(skip)]
    key: Uuid,
    #[graphql(skip)]
    list_id: Option<Uuid>,
    #[graphql(skip)]
    parent_id: Option<Uuid>,
    /// Those who are shown together with it.
    #[graphql(skip)]
    batch: Arc<TaskBatch>,
}

impl Task {
    /// A task of a batch.
    pub fn new(row: &TaskRow, batch: &Arc<TaskBatch>) -> Self {
        Self {
            id: row.id.into(),
            title: row.title.clone(),
            description: row.description.clone(),
            completed: row.completed_at.is_some(),
            completed_at: row.completed_at,
            priority: row.priority.into(),
            due_on: row.due_on.map(Date),
            due_at: row.due_at,
            position: row.position.clone(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            version: row.version,
            key: row.id,
            list_id: row.list_id,
            parent_id: row.parent_id,
            batch: Arc::clone(batch),
        }
    }
}

/// A task that is shown alone.
impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self::new(&row, &TaskBatch::of([&row]))
    }
}

#[ComplexObject]
impl Task {
    /// Not completed, and past `dueAt` or, without one, past the end of `dueOn` in the viewer's zone.
    async fn overdue(&self, ctx: &Context<'_>) -> Result<bool, ApiError> {
        let request = ctx.request()?;
        Ok(match (self.due_at, self.due_on) {
            _ if self.completed => false,
            (Some(at), _) => at < request.now(),
            (None, Some(Date(day))) => day < request.today().await?,
            (None, None) => false,
        })
    }

    /// By name, at most 50.
    async fn tags(&self, ctx: &Context<'_>) -> Result<&[Tag], ApiError> {
        self.batch.tags(ctx.store()?, self.key).await
    }

    /// Null: the inbox.
    async fn list(&self, ctx: &Context<'_>) -> Result<Option<&TaskList>, ApiError> {
        let Some(list) = self.list_id else { return Ok(None) };
        self.batch.list(ctx.store()?, list).await
    }

    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<&Task>, ApiError> {
        let Some(parent) = self.parent_id else { return Ok(None) };
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
        let arguments = TaskArguments::new(page, filter, order_by, TaskOrder::ARRANGED);
        let subtasks = self.batch.subtasks(ctx.request()?, self.key, arguments).await?;
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
        let Listing { filter, order, window, name } = arguments.read(ctx.request()?).await?;
        let page = ctx.store()?.task_page(&filter, &order, window).await?;
        let batch = TaskBatch::of(page.rows.iter().map(|(_, row)| row));
        Ok(Self::of(page, &batch, name))
    }

    /// A page whose tasks are of that batch.
    pub fn of(page: TaskPage, batch: &Arc<TaskBatch>, order: String) -> Self {
        let nodes = page.rows.iter().map(|(_, row)| Task::new(row, batch)).collect();
        Self::new(page, nodes, order)
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
    /// The payload of a mutation of which that cursor is the place.
    pub fn new(row: TaskRow, cursor: String) -> Self {
        Self { task: row.into(), query: Query, cursor }
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
    tag_ids: Option<Vec<ID>>,
    /// Left out: the parent's, else the inbox.
    list_id: MaybeUndefined<ID>,
    parent_id: Option<ID>,
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
    add_tag_ids: Option<Vec<ID>>,
    /// A tag in both lists is removed.
    remove_tag_ids: Option<Vec<ID>>,
}

/// When a task is due: on a day, or at an instant.
#[derive(OneofObject, Clone, Copy)]
pub enum DueInput {
    /// Some time on that day.
    On(Date),
    /// At that instant; `dueOn` becomes its day in the viewer's zone.
    At(Timestamp),
}

impl From<DueInput> for Due {
    fn from(due: DueInput) -> Self {
        match due {
            DueInput::On(day) => Self::On(day.0),
            DueInput::At(instant) => Self::At(instant),
        }
    }
}

/// Where to put a task, and all that is under it.
#[derive(InputObject)]
pub struct MoveTaskInput {
    id: ID,
    /// Fails with CONFLICT when the task is at another version, unless nothing would change.
    expected_version: Option<i32>,
    /// Left out: where it is, or where the parent is; null: the inbox. Alone, it takes a subtask to the top level.
    list_id: MaybeUndefined<ID>,
    /// Left out: as it is; null: the top level.
    parent_id: MaybeUndefined<ID>,
    place: Option<PlaceInput>,
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
    /// What is to be done.
    pub fn operation(self, viewer: &UserId) -> Result<Operation, ApiError> {
        let parent = self.parent_id.map(|id| id::parse_or_not_found(&id, Input::Parent));
        Ok(Operation::CreateTask(NewTask {
            id: self.id.map(|id| id::new(&id, viewer)).transpose()?,
            values: TaskValues {
                title: validate::title("input.title", &self.title, validate::TITLE)?,
                description: self.description.map(|text| described(&text)).transpose()?,
                completed: self.completed,
                priority: self.priority.into(),
                due: self.due.map(Due::from),
            },
            tags: id::parse_all_or_not_found("input.tagIds", self.tag_ids, Input::Tag)?,
            list: place(self.list_id, Input::List)?.into(),
            parent: parent.transpose()?,
        }))
    }
}

impl UpdateTaskInput {
    /// What is to be done.
    pub fn operation(self) -> Result<Operation, ApiError> {
        let title = required("title", self.title)?;
        let (added, removed) = (self.add_tag_ids, self.remove_tag_ids);
        let patch = TaskPatch {
            values: TaskValuesPatch {
                title: title
                    .map(|t| validate::title("input.title", &t, validate::TITLE))
                    .transpose()?,
                description: self
                    .description
                    .map_value(|text| described(&text))
                    .transpose()?
                    .into(),
                completed: required("completed", self.completed)?,
                priority: required("priority", self.priority)?.map(Into::into),
                due: self.due.map_value(Due::from).into(),
            },
            add_tags: id::parse_all_or_not_found("input.addTagIds", added, Input::AddedTag)?,
            remove_tags: id::parse_all_or_not_found(
                "input.removeTagIds",
                removed,
                Input::RemovedTag,
            )?,
        };
        let id = id::parse_or_not_found(&self.id, Input::Id)?;
        Ok(Operation::UpdateTask(id, self.expected_version, patch))
    }
}

impl MoveTaskInput {
    /// What is to be done.
    pub fn operation(self) -> Result<Operation, ApiError> {
        let id = id::parse_or_not_found(&self.id, Input::Id)?;
        let to = Move {
            list: place(self.list_id, Input::List)?.into(),
            parent: place(self.parent_id, Input::Parent)?.into(),
            anchor: self.place.map(PlaceInput::anchor).transpose()?,
        };
        Ok(Operation::MoveTask(id, self.expected_version, to))
    }
}

impl DeleteTaskInput {
    /// What is to be done.
    pub fn operation(self) -> Result<Operation, ApiError> {
        let delete = if self.permanently { Operation::DeleteTask } else { Operation::TrashTask };
        Ok(delete(id::parse_or_not_found(&self.id, Input::Id)?, self.expected_version))
    }
}

impl RestoreTaskInput {
    /// What is to be done.
    pub fn operation(self) -> Result<Operation, ApiError> {
        id::parse_or_not_found(&self.id, Input::Id).map(Operation::RestoreTask)
    }
}

fn described(text: &str) -> Result<String, ApiError> {
    validate::body("input.description", text, validate::DESCRIPTION)
}

/// A place that may be left out, or be given as none.
fn place(id: MaybeUndefined<ID>, named: Input) -> Result<MaybeUndefined<Uuid>, ApiError> {
    id.map_value(|id| id::parse_or_not_found(&id, named)).transpose()
}
