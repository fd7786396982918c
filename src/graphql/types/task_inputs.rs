//! The inputs of the mutations of tasks, and the operations that they describe.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use uuid::Uuid;

use super::{
    inputs::{PlaceInput, required},
    task::Priority,
};
use crate::{
    auth::UserId,
    error::ApiError,
    graphql::{id, scalars::Date, validate},
    store::{Due, Input, Move, NewTask, Operation, TaskPatch, TaskValues, TaskValuesPatch},
    time::Timestamp,
};

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
    start_on: Option<Date>,
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
    start_on: MaybeUndefined<Date>,
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
    /// The operation that it describes.
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
                start_on: self.start_on.map(|day| day.0),
            },
            tags: id::parse_all_or_not_found("input.tagIds", self.tag_ids, Input::Tag)?,
            list: optional_id(self.list_id, Input::List)?.into(),
            parent: parent.transpose()?,
        }))
    }
}

impl UpdateTaskInput {
    /// The operation that it describes.
    pub fn operation(self) -> Result<Operation, ApiError> {
        let title = required("title", self.title)?;
        let (added, removed) = (self.add_tag_ids, self.remove_tag_ids);
        let patch = TaskPatch {
            values: TaskValuesPatch {
                title: title
                    .map(|text| validate::title("input.title", &text, validate::TITLE))
                    .transpose()?,
                description: self
                    .description
                    .map_value(|text| described(&text))
                    .transpose()?
                    .into(),
                completed: required("completed", self.completed)?,
                priority: required("priority", self.priority)?.map(Into::into),
                due: self.due.map_value(Due::from).into(),
                start_on: self.start_on.map_value(|day| day.0).into(),
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
            list: optional_id(self.list_id, Input::List)?.into(),
            parent: optional_id(self.parent_id, Input::Parent)?.into(),
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

/// The UUID of an object that may be left out, or be null.
fn optional_id<I: From<Uuid>>(
    id: MaybeUndefined<ID>,
    named: Input,
) -> Result<MaybeUndefined<I>, ApiError> {
    id.map_value(|id| id::parse_or_not_found(&id, named)).transpose()
}
