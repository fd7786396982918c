//! Tokens of a user that are refused, since the user has signed out: one session's, or all that were
//! issued before an instant.

use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub struct Model {
    /// Servers learn by it what is new: it is only ever seen after all smaller ones.
    #[sea_orm(primary_key)]
    pub no: i64,
    pub user_no: i64,
    /// A digest: the session's own name may be long, and hold what no text of a database can.
    pub session: Option<String>,
    /// When the row of a session may be forgotten.
    pub until: Option<Timestamp>,
    pub issued_before: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
