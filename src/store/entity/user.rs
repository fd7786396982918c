//! One row for each user who has ever written something.

use sea_orm::entity::prelude::*;

use crate::{store::sync::change_seq::ChangeSeq, time::Zone};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub no: i64,
    /// The token's `sub`.
    #[sea_orm(unique)]
    pub sub: String,
    /// IANA name of the zone in which the user's days are read.
    pub time_zone: String,
    /// The user's last change.
    pub counter: ChangeSeq,
    /// The last deletion whose tombstone was purged.
    #[sea_orm(column_name = "forgotten")]
    pub purged_through_seq: ChangeSeq,
    /// How many tasks there are, those in the trash too.
    pub tasks: i64,
    /// How many tags there are.
    pub tags: i64,
    /// How many lists there are.
    pub lists: i64,
    /// How many bytes all of it takes, at most.
    pub bytes: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The user's zone.
    pub fn zone(&self) -> Zone {
        zone(&self.time_zone)
    }
}

/// The zone that is stored under that name. A replica with a newer database of zones may have stored one
/// that is not known here: days are read in UTC then, rather than not at all.
pub fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or(Zone::UTC)
}
