//! The differences between the two databases that sea-orm leaves to us.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, FromQueryResult,
    QueryResult, Statement, Value,
    entity::prelude::async_trait,
    sea_query::{Expr, SelectStatement, SimpleExpr},
};

use super::write_refusal::WriteRefusal;

/// The maximum number of rows or ids in a statement: databases number their parameters in 15 or 16 bits.
pub const BATCH_SIZE: usize = 5_000;

/// The row of a selection that has one at the most. sea-orm's own `one` binds that as a limit, see
/// [`Dialect::fetch_limited`].
pub async fn fetch_optional<M: FromQueryResult>(
    connection: &impl ConnectionTrait,
    select: SelectStatement,
) -> Result<Option<M>, DbErr> {
    let row = connection.query_one(&select).await?;
    row.map(|row| M::from_query_result(&row, "")).transpose()
}

/// A connection or a transaction that writes an instant as its database keeps it: SQLite gets the
/// milliseconds, where the driver would write a text.
#[derive(Debug)]
pub struct Dialect<C>(pub C);

impl<C: StatementExecutor> Dialect<C> {
    /// The first rows, so many at the most. That number stands in the statement itself: with one that is
    /// bound, both databases plan the statement anew each time it runs.
    pub async fn fetch_limited(
        &self,
        select: &SelectStatement,
        most: u64,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.query_limited(self.get_database_backend().build(select), most).await
    }

    /// The same of a statement that is built.
    pub async fn query_limited(
        &self,
        statement: Statement,
        most: u64,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.query_all_raw(limited(statement, most)).await
    }

    /// The one column of the first row, within another statement.
    pub fn first(&self, select: &SelectStatement) -> SimpleExpr {
        let Statement { sql, values, .. } = limited(self.get_database_backend().build(select), 1);
        Expr::cust_with_values(format!("({sql})"), values.into_iter().flatten())
    }

    /// The statement as this database takes it.
    fn adapt(&self, mut statement: Statement) -> Statement {
        if self.get_database_backend() == DbBackend::Sqlite {
            for value in statement.values.iter_mut().flat_map(|values| &mut values.0) {
                if let Value::ChronoDateTimeUtc(instant) = value {
                    *value = Value::BigInt(instant.map(|instant| instant.timestamp_millis()));
                }
            }
        }
        // With its values, which are the users': for tests alone.
        #[cfg(debug_assertions)]
        tracing::trace!("{statement}");
        statement
    }
}

fn limited(mut statement: Statement, most: u64) -> Statement {
    let _ = write!(statement.sql, " LIMIT {most}");
    statement
}

/// What a statement is sent through.
pub trait StatementExecutor: Send + Sync {
    fn backend(&self) -> DbBackend;

    fn query(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send;

    fn execute(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<ExecResult, DbErr>> + Send;
}

/// A transaction that counts the rows which it writes.
#[derive(Debug)]
pub struct CountingTransaction {
    transaction: DatabaseTransaction,
    refusal: WriteRefusal,
    written: AtomicU64,
}

impl CountingTransaction {
    pub fn new(transaction: DatabaseTransaction, refusal: WriteRefusal) -> Self {
        Self { transaction, refusal, written: AtomicU64::default() }
    }

    /// How many rows were written so far, a row as often as it was.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}

impl StatementExecutor for CountingTransaction {
    fn backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = self.transaction.query_all_raw(statement).await;
        rows.inspect_err(|error| self.refusal.observe(error))
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = self.transaction.execute_raw(statement).await;
        let result = result.inspect_err(|error| self.refusal.observe(error))?;
        self.written.fetch_add(result.rows_affected(), Ordering::Relaxed);
        Ok(result)
    }
}

#[async_trait::async_trait]
impl<C: StatementExecutor> ConnectionTrait for Dialect<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute(self.adapt(statement)).await
    }

    /// One statement, which is prepared as all others are.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(self.0.backend(), sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query(self.adapt(statement)).await
    }
}
