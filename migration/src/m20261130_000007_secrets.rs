//! Secrets that all replicas share and that outlive a restart. The server makes them.

use sea_orm_migration::prelude::*;

use crate::tables::Secret;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let secrets = Table::create()
            .table(Secret::Table)
            .col(ColumnDef::new(Secret::Name).text().not_null().primary_key())
            .col(ColumnDef::new(Secret::Value).binary().not_null())
            .take();
        manager.create_table(secrets).await
    }
}
