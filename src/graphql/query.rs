//! The query root.

use async_graphql::{Context, ID, Object};

use super::{
    context::ContextExt,
    id,
    page::PageArguments,
    types::{
        change_page::{self, ChangePage},
        node::Node,
        rate_limit::RateLimit,
        scope::RequireScope,
        tag::{Tag, TagConnection},
        task::{Task, TaskConnection},
        task_filter::TaskFilter,
        task_list::{TaskList, TaskListConnection},
        task_order::{TaskArguments, TaskOrder},
        user::User,
    },
};
use crate::{auth, error::ApiError};

/// The query root: only the viewer's data.
#[derive(Clone, Copy, Debug)]
pub struct Query;

#[Object(guard = RequireScope(auth::Scope::Read))]
impl Query {
    /// Who is asking, and with which session.
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn viewer(&self, ctx: &Context<'_>) -> Result<User, ApiError> {
        Ok(User::from(ctx.request()?))
    }

    /// Any object of the viewer by id; null when it does not exist or is not the viewer's.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>, ApiError> {
        Node::find(ctx, &id).await
    }

    /// As many answers as ids, in their order; at most 100 ids.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>, ApiError> {
        Node::find_all(ctx, &ids).await
    }

    /// Null when it does not exist or is not the viewer's: the two cannot be told apart.
    async fn task(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Task>, ApiError> {
        let Some(id) = id::parse(&id) else { return Ok(None) };
        let store = ctx.store()?;
        let task = store.row(id, store.task_columns()).await?;
        Ok(task.map(|task| task.whole()).transpose()?.map(Task::from))
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
        let arguments = TaskArguments::newest_first(page, filter, order_by);
        TaskConnection::read(ctx, arguments).await
    }

    /// Null when it does not exist or is not the viewer's: the two cannot be told apart.
    async fn tag(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Tag>, ApiError> {
        let Some(id) = id::parse(&id) else { return Ok(None) };
        let store = ctx.store()?;
        let tag = store.row(id, store.tag_columns()).await?;
        Ok(tag.map(|tag| tag.whole()).transpose()?.map(Tag::from))
    }

    /// By name.
    async fn tags(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<TagConnection, ApiError> {
        TagConnection::read(ctx, PageArguments { first, after, last, before }).await
    }

    /// Null when it does not exist or is not the viewer's: the two cannot be told apart.
    async fn list(&self, ctx: &Context<'_>, id: ID) -> Result<Option<TaskList>, ApiError> {
        let Some(id) = id::parse(&id) else { return Ok(None) };
        let store = ctx.store()?;
        let list = store.row(id, store.list_columns()).await?;
        Ok(list.map(|list| list.whole()).transpose()?.map(TaskList::from))
    }

    /// By position.
    async fn lists(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<TaskListConnection, ApiError> {
        let page = PageArguments { first, after, last, before };
        TaskListConnection::read(ctx, page, include_archived).await
    }

    /// What changed after `since`, oldest first; null `since` starts a full read. The polling twin of `Subscription.changes`.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        since: Option<String>,
        #[graphql(default_with = "change_page::MOST")] first: i32,
    ) -> Result<ChangePage, ApiError> {
        ChangePage::read(ctx, since, first).await
    }

    /// The cost of this request and what is left of the budget. Free to ask.
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn rate_limit(&self, ctx: &Context<'_>) -> Result<RateLimit, ApiError> {
        Ok(ctx.request()?.rate_limit)
    }
}
