//! What reading a user's sync log needs: indexes in the order of the changes, and up to which change
//! tombstones are gone.

use sea_orm_migration::prelude::*;

use crate::tables::{Logged, User};

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: [&str; 4] = ["task", "tag", "task_list", "tombstone"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let index = Index::create()
                .name(format!("{table}_number"))
                .table(table)
                .col(Logged::UserNo)
                .col(Logged::Number)
                .col(Logged::Id)
                .take();
            manager.create_index(index).await?;
        }
        // The number of the last deletion whose tombstone was removed.
        let forgotten = ColumnDef::new(User::Forgotten).big_integer().not_null().default(0).take();
        manager.alter_table(Table::alter().table(User::Table).add_column(forgotten).take()).await
    }
}
