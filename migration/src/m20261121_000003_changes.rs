//! What reading the log of a user's changes needs: the way to them in their order, and how much of
//! the log was forgotten.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum User {
    Table,
    Forgotten,
}

/// The columns that each table of the log has.
#[derive(DeriveIden)]
enum Logged {
    UserNo,
    Number,
    Id,
}

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
        // The number of the last deletion whose tombstone is no longer there.
        let forgotten = ColumnDef::new(User::Forgotten).big_integer().not_null().default(0).take();
        manager.alter_table(Table::alter().table(User::Table).add_column(forgotten).take()).await
    }
}
