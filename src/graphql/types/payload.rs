//! What all mutations answer.

use async_graphql::{ID, Interface, SimpleObject};

use super::{
    batch::BatchPayload, tag::TagPayload, task::TaskPayload, task_list::TaskListPayload,
    user::ViewerPayload,
};
use crate::{
    graphql::{id, query::Query},
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
#[derive(SimpleObject)]
pub struct DeletePayload {
    deleted_ids: Vec<ID>,
    pub query: Query,
    pub cursor: String,
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
                Some(Self { deleted_ids: id::from_uuids(deleted), query: Query, cursor })
            }
            Outcome::Object(_) => None,
        }
    }
}
