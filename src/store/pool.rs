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

use super::{connect::STALE, dialect::Sender};

/// A pool for single statements, and for what takes a connection of its own.
#[derive(Clone, Debug)]
pub struct Pool {
    pool: DatabaseConnection,
    connections: Arc<Connections>,
}

#[derive(Debug)]
enum Connections {
    Postgres(Kept<Postgres>),
    Sqlite(Kept<Sqlite>),
}

impl Pool {
    pub fn new(pool: DatabaseConnection) -> Self {
        let connections = if pool.get_database_backend() == DbBackend::Postgres {
            Connections::Postgres(Kept::new(pool.get_postgres_connection_pool()))
        } else {
            Connections::Sqlite(Kept::new(pool.get_sqlite_connection_pool()))
        };
        Self { pool, connections: Arc::new(connections) }
    }

    /// The pool itself: nothing is kept from it meanwhile.
    pub fn itself(&self) -> impl Deref<Target = DatabaseConnection> {
        let want = match &*self.connections {
            Connections::Postgres(kept) => kept.want(),
            Connections::Sqlite(kept) => kept.want(),
        };
        Itself { pool: &self.pool, _want: want }
    }
}

impl Sender for Pool {
    fn backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match &*self.connections {
            Connections::Postgres(kept) => kept.query(statement).await,
            Connections::Sqlite(kept) => kept.query(statement).await,
        }
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match &*self.connections {
            Connections::Postgres(kept) => kept.execute(statement).await,
            Connections::Sqlite(kept) => kept.execute(statement).await,
        }
    }
}

struct Itself<'a> {
    pool: &'a DatabaseConnection,
    _want: Want<'a>,
}

impl Deref for Itself<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        self.pool
    }
}

/// One who wants a connection of the pool, until it is dropped.
struct Want<'a>(&'a AtomicUsize);

impl Drop for Want<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The connections that wait for the next statement.
#[derive(Debug)]
struct Kept<D: Database> {
    pool: sqlx::Pool<D>,
    spare: Mutex<Vec<Connection<D>>>,
    /// How many those are: whoever waits for one is served in turn.
    count: Semaphore,
    /// How many want one of the pool.
    wanted: AtomicUsize,
    runtime: Handle,
}

/// A connection, and when the pool has given it away: it goes back when it is dropped.
#[derive(Debug)]
struct Connection<D: Database>(PoolConnection<D>, Instant);

impl<D: Database> Kept<D> {
    fn new(pool: &sqlx::Pool<D>) -> Self {
        Self {
            pool: pool.clone(),
            spare: Mutex::default(),
            count: Semaphore::new(0),
            wanted: AtomicUsize::new(0),
            runtime: Handle::current(),
        }
    }

    async fn take(&self) -> Result<Connection<D>, DbErr> {
        while let Some(spare) = self.take_spare() {
            if spare.1.elapsed() < STALE {
                return Ok(spare);
            }
        }
        let new = if self.pool.size() < self.pool.options().get_max_connections() {
            // To connect takes long, and shall not be given up because another one is there first.
            let _want = self.want();
            self.pool.acquire().await
        } else {
            tokio::select! {
                biased;
                Some(spare) = self.next_spare() => return Ok(spare),
                new = self.pool.acquire() => new,
            }
        };
        let new = new.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Connection(new, Instant::now()))
    }

    fn take_spare(&self) -> Option<Connection<D>> {
        self.count.try_acquire().ok()?.forget();
        self.spare().pop()
    }

    async fn next_spare(&self) -> Option<Connection<D>> {
        self.count.acquire().await.ok()?.forget();
        self.spare().pop()
    }

    fn keep(&self, connection: Connection<D>) {
        let is_wanted = || self.wanted.load(Ordering::SeqCst) > 0;
        if is_wanted() {
            return;
        }
        self.spare().push(connection);
        self.count.add_permits(1);
        if is_wanted() {
            // Whoever it is may have looked before this one was there.
            drop(self.take_spare());
        }
    }

    fn want(&self) -> Want<'_> {
        self.wanted.fetch_add(1, Ordering::SeqCst);
        drop(self.take_spare());
        Want(&self.wanted)
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Connection<D>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection finds its way back only within a runtime.
impl<D: Database> Drop for Kept<D> {
    fn drop(&mut self) {
        let _within = self.runtime.enter();
        self.spare().clear();
    }
}

impl<D: Database> Kept<D>
where
    QueryResult: From<D::Row>,
    ExecResult: From<D::QueryResult>,
    SqlxValues: IntoArguments<D>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut connection = self.take().await?;
        let rows = ready(statement).fetch_all(&mut *connection.0).await.map_err(failed)?;
        self.keep(connection);
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut connection = self.take().await?;
        let result = ready(statement).execute(&mut *connection.0).await.map_err(failed)?;
        self.keep(connection);
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
