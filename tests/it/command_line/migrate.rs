//! `migrate`: migrates the database, also repeatedly and concurrently.

use std::{net::TcpListener, thread};

use migration::Migrator;

use super::process::Folder;
use crate::harness::Database;

/// Databases without tables.
async fn empty() -> Vec<Database> {
    [Some(Database::sqlite()), Database::empty_postgres().await].into_iter().flatten().collect()
}

async fn is_up_to_date(database: &Database) -> bool {
    !Migrator::is_behind(&database.connect().await).await.unwrap()
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    for database in empty().await {
        let folder = Folder::new().with("DATABASE_URL", &database.url());
        for _ in 0..2 {
            folder.run(&["migrate"]).succeeds();
            assert!(is_up_to_date(&database).await, "{}", database.url());
        }
    }
}

#[tokio::test]
async fn several_processes_can_migrate_at_the_same_time() {
    for database in empty().await {
        let folder = Folder::new().with("DATABASE_URL", &database.url());
        let running: Vec<_> = (0..4).map(|_| folder.start(&["migrate"])).collect();
        for process in running {
            process.ends().succeeds();
        }
        assert!(is_up_to_date(&database).await, "{}", database.url());
    }
}

#[test]
fn an_unreachable_database_is_named_without_its_password() {
    // It closes every connection at once.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(drop));
    for url in [
        &format!("postgres://me:hidden@127.0.0.1:{port}/tasks"),
        "postgres://me:hidden/1@127.0.0.1/tasks",
    ] {
        let output = Folder::new().with("DATABASE_URL", url).run(&["migrate"]);
        assert!(!output.faults().is_empty());
        assert!(!output.stderr.contains("hidden"), "{}", output.stderr);
    }
}
