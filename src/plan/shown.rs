//! The fields of objects that a plan can show: each as the schema's own type would.

use super::json::{self, Keyed};
use crate::{
    document::Selected,
    store::{Priority, TagRow, TaskRow},
};

/// A field of a task that its row alone tells, or its tags.
#[derive(Debug)]
pub enum TaskField {
    TypeName,
    Id,
    Title,
    Description,
    Completed,
    CompletedAt,
    Priority,
    DueOn,
    DueAt,
    Position,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    Version,
    Tags(Keyed<TagField>),
}

/// A field of a tag.
#[derive(Debug)]
pub enum TagField {
    TypeName,
    Id,
    Name,
    Color,
    CreatedAt,
    UpdatedAt,
    Version,
}

impl TaskField {
    pub fn of(selected: &Selected<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "title" => Self::Title,
            "description" => Self::Description,
            "completed" => Self::Completed,
            "completedAt" => Self::CompletedAt,
            "priority" => Self::Priority,
            "dueOn" => Self::DueOn,
            "dueAt" => Self::DueAt,
            "position" => Self::Position,
            "createdAt" => Self::CreatedAt,
            "updatedAt" => Self::UpdatedAt,
            "deletedAt" => Self::DeletedAt,
            "version" => Self::Version,
            "tags" => Self::Tags(json::keyed(&selected.below, TagField::of)?),
            _ => return None,
        })
    }

    fn write(&self, out: &mut Vec<u8>, task: &TaskRow, tags: &[TagRow]) {
        match self {
            Self::TypeName => json::quoted(out, "Task"),
            Self::Id => json::id(out, task.id),
            Self::Title => json::string(out, &task.title),
            Self::Description => json::nullable(out, task.description.as_deref(), json::string),
            Self::Completed => json::bool(out, task.completed_at.is_some()),
            Self::CompletedAt => json::nullable(out, task.completed_at, json::instant),
            Self::Priority => json::quoted(out, name_of(task.priority)),
            Self::DueOn => json::nullable(out, task.due_on, |out, day| json::quoted(out, day.format("%Y-%m-%d"))),
            Self::DueAt => json::nullable(out, task.due_at, json::instant),
            Self::Position => json::string(out, &task.position),
            Self::CreatedAt => json::instant(out, task.created_at),
            Self::UpdatedAt => json::instant(out, task.updated_at),
            Self::DeletedAt => json::nullable(out, task.deleted_at, json::instant),
            Self::Version => json::number(out, task.version),
            Self::Tags(fields) => json::list(out, tags, |out, tag| {
                json::object(out, borrowed(fields), |out, field| field.write(out, tag));
            }),
        }
    }
}

/// A task with these fields.
pub fn task(out: &mut Vec<u8>, fields: &Keyed<TaskField>, task: &TaskRow, tags: &[TagRow]) {
    json::object(out, borrowed(fields), |out, field| field.write(out, task, tags));
}

/// Whether the tags are shown.
pub fn shows_tags(fields: &Keyed<TaskField>) -> bool {
    fields.iter().any(|(_, field)| matches!(field, TaskField::Tags(_)))
}

/// The fields of a keyed list as [`json::object`] takes them.
pub fn borrowed<T>(fields: &Keyed<T>) -> impl Iterator<Item = (&json::Key, &T)> {
    fields.iter().map(|(key, field)| (key, field))
}

fn name_of(priority: Priority) -> &'static str {
    match priority {
        Priority::None => "NONE",
        Priority::Low => "LOW",
        Priority::Medium => "MEDIUM",
        Priority::High => "HIGH",
        Priority::Urgent => "URGENT",
    }
}

impl TagField {
    fn of(selected: &Selected<'_>) -> Option<Self> {
        Some(match selected.name {
            "__typename" => Self::TypeName,
            "id" => Self::Id,
            "name" => Self::Name,
            "color" => Self::Color,
            "createdAt" => Self::CreatedAt,
            "updatedAt" => Self::UpdatedAt,
            "version" => Self::Version,
            _ => return None,
        })
    }

    fn write(&self, out: &mut Vec<u8>, tag: &TagRow) {
        match self {
            Self::TypeName => json::quoted(out, "Tag"),
            Self::Id => json::id(out, tag.id),
            Self::Name => json::string(out, &tag.name),
            Self::Color => json::nullable(out, tag.color.as_deref(), json::string),
            Self::CreatedAt => json::instant(out, tag.created_at),
            Self::UpdatedAt => json::instant(out, tag.updated_at),
            Self::Version => json::number(out, tag.version),
        }
    }
}
