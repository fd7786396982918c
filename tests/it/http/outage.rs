//! Responses while the database is locked, slow or away.

use std::io;

use futures_util::future::join_all;
use serde_json::json;
use taskward::{
    store::{Quotas, Store},
    time::Clock,
};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

use super::refusal;
use crate::harness::{Api, Database, Reply, Served, events, eventually, on_each_database, tokens};

/// Texts that belong in the log and not in a response.
fn tells_no_detail(reply: &Reply) {
    let text = String::from_utf8(reply.body.to_vec()).unwrap().to_lowercase();
    for detail in
        ["sql", "select", "insert", "relation", "table", "connection", "pool", "/", "os error"]
    {
        assert!(!text.contains(detail), "{detail} in {text}");
    }
}

/// The answer of a server whose database is away: it may work in a moment.
fn is_away(reply: &Reply) {
    assert_eq!(reply.status, 503, "{:#}", reply.json());
    assert_eq!(reply.header("retry-after"), "2");
    let content_type = "application/graphql-response+json; charset=utf-8";
    assert_eq!(reply.header("content-type"), content_type);
    for error in reply.json()["errors"].as_array().unwrap() {
        assert_eq!(error["extensions"], json!({"code": "INTERNAL_SERVER_ERROR"}));
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("try again"), "{message}");
        assert!(message.contains(reply.header("x-request-id")), "{message}");
    }
    tells_no_detail(reply);
}

/// A proxy to a server, which can be cut and mended.
struct Proxy {
    cut: watch::Sender<bool>,
}

impl Proxy {
    /// A proxy to a database on PostgreSQL, and the database as it is seen from here.
    async fn to(database: &Database) -> (Self, Database) {
        let mut url = Url::parse(&database.url()).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, server.clone(), is_cut.clone()));
            }
        });
        (Self { cut }, Database::Postgres(url.into()))
    }

    fn cut(&self) {
        self.cut.send_replace(true);
    }

    fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn connect(
    mut near: TcpStream,
    server: String,
    mut is_cut: watch::Receiver<bool>,
) -> io::Result<()> {
    if *is_cut.borrow() {
        return Ok(());
    }
    let mut far = TcpStream::connect(server).await?;
    tokio::select! {
        biased;
        _ = is_cut.wait_for(|cut| *cut) => Ok(()),
        copied = copy_bidirectional(&mut near, &mut far) => copied.map(drop),
    }
}

#[tokio::test]
async fn while_postgresql_is_away_clients_are_told_to_come_back() {
    let Some(database) = Database::postgres().await else { return };
    let (proxy, database) = Proxy::to(&database).await;
    let api = Api::start(database).await;
    let id = api.alice.creates("Milk").await;
    let query = "query($id: ID!) { task(id: $id) { title } }";

    proxy.cut();
    // The first finds a dead connection, the second finds none at all.
    for _ in 0..2 {
        is_away(&api.alice.post(query, json!({"id": id})).await);
        is_away(&api.alice.create(json!({"title": "Bread"})).await);
        is_away(&api.bob.create(json!({"title": "Bread"})).await);
    }
    let reply = api.anon.gets("/readyz").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["database"], "does not answer");
    assert_eq!(api.anon.gets("/healthz").await.status, 200);
    let data = api.alice.asks("{ __typename viewer { id } }").await;
    assert_eq!(data["viewer"]["id"], "alice", "what needs no database still works");

    proxy.mend();
    let reply = api.alice.post(query, json!({"id": id})).await;
    assert_eq!(reply.data(), json!({"task": {"title": "Milk"}}));
    assert_eq!(api.anon.gets("/readyz").await.status, 200);
}

/// Makes PostgreSQL read-only for all sessions that begin from now on, and ends all others.
async fn forbid_writes(database: &Database) {
    database.execute(&alter(database, "SET default_transaction_read_only = on")).await;
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.execute(end_all).await;
}

/// Lets sessions write that begin from now on: those that are open stay read-only.
async fn allow_writes(database: &Database) {
    database.execute(&alter(database, "RESET default_transaction_read_only")).await;
}

fn alter(database: &Database, change: &str) -> String {
    let url = Url::parse(&database.url()).unwrap();
    let name = url.path().trim_start_matches('/');
    format!("SET TRANSACTION READ WRITE; ALTER DATABASE {name} {change}")
}

/// A server on a database that has just become read-only, whose connections are all open, and a task of
/// Alice's.
async fn read_only() -> Option<(Api, String)> {
    const TASKS: &str = "{ tasks { nodes { title } } }";
    let api = Api::start(Database::postgres().await?).await;
    let id = api.alice.creates("Milk").await;
    forbid_writes(&api.database).await;
    eventually(async || api.anon.gets("/readyz").await.json()["database"] == "read-only").await;
    // The connections that were ended are found out one after the other.
    eventually(async || {
        let replies = join_all((0..20).map(|_| api.alice.post(TASKS, json!({})))).await;
        replies.iter().all(|reply| reply.status == 200)
    })
    .await;
    Some((api, id))
}

#[tokio::test]
async fn while_postgresql_is_read_only_clients_can_read_and_are_told_to_come_back_to_write() {
    let Some((api, id)) = read_only().await else { return };
    assert_eq!(api.anon.gets("/readyz").await.status, 503);
    assert_eq!(api.anon.gets("/healthz").await.status, 200);
    let url = api.database.url();
    let start = Store::open(&url, 1, Quotas::default(), Clock::system(), false);
    assert!(start.await.unwrap_err().to_string().contains("read-only"));
    for _ in 0..3 {
        is_away(&api.alice.create(json!({"title": "Bread"})).await);
        is_away(&api.bob.create(json!({"title": "Bread"})).await);
        is_away(&api.alice.update(json!({"id": id, "title": "Oat milk"})).await);
        assert_eq!(api.alice.titles(json!({})).await, ["Milk"]);
    }

    allow_writes(&api.database).await;
    // Only transactions: nothing else finds out that their connections are read-only.
    let update = async || api.alice.update(json!({"id": id, "title": "Oat milk"})).await;
    eventually(async || update().await.status == 200).await;
    for _ in 0..20 {
        update().await.data();
    }
    api.bob.creates("Bread").await;
    assert_eq!(api.anon.gets("/readyz").await.status, 200);
}

/// A balancer sends nothing to a server that is not ready: it has to find out by itself.
#[tokio::test]
async fn a_server_without_requests_is_ready_again_when_postgresql_accepts_writes() {
    let Some((api, id)) = read_only().await else { return };
    allow_writes(&api.database).await;
    eventually(async || api.anon.gets("/readyz").await.status == 200).await;
    api.alice.updates(json!({"id": id, "title": "Oat milk"})).await;
}

#[tokio::test]
async fn who_follows_or_wants_to_while_postgresql_is_away_hears_when_it_is_back() {
    const FOLLOW: &str = "subscription { changes { cursor changes { id } } }";
    let Some(database) = Database::postgres().await else { return };
    let (proxy, database) = Proxy::to(&database).await;
    let served = Served::start(database, &[]).await;
    let mut follower = served.socket_of("alice").await;
    follower.subscribes("1", FOLLOW, json!({})).await;
    follower.hears_next("1").await;

    proxy.cut();
    let mut latecomer = served.socket_of("alice").await;
    latecomer.subscribes("1", FOLLOW, json!({})).await;
    is_away(&served.api.alice.create(json!({"title": "Milk"})).await);

    proxy.mend();
    latecomer.hears_next("1").await;
    let id = json!(served.api.alice.creates("Milk").await);
    for mut socket in [follower, latecomer] {
        assert_eq!(socket.hears_next("1").await["data"]["changes"]["changes"][0]["id"], id);
    }
}

/// The open connection keeps the file; the others, which many requests at once need, find none.
#[tokio::test]
async fn while_the_sqlite_file_is_away_clients_are_told_to_come_back() {
    let api = Api::start(Database::sqlite()).await;
    let id = api.alice.creates("Milk").await;
    let Database::Sqlite(folder) = &api.database else { unreachable!() };
    let at_once = "query($id: ID!) { a: task(id: $id) { title } b: task(id: $id) { title } }";

    let elsewhere = moved_away(folder);
    is_away(&first_refusal(|| api.alice.post(at_once, json!({"id": id}))).await);
    let unready = first_refusal(|| api.anon.gets("/readyz")).await;
    assert_eq!(unready.status, 503);
    assert_eq!(unready.json()["database"], "does not answer");

    move_back(&elsewhere, folder);
    api.alice.post(at_once, json!({"id": id})).await.data();
}

#[tokio::test]
async fn no_change_is_acknowledged_while_the_sqlite_file_is_removed_or_replaced() {
    let api = Api::start(Database::sqlite()).await;
    api.alice.creates("Milk").await;
    let Database::Sqlite(folder) = &api.database else { unreachable!() };
    let ((), log) = events(&["taskward::store::sql::files"], async {
        let elsewhere = moved_away(folder);
        let refuses = async |title: &str| {
            is_away(&api.alice.create(json!({"title": title})).await);
            is_away(&api.bob.tries("signOut", json!({}), "revokedBefore").await);
            let unready = api.anon.gets("/readyz").await;
            assert_eq!(unready.status, 503, "{title}");
            assert_eq!(unready.json()["database"], "does not answer");
        };
        refuses("removed").await;
        std::fs::copy(elsewhere.path().join("taskward.db"), folder.path().join("taskward.db"))
            .unwrap();
        refuses("replaced").await;
        move_back(&elsewhere, folder);
    })
    .await;
    assert_eq!(log.len(), 1, "{log:#?}");
    assert!(log[0]["message"].contains("was removed or replaced"), "{log:#?}");

    assert_eq!(api.anon.gets("/readyz").await.status, 200);
    api.alice.creates("Bread").await;
    api.bob.creates("Butter").await;
    let read = api.alice.asks("{ tasks { nodes { title } } }").await;
    assert_eq!(read["tasks"]["nodes"], json!([{"title": "Bread"}, {"title": "Milk"}]));
}

/// The first reply that is not OK: whether a request finds the open connection busy is up to the scheduler.
async fn first_refusal<F: Future<Output = Reply>>(ask: impl Fn() -> F) -> Reply {
    for _ in 0..50 {
        let replies = join_all((0..20).map(|_| ask())).await;
        if let Some(refused) = replies.into_iter().find(|reply| reply.status != 200) {
            return refused;
        }
    }
    panic!("one connection has answered all")
}

fn moved_away(folder: &TempDir) -> TempDir {
    let elsewhere = tempfile::tempdir().unwrap();
    rename("taskward.db", folder, &elsewhere);
    elsewhere
}

fn move_back(elsewhere: &TempDir, folder: &TempDir) {
    rename("taskward.db", elsewhere, folder);
}

fn rename(name: &str, from: &TempDir, to: &TempDir) {
    std::fs::rename(from.path().join(name), to.path().join(name)).unwrap();
}

on_each_database! {
    async fn an_internal_error_says_so_and_names_the_request(api: Api) {
        api.alice.creates("Milk").await;
        api.database.execute("DROP TABLE task_tag; DROP TABLE task").await;
        for reply in [
            api.alice.post("{ tasks { nodes { id } } }", json!({})).await,
            api.alice.create(json!({"title": "Bread"})).await,
        ] {
            assert_eq!(reply.status, 200);
            assert_eq!(reply.header("retry-after"), "", "it will not be better in a moment");
            let error = reply.error();
            assert_eq!(error["extensions"], json!({"code": "INTERNAL_SERVER_ERROR"}));
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("Internal error"), "{message}");
            assert!(message.contains(reply.header("x-request-id")), "{message}");
            tells_no_detail(&reply);
        }
    }
}

#[tokio::test]
async fn a_change_that_takes_too_long_is_given_up_and_has_not_happened() {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    for database in Database::each().await {
        let api = Api::start_with(database, &[&secret, "--request-timeout=1"]).await;
        api.alice.creates("Milk").await;
        let held = api.database.hold_writers().await;

        let reply = api.alice.create(json!({"title": "Bread"})).await;
        assert_eq!(refusal(&reply), (503, "TIMEOUT".to_owned()));
        assert_eq!(reply.header("retry-after"), "2");
        let content_type = "application/graphql-response+json; charset=utf-8";
        assert_eq!(reply.header("content-type"), content_type);
        let read = api.alice.asks("{ tasks { nodes { title } } }").await;
        let only_milk = json!({"tasks": {"nodes": [{"title": "Milk"}]}});
        assert_eq!(read, only_milk, "reading goes on meanwhile");

        held.rollback().await.unwrap();
        api.alice.creates("Butter").await;
        let read = api.alice.asks("{ tasks(orderBy: {field: TITLE}) { nodes { title } } }").await;
        assert_eq!(read, json!({"tasks": {"nodes": [{"title": "Butter"}, {"title": "Milk"}]}}));
    }
}
