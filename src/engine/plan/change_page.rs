//! A page of the viewer's changes.

use async_graphql::OutputType;

use super::{
    PlanContext,
    arguments::Arguments,
    json::{self, Output, SelectionSet},
    node::{NodeFields, RequiredOfNodes},
    related::Related,
};
use crate::{
    engine::document::CollectedField,
    error::ApiError,
    graphql::{
        page,
        scalars::enum_name,
        types::change_page::{self, ChangeKind},
    },
    store::{self, ObjectColumns, ObjectPart, StoreError, SyncCursor},
};

/// A field of a page of changes.
#[derive(Debug)]
pub enum ChangePageField {
    TypeName,
    Changes(SelectionSet<ChangeField>),
    Cursor,
    HasMore,
    Reset,
}

/// A field of a change.
#[derive(Debug)]
pub enum ChangeField {
    TypeName,
    Kind,
    Id,
    Type,
    Node(NodeFields),
    Cursor,
}

/// A page of changes, with what belongs to their objects.
pub struct ResolvedChanges {
    page: store::ChangePage,
    related: Related,
    /// The name of the viewer's log in cursors.
    log: String,
}

impl ChangePageField {
    pub fn of(selected: &CollectedField, required: &mut RequiredOfNodes) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "changes" => Self::Changes(json::selection_set(selected.fields(), |field| {
                ChangeField::of(field, required)
            })?),
            "cursor" => Self::Cursor,
            "hasMore" => Self::HasMore,
            "reset" => Self::Reset,
            _ => return None,
        })
    }
}

impl ChangeField {
    fn of(selected: &CollectedField, required: &mut RequiredOfNodes) -> Option<Self> {
        Some(match selected.name.as_str() {
            "__typename" => Self::TypeName,
            "kind" => Self::Kind,
            "id" => Self::Id,
            "type" => Self::Type,
            "node" => Self::Node(NodeFields::of(selected, required)?),
            "cursor" => Self::Cursor,
            _ => return None,
        })
    }
}

/// Where the page begins, and how many changes it may hold.
pub fn arguments(
    arguments: &Arguments,
    PlanContext { request, variables }: PlanContext<'_>,
) -> Result<(Option<SyncCursor>, usize), ApiError> {
    let since = arguments.read("since", variables)?;
    let first = arguments.read_or("first", change_page::MOST, variables)?;
    change_page::arguments(request.viewer.id(), since, first)
}

impl ResolvedChanges {
    pub async fn read(
        arguments: &Arguments,
        required: &RequiredOfNodes,
        columns: &ObjectColumns,
        context: PlanContext<'_>,
    ) -> Result<Self, ApiError> {
        let (since, most) = self::arguments(arguments, context)?;
        let page = context.request.store.changes(since, most, columns).await?;
        let objects = page.changes.iter().filter_map(|change| change.object.as_ref());
        let related = required.tasks.read(context, objects.filter_map(ObjectPart::task)).await?;
        Ok(Self { page, related, log: change_page::log_of(context.request.viewer.id()) })
    }

    pub fn write(
        &self,
        out: &mut Output,
        fields: &SelectionSet<ChangePageField>,
    ) -> Result<(), StoreError> {
        let Self { page, .. } = self;
        json::object(out, fields, |out, field| {
            match field {
                ChangePageField::TypeName => {
                    json::quoted(out, &change_page::ChangePage::type_name());
                }
                ChangePageField::Changes(fields) => {
                    json::list(out, &page.changes, |out, change| {
                        json::object(out, fields, |out, field| self.write_field(out, field, change))
                    })?;
                }
                ChangePageField::Cursor => self.write_cursor(out, &page.place),
                ChangePageField::HasMore => json::bool(out, page.has_more),
                ChangePageField::Reset => json::bool(out, page.reset),
            }
            Ok(())
        })
    }

    fn write_field(
        &self,
        out: &mut Output,
        field: &ChangeField,
        change: &store::Change,
    ) -> Result<(), StoreError> {
        match field {
            ChangeField::TypeName => json::quoted(out, &change_page::Change::type_name()),
            ChangeField::Kind => json::quoted(out, enum_name(ChangeKind::of(change))),
            ChangeField::Id => json::id(out, change.id),
            ChangeField::Type => json::quoted(out, change.kind.type_name()),
            ChangeField::Node(fields) => {
                fields.write(out, change.object.as_ref(), &self.related)?;
            }
            ChangeField::Cursor => self.write_cursor(out, &SyncCursor::behind(change.seq)),
        }
        Ok(())
    }

    fn write_cursor(&self, out: &mut Output, cursor: &SyncCursor) {
        json::quoted(out, &page::encode_cursor(&self.log, cursor));
    }
}
