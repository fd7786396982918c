//! `migrate`: migrates the database, also repeatedly and concurrently.

use std::{net::TcpListener, thread};

use migration::{Migrator, Schema};

use super::process::{Folder, SECRET};
use crate::harness::{Database, databases::free_port};

/// Databases without tables.
async fn empty() -> Vec<Database> {
    [Some(Database::sqlite()), Database::empty_postgres().await].into_iter().flatten().collect()
}

async fn is_up_to_date(database: &Database) -> bool {
    Migrator::schema(&database.connect().await).await.unwrap() == Schema::Current
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

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_its_migrations() {
    for database in Database::each().await {
        let folder = Folder::new().with("DATABASE_URL", &database.url());
        folder.run(&["migrate"]).succeeds();
        database.execute("INSERT INTO seaql_migrations VALUES ('m29990101_000001_newer', 0)").await;
        for command in ["migrate", "serve"] {
            let output = folder.run(&[command, "--better-auth-secret", SECRET]);
            let newer = "made by a newer taskward, which has the migrations m29990101_000001_newer";
            assert!(output.stderr.contains(newer), "{}", output.stderr);
        }
    }
}

#[test]
fn a_file_that_is_no_database_and_a_port_where_none_listens_are_named() {
    let folder = Folder::new();
    let file = folder.path("a folder");
    std::fs::create_dir(&file).unwrap();
    let port = free_port();
    for (url, named) in [
        (format!("sqlite://{}", file.display()), format!("{}: ", file.display())),
        (format!("postgres://me@127.0.0.1:{port}/tasks"), format!("127.0.0.1:{port}: ")),
    ] {
        let output = Folder::new().with("DATABASE_URL", &url).run(&["migrate"]);
        let fault = output.stderr;
        assert!(fault.contains(&named), "{fault}");
        assert!(fault.contains("refused") || fault.contains("disk I/O error"), "{fault}");
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
