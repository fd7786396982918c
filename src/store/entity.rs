//! The tables, as sea-orm sees them. Nothing outside `store` can name them.

mod instant;
pub mod task;
pub mod tombstone;
pub mod user;
