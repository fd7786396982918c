//! How many bytes a user has.

use sea_orm_migration::prelude::*;

use crate::tables::User;

/// More than any quota: the bytes of a user who is there already are counted when they first write.
const UNCOUNTED: i64 = 1 << 62;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bytes = ColumnDef::new(User::Bytes).big_integer().not_null().default(UNCOUNTED).take();
        manager.alter_table(Table::alter().table(User::Table).add_column(bytes).take()).await
    }
}
