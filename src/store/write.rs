//! Writes: the transaction of a change, and all that is done within one.

pub(super) mod operation;
pub(super) mod placement;
pub(super) mod position;
pub(super) mod task_insert;
pub(super) mod task_update;
pub(super) mod transaction;
pub(super) mod trash;
