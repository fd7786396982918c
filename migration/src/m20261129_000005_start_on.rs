//! The day before which a task is not to be begun.

use sea_orm_migration::prelude::*;

use crate::tables::Task;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let start_on = Table::alter()
            .table(Task::Table)
            .add_column(ColumnDef::new(Task::StartOn).date())
            .take();
        manager.alter_table(start_on).await
    }
}
