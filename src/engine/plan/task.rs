//! Tasks, with what belongs to them.

use async_graphql::OutputType;
use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    connection::{self, ConnectionField, ShownPage},
    json::{self, Output, SelectionSet},
    related::{Related, RequiredOfTasks, SubtasksKey},
    row::{self, ListField, RowField, TagField},
};
use crate::{
    engine::document::CollectedField,
    graphql::{
        scalars::enum_name,
        types::task::{Priority, Task},
    },
    store::{self, ColumnValue, ListId, Row, StoreError, TaskColumn, TaskEntity, TaskId},
    time::Timestamp,
};

/// A field of a task.
#[derive(Debug)]
pub enum TaskField {
    TypeName,
    /// The column of the same name, shown as it is.
    Column(TaskColumn),
    Completed,
    Priority,
    Overdue,
    Tags(SelectionSet<TagField>),
    List(SelectionSet<ListField>),
    Parent(SelectionSet<TaskField>),
    Subtasks(SubtasksKey, SelectionSet<ConnectionField<TaskField>>),
}

impl RowField for TaskField {
    type Table = TaskEntity;
    type Required = RequiredOfTasks;
    type Related = Related;

    fn of(selected: &CollectedField, required: &mut RequiredOfTasks) -> Option<Self> {
        let fields = selected.fields();
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "completed" => {
                required.add_columns([TaskColumn::CompletedAt]);
                Self::Completed
            }
            "priority" => {
                required.add_columns([TaskColumn::Priority]);
                Self::Priority
            }
            "overdue" => {
                required.add_overdue();
                Self::Overdue
            }
            "tags" => Self::Tags(row::selection_set(fields, required.tags())?),
            "list" => Self::List(row::selection_set(fields, required.lists())?),
            "parent" => Self::Parent(row::selection_set(fields, required.parents())?),
            "subtasks" => {
                let (key, required) = required.subtasks(selected);
                let (of_page, of_tasks) = required.of_pages();
                Self::Subtasks(key, connection::selection_set(fields, of_page, of_tasks)?)
            }
            name => {
                let column = name.parse().ok()?;
                required.add_columns([column]);
                Self::Column(column)
            }
        })
    }

    fn write(
        &self,
        out: &mut Output,
        task: &impl Row<TaskColumn>,
        related: &Related,
    ) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &Task::type_name()),
            Self::Column(column) => json::value(out, &task.value(*column)?),
            Self::Completed => json::bool(out, is_completed(task)?),
            Self::Priority => {
                let priority: store::Priority = task.value(TaskColumn::Priority)?.variant()?;
                json::quoted(out, enum_name(Priority::from(priority)));
            }
            Self::Overdue => json::bool(out, related.is_overdue(task)?),
            Self::Tags(fields) => {
                let tags = related.tags(id(task)?);
                json::list(out, tags, |out, tag| row::object(out, fields, tag, &()))?;
            }
            Self::List(fields) => {
                row::nullable_object(out, fields, related.list(task)?, &())?;
            }
            Self::Parent(fields) => match related.parent(task)? {
                Some((parent, related)) => row::object(out, fields, parent, related)?,
                None => json::null(out),
            },
            Self::Subtasks(key, fields) => {
                let (page, cursors, related) = related.subtasks(*key, id(task)?)?;
                ShownPage { page, cursors, related }.write(out, fields)?;
            }
        }
        Ok(())
    }
}

pub fn id(task: &impl Row<TaskColumn>) -> Result<TaskId, StoreError> {
    task.value(TaskColumn::Id)?.id()
}

pub fn is_completed(task: &impl Row<TaskColumn>) -> Result<bool, StoreError> {
    Ok(task.value(TaskColumn::CompletedAt)? != ColumnValue::Null)
}

/// The list that it is in.
pub fn list(task: &impl Row<TaskColumn>) -> Result<Option<ListId>, StoreError> {
    optional_id(task.value(TaskColumn::ListId)?)
}

/// The task that it is under.
pub fn parent(task: &impl Row<TaskColumn>) -> Result<Option<TaskId>, StoreError> {
    optional_id(task.value(TaskColumn::ParentId)?)
}

fn optional_id<I: From<Uuid>>(value: ColumnValue<'_>) -> Result<Option<I>, StoreError> {
    if value == ColumnValue::Null { Ok(None) } else { value.id().map(Some) }
}

/// When an open task is due.
pub enum Due {
    Never,
    At(Timestamp),
    On(NaiveDate),
}

impl Due {
    pub fn of(task: &impl Row<TaskColumn>) -> Result<Self, StoreError> {
        if is_completed(task)? {
            return Ok(Self::Never);
        }
        Ok(match (task.value(TaskColumn::DueAt)?, task.value(TaskColumn::DueOn)?) {
            (ColumnValue::Timestamp(at), _) => Self::At(at),
            (_, ColumnValue::Date(day)) => Self::On(day),
            _ => Self::Never,
        })
    }

    /// Whether the viewer's day decides if it is overdue.
    pub fn needs_today(&self) -> bool {
        matches!(self, Self::On(_))
    }
}
