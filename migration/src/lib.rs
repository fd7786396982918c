//! The tables of taskward, on SQLite and PostgreSQL alike: one migration per step of the model.
//!
//! What the two databases keep differently is decided in one place, the module `column`.

mod column;
mod m20261121_000001_tasks;
mod m20261121_000002_lists_tags_subtasks;
mod m20261121_000003_changes;
mod m20261121_000004_revocations;
mod search;
mod words;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
    },
};

pub use self::words::Indexed;

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_tasks::Migration),
            Box::new(m20261121_000002_lists_tags_subtasks::Migration),
            Box::new(m20261121_000003_changes::Migration),
            Box::new(m20261121_000004_revocations::Migration),
        ]
    }
}

impl Migrator {
    /// Brings the database up to date, all or nothing, under a lock: replicas may start together.
    /// `indexed` tells the words of tasks that are there already.
    ///
    /// # Errors
    /// Whatever the database refuses; nothing has changed then.
    pub async fn migrate(db: &DatabaseConnection, indexed: Indexed) -> Result<(), DbErr> {
        let transaction = db
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        if db.get_database_backend() == DbBackend::Postgres {
            // A large table takes its time. For the lock, any number does that nothing else in this
            // database takes: these are the letters of "taskward".
            transaction
                .execute_unprepared(
                    "SET LOCAL statement_timeout = 0; \
                     SELECT pg_advisory_xact_lock(8386110886542144100)",
                )
                .await?;
        }
        let pending = Self::get_pending_migrations_read_only(&transaction).await?;
        Self::up(&transaction, None).await?;
        if pending.iter().any(|step| step.name() == m20261121_000002_lists_tags_subtasks::NAME) {
            words::fill(&transaction, indexed).await?;
        }
        transaction.commit().await
    }

    /// Whether a step is missing. Only reads.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn is_behind(db: &DatabaseConnection) -> Result<bool, DbErr> {
        Ok(!Self::get_pending_migrations_read_only(db).await?.is_empty())
    }
}
