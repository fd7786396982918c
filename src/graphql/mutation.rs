//! The mutation root.

use async_graphql::{Context, Object};

use super::{
    context::{ContextExt, RequestContext},
    types::{
        batch::{BatchInput, BatchOperation, BatchPayload},
        change_page,
        inputs::DeleteInput,
        payload::{DeletePayload, OfOutcome},
        scope::{RequireScope, RequireToken},
        session::{SignOutInput, SignOutPayload},
        tag::{CreateTagInput, TagPayload, UpdateTagInput},
        task::TaskPayload,
        task_inputs::{
            CreateTaskInput, DeleteTaskInput, MoveTaskInput, RestoreTaskInput, UpdateTaskInput,
        },
        task_list::{CreateListInput, TaskListPayload, UpdateListInput},
        user::{UpdateViewerInput, ViewerPayload},
    },
};
use crate::{
    auth,
    error::{ApiError, ErrorCode},
};

/// The nullable value of a mutation field. An error makes only this field null: `Result<Option<T>, _>` would
/// propagate it to `data`, and so hide the payloads of earlier mutations, which have been committed
/// (specification §6.4.4).
type Field<T> = Option<Result<T, ApiError>>;

/// The mutation root: only the viewer's data.
#[derive(Clone, Copy, Debug)]
pub struct Mutation;

/// Every mutation takes one `input`, returns what it changed, and may be sent again after a lost reply: creates by their `id`, the rest because they set states and never toggle them.
#[Object(guard = RequireScope(auth::Scope::Write))]
impl Mutation {
    async fn create_task(&self, ctx: &Context<'_>, input: CreateTaskInput) -> Field<TaskPayload> {
        run(ctx, BatchOperation::CreateTask(input)).await
    }

    async fn update_task(&self, ctx: &Context<'_>, input: UpdateTaskInput) -> Field<TaskPayload> {
        run(ctx, BatchOperation::UpdateTask(input)).await
    }

    /// Into a list, under a parent, between siblings.
    async fn move_task(&self, ctx: &Context<'_>, input: MoveTaskInput) -> Field<TaskPayload> {
        run(ctx, BatchOperation::MoveTask(input)).await
    }

    /// With its subtasks to the trash; `permanently` skips the trash.
    async fn delete_task(&self, ctx: &Context<'_>, input: DeleteTaskInput) -> Field<DeletePayload> {
        run(ctx, BatchOperation::DeleteTask(input)).await
    }

    /// With the subtasks that went along.
    async fn restore_task(&self, ctx: &Context<'_>, input: RestoreTaskInput) -> Field<TaskPayload> {
        run(ctx, BatchOperation::RestoreTask(input)).await
    }

    async fn create_tag(&self, ctx: &Context<'_>, input: CreateTagInput) -> Field<TagPayload> {
        run(ctx, BatchOperation::CreateTag(input)).await
    }

    async fn update_tag(&self, ctx: &Context<'_>, input: UpdateTagInput) -> Field<TagPayload> {
        run(ctx, BatchOperation::UpdateTag(input)).await
    }

    async fn delete_tag(&self, ctx: &Context<'_>, input: DeleteInput) -> Field<DeletePayload> {
        run(ctx, BatchOperation::DeleteTag(input)).await
    }

    async fn create_list(
        &self,
        ctx: &Context<'_>,
        input: CreateListInput,
    ) -> Field<TaskListPayload> {
        run(ctx, BatchOperation::CreateList(input)).await
    }

    async fn update_list(
        &self,
        ctx: &Context<'_>,
        input: UpdateListInput,
    ) -> Field<TaskListPayload> {
        run(ctx, BatchOperation::UpdateList(input)).await
    }

    /// Its tasks go to the inbox.
    async fn delete_list(&self, ctx: &Context<'_>, input: DeleteInput) -> Field<DeletePayload> {
        run(ctx, BatchOperation::DeleteList(input)).await
    }

    /// Up to 100 of the operations above in one transaction, in order. Later ones may name ids that earlier ones create.
    async fn batch(&self, ctx: &Context<'_>, input: BatchInput) -> Field<BatchPayload> {
        let run = async || input.run(request(ctx)?).await;
        Some(run().await)
    }

    async fn update_viewer(
        &self,
        ctx: &Context<'_>,
        input: UpdateViewerInput,
    ) -> Field<ViewerPayload> {
        let update = async || input.update(request(ctx)?).await;
        Some(update().await)
    }

    /// From now on the server refuses this token, or with `everywhere` every token of the user issued up to now, and closes their subscriptions. Any token may sign itself out, whatever its scopes.
    #[graphql(guard = "RequireToken")]
    async fn sign_out(&self, ctx: &Context<'_>, input: SignOutInput) -> Field<SignOutPayload> {
        let sign_out = async || input.sign_out(request(ctx)?).await;
        Some(sign_out().await)
    }
}

/// The request, unless an earlier field has exceeded its budget: no payload could be shown.
fn request<'c>(ctx: &'c Context<'_>) -> Result<&'c RequestContext, ApiError> {
    let request = ctx.request()?;
    request.store.budget().check()?;
    Ok(request)
}

/// Runs one operation and wraps its outcome in the payload.
async fn run<P: OfOutcome>(ctx: &Context<'_>, operation: BatchOperation) -> Field<P> {
    let run = async || {
        let RequestContext { viewer, store, .. } = request(ctx)?;
        let viewer = viewer.id();
        let committed = store.execute(operation.read(viewer)?, store.task_columns()).await?;
        let cursor = change_page::cursor(viewer, committed.change_seq);
        P::of(committed.outcome.whole()?, cursor).ok_or_else(|| {
            ApiError::new(ErrorCode::InternalServerError, "The mutation came to something else.")
        })
    };
    Some(run().await)
}
