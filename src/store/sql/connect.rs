//! Opens the database: an SQLite file with one writer and several readers, or PostgreSQL.

use std::{str::FromStr, time::Duration};

use migration::Migrator;
use sea_orm::{
    ConnectOptions, Database, DbErr,
    sqlx::{
        postgres::PgConnectOptions,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    files,
    pool::{Pool, STALE},
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
}

impl Pools {
    /// Connects to `url` (`sqlite://…` or `postgres://…`) with at most `size` connections. An SQLite
    /// file and its folder are made when they are missing, for their owner only.
    pub async fn connect(url: &str, size: u32, row_security: bool) -> Result<Self, DbErr> {
        if !url.starts_with("sqlite:") {
            let pool =
                Pool::new(Database::connect(postgres(url, size, TIMEOUT)).await?, row_security);
            let own = Database::connect(postgres(url, 1, REVOCATION_TIMEOUT)).await?;
            return Ok(Self {
                reader: pool.clone(),
                writer: pool,
                revocations: Pool::new(own, row_security),
                shared: Some(url.into()),
            });
        }
        let file = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        files::prepare(file.get_filename())?;
        let writer = Pool::new(Database::connect(sqlite(url, 1, true, TIMEOUT)).await?, false);
        let reader = Pool::new(Database::connect(sqlite(url, size, false, TIMEOUT)).await?, false);
        let own = Database::connect(sqlite(url, 1, false, REVOCATION_TIMEOUT)).await?;
        Ok(Self { reader, writer, revocations: Pool::new(own, false), shared: None })
    }

    /// The URL of the database, if other processes may use it as well: on PostgreSQL.
    pub fn shared_url(&self) -> Option<&str> {
        self.shared.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Applies the pending migrations, and switches row-level security on or off.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        Migrator::migrate(&self.writer.inner(), text::indexed, self.writer.row_security).await
    }

    /// Whether the tables are older than this program.
    pub async fn is_behind(&self) -> Result<bool, DbErr> {
        Migrator::is_behind(&self.reader.inner()).await
    }
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

fn postgres(url: &str, size: u32, timeout: Duration) -> ConnectOptions {
    let mut options = options(url, size, timeout);
    options.map_sqlx_postgres_opts(|postgres: PgConnectOptions| postgres.options(POSTGRES));
    options
}

fn sqlite(url: &str, size: u32, writes: bool, timeout: Duration) -> ConnectOptions {
    let mut options = options(url, size, timeout);
    options.map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
        sqlite
            .create_if_missing(writes)
            .read_only(!writes)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(timeout)
    });
    options
}
