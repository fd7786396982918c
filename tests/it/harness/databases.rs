//! A fresh database for each test, of either kind.

use std::{
    env,
    io::{Write, stderr},
    sync::{Arc, OnceLock},
    thread,
};

use sea_orm::{
    ConnectionTrait, Database as Connections, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use taskward::{
    store::{Quotas, Store},
    time::Clock,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use url::Url;
use uuid::Uuid;

use super::postgres;
pub use super::postgres::free_port;

/// Makes two tests of each: one on SQLite, one on PostgreSQL. Where PostgreSQL is not installed, the
/// second prints so and passes, except in CI.
macro_rules! on_each_database {
    ($($(#[$attribute:meta])* async fn $name:ident($api:ident: Api) $body:block)*) => {
        $(mod $name {
            use super::*;

            $(#[$attribute])*
            pub(super) async fn test($api: Api) $body

            #[tokio::test]
            async fn sqlite() {
                test(Api::start($crate::harness::Database::sqlite()).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(database) = $crate::harness::Database::postgres().await {
                    test(Api::start(database).await).await;
                }
            }
        })*
    };
}
pub(crate) use on_each_database;

/// An empty database.
#[derive(Clone)]
pub enum Database {
    /// A file in a folder that is deleted with its last user.
    Sqlite(Arc<TempDir>),
    /// A database of the shared server.
    Postgres(String),
}

impl Database {
    /// An SQLite file that does not exist yet.
    pub fn sqlite() -> Self {
        Self::Sqlite(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// A migrated database on PostgreSQL; `None`, with a message, where there is no server.
    pub async fn postgres() -> Option<Self> {
        let server = server()?;
        template(server).await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        execute(server, &format!("CREATE DATABASE {name} TEMPLATE template_taskward")).await;
        Some(Self::Postgres(format!("{server}/{name}")))
    }

    /// The same without any table.
    pub async fn empty_postgres() -> Option<Self> {
        let server = server()?;
        let name = format!("test_{}", Uuid::new_v4().simple());
        execute(server, &format!("CREATE DATABASE {name}")).await;
        Some(Self::Postgres(format!("{server}/{name}")))
    }

    /// The same, owned by a role of that name and with these attributes.
    pub async fn postgres_of(role: &str, attributes: &str) -> Option<Self> {
        let server = server()?;
        // Another test may have made it.
        let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}' {attributes}");
        try_execute(server, &make).await;
        let name = format!("test_{}", Uuid::new_v4().simple());
        execute(server, &format!("CREATE DATABASE {name} OWNER {role}")).await;
        let mut url = Url::parse(&format!("{server}/{name}")).unwrap();
        url.set_username(role).unwrap();
        url.set_password(Some(role)).unwrap();
        Some(Self::Postgres(url.into()))
    }

    /// Each kind that this machine has.
    pub async fn each() -> Vec<Self> {
        [Some(Self::sqlite()), Self::postgres().await].into_iter().flatten().collect()
    }

    /// Where it is.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                format!("sqlite://{}", folder.path().join("taskward.db").display())
            }
            Self::Postgres(url) => url.clone(),
        }
    }

    /// A connection of our own, behind the server's back.
    pub async fn connect(&self) -> DatabaseConnection {
        let url = match self {
            Self::Sqlite(_) => format!("{}?mode=rwc", self.url()),
            Self::Postgres(url) => url.clone(),
        };
        Connections::connect(url).await.unwrap()
    }

    /// An id as a literal in SQL.
    pub fn literal(&self, id: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
            Self::Postgres(_) => format!("'{id}'"),
        }
    }

    /// Changes something behind the server's back.
    pub async fn execute(&self, sql: &str) {
        self.connect().await.execute_unprepared(sql).await.unwrap();
    }

    /// The number that a query returns.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = self.connect().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// How many statements wait for a lock; PostgreSQL alone shows it.
    pub async fn lock_waiters(&self) -> i64 {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.number(waiting).await
    }

    /// Blocks all writers until it is dropped.
    pub async fn hold_writers(&self) -> DatabaseTransaction {
        self.hold(r#"LOCK TABLE "user" IN EXCLUSIVE MODE"#).await
    }

    /// Blocks all writers of that user (on SQLite, of all users) until it is dropped.
    pub async fn hold_writers_of(&self, sub: &str) -> DatabaseTransaction {
        self.hold(&format!(r#"SELECT * FROM "user" WHERE sub = '{sub}' FOR UPDATE"#)).await
    }

    async fn hold(&self, lock_of_postgres: &str) -> DatabaseTransaction {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let held = self.connect().await.begin_with_options(options).await.unwrap();
        if let Self::Postgres(_) = self {
            held.execute_unprepared(lock_of_postgres).await.unwrap();
        }
        held
    }
}

/// Makes the database that the others are copied from, once.
async fn template(server: &str) {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(async || {
        let lock = "template_taskward";
        // Another process of tests may have made it.
        let made = format!("CREATE DATABASE {lock}");
        if try_execute(server, &made).await {
            let url = format!("{server}/{lock}");
            Store::open(&url, 1, Quotas::default(), Clock::system(), false).await.unwrap();
        }
    })
    .await;
}

async fn execute(server: &str, sql: &str) {
    assert!(try_execute(server, sql).await, "{sql}");
}

async fn try_execute(server: &str, sql: &str) -> bool {
    let db = Connections::connect(format!("{server}/postgres")).await.unwrap();
    let done = db.execute_unprepared(sql).await.is_ok();
    db.close().await.unwrap();
    done
}

/// The PostgreSQL server of this process: the one that `TASKWARD_TEST_POSTGRES` names, or one of its
/// own, started on the first call. Without a server, or with `TASKWARD_TEST_POSTGRES=none`, the test
/// is named as skipped.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Result<String, &str>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match env::var("TASKWARD_TEST_POSTGRES") {
        Ok(named) if named == "none" => Err("TASKWARD_TEST_POSTGRES=none"),
        Ok(named) => Ok(named),
        Err(_) => postgres::start().ok_or_else(|| {
            assert!(env::var_os("CI").is_none(), "in CI, PostgreSQL has to be installed");
            "PostgreSQL is not installed (no `initdb` was found)"
        }),
    });
    server.as_deref().map_err(|reason| skip(reason)).ok()
}

/// Writes to the standard error itself: what a passing test prints with `println!` is not shown.
fn skip(reason: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped on PostgreSQL: {test}: {reason}\n");
    stderr().write_all(line.as_bytes()).unwrap();
}
