//! Sign-outs: which tokens of a user are refused, for all servers to learn in the order of `no`.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::column::instant;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[derive(DeriveIden)]
enum User {
    Table,
    No,
}

#[derive(DeriveIden)]
enum Revocation {
    Table,
    No,
    UserNo,
    Session,
    Until,
    IssuedBefore,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(revocations(manager.get_database_backend())).await?;
        let of_user = Index::create()
            .name("revocation_user")
            .table(Revocation::Table)
            .col(Revocation::UserNo)
            .take();
        manager.create_index(of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Revocation::Table).take()).await
    }
}

/// A session until all its tokens have expired, or all tokens that were issued before an instant.
fn revocations(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Revocation::Table)
        .col(ColumnDef::new(Revocation::No).big_integer().not_null().auto_increment().primary_key())
        .col(ColumnDef::new(Revocation::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Revocation::Session).text())
        .col(instant(Revocation::Until, backend))
        .col(instant(Revocation::IssuedBefore, backend))
        .foreign_key(
            ForeignKey::create()
                .name("revocation_user_no")
                .from(Revocation::Table, Revocation::UserNo)
                .to(User::Table, User::No),
        )
        .take()
}
