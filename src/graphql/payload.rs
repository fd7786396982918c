//! What all mutations answer.

use async_graphql::{ID, Interface, SimpleObject};
use uuid::Uuid;

use super::{query::Query, task::TaskPayload, viewer::ViewerPayload};

/// `query` reads on after the change, so lists and counts refresh in the same round trip.
#[derive(Interface)]
#[graphql(field(name = "query", ty = "&Query"))]
pub enum Payload {
    /// Of a mutation of one task.
    Task(TaskPayload),
    /// Of a change of the viewer.
    Viewer(ViewerPayload),
    /// Of a deletion.
    Delete(DeletePayload),
}

/// All ids that left the lists, subtasks too.
#[derive(SimpleObject)]
pub struct DeletePayload {
    deleted_ids: Vec<ID>,
    pub(super) query: Query,
}

impl DeletePayload {
    /// The answer to a deletion of these.
    pub fn new(ids: Vec<Uuid>) -> Self {
        Self { deleted_ids: ids.into_iter().map(ID::from).collect(), query: Query }
    }
}
