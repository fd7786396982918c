//! Migrations: the data of an earlier release is kept.

use std::fs;

use futures_util::future::join;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use taskward::{
    store::{Quotas, Store},
    time::Clock,
};

use crate::harness::{Api, Database, Person};

/// Alice's and Bob's tasks as the first release left them, when there was nothing but tasks.
const SQLITE: &str = include_str!("fixtures/tasks_only.sqlite.sql");
const POSTGRES: &str = include_str!("fixtures/tasks_only.postgres.sql");

const EVERYTHING: &str = "query($after: String) {
    tasks(first: 100, after: $after, filter: { trash: INCLUDE }, orderBy: [{ field: POSITION }]) {
        nodes {
            id title description completed completedAt priority dueOn dueAt
            createdAt updatedAt deletedAt version position list { id } parent { id } tags { id }
        }
    }
}";

/// The id of a task in the fixtures.
fn fixture_id(number: u32) -> String {
    format!("019aa000-0000-7000-8000-{number:012}")
}

/// A server on a copy of each kind of database of the first release.
async fn servers() -> Vec<Api> {
    let sqlite = Database::sqlite();
    sqlite.execute(SQLITE).await;
    let mut servers = vec![Api::start(sqlite).await];
    if let Some(postgres) = Database::empty_postgres().await {
        postgres.execute(POSTGRES).await;
        servers.push(Api::start(postgres).await);
    }
    servers
}

async fn all(person: &Person) -> Vec<Value> {
    let mut data = person.post(EVERYTHING, json!({})).await.data();
    match data["tasks"]["nodes"].take() {
        Value::Array(tasks) => tasks,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn tasks_of_the_first_release_are_all_there_as_they_were() {
    for api in servers().await {
        let (alices, bobs) = join(all(&api.alice), all(&api.bob)).await;
        let ids: Vec<_> = alices.iter().map(|task| task["id"].as_str().unwrap()).collect();
        assert_eq!(
            ids,
            [fixture_id(1), fixture_id(2), fixture_id(3), fixture_id(4)],
            "in the order of their making"
        );
        let first = &alices[0];
        assert_eq!(first["title"], "Buy crème brûlée");
        assert_eq!(first["description"], "It's *Straße* 7, with \\ and % and \"quotes\"\nnew line");
        assert_eq!((&first["priority"], &first["dueOn"]), (&json!("HIGH"), &json!("2026-12-01")));
        assert_eq!(alices[1]["title"], "Call Bob again");
        assert_eq!(alices[1]["dueAt"], "2026-12-01T08:30:00.123Z");
        assert_eq!((&alices[1]["completed"], &alices[1]["version"]), (&json!(true), &json!(2)));
        assert!(alices[3]["deletedAt"].is_string());
        for task in &alices {
            assert_eq!((&task["list"], &task["parent"]), (&Value::Null, &Value::Null));
            assert_eq!(task["tags"], json!([]));
        }

        let titles: Vec<_> = bobs.iter().map(|task| task["title"].clone()).collect();
        assert_eq!(titles[0], "Bob's own crème 🎉");
        let numbered: Vec<_> = (0..70).map(|n| json!(format!("Task {n}"))).collect();
        assert_eq!(titles[1..], numbered);
    }
}

#[tokio::test]
async fn tasks_of_the_first_release_are_found_by_their_words() {
    for api in servers().await {
        for (search, found) in [
            ("creme BRU", vec![fixture_id(1)]),
            ("strasse quotes", vec![fixture_id(1)]),
            ("it's", vec![fixture_id(1)]),
            ("trash", vec![]),
            ("task", vec![]),
        ] {
            let query = "query($search: String) { tasks(filter: { search: $search }, \
                         orderBy: [{ field: RELEVANCE, direction: DESC }]) { nodes { id } } }";
            let data = api.alice.post(query, json!({ "search": search })).await.data();
            let nodes: Vec<_> = found.iter().map(|id| json!({ "id": id })).collect();
            assert_eq!(data["tasks"]["nodes"], json!(nodes), "{search}");
        }
    }
}

#[tokio::test]
async fn what_follows_goes_on_from_the_first_release() {
    for api in servers().await {
        let newest = api.alice.creates("After the update").await;
        let order: Vec<_> = all(&api.alice).await.iter().map(|task| task["id"].clone()).collect();
        assert_eq!(order.last(), Some(&json!(newest)));

        api.alice.restore(&fixture_id(4)).await.data();
        let moved =
            "mutation($input: MoveTaskInput!) { moveTask(input: $input) { task { version } } }";
        let input = json!({ "id": newest, "parentId": fixture_id(1) });
        api.alice.post(moved, json!({ "input": input })).await.data();
        let gone = api.alice.create(json!({ "id": fixture_id(5), "title": "Gone for good" })).await;
        assert_eq!(gone.code(), "CONFLICT");
        api.bob.create(json!({ "id": fixture_id(5), "title": "Free for Bob" })).await.data();
    }
}

#[tokio::test]
async fn the_first_releases_tasks_count_toward_the_quota() {
    for api in servers().await {
        let (full, _) = Api::start_to_serve(api.database.clone(), &["--max-tasks=72"]).await;
        full.bob.creates("the 72nd").await;
        assert_eq!(full.bob.create(json!({ "title": "the 73rd" })).await.code(), "BAD_USER_INPUT");
        full.alice.creates("alice has room").await;
    }
}

#[tokio::test]
async fn an_sqlite_database_of_another_program_is_left_as_it_is() {
    for made_by in [
        "CREATE TABLE task (id INTEGER)",
        "PRAGMA journal_mode = WAL; CREATE TABLE task (id INTEGER)",
        "PRAGMA application_id = 252006674",
        "CREATE TABLE seaql_migrations (version TEXT); INSERT INTO seaql_migrations VALUES ('m1_notes')",
    ] {
        let database = Database::sqlite();
        let Database::Sqlite(folder) = &database else { unreachable!() };
        let foreign = database.connect().await;
        foreign.execute_unprepared(made_by).await.unwrap();
        foreign.close().await.unwrap();
        let content = || {
            let files = fs::read_dir(folder.path()).unwrap();
            let file = |path| (fs::read(&path).unwrap(), path);
            files.map(|entry| file(entry.unwrap().path())).collect::<Vec<_>>()
        };
        let before = content();

        let opened =
            Store::open(&database.url(), 4, Quotas::default(), Clock::system(), false).await;
        let error = opened.unwrap_err().to_string();
        assert!(error.contains("taskward.db belongs to another program"), "{made_by}: {error}");
        assert!(content() == before, "{made_by}: it was changed");
        assert_eq!(before.len(), 1, "{made_by}");
    }
}

#[tokio::test]
async fn an_sqlite_database_is_marked_as_taskwards() {
    const MARK: &str = "PRAGMA application_id";
    let old = Database::sqlite();
    old.execute(SQLITE).await;
    assert_eq!(old.number(MARK).await, 0);
    for database in [old, Database::sqlite()] {
        for _ in 0..2 {
            let api = Api::start(database.clone()).await;
            api.alice.creates("Milk").await;
            assert_eq!(database.number(MARK).await, i64::from(u32::from_be_bytes(*b"twrd")));
        }
    }
}
