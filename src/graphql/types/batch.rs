//! Operations as values: each mutation is one, and a batch is many in one transaction.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};

use super::{
    change_page,
    inputs::DeleteInput,
    node::Node,
    tag::{CreateTagInput, UpdateTagInput},
    task_inputs::{
        CreateTaskInput, DeleteTaskInput, MoveTaskInput, RestoreTaskInput, UpdateTaskInput,
    },
    task_list::{CreateListInput, UpdateListInput},
};
use crate::{
    auth::UserId,
    error::{ApiError, ErrorCode},
    graphql::{
        batch_loader::TaskBatch,
        context::{ContextExt, RequestContext},
        id,
        query::Query,
    },
    store::{Committed, Operation, Outcome},
};

/// How many operations a batch may have.
pub const MAX_OPERATIONS: usize = 100;

/// What to do, one after the other.
#[derive(InputObject)]
pub struct BatchInput {
    operations: Vec<BatchOperation>,
    /// True: one failure undoes all. False: the rest still applies.
    #[graphql(default = true)]
    atomic: bool,
}

/// One of the mutations, with its input.
#[derive(OneofObject)]
pub enum BatchOperation {
    CreateTask(CreateTaskInput),
    UpdateTask(UpdateTaskInput),
    MoveTask(MoveTaskInput),
    DeleteTask(DeleteTaskInput),
    RestoreTask(RestoreTaskInput),
    CreateTag(CreateTagInput),
    UpdateTag(UpdateTagInput),
    DeleteTag(DeleteInput),
    CreateList(CreateListInput),
    UpdateList(UpdateListInput),
    DeleteList(DeleteInput),
}

impl BatchOperation {
    /// The operation that the store knows.
    pub fn read(self, viewer: &UserId) -> Result<Operation, ApiError> {
        match self {
            Self::CreateTask(input) => input.operation(viewer),
            Self::UpdateTask(input) => input.operation(),
            Self::MoveTask(input) => input.operation(),
            Self::DeleteTask(input) => input.operation(),
            Self::RestoreTask(input) => input.operation(),
            Self::CreateTag(input) => input.operation(viewer),
            Self::UpdateTag(input) => input.operation(),
            Self::DeleteTag(input) => input.operation(Operation::DeleteTag),
            Self::CreateList(input) => input.operation(viewer),
            Self::UpdateList(input) => input.operation(),
            Self::DeleteList(input) => input.operation(Operation::DeleteList),
        }
    }

    /// The name of the mutation.
    fn name(&self) -> &'static str {
        match self {
            Self::CreateTask(_) => "createTask",
            Self::UpdateTask(_) => "updateTask",
            Self::MoveTask(_) => "moveTask",
            Self::DeleteTask(_) => "deleteTask",
            Self::RestoreTask(_) => "restoreTask",
            Self::CreateTag(_) => "createTag",
            Self::UpdateTag(_) => "updateTag",
            Self::DeleteTag(_) => "deleteTag",
            Self::CreateList(_) => "createList",
            Self::UpdateList(_) => "updateList",
            Self::DeleteList(_) => "deleteList",
        }
    }
}

/// What the operations came to.
#[derive(SimpleObject)]
pub struct BatchPayload {
    /// In the order of the operations.
    results: Vec<BatchResult>,
    pub query: Query,
    pub cursor: String,
}

/// In the order of the operations.
#[derive(Default)]
pub struct BatchResult {
    node: Option<Node>,
    deleted_ids: Option<Vec<ID>>,
    error: Option<BatchError>,
}

/// In the order of the operations.
#[Object]
impl BatchResult {
    /// What was created or changed, as the whole batch left it.
    async fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// What a deletion took from the lists.
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn deleted_ids(&self, ctx: &Context<'_>) -> Result<Option<&[ID]>, ApiError> {
        self.deleted_ids.as_deref().map(|ids| ctx.shown_ids(ids)).transpose()
    }

    async fn error(&self) -> Option<&BatchError> {
        self.error.as_ref()
    }
}

/// Why an operation did nothing.
#[derive(SimpleObject)]
pub struct BatchError {
    pub code: ErrorCode,
    pub message: String,
    /// Path in the operation, e.g. `["updateTask", "title"]`.
    pub path: Option<Vec<String>>,
}

impl BatchInput {
    /// Does all of it. An operation that was refused has an error.
    pub async fn execute(
        self,
        request: &RequestContext,
    ) -> Result<Committed<Vec<Result<Outcome, BatchError>>>, ApiError> {
        if self.operations.len() > MAX_OPERATIONS {
            let message = format!(
                "The batch has {} operations; at most {MAX_OPERATIONS} are allowed: send several.",
                self.operations.len()
            );
            return Err(ApiError::bad_input("input.operations", message));
        }
        let names: Vec<_> = self.operations.iter().map(BatchOperation::name).collect();
        let viewer = request.viewer.id();
        let operations = self.operations.into_iter().map(|operation| operation.read(viewer));
        let done = request.store.execute_batch(operations.collect(), self.atomic).await?;
        let Committed { outcome, user, change_seq } = done;
        let outcome = names.into_iter().zip(outcome);
        let outcome = outcome
            .map(|(name, outcome)| outcome.map_err(|error| BatchError::of(name, &error)))
            .collect();
        Ok(Committed { outcome, user, change_seq })
    }

    /// Does all of it, and shows it.
    pub async fn run(self, request: &RequestContext) -> Result<BatchPayload, ApiError> {
        let Committed { outcome, change_seq, .. } = self.execute(request).await?;
        let batch = TaskBatch::of(outcome.iter().flatten().filter_map(Outcome::task));
        let results = outcome.into_iter().map(|outcome| match outcome {
            Ok(Outcome::Object(object)) => {
                let node = Some(Node::of(*object, &batch));
                BatchResult { node, ..BatchResult::default() }
            }
            Ok(Outcome::Deleted(deleted)) => {
                BatchResult { deleted_ids: Some(id::from_uuids(deleted)), ..BatchResult::default() }
            }
            Err(error) => BatchResult { error: Some(error), ..BatchResult::default() },
        });
        let cursor = change_page::cursor(request.viewer.id(), change_seq);
        Ok(BatchPayload { results: results.collect(), query: Query, cursor })
    }
}

impl BatchError {
    fn of(operation: &str, error: &ApiError) -> Self {
        // An error's path begins with `input`, which a mutation has where a batch has its operation.
        let path = error.path().map(|path| {
            let below = path.split('.').skip(1);
            [operation].into_iter().chain(below).map(str::to_owned).collect()
        });
        Self { code: error.code(), message: error.message().to_owned(), path }
    }
}
