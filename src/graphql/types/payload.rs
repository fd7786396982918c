//! What all mutations answer.

use async_graphql::{Context, ID, Interface, Object};

use super::{
    batch::BatchPayload, tag::TagPayload, task::TaskPayload, task_list::TaskListPayload,
    user::ViewerPayload,
};
use crate::{
    error::ApiError,
    graphql::{context::ContextExt, id, query::Query},
    store::Outcome,
};

/// `query` reads on after the change, so lists and counts refresh in the same round trip; `cursor` is the change's place in `changes`.
#[derive(Interface)]
#[graphql(field(name = "query", ty = "&Query"), field(name = "cursor", ty = "&String"))]
pub enum Payload {
    /// Of a mutation of one task.
    Task(TaskPayload),
    /// Of a mutation of one tag.
    Tag(TagPayload),
    /// Of a mutation of one list.
    TaskList(TaskListPayload),
    /// Of a change of the viewer.
    Viewer(ViewerPayload),
    /// Of a deletion.
    Delete(DeletePayload),
    /// Of many mutations at once.
    Batch(BatchPayload),
}

/// All ids that left the lists, subtasks too.
pub struct DeletePayload {
    deleted_ids: Vec<ID>,
    cursor: String,
}

/// All ids that left the lists, subtasks too.
#[Object]
impl DeletePayload {
    #[expect(clippy::unused_async, reason = "the macro requires it")]
    async fn deleted_ids(&self, ctx: &Context<'_>) -> Result<&[ID], ApiError> {
        ctx.shown_ids(&self.deleted_ids)
    }

    pub async fn query(&self) -> &Query {
        &Query
    }

    pub async fn cursor(&self) -> &String {
        &self.cursor
    }
}

/// The payload of what one operation came to; none where that operation comes to something else.
pub trait OfOutcome: Sized {
    /// Wraps it; `cursor` is its place among the changes.
    fn of(outcome: Outcome, cursor: String) -> Option<Self>;
}

macro_rules! of_object {
    ($($payload:ident),*) => {$(
        impl OfOutcome for $payload {
            fn of(outcome: Outcome, cursor: String) -> Option<Self> {
                match outcome {
                    Outcome::Object(object) => Some(Self::new((*object).try_into().ok()?, cursor)),
                    Outcome::Deleted(_) => None,
                }
            }
        }
    )*};
}

of_object!(TaskPayload, TagPayload, TaskListPayload);

impl OfOutcome for DeletePayload {
    fn of(outcome: Outcome, cursor: String) -> Option<Self> {
        match outcome {
            Outcome::Deleted(deleted) => {
                Some(Self { deleted_ids: id::from_uuids(deleted), cursor })
            }
            Outcome::Object(_) => None,
        }
    }
}
