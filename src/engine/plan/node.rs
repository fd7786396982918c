//! Objects of any type: the interface `Node`.

use super::{
    PlanContext,
    json::{self, Output, SelectionSet},
    related::{Related, RequiredOfTasks},
    row::{self, ListField, RowField, TagField},
    task::TaskField,
    user::{RequiredOfUser, ResolvedUser, UserField},
};
use crate::{
    engine::document::CollectedField,
    error::ApiError,
    graphql::types::node::Found,
    store::{
        ColumnOf, ListColumns, ListEntity, Object, ObjectColumns, ObjectKind, ObjectOf, Row,
        StoreError, TagColumns, TagEntity, TaskEntity,
    },
};

/// The fields of each type of objects.
#[derive(Debug)]
pub struct NodeFields {
    user: SelectionSet<UserField>,
    task: SelectionSet<TaskField>,
    tag: SelectionSet<TagField>,
    list: SelectionSet<ListField>,
}

/// What has to be read of objects, and of what belongs to them.
#[derive(Debug, Default)]
pub struct RequiredOfNodes {
    pub tasks: RequiredOfTasks,
    tags: TagColumns,
    lists: ListColumns,
    pub user: RequiredOfUser,
}

/// What belongs to objects that are shown together.
pub struct RelatedOfNodes {
    tasks: Related,
    user: Option<ResolvedUser>,
}

impl NodeFields {
    /// The fields of objects that a field of the type `Node` returns.
    pub fn of(selected: &CollectedField, required: &mut RequiredOfNodes) -> Option<Self> {
        let RequiredOfNodes { tasks, tags, lists, user } = required;
        let user_fields = selected.fields_on("User");
        Some(Self {
            user: json::selection_set(user_fields, |field| UserField::of(field, user))?,
            task: fields_on(selected, ObjectKind::Task, tasks)?,
            tag: fields_on(selected, ObjectKind::Tag, tags)?,
            list: fields_on(selected, ObjectKind::List, lists)?,
        })
    }

    pub fn write_found(
        &self,
        out: &mut Output,
        found: Option<&Found>,
        related: &RelatedOfNodes,
    ) -> Result<(), StoreError> {
        match (found, &related.user) {
            (Some(Found::Object(object)), _) => self.write(out, Some(&**object), &related.tasks),
            (Some(Found::Viewer), Some(user)) => user.write(out, &self.user),
            _ => self.write(out, None::<&Object>, &related.tasks),
        }
    }

    /// Writes an object, or null without one.
    pub fn write(
        &self,
        out: &mut Output,
        object: Option<
            &ObjectOf<
                impl Row<ColumnOf<TaskEntity>>,
                impl Row<ColumnOf<TagEntity>>,
                impl Row<ColumnOf<ListEntity>>,
            >,
        >,
        related: &Related,
    ) -> Result<(), StoreError> {
        match object {
            Some(ObjectOf::Task(row)) => row::object(out, &self.task, row, related),
            Some(ObjectOf::Tag(row)) => row::object(out, &self.tag, row, &()),
            Some(ObjectOf::List(row)) => row::object(out, &self.list, row, &()),
            None => {
                json::null(out);
                Ok(())
            }
        }
    }
}

impl RequiredOfNodes {
    /// The columns of the objects.
    pub fn columns(&self) -> ObjectColumns {
        ObjectColumns::new(self.tasks.columns().clone(), self.tags.clone(), self.lists.clone())
    }

    /// Reads what belongs to what was found.
    pub async fn read(
        &self,
        context: PlanContext<'_>,
        found: &[Option<Found>],
    ) -> Result<RelatedOfNodes, ApiError> {
        let tasks = self.tasks.read(context, found.iter().flatten().filter_map(Found::task));
        let tasks = tasks.await?;
        let has_viewer = found.iter().flatten().any(|found| matches!(found, Found::Viewer));
        let user = if has_viewer { Some(self.user.read(context).await?) } else { None };
        Ok(RelatedOfNodes { tasks, user })
    }
}

fn fields_on<F: RowField>(
    selected: &CollectedField,
    kind: ObjectKind,
    required: &mut F::Required,
) -> Option<SelectionSet<F>> {
    json::selection_set(selected.fields_on(kind.type_name()), |field| F::of(field, required))
}
