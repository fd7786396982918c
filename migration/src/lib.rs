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
mod m20261130_000008_application_id;
mod row_security;
mod search;
mod tables;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryOrder, QueryResult,
        QuerySelect, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    },
    seaql_migrations,
};

pub use self::search::Tokenizer;

/// The `application_id` of an SQLite database of taskward (<https://sqlite.org/pragma.html#pragma_application_id>):
/// the letters "twrd".
const APPLICATION_ID: i32 = 0x7477_7264;

/// The tables of a database, compared with those of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// A migration is pending.
    Behind,
    /// All migrations are applied.
    Current,
    /// All migrations are applied, and some of a newer version as well: its tables contain those of this program.
    Newer,
}

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
            Box::new(m20261130_000008_application_id::Migration),
        ]
    }
}

impl Migrator {
    /// Applies all pending migrations in one transaction, under a lock, since replicas may start
    /// together. `tokenizer` is for the search index of existing tasks. On PostgreSQL, `row_security` says
    /// whether policies keep the rows of users apart.
    ///
    /// # Errors
    /// An error of the database, or it was made by a newer version, or its role is one to which policies do not
    /// apply; nothing has changed then.
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
        let (pending, unknown) = Self::compare(&transaction).await?;
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            return Err(DbErr::Migration(format!(
                "the database was made by a newer taskward, which has the migrations {unknown}: start that one"
            )));
        }
        Self::up(&transaction, None).await?;
        if pending.iter().any(|it| it == m20261121_000002_lists_tags_subtasks::NAME) {
            search::index_existing(&transaction, tokenizer).await?;
        }
        if is_postgres {
            row_security::switch(&transaction, row_security).await?;
        }
        transaction.commit().await
    }

    /// Whether an SQLite database is empty or taskward's, and not another program's. Only reads.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn may_migrate(sqlite: &DatabaseConnection) -> Result<bool, DbErr> {
        let row = one(
            sqlite,
            "SELECT application_id, (SELECT count(*) FROM sqlite_schema), \
             (SELECT count(*) FROM sqlite_schema WHERE name = 'seaql_migrations') \
             FROM pragma_application_id",
        )
        .await?;
        let [id, tables, of_migrations] =
            [row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index::<i64>(2)?];
        if id != 0 || tables == 0 {
            return Ok(id == 0 || id == i64::from(APPLICATION_ID));
        }
        if of_migrations == 0 {
            return Ok(false);
        }
        // Made before there was the mark, or by another program with the same library.
        let first = m20261121_000001_tasks::Migration;
        let sql =
            format!("SELECT count(*) FROM seaql_migrations WHERE version = '{}'", first.name());
        Ok(one(sqlite, sql).await?.try_get_by_index::<i64>(0)? == 1)
    }

    /// Compares the tables with those of this program. Only reads.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn schema(db: &DatabaseConnection) -> Result<Schema, DbErr> {
        let (pending, unknown) = Self::compare(db).await?;
        Ok(match (pending.is_empty(), unknown.is_empty()) {
            (false, _) => Schema::Behind,
            (true, true) => Schema::Current,
            (true, false) => Schema::Newer,
        })
    }

    /// The names of the migrations that are not applied, and of those that are and belong to a newer version. The
    /// library takes the latter for an error.
    async fn compare<'c, C>(db: &'c C) -> Result<(Vec<String>, Vec<String>), DbErr>
    where
        C: ConnectionTrait,
        &'c C: IntoSchemaManagerConnection<'c>,
    {
        let mut pending: Vec<_> =
            Self::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let mut unknown = Vec::new();
        if SchemaManager::new(db).has_table("seaql_migrations").await? {
            #[expect(clippy::disallowed_methods, reason = "a migration has no owner")]
            let applied = seaql_migrations::Entity::find()
                .select_only()
                .column(seaql_migrations::Column::Version)
                .order_by_asc(seaql_migrations::Column::Version)
                .into_tuple::<String>();
            for name in applied.all(db).await? {
                match pending.iter().position(|it| *it == name) {
                    Some(at) => drop(pending.remove(at)),
                    None => unknown.push(name),
                }
            }
        }
        Ok((pending, unknown))
    }
}

async fn one(sqlite: &DatabaseConnection, sql: impl Into<String>) -> Result<QueryResult, DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    let row = sqlite.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a query without rows".to_owned()))
}
