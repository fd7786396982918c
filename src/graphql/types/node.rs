//! Relay's global object identification.

use async_graphql::{Context, ID, Interface};

use super::{tag::Tag, task::Task, task_list::TaskList, user::User};
use crate::{
    error::ApiError,
    graphql::{context::ContextExt, id},
};

/// Anything with an id. Ids are UUIDs, unique over all types (a User's id is the auth server's) and opaque to clients.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "&ID"))]
pub enum Node {
    /// The viewer.
    User(User),
    /// A task of the viewer's.
    Task(Task),
    /// A tag of the viewer's.
    Tag(Tag),
    /// A list of the viewer's.
    TaskList(TaskList),
}

impl Node {
    /// The viewer, or an object of the viewer's.
    pub async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Self>, ApiError> {
        if id.as_str() == ctx.viewer()?.id().as_str() {
            return Ok(Some(Self::User(User::from(ctx.request()?))));
        }
        let (Some(id), store) = (id::uuid(id), ctx.store()?) else { return Ok(None) };
        if let Some(task) = store.task(id).await? {
            return Ok(Some(Self::Task(task.into())));
        }
        if let Some(tag) = store.tag(id).await? {
            return Ok(Some(Self::Tag(tag.into())));
        }
        Ok(store.list(id).await?.map(|list| Self::TaskList(list.into())))
    }
}
