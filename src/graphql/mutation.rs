//! The fields that change something.

use async_graphql::{Context, Object};

use super::{
    context::ContextExt,
    types::{
        batch::{BatchInput, BatchOperation, BatchPayload},
        change_page,
        inputs::DeleteInput,
        payload::{DeletePayload, OfOutcome},
        scope::RequireScope,
        session::{SignOutInput, SignOutPayload},
        tag::{CreateTagInput, TagPayload, UpdateTagInput},
        task::{
            CreateTaskInput, DeleteTaskInput, MoveTaskInput, RestoreTaskInput, TaskPayload,
            UpdateTaskInput,
        },
        task_list::{CreateListInput, TaskListPayload, UpdateListInput},
        user::{UpdateViewerInput, ViewerPayload},
    },
};
use crate::{
    auth,
    error::{ApiError, ErrorCode},
};

/// A failure stays within its field: an error that is passed up would blank the payloads of the
/// mutations before it, which have been committed.
type Outcome<T> = Option<Result<T, ApiError>>;

/// The root of what can be changed: the viewer's own, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Mutation;

/// Every mutation takes one `input`, returns what it changed, and may be sent again after a lost reply: creates by their `id`, the rest because they set states and never toggle them.
#[Object(guard = RequireScope(auth::Scope::Write))]
impl Mutation {
    async fn create_task(&self, ctx: &Context<'_>, input: CreateTaskInput) -> Outcome<TaskPayload> {
        run(ctx, BatchOperation::CreateTask(input)).await
    }

    async fn update_task(&self, ctx: &Context<'_>, input: UpdateTaskInput) -> Outcome<TaskPayload> {
        run(ctx, BatchOperation::UpdateTask(input)).await
    }

    /// Into a list, under a parent, between siblings.
    async fn move_task(&self, ctx: &Context<'_>, input: MoveTaskInput) -> Outcome<TaskPayload> {
        run(ctx, BatchOperation::MoveTask(input)).await
    }

    /// With its subtasks to the trash; `permanently` skips the trash.
    async fn delete_task(
        &self,
        ctx: &Context<'_>,
        input: DeleteTaskInput,
    ) -> Outcome<DeletePayload> {
        run(ctx, BatchOperation::DeleteTask(input)).await
    }

    /// With the subtasks that went along.
    async fn restore_task(
        &self,
        ctx: &Context<'_>,
        input: RestoreTaskInput,
    ) -> Outcome<TaskPayload> {
        run(ctx, BatchOperation::RestoreTask(input)).await
    }

    async fn create_tag(&self, ctx: &Context<'_>, input: CreateTagInput) -> Outcome<TagPayload> {
        run(ctx, BatchOperation::CreateTag(input)).await
    }

    async fn update_tag(&self, ctx: &Context<'_>, input: UpdateTagInput) -> Outcome<TagPayload> {
        run(ctx, BatchOperation::UpdateTag(input)).await
    }

    async fn delete_tag(&self, ctx: &Context<'_>, input: DeleteInput) -> Outcome<DeletePayload> {
        run(ctx, BatchOperation::DeleteTag(input)).await
    }

    async fn create_list(
        &self,
        ctx: &Context<'_>,
        input: CreateListInput,
    ) -> Outcome<TaskListPayload> {
        run(ctx, BatchOperation::CreateList(input)).await
    }

    async fn update_list(
        &self,
        ctx: &Context<'_>,
        input: UpdateListInput,
    ) -> Outcome<TaskListPayload> {
        run(ctx, BatchOperation::UpdateList(input)).await
    }

    /// Its tasks go to the inbox.
    async fn delete_list(&self, ctx: &Context<'_>, input: DeleteInput) -> Outcome<DeletePayload> {
        run(ctx, BatchOperation::DeleteList(input)).await
    }

    /// Up to 100 of the operations above in one transaction, in order. Later ones may name ids that earlier ones create.
    async fn batch(&self, ctx: &Context<'_>, input: BatchInput) -> Outcome<BatchPayload> {
        Some(input.run(ctx).await)
    }

    async fn update_viewer(
        &self,
        ctx: &Context<'_>,
        input: UpdateViewerInput,
    ) -> Outcome<ViewerPayload> {
        Some(input.update(ctx).await)
    }

    /// From now on the server refuses this token, or with `everywhere` every token of the user issued up to now, and closes their subscriptions.
    async fn sign_out(&self, ctx: &Context<'_>, input: SignOutInput) -> Outcome<SignOutPayload> {
        Some(input.sign_out(ctx).await)
    }
}

/// Does one thing and wraps what it came to.
async fn run<P: OfOutcome>(ctx: &Context<'_>, operation: BatchOperation) -> Outcome<P> {
    let run = async || {
        let viewer = ctx.viewer()?.id();
        let store = ctx.store()?;
        let done = store.execute(operation.read(viewer)?, store.task_columns()).await?;
        let cursor = change_page::cursor(viewer, done.change_seq);
        P::of(done.outcome.whole()?, cursor).ok_or_else(|| {
            ApiError::new(ErrorCode::InternalServerError, "The mutation came to something else.")
        })
    };
    Some(run().await)
}
