//! Users, their tasks, and what is left of a task that was deleted for good.
//!
//! A row is keyed by `(user_no, id)`: an id that somebody else uses is simply free, and nothing
//! tells that it exists.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::column::{bytewise_text, instant};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum User {
    Table,
    No,
    Sub,
    TimeZone,
    Counter,
}

#[derive(DeriveIden, Clone, Copy)]
enum Task {
    Table,
    UserNo,
    Id,
    Title,
    TitleKey,
    Description,
    Words,
    Priority,
    DueOn,
    DueAt,
    DueAsc,
    DueDesc,
    CompletedAt,
    CompletedAsc,
    CompletedDesc,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    Version,
    Number,
}

#[derive(DeriveIden)]
enum Tombstone {
    Table,
    UserNo,
    Id,
    Kind,
    Number,
    At,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users(manager.get_database_backend())).await?;
        manager.create_table(tasks(manager.get_database_backend())).await?;
        manager.create_table(tombstones(manager.get_database_backend())).await?;
        for index in task_orders() {
            manager.create_index(index).await?;
        }
        manager.create_index(trash()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Tombstone::Table).take()).await?;
        manager.drop_table(Table::drop().table(Task::Table).take()).await?;
        manager.drop_table(Table::drop().table(User::Table).take()).await
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
    Table::create()
        .table(Task::Table)
        .col(ColumnDef::new(Task::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Task::Id).uuid().not_null())
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
        .primary_key(Index::create().col(Task::UserNo).col(Task::Id))
        .foreign_key(
            ForeignKey::create()
                .name("task_user_no")
                .from(Task::Table, Task::UserNo)
                .to(User::Table, User::No),
        )
        .take()
}

fn tombstones(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Tombstone::Table)
        .col(ColumnDef::new(Tombstone::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Tombstone::Id).uuid().not_null())
        .col(ColumnDef::new(Tombstone::Kind).small_integer().not_null())
        .col(ColumnDef::new(Tombstone::Number).big_integer().not_null())
        .col(instant(Tombstone::At, backend).not_null())
        .primary_key(Index::create().col(Tombstone::UserNo).col(Tombstone::Id))
        .foreign_key(
            ForeignKey::create()
                .name("tombstone_user_no")
                .from(Tombstone::Table, Tombstone::UserNo)
                .to(User::Table, User::No),
        )
        .take()
}

/// One index for each order of the tasks that are not in the trash, so that a page is one range of
/// it. An order whose key may be null has one per direction, since nulls come last in both.
fn task_orders() -> impl Iterator<Item = IndexCreateStatement> {
    [
        ("task_created", Task::CreatedAt),
        ("task_updated", Task::UpdatedAt),
        ("task_completed_asc", Task::CompletedAsc),
        ("task_completed_desc", Task::CompletedDesc),
        ("task_due_asc", Task::DueAsc),
        ("task_due_desc", Task::DueDesc),
        ("task_priority", Task::Priority),
        ("task_title", Task::TitleKey),
    ]
    .into_iter()
    .map(|(name, key)| {
        task_index(name, key).cond_where(Expr::col(Task::DeletedAt).is_null()).take()
    })
}

/// The trash, in the default order.
fn trash() -> IndexCreateStatement {
    task_index("task_trash", Task::CreatedAt)
        .cond_where(Expr::col(Task::DeletedAt).is_not_null())
        .take()
}

fn task_index(name: &str, key: Task) -> IndexCreateStatement {
    Index::create().name(name).table(Task::Table).col(Task::UserNo).col(key).col(Task::Id).take()
}
