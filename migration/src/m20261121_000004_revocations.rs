//! Sign-outs: which tokens of a user are revoked. Servers read new rows in the order of `no`.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    column::instant,
    tables::{Revocation, references_user},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

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
}

/// A row revokes a session until all its tokens have expired, or all tokens issued before an instant.
fn revocations(backend: DbBackend) -> TableCreateStatement {
    Table::create()
        .table(Revocation::Table)
        .col(ColumnDef::new(Revocation::No).big_integer().not_null().auto_increment().primary_key())
        .col(ColumnDef::new(Revocation::UserNo).big_integer().not_null())
        .col(ColumnDef::new(Revocation::Session).text())
        .col(instant(Revocation::Until, backend))
        .col(instant(Revocation::IssuedBefore, backend))
        .foreign_key(&mut references_user(Revocation::Table))
        .take()
}
