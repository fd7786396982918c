//! What is left of an object that was deleted for good, so that offline copies hear of it and its
//! id is not taken again.

use sea_orm::entity::prelude::*;

use crate::{
    store::{object::ObjectKind, sync::change_seq::ChangeSeq},
    time::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tombstone")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_no: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What the object was.
    pub kind: ObjectKind,
    /// The owner's change that deleted it.
    #[sea_orm(column_name = "number")]
    pub change_seq: ChangeSeq,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
