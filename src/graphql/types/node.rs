//! Relay's global object identification.

use std::{slice, sync::Arc};

use async_graphql::{Context, ID, Interface};

use super::{tag::Tag, task::Task, task_list::TaskList, user::User};
use crate::{
    error::ApiError,
    graphql::{
        batch_loader::TaskBatch,
        context::{ContextExt, RequestContext},
        id,
    },
    store::{Object, TaskRow},
};

/// What an id names.
pub enum Found {
    Viewer,
    Object(Box<Object>),
}

impl Found {
    /// What each of these ids names, in their order; at most [`id::MAX_IDS`].
    pub async fn all(request: &RequestContext, ids: &[ID]) -> Result<Vec<Option<Self>>, ApiError> {
        id::at_most("ids", ids)?;
        let viewer = request.viewer.id();
        let is_viewer = |id: &ID| id.as_str() == viewer.as_str();
        let uuids: Vec<_> = ids.iter().filter(|id| !is_viewer(id)).filter_map(id::parse).collect();
        let objects = request.store.objects(&uuids).await?;
        let find = |id: &ID| {
            if is_viewer(id) {
                return Some(Self::Viewer);
            }
            let object = id::parse(id).and_then(|id| objects.get(&id));
            object.map(|object| Self::Object(Box::new(object.clone())))
        };
        Ok(ids.iter().map(find).collect())
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<&TaskRow> {
        if let Self::Object(object) = self { object.task() } else { None }
    }
}

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
        let request = ctx.request()?;
        let found = Found::all(request, ids).await?;
        let batch = TaskBatch::of(found.iter().flatten().filter_map(Found::task));
        let node = |found| match found {
            Found::Viewer => Self::User(User::from(request)),
            Found::Object(object) => Self::of(*object, &batch),
        };
        Ok(found.into_iter().map(|found| found.map(node)).collect())
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
