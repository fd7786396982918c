//! The mark of an SQLite database that it is taskward's, by which another program's is left untouched.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

use crate::APPLICATION_ID;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
            manager.get_connection().execute_unprepared(&mark).await?;
        }
        Ok(())
    }
}
