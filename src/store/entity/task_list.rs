//! A list of tasks.

use sea_orm::entity::prelude::*;

use super::id::ListId;
use crate::{store::sync::change_seq::ChangeSeq, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task_list")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_no: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ListId,
    /// As it is shown.
    pub name: String,
    /// `#rrggbb`
    pub color: Option<String>,
    /// Where it stands among the user's lists, see [`crate::store::write::position`].
    pub position: String,
    /// Set while it is archived.
    pub archived_at: Option<Timestamp>,
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
