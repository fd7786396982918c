//! The type `TaskList`, with its connection, inputs and payload.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, SimpleObject};

use super::inputs::{PlaceInput, required};
use crate::{
    auth::UserId,
    error::ApiError,
    graphql::{
        context::ContextExt,
        id,
        page::{PageArguments, PageCursors, connection},
        query::Query,
        validate,
    },
    store::{Input, ListPage, ListPatch, ListRow, NewList, Operation, OwnedStore},
    time::Timestamp,
};

/// A list of tasks. Tasks without a list are in the inbox.
#[derive(SimpleObject, Clone)]
pub struct TaskList {
    pub id: ID,
    /// 1..50 characters after trimming.
    name: String,
    /// `#rrggbb`.
    color: Option<String>,
    /// Sorts among the viewer's lists by plain string comparison.
    position: String,
    archived_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i32,
}

impl From<ListRow> for TaskList {
    fn from(row: ListRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            color: row.color,
            position: row.position,
            archived_at: row.archived_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

connection! {
    /// A page of lists.
    TaskListConnection of ListPage,
    /// A list and its cursor.
    TaskListEdge of TaskList
}

impl TaskListConnection {
    /// The cursors of the viewer's lists.
    pub fn cursors(store: &OwnedStore) -> PageCursors {
        PageCursors::new("lists by position", store)
    }

    pub async fn read(
        ctx: &Context<'_>,
        page: PageArguments,
        include_archived: bool,
    ) -> Result<Self, ApiError> {
        let store = ctx.store()?;
        let cursors = Self::cursors(store);
        let page = store.list_page(include_archived, page.window(&cursors)?, store.list_columns());
        let page = page.await?.whole()?;
        Ok(Self::new(page.map(Into::into), cursors))
    }
}

/// The list as it is now.
#[derive(SimpleObject)]
pub struct TaskListPayload {
    list: TaskList,
    pub query: Query,
    pub cursor: String,
}

impl TaskListPayload {
    pub fn new(row: ListRow, cursor: String) -> Self {
        Self { list: row.into(), query: Query, cursor }
    }
}

/// A new list.
#[derive(InputObject)]
pub struct CreateListInput {
    /// A UUID made by the client (v7 preferred). Given again by the same user, the call returns the list that exists.
    id: Option<ID>,
    name: String,
    color: Option<String>,
    place: Option<PlaceInput>,
}

impl CreateListInput {
    pub fn operation(self, viewer: &UserId) -> Result<Operation, ApiError> {
        Ok(Operation::CreateList(NewList {
            id: self.id.map(|id| id::new(&id, viewer)).transpose()?,
            name: validate::name(&self.name)?,
            color: self.color.map(|color| validate::color(&color)).transpose()?,
            anchor: self.place.map(PlaceInput::anchor).transpose()?,
        }))
    }
}

/// A field left out stays as it is; a field given null is cleared.
#[derive(InputObject)]
pub struct UpdateListInput {
    id: ID,
    /// Fails with CONFLICT when the list is at another version, unless nothing would change.
    expected_version: Option<i32>,
    name: MaybeUndefined<String>,
    color: MaybeUndefined<String>,
    /// Left out: the position stays.
    place: Option<PlaceInput>,
    archived: MaybeUndefined<bool>,
}

impl UpdateListInput {
    pub fn operation(self) -> Result<Operation, ApiError> {
        let patch = ListPatch {
            name: required("name", self.name)?.map(|name| validate::name(&name)).transpose()?,
            color: self.color.map_value(|color| validate::color(&color)).transpose()?.into(),
            anchor: self.place.map(PlaceInput::anchor).transpose()?,
            archived: required("archived", self.archived)?,
        };
        let id = id::parse_or_not_found(&self.id, Input::Id)?;
        Ok(Operation::UpdateList(id, self.expected_version, patch))
    }
}
