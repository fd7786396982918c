//! Relay's global object identification.

use std::{slice, sync::Arc};

use async_graphql::{Context, ID, Interface};

use super::{tag::Tag, task::Task, task_list::TaskList, user::User};
use crate::{
    error::ApiError,
    graphql::{batch_loader::TaskBatch, context::ContextExt, id},
    store::Object,
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
        Ok(Self::find_all(ctx, slice::from_ref(id)).await?.pop().flatten())
    }

    /// The same for each of these ids, in their order.
    pub async fn find_all(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Self>>, ApiError> {
        let viewer = ctx.viewer()?.id();
        let is_viewer = |id: &ID| id.as_str() == viewer.as_str();
        let uuids: Vec<_> = ids.iter().filter(|id| !is_viewer(id)).filter_map(id::parse).collect();
        let objects = ctx.store()?.objects(&uuids).await?;
        let batch = TaskBatch::of(objects.values().filter_map(Object::task));
        let find = |id: &ID| {
            if is_viewer(id) {
                return Ok(Some(Self::User(User::from(ctx.request()?))));
            }
            let object = id::parse(id).and_then(|id| objects.get(&id));
            Ok(object.map(|object| Self::of(object.clone(), &batch)))
        };
        ids.iter().map(find).collect()
    }

    /// An object that is shown together with the tasks of that batch.
    pub fn of(object: Object, batch: &Arc<TaskBatch>) -> Self {
        match object {
            Object::Task(row) => Self::Task(Task::new(row, batch)),
            Object::Tag(row) => Self::Tag(row.into()),
            Object::List(row) => Self::TaskList(row.into()),
        }
    }
}
