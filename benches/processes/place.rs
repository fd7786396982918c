//! Where databases can be made: a server of PostgreSQL, or a folder for SQLite files.

use std::{env, fmt};

use tempfile::TempDir;

use crate::{postgres, tables::Tables};

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Postgres,
    Sqlite,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Postgres { "PostgreSQL" } else { "SQLite" })
    }
}

pub enum Place {
    Postgres(String),
    Sqlite(TempDir),
}

impl Place {
    /// The server that `TASKWARD_BENCH_POSTGRES` names, or one for as long as this process lives;
    /// `None` where PostgreSQL is not installed.
    pub fn find(kind: Kind) -> Option<Self> {
        let place = match kind {
            Kind::Sqlite => Some(Self::Sqlite(tempfile::tempdir().unwrap())),
            Kind::Postgres => {
                let named = env::var("TASKWARD_BENCH_POSTGRES").ok();
                named.or_else(postgres::start).map(Self::Postgres)
            }
        };
        if place.is_none() {
            assert!(env::var_os("CI").is_none(), "in CI, PostgreSQL has to be installed");
            println!("skipped: PostgreSQL is not installed (no `initdb` was found)");
        }
        place
    }

    /// A new database.
    pub async fn database(&self, name: &str) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.path().join(name).display()),
            Self::Postgres(server) => {
                let any = Tables::connect(&format!("{server}/postgres")).await;
                any.execute(&format!("DROP DATABASE IF EXISTS taskward_bench_{name}")).await;
                any.execute(&format!("CREATE DATABASE taskward_bench_{name}")).await;
                format!("{server}/taskward_bench_{name}")
            }
        }
    }
}
