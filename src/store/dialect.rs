//! The differences between the two databases that sea-orm leaves to us.

use std::{
    fmt::Write,
    sync::{Arc, OnceLock},
};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, FromQueryResult, QueryResult, RuntimeErr, Statement, Value, Values,
    entity::prelude::async_trait,
    sea_query::{
        ArrayType, Expr, ExprTrait, IntoCondition, SelectStatement, SimpleExpr,
        extension::postgres::PgFunc,
    },
    sqlx::{self, AssertSqlSafe, Database, IntoArguments},
};
use sea_query_sqlx::SqlxValues;
use uuid::Uuid;

/// The text of a statement that is always the same but for its values, written once.
#[derive(Clone, Debug, Default)]
pub struct Text(OnceLock<Arc<str>>);

impl Text {
    /// The statement with these values, which are those that `write` would give it, in their order.
    pub fn with(
        &self,
        db_backend: DbBackend,
        values: impl IntoIterator<Item = Value>,
        write: impl FnOnce() -> Statement,
    ) -> Statement {
        let values = Values(values.into_iter().collect());
        let sql = self.0.get_or_init(|| {
            let written = write();
            debug_assert_eq!(written.values.as_ref(), Some(&values), "{}", written.sql);
            written.sql.into()
        });
        Statement { sql: sql.to_string(), values: Some(values), db_backend }
    }
}

/// The row of a selection that has one at the most. sea-orm's own `one` binds that as a limit, see
/// [`Dialect::query_first`].
pub async fn only<M: FromQueryResult>(
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

impl<C> Dialect<C>
where
    Self: ConnectionTrait,
{
    /// The first rows, so many at the most. That number stands in the statement itself: with one that is
    /// bound, both databases plan the statement anew each time it runs.
    pub async fn query_first(
        &self,
        select: &SelectStatement,
        most: u64,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.query_all_raw(self.limited(select, most)).await
    }

    /// The one column of the first row, within another statement.
    pub fn first(&self, select: &SelectStatement) -> SimpleExpr {
        let Statement { sql, values, .. } = self.limited(select, 1);
        Expr::cust_with_values(format!("({sql})"), values.into_iter().flatten())
    }

    fn limited(&self, select: &SelectStatement, most: u64) -> Statement {
        let mut statement = self.get_database_backend().build(select);
        let _ = write!(statement.sql, " LIMIT {most}");
        statement
    }

    /// Whether a column holds one of these ids. PostgreSQL takes them as one value, so that the statement
    /// is the same for however many they are, and planned once.
    pub fn one_of(&self, column: impl ColumnTrait, ids: &[Uuid]) -> Condition {
        if self.get_database_backend() == DbBackend::Sqlite {
            return column.is_in(ids.iter().copied()).into_condition();
        }
        let ids = ids.iter().copied().map(Value::from).collect();
        let ids = Value::Array(ArrayType::Uuid, Some(Box::new(ids)));
        Expr::col(column.as_column_ref()).eq(PgFunc::any(Expr::value(ids))).into_condition()
    }

    /// The statement as this database takes it.
    fn turn(&self, mut statement: Statement) -> Statement {
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

/// A statement by itself goes to the pool as it is: through sea-orm, whose futures are of many
/// kilobytes, it would cost a small request a tenth more.
#[async_trait::async_trait]
impl ConnectionTrait for Dialect<DatabaseConnection> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(self.turn(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (backend, query) = direct(self.turn(statement));
        let row = if backend == DbBackend::Postgres {
            let pool = self.0.get_postgres_connection_pool();
            let mut connection = pool.acquire().await.map_err(not_connected)?;
            let row = query.of().fetch_optional(&mut *connection).await;
            row.map(|row| row.map(QueryResult::from))
        } else {
            let pool = self.0.get_sqlite_connection_pool();
            let mut connection = pool.acquire().await.map_err(not_connected)?;
            let row = query.of().fetch_optional(&mut *connection).await;
            row.map(|row| row.map(QueryResult::from))
        };
        row.map_err(failed)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (backend, query) = direct(self.turn(statement));
        let rows = if backend == DbBackend::Postgres {
            let pool = self.0.get_postgres_connection_pool();
            let mut connection = pool.acquire().await.map_err(not_connected)?;
            let rows = query.of().fetch_all(&mut *connection).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        } else {
            let pool = self.0.get_sqlite_connection_pool();
            let mut connection = pool.acquire().await.map_err(not_connected)?;
            let rows = query.of().fetch_all(&mut *connection).await;
            rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
        };
        rows.map_err(failed)
    }
}

/// The text of a statement, and its values as the drivers take them.
struct Direct(String, SqlxValues);

impl Direct {
    fn of<D: Database>(self) -> sqlx::query::Query<'static, D, SqlxValues>
    where
        SqlxValues: IntoArguments<D>,
    {
        sqlx::query_with(AssertSqlSafe(self.0), self.1)
    }
}

fn direct(Statement { sql, values, db_backend }: Statement) -> (DbBackend, Direct) {
    (db_backend, Direct(sql, SqlxValues(values.unwrap_or(Values(Vec::new())))))
}

fn not_connected(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

#[async_trait::async_trait]
impl ConnectionTrait for Dialect<DatabaseTransaction> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(self.turn(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(self.turn(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(self.turn(statement)).await
    }
}
