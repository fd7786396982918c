//! The fields to read from.

use async_graphql::{Context, ID, Object};

use super::{
    context::ContextExt,
    error::ApiError,
    id,
    node::Node,
    page::PageArguments,
    task::{Task, TaskConnection, TaskOrder},
    task_filter::TaskFilter,
    viewer::User,
};

/// The root of what can be read: the viewer's own, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Query;

#[Object]
impl Query {
    /// Who is asking, and with which session.
    #[expect(clippy::unused_async, reason = "the macro takes nothing else")]
    async fn viewer(&self, ctx: &Context<'_>) -> Result<User, ApiError> {
        Ok(User::from(ctx.request()?))
    }

    /// Any object of the viewer by id; null when it does not exist or is not the viewer's.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>, ApiError> {
        if id.as_str() == ctx.viewer()?.id().as_str() {
            return Ok(Some(Node::User(User::from(ctx.request()?))));
        }
        Ok(find_task(ctx, &id).await?.map(Node::Task))
    }

    /// Null when it does not exist or is not the viewer's: the two cannot be told apart.
    async fn task(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Task>, ApiError> {
        find_task(ctx, &id).await
    }

    /// Newest first by default. `first`/`last` 0..100, default 50. Tasks in the trash are left out unless `filter.trash` says otherwise.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<TaskFilter>,
        order_by: Option<Vec<TaskOrder>>,
    ) -> Result<TaskConnection, ApiError> {
        let page = PageArguments { first, after, last, before };
        TaskConnection::read(ctx, page, filter.unwrap_or_default(), &order_by.unwrap_or_default())
            .await
    }
}

async fn find_task(ctx: &Context<'_>, id: &ID) -> Result<Option<Task>, ApiError> {
    match id::uuid(id) {
        Some(id) => Ok(ctx.store()?.task(id).await?.map(Task::from)),
        None => Ok(None),
    }
}
