//! Users, their tasks, and the tombstones of permanently deleted tasks.
//!
//! The key of a row is `(user_no, id)`: the ids of other users are free, and an error cannot reveal
//! that they exist.
//!
//! The next migration builds the table of tasks again, so it has no indexes here.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    column::{bytewise_text, instant},
    tables::{Task, Tombstone, User, owned},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager.create_table(users(backend)).await?;
        manager.create_table(tasks(backend)).await?;
        manager.create_table(tombstones(backend)).await
    }
}

fn users(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(User::Table)
        .col(ColumnDef::new(User::No).big_integer().not_null().auto_increment().primary_key())
        .col(bytewise_text(User::Sub, backend).not_null().unique_key())
        .col(ColumnDef::new(User::TimeZone).text().not_null().default("UTC"))
        .col(ColumnDef::new(User::Counter).big_integer().not_null().default(0))
        .take()
}

fn tasks(backend: DbBackend) -> TableCreateStatement {
    owned(Task::Table)
        .col(ColumnDef::new(Task::Title).text().not_null())
        .col(bytewise_text(Task::TitleKey, backend).not_null())
        .col(ColumnDef::new(Task::Description).text())
        .col(ColumnDef::new(Task::Words).text().not_null())
        .col(ColumnDef::new(Task::Priority).small_integer().not_null())
        .col(ColumnDef::new(Task::DueOn).date())
        .col(instant(Task::DueAt, backend))
        .col(ColumnDef::new(Task::DueAsc).big_integer().not_null())
        .col(ColumnDef::new(Task::DueDesc).big_integer().not_null())
        .col(instant(Task::CompletedAt, backend))
        .col(ColumnDef::new(Task::CompletedAsc).big_integer().not_null())
        .col(ColumnDef::new(Task::CompletedDesc).big_integer().not_null())
        .col(instant(Task::CreatedAt, backend).not_null())
        .col(instant(Task::UpdatedAt, backend).not_null())
        .col(instant(Task::DeletedAt, backend))
        .col(ColumnDef::new(Task::Version).integer().not_null())
        .col(ColumnDef::new(Task::Number).big_integer().not_null())
        .take()
}

fn tombstones(backend: DbBackend) -> TableCreateStatement {
    owned(Tombstone::Table)
        .col(ColumnDef::new(Tombstone::Kind).small_integer().not_null())
        .col(ColumnDef::new(Tombstone::Number).big_integer().not_null())
        .col(instant(Tombstone::At, backend).not_null())
        .take()
}
