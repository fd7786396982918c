//! Writes: the operations, the transaction that executes them, and all that is done within one.

#![warn(clippy::wildcard_enum_match_arm)]

pub(super) mod location;
pub(super) mod operation;
pub(super) mod optimistic;
pub(super) mod ordering;
pub(super) mod position;
pub(super) mod quota;
pub(super) mod rows;
pub(super) mod task_insert;
pub(super) mod task_update;
pub(super) mod task_values;
pub(super) mod tombstones;
pub(super) mod transaction;
pub(super) mod trash;
