//! Connections that go from one statement straight to the next.
//!
//! Whenever a connection comes back, the driver's pool asks it for a sign of life, and a small statement
//! takes two ways to the database instead of one. A connection that has just answered can do
//! without: it waits here for the next statement, which takes it as it is if that comes soon. It goes back
//! to the pool when something went wrong, and as soon as somebody wants one of the pool itself, such as a
//! transaction.
//!
//! Statements are sent through the driver: through sea-orm, whose futures are of many kilobytes, they
//! would cost a small request a tenth more.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    sqlx::{
        self, AssertSqlSafe, Database, Executor, IntoArguments, Postgres, Sqlite,
        pool::PoolConnection, query::Query,
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::{runtime::Handle, sync::Semaphore};

use super::{connect::STALE, dialect::StatementExecutor};

/// A pool for single statements, and for what takes a connection of its own.
#[derive(Clone, Debug)]
pub struct Pool {
    pool: DatabaseConnection,
    connections: Arc<Connections>,
}

#[derive(Debug)]
enum Connections {
    Postgres(IdleConnections<Postgres>),
    Sqlite(IdleConnections<Sqlite>),
}

impl Pool {
    pub fn new(pool: DatabaseConnection) -> Self {
        let connections = if pool.get_database_backend() == DbBackend::Postgres {
            Connections::Postgres(IdleConnections::new(pool.get_postgres_connection_pool()))
        } else {
            Connections::Sqlite(IdleConnections::new(pool.get_sqlite_connection_pool()))
        };
        Self { pool, connections: Arc::new(connections) }
    }

    /// The pool itself: nothing is idle from it meanwhile.
    pub fn inner(&self) -> impl Deref<Target = DatabaseConnection> {
        let want = match &*self.connections {
            Connections::Postgres(idle) => idle.demand(),
            Connections::Sqlite(idle) => idle.demand(),
        };
        Inner { pool: &self.pool, _want: want }
    }
}

impl StatementExecutor for Pool {
    fn backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &*self.connections {
            Connections::Postgres(idle) => idle.query(statement).await,
            Connections::Sqlite(idle) => idle.query(statement).await,
        }
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &*self.connections {
            Connections::Postgres(idle) => idle.execute(statement).await,
            Connections::Sqlite(idle) => idle.execute(statement).await,
        }
    }
}

struct Inner<'a> {
    pool: &'a DatabaseConnection,
    _want: PoolDemand<'a>,
}

impl Deref for Inner<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        self.pool
    }
}

/// One who wants a connection of the pool, until it is dropped.
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
    /// How many those are: whoever waits for one is served in turn.
    count: Semaphore,
    /// How many want one of the pool.
    wanted: AtomicUsize,
    runtime: Handle,
}

/// A connection, and when the pool has given it away: it goes back when it is dropped.
#[derive(Debug)]
struct Connection<D: Database>(PoolConnection<D>, Instant);

impl<D: Database> IdleConnections<D> {
    fn new(pool: &sqlx::Pool<D>) -> Self {
        Self {
            pool: pool.clone(),
            idle: Mutex::default(),
            count: Semaphore::new(0),
            wanted: AtomicUsize::new(0),
            runtime: Handle::current(),
        }
    }

    async fn checkout(&self) -> Result<Connection<D>, DbErr> {
        while let Some(idle) = self.take_idle() {
            if idle.1.elapsed() < STALE {
                return Ok(idle);
            }
        }
        let new = if self.pool.size() < self.pool.options().get_max_connections() {
            // To connect takes long, and shall not be given up because another one is there first.
            let _want = self.demand();
            self.pool.acquire().await
        } else {
            tokio::select! {
                biased;
                Some(idle) = self.next_idle() => return Ok(idle),
                new = self.pool.acquire() => new,
            }
        };
        let new = new.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Connection(new, Instant::now()))
    }

    fn take_idle(&self) -> Option<Connection<D>> {
        self.count.try_acquire().ok()?.forget();
        self.idle().pop()
    }

    async fn next_idle(&self) -> Option<Connection<D>> {
        self.count.acquire().await.ok()?.forget();
        self.idle().pop()
    }

    fn checkin(&self, connection: Connection<D>) {
        let is_wanted = || self.wanted.load(Ordering::SeqCst) > 0;
        if is_wanted() {
            return;
        }
        self.idle().push(connection);
        self.count.add_permits(1);
        if is_wanted() {
            // Whoever it is may have looked before this one was there.
            drop(self.take_idle());
        }
    }

    fn demand(&self) -> PoolDemand<'_> {
        self.wanted.fetch_add(1, Ordering::SeqCst);
        drop(self.take_idle());
        PoolDemand(&self.wanted)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection<D>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection finds its way back only within a runtime.
impl<D: Database> Drop for IdleConnections<D> {
    fn drop(&mut self) {
        let _within = self.runtime.enter();
        self.idle().clear();
    }
}

impl<D: Database> IdleConnections<D>
where
    QueryResult: From<D::Row>,
    ExecResult: From<D::QueryResult>,
    SqlxValues: IntoArguments<D>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut connection = self.checkout().await?;
        let rows = ready(statement).fetch_all(&mut *connection.0).await.map_err(failed)?;
        self.checkin(connection);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut connection = self.checkout().await?;
        let result = ready(statement).execute(&mut *connection.0).await.map_err(failed)?;
        self.checkin(connection);
        Ok(result.into())
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
