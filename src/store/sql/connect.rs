//! Opens the database: an SQLite file with one writer and several readers, or PostgreSQL.

use std::{
    future::ready,
    io,
    path::Path,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use migration::{Migrator, Schema};
use sea_orm::{
    ConnectOptions, Database, DbErr, RuntimeErr,
    sqlx::{
        self, Connection,
        pool::{PoolConnectionMetadata, PoolOptions},
        postgres::{PgConnectOptions, PgConnection},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    files::{self, DatabaseFile},
    pool::{Pool, STALE},
    write_refusal::WriteRefusal,
};
use crate::store::list::text;

/// The longest wait for the connection that reads revocations, and for its statement: it shares no lock, and
/// whoever waits for it asks again soon.
pub const REVOCATION_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest wait for a connection, for the writer lock of SQLite, and for a statement of PostgreSQL.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a statement of PostgreSQL waits for what another locks, and how often it looks whether the
/// connection was closed because its request was given up.
const POSTGRES: [(&str, &str); 2] =
    [("lock_timeout", "5s"), ("client_connection_check_interval", "500ms")];

/// The pools: the same one twice on PostgreSQL; on SQLite one connection that writes, and several that only
/// read and are not blocked by the writer.
#[derive(Debug)]
pub struct Pools {
    pub reader: Pool,
    pub writer: Pool,
    /// The one connection that reads revocations, and nothing else.
    pub revocations: Pool,
    /// The URL of the database, if other processes may use it as well.
    shared: Option<SecretString>,
    /// The file of SQLite.
    file: Option<Arc<DatabaseFile>>,
}

impl Pools {
    /// Connects to `url` (`sqlite://…` or `postgres://…`) with at most `size` connections. An SQLite
    /// file and its folder are made when they are missing, for their owner only; a file of another program is
    /// refused.
    pub async fn connect(url: &str, size: u32, row_security: bool) -> Result<Self, DbErr> {
        if !url.starts_with("sqlite:") {
            let refusal = WriteRefusal::default();
            let connect = async |size, timeout| {
                let options = postgres(url, size, timeout, refusal.clone());
                let pool = Database::connect(options).await;
                pool.map(|pool| Pool::new(pool, row_security, refusal.clone()))
            };
            let pool = match connect(size, TIMEOUT).await {
                Ok(pool) => pool,
                Err(error) => return Err(explain(url, error).await),
            };
            return Ok(Self {
                reader: pool.clone(),
                writer: pool,
                revocations: connect(1, REVOCATION_TIMEOUT).await?,
                shared: Some(url.into()),
                file: None,
            });
        }
        let named = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        files::prepare(named.get_filename())?;
        refuse_foreign(url, named.get_filename()).await?;
        let file = DatabaseFile::at(named.get_filename());
        let file = Arc::new(file.map_err(|error| DbErr::Custom(error.to_string()))?);
        let connect = async |size, writes, timeout| {
            let pool = Database::connect(sqlite(url, size, writes, timeout, &file)).await;
            let name = named.get_filename().display();
            pool.map(|pool| Pool::new(pool, false, WriteRefusal::default()))
                .map_err(|error| DbErr::Custom(format!("{name}: {error}")))
        };
        let writer = connect(1, true, TIMEOUT).await?;
        let reader = connect(size, false, TIMEOUT).await?;
        let revocations = connect(1, false, REVOCATION_TIMEOUT).await?;
        Ok(Self { reader, writer, revocations, shared: None, file: Some(file) })
    }

    /// Checks that what is written is there after a restart: that the file of SQLite was neither removed nor
    /// replaced.
    pub fn check_file(&self) -> Result<(), DbErr> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    /// The URL of the database, if other processes may use it as well: on PostgreSQL.
    pub fn shared_url(&self) -> Option<&str> {
        self.shared.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Applies the pending migrations, and switches row-level security on or off.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        Migrator::migrate(&self.writer.inner(), text::indexed, self.writer.row_security).await
    }

    /// Whether the database refuses to write at present.
    pub async fn is_read_only(&self) -> Result<bool, DbErr> {
        self.writer.is_read_only().await
    }

    /// Compares the tables with those of this program.
    pub async fn schema(&self) -> Result<Schema, DbErr> {
        self.check_file()?;
        Migrator::schema(&self.reader.inner()).await
    }
}

/// sqlx tries to connect until the time is over, and then says only that it is: another attempt finds out why.
async fn explain(url: &str, error: DbErr) -> DbErr {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = &error else { return error };
    let (sqlx::Error::PoolTimedOut, Ok(server)) = (&**cause, PgConnectOptions::from_str(url))
    else {
        return error;
    };
    match tokio::time::timeout(REVOCATION_TIMEOUT, PgConnection::connect_with(&server)).await {
        Ok(Err(cause)) => {
            DbErr::Custom(format!("{}:{}: {cause}", server.get_host(), server.get_port()))
        }
        _ => error,
    }
}

/// Refuses the database of another program, in which nothing is changed. It is read as if it could not
/// change (<https://sqlite.org/uri.html#uriimmutable>), so that neither `-wal` nor `-shm` is made beside it,
/// unless what was written last is in a `-wal` already.
async fn refuse_foreign(url: &str, file: &Path) -> Result<(), DbErr> {
    let has_wal = files::beside(file, "-wal").exists();
    let mut read_only = options(url, 1, TIMEOUT);
    read_only.map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
        sqlite.read_only(true).create_if_missing(false).immutable(!has_wal)
    });
    let unreadable = |error| DbErr::Custom(format!("{}: {error}", file.display()));
    let db = Database::connect(read_only).await.map_err(unreadable)?;
    let is_refused = !Migrator::may_migrate(&db).await?;
    db.close().await?;
    if is_refused {
        let file = file.display();
        return Err(DbErr::Custom(format!(
            "the database {file} belongs to another program, and was left as it is: name another file in DATABASE_URL"
        )));
    }
    Ok(())
}

fn options(url: &str, size: u32, timeout: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(size)
        .acquire_timeout(timeout)
        .statement_timeout(timeout)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(STALE);
    options
}

fn postgres(url: &str, size: u32, timeout: Duration, refusal: WriteRefusal) -> ConnectOptions {
    let mut options = options(url, size, timeout);
    options.map_sqlx_postgres_opts(|postgres: PgConnectOptions| postgres.options(POSTGRES));
    options.map_sqlx_postgres_before_acquire(move |_, PoolConnectionMetadata { age, .. }| {
        let opened = Instant::now().checked_sub(age);
        let is_usable = opened.is_some_and(|opened| !refusal.is_after(opened));
        Box::pin(ready(Ok(is_usable)))
    });
    options
}

fn sqlite(
    url: &str,
    size: u32,
    writes: bool,
    timeout: Duration,
    file: &Arc<DatabaseFile>,
) -> ConnectOptions {
    let mut options = options(url, size, timeout);
    let file = Arc::clone(file);
    // A later connection must not read or write what has replaced the file.
    options.map_sqlx_sqlite_pool_opts(move |pool: PoolOptions<sqlx::Sqlite>| {
        let file = Arc::clone(&file);
        pool.after_connect(move |_, _| {
            let checked = file.check().map_err(|error| sqlx::Error::Io(io::Error::other(error)));
            Box::pin(async { checked })
        })
    });
    options.map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
        sqlite
            .create_if_missing(false)
            .read_only(!writes)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(timeout)
    });
    options
}
