//! The rows of tables as objects of the schema.

use async_graphql::OutputType;

use super::json::{self, Output, SelectionSet};
use crate::{
    engine::document::CollectedField,
    graphql::types::{
        tag::{Tag, TagConnection, TagEdge},
        task::{Task, TaskConnection, TaskEdge},
        task_list::{TaskList, TaskListConnection, TaskListEdge},
    },
    store::{
        ColumnOf, ListEntity, ObjectEntity, Projection, Row, StoreError, TagEntity, TaskEntity,
    },
};

/// A table whose rows are objects of the schema.
pub trait Table: ObjectEntity {
    /// The type of the objects, and those of their pages.
    type Object: OutputType;
    type Connection: OutputType;
    type Edge: OutputType;
}

impl Table for TaskEntity {
    type Object = Task;
    type Connection = TaskConnection;
    type Edge = TaskEdge<'static>;
}

impl Table for TagEntity {
    type Object = Tag;
    type Connection = TagConnection;
    type Edge = TagEdge<'static>;
}

impl Table for ListEntity {
    type Object = TaskList;
    type Connection = TaskListConnection;
    type Edge = TaskListEdge<'static>;
}

/// A field of objects that are the rows of a table.
pub trait RowField: Sized + Send + Sync {
    type Table: Table;
    /// What has to be read to show such fields. Each field adds what it needs.
    type Required: Default + Send + Sync;
    /// What was read beside the rows.
    type Related: Send + Sync;

    /// The field, if it is one that can be shown.
    fn of(selected: &CollectedField, required: &mut Self::Required) -> Option<Self>;

    /// Writes the value that it has in a row.
    fn write(
        &self,
        out: &mut Output,
        row: &impl Row<ColumnOf<Self::Table>>,
        related: &Self::Related,
    ) -> Result<(), StoreError>;
}

/// The fields that are selected on the rows of a table.
pub fn selection_set<F: RowField>(
    selected: &[CollectedField],
    required: &mut F::Required,
) -> Option<SelectionSet<F>> {
    json::selection_set(selected, |field| F::of(field, required))
}

/// A row as an object with these fields.
pub fn object<F: RowField>(
    out: &mut Output,
    fields: &SelectionSet<F>,
    row: &impl Row<ColumnOf<F::Table>>,
    related: &F::Related,
) -> Result<(), StoreError> {
    json::object(out, fields, |out, field| field.write(out, row, related))
}

/// The same, or null without a row.
pub fn nullable_object<F: RowField>(
    out: &mut Output,
    fields: &SelectionSet<F>,
    row: Option<&impl Row<ColumnOf<F::Table>>>,
    related: &F::Related,
) -> Result<(), StoreError> {
    if let Some(row) = row {
        return object(out, fields, row, related);
    }
    json::null(out);
    Ok(())
}

/// A field of objects of which all fields are columns.
#[derive(Debug)]
pub enum ColumnField<T: Table> {
    TypeName,
    /// The column of the same name, shown as it is.
    Column(ColumnOf<T>),
}

pub type TagField = ColumnField<TagEntity>;
pub type ListField = ColumnField<ListEntity>;

impl<T: Table> RowField for ColumnField<T> {
    type Table = T;
    type Required = Projection<T>;
    type Related = ();

    fn of(selected: &CollectedField, required: &mut Projection<T>) -> Option<Self> {
        if selected.name == "__typename" {
            return Some(Self::TypeName);
        }
        let column = selected.name.parse().ok()?;
        *required = required.and([column]);
        Some(Self::Column(column))
    }

    fn write(
        &self,
        out: &mut Output,
        row: &impl Row<ColumnOf<T>>,
        (): &(),
    ) -> Result<(), StoreError> {
        match self {
            Self::TypeName => json::quoted(out, &T::Object::type_name()),
            Self::Column(column) => json::value(out, &row.value(*column)?),
        }
        Ok(())
    }
}
