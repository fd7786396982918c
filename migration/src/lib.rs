//! The tables of taskward, on SQLite and PostgreSQL alike: one migration per step of the model.
//!
//! The module `column` decides which types differ between the two databases.

mod column;
mod m20261121_000001_tasks;
mod m20261121_000002_lists_tags_subtasks;
mod m20261121_000003_changes;
mod m20261121_000004_revocations;
mod m20261129_000005_start_on;
mod m20261130_000006_bytes;
mod m20261130_000007_secrets;
mod row_security;
mod search;
mod tables;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    },
};

pub use self::search::Tokenizer;

/// All migrations, the oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_tasks::Migration),
            Box::new(m20261121_000002_lists_tags_subtasks::Migration),
            Box::new(m20261121_000003_changes::Migration),
            Box::new(m20261121_000004_revocations::Migration),
            Box::new(m20261129_000005_start_on::Migration),
            Box::new(m20261130_000006_bytes::Migration),
            Box::new(m20261130_000007_secrets::Migration),
        ]
    }
}

impl Migrator {
    /// Applies all pending migrations in one transaction, under a lock, since replicas may start
    /// together. `tokenizer` is for the search index of existing tasks. On PostgreSQL, `row_security` says
    /// whether policies keep the rows of users apart.
    ///
    /// # Errors
    /// An error of the database, or its role is one to which policies do not apply; nothing has changed then.
    pub async fn migrate(
        db: &DatabaseConnection,
        tokenizer: Tokenizer,
        row_security: bool,
    ) -> Result<(), DbErr> {
        let transaction = db
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        let is_postgres = db.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            // A large table takes long, and row-level security must not hide its rows. The lock can
            // have any number that nothing else in this database uses: these are the letters of
            // "taskward".
            transaction
                .execute_unprepared(
                    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                     SET LOCAL taskward.all_users = 'on'; \
                     SELECT pg_advisory_xact_lock(8386110886542144100)",
                )
                .await?;
        }
        let pending = Self::get_pending_migrations_read_only(&transaction).await?;
        Self::up(&transaction, None).await?;
        if pending.iter().any(|it| it.name() == m20261121_000002_lists_tags_subtasks::NAME) {
            search::index_existing(&transaction, tokenizer).await?;
        }
        if is_postgres {
            row_security::switch(&transaction, row_security).await?;
        }
        transaction.commit().await
    }

    /// Whether a migration is pending. Only reads.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn is_behind(db: &DatabaseConnection) -> Result<bool, DbErr> {
        Ok(!Self::get_pending_migrations_read_only(db).await?.is_empty())
    }
}
