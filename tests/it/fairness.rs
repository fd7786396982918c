//! What one user does, however much it is, does not keep the others from reading and writing.

use std::time::Duration;

use futures_util::{
    Stream, StreamExt,
    future::join_all,
    stream::{FuturesUnordered, select},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    auth::who,
    harness::{Api, Database, Person, Reply, Served, eventually, soon, tokens},
};

/// A server with other settings.
async fn start(database: Database, flags: &[&str]) -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    Api::start_with(database, &[&[secret.as_str()], flags].concat()).await
}

impl Database {
    /// From now on, whoever reads tasks waits without end.
    async fn never_reads_tasks_to_the_end(&self) {
        let endless = match self {
            Self::Sqlite(_) => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                 SELECT count(*) AS c FROM n"
            }
            Self::Postgres(_) => "SELECT length(pg_sleep(60)::text) AS c",
        };
        self.execute(&format!(
            "ALTER TABLE task RENAME TO kept_task; \
             CREATE VIEW task AS SELECT kept_task.* FROM kept_task, ({endless}) AS e WHERE e.c >= 0"
        ))
        .await;
    }

    /// How many statements read tasks at present; PostgreSQL alone shows it.
    async fn readers_of_tasks(&self) -> i64 {
        let reading = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' \
            AND datname = current_database() AND query LIKE '%FROM \"task\"%' AND pid <> pg_backend_pid()";
        self.number(reading).await
    }
}

impl Person {
    /// The errors of the operations of a batch, null for each that was done.
    async fn does_all(&self, operations: &[Value]) -> Vec<Value> {
        let input = json!({ "operations": operations, "atomic": false });
        let payload = self.does("batch", input, "results { error { code } }").await;
        let results = payload["results"].as_array().unwrap();
        results.iter().map(|result| result["error"].clone()).collect()
    }

    /// Reads something that is not a task.
    async fn reads(&self) -> Reply {
        self.post("{ viewer { timeZone } }", json!({})).await
    }
}

#[tokio::test]
async fn a_statement_ends_with_its_request() {
    for database in Database::each().await {
        let api = start(database, &["--request-timeout=1", "--pool-size=1"]).await;
        api.alice.creates("Milk").await;
        api.database.never_reads_tasks_to_the_end().await;

        let reply = api.alice.post("{ tasks { nodes { id } } }", json!({})).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (503, "TIMEOUT".to_owned()));
        api.bob.reads().await.data();
        if let Database::Postgres(_) = api.database {
            let ended = eventually(async || api.database.readers_of_tasks().await == 0);
            timeout(Duration::from_secs(5), ended).await.expect("the database goes on alone");
        }
    }
}

#[tokio::test]
async fn the_statements_of_one_user_leave_connections_to_the_others() {
    let fields =
        (0..30).map(|n| format!("t{n}: tasks {{ totalCount }}")).collect::<Vec<_>>().join(" ");
    let document = format!("{{ {fields} }}");
    for database in Database::each().await {
        let api = start(database, &["--pool-size=4", "--request-timeout=20"]).await;
        api.alice.creates("Milk").await;
        api.database.never_reads_tasks_to_the_end().await;

        let attack = join_all((0..8).map(|_| api.alice.post(&document, json!({}))));
        let others = async {
            for _ in 0..20 {
                join_all((0..4).map(|_| api.bob.reads())).await.iter().for_each(|reply| {
                    reply.data();
                });
            }
            if let Database::Postgres(_) = api.database {
                assert_eq!(api.database.readers_of_tasks().await, 1, "a quarter of the pool");
            }
        };
        tokio::select! {
            biased;
            _ = attack => panic!("the others wait longer than a request may take"),
            () = others => {}
        }
    }
}

#[tokio::test]
async fn a_sign_out_at_another_server_is_effective_while_no_connection_is_free() {
    for database in Database::each().await {
        let flags = ["--pool-size=1", "--request-timeout=20"];
        let here = Served::start(database.clone(), &flags).await;
        let there = Api::start(database).await;
        let token = there.token("alice", &json!({ "jti": "1" }));
        there.bob.creates("Milk").await;
        there.database.never_reads_tasks_to_the_end().await;

        let read = here.api.bob.post("{ tasks { nodes { id } } }", json!({}));
        let signed_out = async {
            if let Database::Postgres(_) = there.database {
                eventually(async || there.database.readers_of_tasks().await == 1).await;
            }
            assert_eq!(who(&here.api, &token).await, "alice");
            there.with_token(token.as_str()).does("signOut", json!({}), "revokedBefore").await;
            eventually(async || who(&here.api, &token).await == "REVOKED").await;
        };
        tokio::select! {
            biased;
            reply = read => panic!("{reply:?}"),
            () = signed_out => {}
        }
    }
}

#[tokio::test]
async fn the_writes_of_one_user_wait_in_memory_and_too_many_are_refused() {
    for database in Database::each().await {
        let api = start(database, &["--pool-size=2", "--request-timeout=20"]).await;
        api.alice.creates("Milk").await;
        api.bob.creates("Bread").await;
        let held = api.database.hold_writers().await;

        let mut creates = full_queue(&api.alice).await;
        let read = async {
            soon(api.bob.asks("{ tasks { nodes { title } } }")).await;
            if let Database::Postgres(_) = api.database {
                eventually(async || api.database.lock_waiters().await == 1).await;
            }
        };
        tokio::select! {
            biased;
            reply = creates.next() => panic!("{reply:?}"),
            () = read => {}
        }
        held.rollback().await.unwrap();
        while let Some(created) = soon(creates.next()).await {
            created.data();
        }
        let read = api.alice.asks("{ tasks { totalCount } }").await;
        assert_eq!(read, json!({ "tasks": { "totalCount": 1 + 33 } }));
    }
}

#[tokio::test]
async fn a_write_does_not_wait_for_all_that_another_user_has_sent_before() {
    for database in Database::each().await {
        let api = start(database, &["--request-timeout=20"]).await;
        api.alice.creates("Milk").await;
        api.bob.creates("Bread").await;
        let held = api.database.hold_writers().await;

        let mut of_alice = full_queue(&api.alice).await;
        let mut of_bob = full_queue(&api.bob).await;
        if let Database::Postgres(_) = api.database {
            tokio::select! {
                biased;
                reply = of_alice.next() => panic!("{reply:?}"),
                reply = of_bob.next() => panic!("{reply:?}"),
                () = eventually(async || api.database.lock_waiters().await == 2) => {}
            }
        }
        held.rollback().await.unwrap();

        let mut writes = select(of_alice.map(|_| "alice"), of_bob.map(|_| "bob"));
        let mut order = Vec::new();
        while let Some(user) = soon(writes.next()).await {
            order.push(user);
        }
        let place = order.iter().position(|user| *user == "bob").unwrap();
        assert!(place < 8, "{order:?}");
    }
}

/// Sends writes until one is refused: so many wait as may.
async fn full_queue(person: &Person) -> impl Stream<Item = Reply> + Unpin {
    let creates = (0..34).map(|_| person.create(json!({ "title": "Butter" })));
    let mut creates: FuturesUnordered<_> = creates.collect();
    assert_eq!(soon(creates.next()).await.unwrap().code(), "RATE_LIMITED");
    creates
}

#[tokio::test]
async fn the_filters_of_a_request_share_what_one_may_ask() {
    for database in Database::each().await {
        let api = start(database, &[]).await;
        api.alice.creates("Milk").await;
        let ids: Vec<_> = (0..100).map(|_| uuid::Uuid::new_v4()).collect();
        let largest = json!({ "or": (0..50).map(|_| json!({ "tags": { "allOf": ids } })).collect::<Vec<_>>() });
        let ask = async |fields| {
            let document = format!("query($filter: TaskFilter) {{ {fields} }}");
            api.alice.post(&document, json!({ "filter": largest })).await
        };
        let once = "tasks(filter: $filter) { totalCount } viewer { id }";
        ask(once).await.data();
        let twice =
            "a: tasks(filter: $filter) { totalCount } b: tasks(filter: $filter) { totalCount }";
        assert_eq!(ask(twice).await.refusal(), "QUERY_TOO_COMPLEX filter");
        ask(once).await.data();
    }
}

#[tokio::test]
async fn a_batch_ends_where_it_has_written_many_rows() {
    for database in Database::each().await {
        let api = start(database, &["--request-timeout=60"]).await;
        let parent = api.alice.creates("Parent").await;
        let subtask = json!({ "createTask": { "title": "Subtask", "parentId": parent } });
        for _ in 0..8 {
            api.alice.does_all(&vec![subtask.clone(); 100]).await;
        }
        let lists = [api.alice.creates_list("Home").await, api.alice.creates_list("Work").await];
        let moves: Vec<_> = (0..20)
            .map(|n| json!({ "moveTask": { "id": parent, "listId": lists[n % 2] } }))
            .collect();
        let refused = api.alice.does_all(&moves).await;
        let first = refused.iter().position(|refused| !refused.is_null()).unwrap();
        assert_eq!(first, 13, "801 rows each");
        assert!(refused[first..].iter().all(|refused| refused["code"] == "BAD_USER_INPUT"));
        let list = api
            .alice
            .asks("{ tasks(filter: { parent: { isNull: true } }) { nodes { list { name } } } }")
            .await;
        assert_eq!(list["tasks"]["nodes"][0]["list"]["name"], "Home", "those before it were done");
    }
}

#[tokio::test]
async fn a_write_waits_for_a_lock_for_a_few_seconds() {
    let Some(database) = Database::postgres().await else { return };
    let api = start(database, &["--request-timeout=20"]).await;
    api.alice.creates("Milk").await;
    let held = api.database.hold_writers().await;
    let reply = api.alice.create(json!({ "title": "Butter" })).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "INTERNAL_SERVER_ERROR".to_owned()));
    held.rollback().await.unwrap();
}
