//! A tag, which a user puts on tasks.

use sea_orm::entity::prelude::*;

use super::id::TagId;
use crate::{store::sync::change_seq::ChangeSeq, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tag")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_no: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TagId,
    /// As it is shown.
    pub name: String,
    /// The name as it sorts, and as it is unique.
    pub name_key: String,
    /// `#rrggbb`
    pub color: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
    /// The owner's change that wrote it last.
    #[sea_orm(column_name = "number")]
    pub change_seq: ChangeSeq,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
