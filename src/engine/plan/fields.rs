//! The fields of objects that a plan can show: each as the schema's own type would.

use std::collections::HashMap;

use async_graphql::OutputType;

use super::json::{self, SelectionSet};
use crate::{
    engine::document::CollectedField,
    graphql::scalars::enum_name,
    graphql::types::{
        tag::Tag,
        task::{Priority, Task},
    },
    store::{
        self, ColumnValue, OwnedStore, Row, StoreError, TagColumn, TagColumns, TagPart, TaskColumn,
        TaskColumns, TaskId,
    },
};

/// A field of a task that its row or its tags are enough for.
#[derive(Debug)]
pub enum TaskField {
    TypeName,
    /// A column of the same name, shown as it is.
    Column(TaskColumn),
    Completed,
    Priority,
    Tags(SelectionSet<TagField>),
}

/// A field of a tag.
#[derive(Debug)]
pub enum TagField {
    TypeName,
    /// A column of the same name, shown as it is.
    Column(TagColumn),
}

impl TaskField {
    /// The field, if it is one that can be shown.
    pub fn of(selected: &CollectedField<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "completed" => Self::Completed,
            "priority" => Self::Priority,
            "tags" => Self::Tags(json::selection_set(&selected.selections, TagField::of)?),
            name => Self::Column(name.parse().ok()?),
        })
    }

    /// Whether something beside the row has to be read for it.
    pub fn reads_more(&self) -> bool {
        matches!(self, Self::Tags(_))
    }

    fn column(&self) -> Option<TaskColumn> {
        match self {
            Self::Column(column) => Some(*column),
            Self::Completed => Some(TaskColumn::CompletedAt),
            Self::Priority => Some(TaskColumn::Priority),
            Self::TypeName | Self::Tags(_) => None,
        }
    }

    fn write(
        &self,
        out: &mut Vec<u8>,
        task: &impl Row<TaskColumn>,
        tags: &Tags,
    ) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &Task::type_name()),
            Self::Column(column) => json::value(out, &task.value(*column)?),
            Self::Completed => {
                json::bool(out, task.value(TaskColumn::CompletedAt)? != ColumnValue::Null);
            }
            Self::Priority => {
                let priority: store::Priority = task.value(TaskColumn::Priority)?.variant()?;
                json::quoted(out, enum_name(Priority::from(priority)));
            }
            Self::Tags(fields) => {
                let tags =
                    tags.get(&task.value(TaskColumn::Id)?.id()?).map_or(&[][..], Vec::as_slice);
                json::list(out, tags, |out, tag| {
                    json::object(out, fields, |out, field| field.write(out, tag))
                })?;
            }
        }
        Ok(())
    }
}

impl TagField {
    pub fn of(selected: &CollectedField<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            name => Self::Column(name.parse().ok()?),
        })
    }

    fn column(&self) -> Option<TagColumn> {
        match self {
            Self::TypeName => None,
            Self::Column(column) => Some(*column),
        }
    }

    fn write(&self, out: &mut Vec<u8>, tag: &TagPart) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &Tag::type_name()),
            Self::Column(column) => json::value(out, &tag.value(*column)?),
        }
        Ok(())
    }
}

/// A task with these fields.
pub fn task(
    out: &mut Vec<u8>,
    fields: &SelectionSet<TaskField>,
    task: &impl Row<TaskColumn>,
    tags: &Tags,
) -> Result<(), StoreError> {
    json::object(out, fields, |out, field| field.write(out, task, tags))
}

/// What has to be read of tasks, and of their tags, to show them.
#[derive(Debug)]
pub struct RequiredColumns {
    pub columns: TaskColumns,
    tags: Option<TagColumns>,
}

/// The tags of tasks.
pub type Tags = HashMap<TaskId, Vec<TagPart>>;

impl RequiredColumns {
    /// What these fields show.
    pub fn of<'f>(fields: impl Iterator<Item = &'f TaskField> + Clone) -> Self {
        let shown = fields.clone().filter_map(TaskField::column);
        let tags: Vec<_> = fields
            .filter_map(|field| match field {
                TaskField::Tags(fields) => Some(fields),
                _ => None,
            })
            .collect();
        let shown_of_tags = tags.iter().flat_map(|it| it.iter()).filter_map(|(_, it)| it.column());
        Self {
            columns: TaskColumns::new([TaskColumn::Id].into_iter().chain(shown)),
            tags: (!tags.is_empty()).then(|| TagColumns::new(shown_of_tags)),
        }
    }

    /// The tags of these tasks, if they are shown.
    pub async fn tags(&self, store: &OwnedStore, tasks: &[TaskId]) -> Result<Tags, StoreError> {
        match &self.tags {
            Some(columns) if !tasks.is_empty() => store.tags_of(tasks, columns).await,
            _ => Ok(Tags::new()),
        }
    }
}
