//! The tables, as sea-orm sees them. Nothing outside `store` can name them.
//!
//! They are derived without `#[sea_orm::model]`, whose `Entity::load` would be a way to rows that no
//! owner filters, and without relations, which would be others.

pub mod id;
mod instant;
pub mod revocation;
pub mod secret;
pub mod tag;
pub mod task;
pub mod task_list;
pub mod task_tag;
pub mod tombstone;
pub mod user;
