//! What is left of an object that was deleted for good, so that offline copies hear of it and its
//! id is not taken again.

use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// What the object was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A task.
    #[sea_orm(num_value = 1)]
    Task,
    /// A tag.
    #[sea_orm(num_value = 2)]
    Tag,
    /// A list.
    #[sea_orm(num_value = 3)]
    List,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tombstone")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_no: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: Kind,
    /// The number of the deletion on the owner's counter.
    pub number: i64,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
