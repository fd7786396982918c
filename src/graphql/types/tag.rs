//! The type `Tag`, with its connection, inputs and payload.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, SimpleObject};

use super::inputs::required;
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
    store::{Input, NewTag, Operation, OwnedStore, TagPage, TagPatch, TagRow},
    time::Timestamp,
};

/// A label for tasks. A task can have several.
#[derive(SimpleObject)]
pub struct Tag {
    pub id: ID,
    /// 1..50 characters, unique per user without regard to case.
    name: String,
    /// `#rrggbb`.
    color: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i32,
}

impl From<TagRow> for Tag {
    fn from(row: TagRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            color: row.color,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

connection! {
    /// A page of tags.
    TagConnection of TagPage,
    /// A tag and its cursor.
    TagEdge of Tag
}

impl TagConnection {
    /// The cursors of the viewer's tags.
    pub fn cursors(store: &OwnedStore) -> PageCursors {
        PageCursors::new("tags by name", store)
    }

    pub async fn read(ctx: &Context<'_>, page: PageArguments) -> Result<Self, ApiError> {
        let store = ctx.store()?;
        let cursors = Self::cursors(store);
        let page = store.tag_page(page.window(&cursors)?, store.tag_columns()).await?.whole()?;
        Ok(Self::new(page.map(Into::into), cursors))
    }
}

/// The tag as it is now.
#[derive(SimpleObject)]
pub struct TagPayload {
    tag: Tag,
    pub query: Query,
    pub cursor: String,
}

impl TagPayload {
    pub fn new(row: TagRow, cursor: String) -> Self {
        Self { tag: row.into(), query: Query, cursor }
    }
}

/// A new tag.
#[derive(InputObject)]
pub struct CreateTagInput {
    /// A UUID made by the client (v7 preferred). Given again by the same user, the call returns the tag that exists.
    id: Option<ID>,
    name: String,
    color: Option<String>,
}

impl CreateTagInput {
    pub fn operation(self, viewer: &UserId) -> Result<Operation, ApiError> {
        Ok(Operation::CreateTag(NewTag {
            id: self.id.map(|id| id::new(&id, viewer)).transpose()?,
            name: validate::name(&self.name)?,
            color: self.color.map(|color| validate::color(&color)).transpose()?,
        }))
    }
}

/// A field left out stays as it is; a field given null is cleared.
#[derive(InputObject)]
pub struct UpdateTagInput {
    id: ID,
    /// Fails with CONFLICT when the tag is at another version, unless nothing would change.
    expected_version: Option<i32>,
    name: MaybeUndefined<String>,
    color: MaybeUndefined<String>,
}

impl UpdateTagInput {
    pub fn operation(self) -> Result<Operation, ApiError> {
        let patch = TagPatch {
            name: required("name", self.name)?.map(|name| validate::name(&name)).transpose()?,
            color: self.color.map_value(|color| validate::color(&color)).transpose()?.into(),
        };
        let id = id::parse_or_not_found(&self.id, Input::Id)?;
        Ok(Operation::UpdateTag(id, self.expected_version, patch))
    }
}
