//! The fields that change something.

use async_graphql::{Context, Object};

use super::{
    error::ApiError,
    payload::DeletePayload,
    task::{CreateTaskInput, DeleteTaskInput, RestoreTaskInput, TaskPayload, UpdateTaskInput},
    viewer::{UpdateViewerInput, ViewerPayload},
};

/// A failure stays within its field: an error that is passed up would blank the payloads of the
/// mutations before it, which have been committed.
type Outcome<T> = Option<Result<T, ApiError>>;

/// The root of what can be changed: the viewer's own, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Mutation;

/// Every mutation takes one `input`, returns what it changed, and may be sent again after a lost reply: creates by their `id`, the rest because they set states and never toggle them.
#[Object]
impl Mutation {
    async fn create_task(&self, ctx: &Context<'_>, input: CreateTaskInput) -> Outcome<TaskPayload> {
        Some(input.create(ctx).await)
    }

    async fn update_task(&self, ctx: &Context<'_>, input: UpdateTaskInput) -> Outcome<TaskPayload> {
        Some(input.update(ctx).await)
    }

    /// With its subtasks to the trash; `permanently` skips the trash.
    async fn delete_task(
        &self,
        ctx: &Context<'_>,
        input: DeleteTaskInput,
    ) -> Outcome<DeletePayload> {
        Some(input.delete(ctx).await)
    }

    /// With the subtasks that went along.
    async fn restore_task(
        &self,
        ctx: &Context<'_>,
        input: RestoreTaskInput,
    ) -> Outcome<TaskPayload> {
        Some(input.restore(ctx).await)
    }

    async fn update_viewer(
        &self,
        ctx: &Context<'_>,
        input: UpdateViewerInput,
    ) -> Outcome<ViewerPayload> {
        Some(input.update(ctx).await)
    }
}
