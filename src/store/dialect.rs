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
    sqlx::{self, AssertSqlSafe, Database, Executor, IntoArguments, Pool},
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

impl<C: Sender> Dialect<C> {
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

/// What a statement is sent through.
pub trait Sender: ConnectionTrait {
    /// The pool, for what takes a connection of its own for each statement.
    fn pool(&self) -> Option<&DatabaseConnection>;
}

impl Sender for DatabaseConnection {
    fn pool(&self) -> Option<&DatabaseConnection> {
        Some(self)
    }
}

impl Sender for DatabaseTransaction {
    fn pool(&self) -> Option<&DatabaseConnection> {
        None
    }
}

#[async_trait::async_trait]
impl<C: Sender> ConnectionTrait for Dialect<C> {
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
        match self.0.pool() {
            Some(pool) => Ok(rows(pool, self.turn(statement)).await?.into_iter().next()),
            None => self.0.query_one_raw(self.turn(statement)).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.0.pool() {
            Some(pool) => rows(pool, self.turn(statement)).await,
            None => self.0.query_all_raw(self.turn(statement)).await,
        }
    }
}

/// Sends a statement by itself straight to the pool: through sea-orm, whose futures are of many
/// kilobytes, it would cost a small request a tenth more.
async fn rows(pool: &DatabaseConnection, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
    if statement.db_backend == DbBackend::Postgres {
        fetch(pool.get_postgres_connection_pool(), statement).await
    } else {
        fetch(pool.get_sqlite_connection_pool(), statement).await
    }
}

async fn fetch<D: Database>(
    pool: &Pool<D>,
    Statement { sql, values, .. }: Statement,
) -> Result<Vec<QueryResult>, DbErr>
where
    QueryResult: From<D::Row>,
    SqlxValues: IntoArguments<D>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let failed = |error| RuntimeErr::SqlxError(Arc::new(error));
    let mut connection = pool.acquire().await.map_err(|error| DbErr::Conn(failed(error)))?;
    let values = SqlxValues(values.unwrap_or(Values(Vec::new())));
    let query = sqlx::query_with::<D, _>(AssertSqlSafe(sql), values);
    let rows = query.fetch_all(&mut *connection).await;
    let rows = rows.map_err(|error| DbErr::Query(failed(error)))?;
    Ok(rows.into_iter().map(QueryResult::from).collect())
}
