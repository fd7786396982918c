//! Graceful shutdown: running requests complete, and no new ones start.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Database, Served, soon, tokens};

async fn refuses_connections(address: SocketAddr) {
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A TCP connection, on which a test writes HTTP itself.
pub(super) struct Connection(pub(super) TcpStream);

impl Connection {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(super) async fn says(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub(super) async fn hears(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            heard.push(soon(self.0.read_u8()).await.unwrap());
        }
        String::from_utf8(heard).unwrap()
    }

    /// The status line and the JSON of an answer, after which the server closes the connection.
    async fn hears_the_last_answer(&mut self) -> (String, Value) {
        let mut text = String::new();
        soon(self.0.read_to_string(&mut text)).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        (head.to_lowercase(), serde_json::from_str(body).unwrap())
    }
}

fn head(token: &str, length: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {length}\r\n"
    )
}

#[tokio::test]
async fn a_request_that_runs_is_answered_before_the_server_stops() {
    for database in Database::each().await {
        let Served { api, address, stop, serving, .. } = Served::start(database, &[]).await;
        let token = tokens::of("alice", api.clock.now());
        let body = json!({
            "query": "mutation { createTask(input: {title: \"Milk\"}) { task { title } } }"
        });
        let body = body.to_string();
        let mut idle = Connection::connect(address).await;
        idle.says("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        idle.hears("ok").await;

        let lock = api.database.hold_writers().await;
        let mut connection = Connection::connect(address).await;
        connection.says(&head(&token, body.len())).await;
        // The server says it when it begins to read, which is when the request runs.
        connection.says("expect: 100-continue\r\n\r\n").await;
        connection.hears("100 Continue\r\n\r\n").await;
        connection.says(&body).await;

        stop.send(()).unwrap();
        refuses_connections(address).await;
        // Time enough to end, for a server that does not wait.
        api.database.execute("SELECT 1").await;
        assert!(!serving.is_finished(), "a request is still running");

        lock.rollback().await.unwrap();
        let (head, body) = connection.hears_the_last_answer().await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(body["data"]["createTask"]["task"]["title"], "Milk");
        soon(serving).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_comes_too_late_is_sent_elsewhere() {
    let Served { api, address, stop, serving, .. } = Served::start(Database::sqlite(), &[]).await;
    let token = tokens::of("alice", api.clock.now());
    let body = r#"{"query": "{ viewer { id } }"}"#;
    let mut late = Connection::connect(address).await;
    late.says(&head(&token, body.len())).await;
    let mut upgrade = Connection::connect(address).await;
    upgrade.says("GET /graphql HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n").await;
    let mut asks = Connection::connect(address).await;
    asks.says("GET /readyz HTTP/1.1\r\n").await;
    // Once this one is answered, the connections before it have been taken as well.
    let mut other = Connection::connect(address).await;
    other.says("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    other.hears("ok").await;

    stop.send(()).unwrap();
    refuses_connections(address).await;
    late.says(&format!("\r\n{body}")).await;
    let (head, body) = late.hears_the_last_answer().await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("\r\nretry-after: 2"), "{head}");
    assert_eq!(body["errors"][0]["extensions"], json!({"code": "INTERNAL_SERVER_ERROR"}));
    assert_eq!(body.get("data"), None);

    upgrade.says("host: x\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n").await;
    let (head, _) = upgrade.hears_the_last_answer().await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");

    asks.says("host: x\r\n\r\n").await;
    let (head, body) = asks.hears_the_last_answer().await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert_eq!(body["shutting_down"], true);
    soon(serving).await.unwrap();
}

#[tokio::test]
async fn a_client_that_never_ends_its_request_does_not_keep_the_server_from_stopping() {
    let database = Database::sqlite();
    let Served { address, stop, serving, .. } =
        Served::start(database, &["--request-timeout=1"]).await;
    let mut stuck = Connection::connect(address).await;
    stuck.says("POST /graphql HTTP/1.1\r\n").await;
    let mut other = Connection::connect(address).await;
    other.says("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    other.hears("ok").await;

    stop.send(()).unwrap();
    soon(serving).await.unwrap();
}
