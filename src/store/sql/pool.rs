//! A pool whose connections go from one statement straight to the next.
//!
//! sqlx pings a connection when it returns to the pool, so a single statement costs two round trips
//! (sqlx issue 4349; this file is obsolete once the ping can be switched off). A connection that has just
//! answered needs no ping: it stays here, idle, and serves the next statement. It returns to sqlx's pool as
//! soon as a connection of the pool itself is demanded, for a transaction for example.
//!
//! A statement ends with its request. When that is given up, at its time limit or because its client is gone,
//! the connection is closed instead of kept: the database would otherwise execute the statement to its end, and
//! nobody else could use the connection meanwhile. A connection that was opened before the database refused to write
//! goes back to sqlx's pool, which closes it.
//!
//! Statements are sent through the driver: sea-orm's futures take many kilobytes, which costs a small
//! request a tenth more.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Values,
    sqlx::{
        self, AssertSqlSafe, Database, Executor, IntoArguments, Postgres, Sqlite,
        pool::PoolConnection, query::Query,
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    dialect::{CountingTransaction, Dialect, StatementExecutor},
    row_security::RowScope,
    write_refusal::WriteRefusal,
};
use crate::store::{
    budget::{Budget, RowSize},
    turns::UserTurns,
};

/// A connection that was idle for longer is tested before use: the server may have closed it.
pub const STALE: Duration = Duration::from_secs(30);

/// How many instructions SQLite executes between two looks at whether the statement is still wanted: a fraction
/// of a millisecond.
const INSTRUCTIONS: i32 = 10_000;

/// The connections to a database. Whoever executes a statement says whose rows it may reach.
#[derive(Clone, Debug)]
pub struct Pool {
    inner: DatabaseConnection,
    /// Whether the database itself keeps the rows of users apart, and has to be told: on PostgreSQL alone.
    pub row_security: bool,
    refusal: WriteRefusal,
    connections: Arc<Connections>,
}

#[derive(Debug)]
enum Connections {
    Postgres(IdleConnections<Postgres>),
    Sqlite(IdleConnections<Sqlite>),
}

impl Pool {
    pub fn new(pool: DatabaseConnection, row_security: bool, refusal: WriteRefusal) -> Self {
        let connections = if pool.get_database_backend() == DbBackend::Postgres {
            let pool = pool.get_postgres_connection_pool();
            Connections::Postgres(IdleConnections::new(pool, refusal.clone()))
        } else {
            let pool = pool.get_sqlite_connection_pool();
            Connections::Sqlite(IdleConnections::new(pool, refusal.clone()))
        };
        Self { inner: pool, row_security, refusal, connections: Arc::new(connections) }
    }

    /// Whether PostgreSQL refuses to write at present, as a standby does. SQLite is never read-only as a whole.
    pub async fn is_read_only(&self) -> Result<bool, DbErr> {
        if self.backend() != DbBackend::Postgres {
            return Ok(false);
        }
        let sql = "SELECT current_setting('transaction_read_only')::boolean";
        let statement = Statement::from_string(self.backend(), sql);
        let row = self.reaching(RowScope::All).query_one_raw(statement).await?;
        let is_read_only = row.map_or(Ok(false), |row| row.try_get_by_index(0))?;
        if is_read_only {
            self.refusal.record();
        } else {
            self.refusal.accepted();
        }
        Ok(is_read_only)
    }

    pub fn backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    /// For single statements that may reach these rows.
    pub fn reaching<'r>(&'r self, scope: RowScope<'r>) -> Dialect<ScopedPool<'r>> {
        Dialect(ScopedPool { pool: self, scope })
    }

    /// Begins a transaction that may reach these rows, and write.
    pub async fn begin(&self, scope: RowScope<'_>) -> Result<Dialect<CountingTransaction>, DbErr> {
        // On SQLite a transaction that reads first and writes later may find its place taken.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.inner().begin_with_options(options).await?;
        if self.row_security {
            transaction.execute_unprepared(&scope.to_string()).await?;
        }
        Ok(Dialect(CountingTransaction::new(transaction, self.refusal.clone())))
    }

    /// sqlx's pool, from which no connection is kept idle here in the meantime.
    pub fn inner(&self) -> impl Deref<Target = DatabaseConnection> {
        let demand = match &*self.connections {
            Connections::Postgres(idle) => idle.demand(),
            Connections::Sqlite(idle) => idle.demand(),
        };
        Inner { pool: &self.inner, _demand: demand }
    }
}

/// A pool for single statements that reach the same rows.
#[derive(Clone, Copy, Debug)]
pub struct ScopedPool<'r> {
    pub pool: &'r Pool,
    pub scope: RowScope<'r>,
}

impl ScopedPool<'_> {
    async fn query_within(
        &self,
        statement: Statement,
        budget: Option<&Budget>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let rows = match &*self.pool.connections {
            Connections::Postgres(idle) => idle.query(statement, self.told(), budget).await,
            Connections::Sqlite(idle) => idle.query(statement, self.told(), budget).await,
        };
        rows.inspect_err(|error| self.pool.refusal.observe(error))
    }

    /// What the database is told of the rows, if it has to be.
    fn told(&self) -> Option<RowScope<'_>> {
        self.pool.row_security.then_some(self.scope)
    }
}

/// A pool for the statements of one request, whose budget is charged with the rows that they read. They wait
/// for a turn of their user before they take a connection.
#[derive(Debug)]
pub struct BudgetedPool<'r> {
    pub pool: ScopedPool<'r>,
    pub budget: &'r Budget,
    pub turns: &'r UserTurns,
}

impl StatementExecutor for BudgetedPool<'_> {
    fn backend(&self) -> DbBackend {
        self.pool.backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let _turn = self.turns.read().await;
        self.pool.query_within(statement, Some(self.budget)).await
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let _turn = self.turns.read().await;
        self.pool.execute(statement).await
    }
}

impl StatementExecutor for ScopedPool<'_> {
    fn backend(&self) -> DbBackend {
        self.pool.backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query_within(statement, None).await
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = match &*self.pool.connections {
            Connections::Postgres(idle) => idle.execute(statement, self.told()).await,
            Connections::Sqlite(idle) => idle.execute(statement, self.told()).await,
        };
        result.inspect_err(|error| self.pool.refusal.observe(error))
    }
}

struct Inner<'a> {
    pool: &'a DatabaseConnection,
    _demand: PoolDemand<'a>,
}

impl Deref for Inner<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        self.pool
    }
}

/// A demand for a connection of sqlx's pool, until it is dropped.
struct PoolDemand<'a>(&'a AtomicUsize);

impl Drop for PoolDemand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The connections that wait for the next statement.
#[derive(Debug)]
struct IdleConnections<D: Database> {
    pool: sqlx::Pool<D>,
    idle: Mutex<Vec<Connection<D>>>,
    /// One permit for each idle connection: waiting statements are served in order.
    permits: Semaphore,
    /// How many connections of sqlx's pool are demanded.
    demands: AtomicUsize,
    refusal: WriteRefusal,
    runtime: Handle,
}

/// A connection that is idle or executes a statement. Dropping it returns it to sqlx's pool, or closes it if the
/// statement has not come to its end.
#[derive(Debug)]
struct Connection<D: Database> {
    inner: PoolConnection<D>,
    checked_out: Instant,
    is_busy: bool,
    /// Tells SQLite that the statement is not wanted any more.
    interrupt: Arc<AtomicBool>,
}

impl<D: Database> Drop for Connection<D> {
    fn drop(&mut self) {
        if self.is_busy {
            self.interrupt.store(true, Ordering::Relaxed);
            self.inner.close_on_drop();
        }
    }
}

impl<D: Database> Connection<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    /// Begins a transaction that reaches these rows, if they are to be told, in one round trip.
    async fn begin(&mut self, scope: Option<RowScope<'_>>) -> Result<(), DbErr> {
        match scope {
            Some(scope) => self.send(format!("BEGIN; {scope}")).await,
            None => Ok(()),
        }
    }

    async fn commit(&mut self, scope: Option<RowScope<'_>>) -> Result<(), DbErr> {
        match scope {
            Some(_) => self.send("COMMIT".to_owned()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, sql: String) -> Result<(), DbErr> {
        self.inner.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
        Ok(())
    }
}

/// A database that ends the statement of a connection which is being closed.
trait Interruptible: Database {
    /// Prepares a connection to end its statement when `interrupt` becomes true.
    fn prepare(
        connection: &mut Self::Connection,
        interrupt: Arc<AtomicBool>,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// A connection of SQLite closes only after its statement.
impl Interruptible for Sqlite {
    async fn prepare(
        connection: &mut Self::Connection,
        interrupt: Arc<AtomicBool>,
    ) -> Result<(), sqlx::Error> {
        let is_wanted = move || !interrupt.load(Ordering::Relaxed);
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, is_wanted);
        Ok(())
    }
}

/// PostgreSQL looks by itself whether the client is still there, see `client_connection_check_interval`. A
/// cancel request needs a key that sqlx does not give away, and `pg_cancel_backend` another connection.
impl Interruptible for Postgres {
    async fn prepare(_: &mut Self::Connection, _: Arc<AtomicBool>) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

impl<D: Database> IdleConnections<D> {
    fn new(pool: &sqlx::Pool<D>, refusal: WriteRefusal) -> Self {
        Self {
            pool: pool.clone(),
            idle: Mutex::default(),
            permits: Semaphore::new(0),
            demands: AtomicUsize::new(0),
            refusal,
            runtime: Handle::current(),
        }
    }

    fn take_idle(&self) -> Option<Connection<D>> {
        self.permits.try_acquire().ok()?.forget();
        self.idle().pop()
    }

    async fn next_idle(&self) -> Option<Connection<D>> {
        self.permits.acquire().await.ok()?.forget();
        self.idle().pop()
    }

    /// Keeps a connection whose statement has come to its end.
    fn checkin(&self, mut connection: Connection<D>) {
        connection.is_busy = false;
        let is_demanded = || self.demands.load(Ordering::SeqCst) > 0;
        if is_demanded() || self.refusal.is_after(connection.checked_out) {
            return;
        }
        self.idle().push(connection);
        self.permits.add_permits(1);
        if is_demanded() {
            // The demand may have looked before this connection was idle.
            drop(self.take_idle());
        }
    }

    fn demand(&self) -> PoolDemand<'_> {
        self.demands.fetch_add(1, Ordering::SeqCst);
        drop(self.take_idle());
        PoolDemand(&self.demands)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection<D>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection returns to its pool only within a runtime.
impl<D: Database> Drop for IdleConnections<D> {
    fn drop(&mut self) {
        let _within = self.runtime.enter();
        self.idle().clear();
    }
}

impl<D: Interruptible> IdleConnections<D>
where
    D::Row: RowSize,
    QueryResult: From<D::Row>,
    ExecResult: From<D::QueryResult>,
    SqlxValues: IntoArguments<D>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    async fn query(
        &self,
        statement: Statement,
        scope: Option<RowScope<'_>>,
        budget: Option<&Budget>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let mut connection = self.checkout().await?;
        connection.begin(scope).await?;
        let mut rows = Vec::new();
        let mut fetched = ready(statement).fetch(&mut *connection.inner);
        while let Some(row) = fetched.try_next().await.map_err(failed)? {
            let counted = budget.map_or(Ok(()), |budget| budget.read(row.size()));
            counted.map_err(|error| failed(sqlx::Error::Decode(error.into())))?;
            rows.push(row.into());
        }
        drop(fetched);
        connection.commit(scope).await?;
        self.checkin(connection);
        Ok(rows)
    }

    async fn execute(
        &self,
        statement: Statement,
        scope: Option<RowScope<'_>>,
    ) -> Result<ExecResult, DbErr> {
        let mut connection = self.checkout().await?;
        connection.begin(scope).await?;
        let result = ready(statement).execute(&mut *connection.inner).await.map_err(failed)?;
        connection.commit(scope).await?;
        self.checkin(connection);
        Ok(result.into())
    }

    /// A connection for one statement.
    async fn checkout(&self) -> Result<Connection<D>, DbErr> {
        while let Some(mut idle) = self.take_idle() {
            let checked_out = idle.checked_out;
            if checked_out.elapsed() < STALE && !self.refusal.is_after(checked_out) {
                idle.is_busy = true;
                return Ok(idle);
            }
        }
        let new = if self.pool.size() < self.pool.options().get_max_connections() {
            // Connecting takes long, and must not be cancelled because another connection is idle first.
            let _demand = self.demand();
            self.pool.acquire().await
        } else {
            tokio::select! {
                biased;
                Some(mut idle) = self.next_idle() => {
                    idle.is_busy = true;
                    return Ok(idle);
                }
                new = self.pool.acquire() => new,
            }
        };
        let connect = async {
            let (mut inner, interrupt) = (new?, Arc::default());
            D::prepare(&mut inner, Arc::clone(&interrupt)).await?;
            Ok(Connection { inner, checked_out: Instant::now(), is_busy: true, interrupt })
        };
        connect.await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
    }
}

fn ready<D: Database>(Statement { sql, values, .. }: Statement) -> Query<'static, D, SqlxValues>
where
    SqlxValues: IntoArguments<D>,
{
    let values = SqlxValues(values.unwrap_or(Values(Vec::new())));
    sqlx::query_with(AssertSqlSafe(sql), values)
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
