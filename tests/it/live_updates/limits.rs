//! Limits of connections, and of operations on each of them.

use std::cell::Cell;

use axum::body::Bytes;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{CHANGES, event_stream::Stream};
use crate::harness::{Database, Served, Socket, soon};

/// The code with which a socket of that user is refused, if it is.
async fn refusal(served: &Served, sub: &str) -> Option<u16> {
    let mut socket = served.socket().await;
    let payload = json!({ "authorization": served.bearer(sub) });
    socket.says(json!({ "type": "connection_init", "payload": payload })).await;
    socket.hears_or_ends().await.err().map(|(code, _)| code)
}

#[tokio::test]
async fn a_user_has_so_many_sockets_and_streams() {
    let served = Served::start(Database::sqlite(), &["--max-sockets-per-user=2"]).await;
    let socket = served.socket_of("alice").await;
    let _stream = Stream::of_alice(&served, None).await;
    assert_eq!(refusal(&served, "alice").await, Some(1013));
    assert_eq!(refusal(&served, "bob").await, None);
    let body = json!({ "query": CHANGES });
    let stream = Stream::open(&served, &served.bearer("alice"), "text/event-stream", &body).await;
    assert_eq!(stream.status, 429);
    assert!(stream.headers.iter().any(|header| header == "retry-after: 2"));

    drop(socket);
    soon(async { while refusal(&served, "alice").await.is_some() {} }).await;
}

#[tokio::test]
async fn the_process_has_so_many_sockets_and_streams() {
    let served = Served::start(Database::sqlite(), &["--max-sockets=2"]).await;
    let socket = served.socket_of("alice").await;
    let stream = Stream::of_alice(&served, None).await;
    assert_eq!(refusal(&served, "bob").await, Some(1013));
    let body = json!({ "query": CHANGES });
    let more = Stream::open(&served, &served.bearer("bob"), "text/event-stream", &body).await;
    assert_eq!(more.status, 503);

    drop(stream);
    soon(async { while refusal(&served, "bob").await.is_some() {} }).await;
    drop(socket);
}

#[tokio::test]
async fn strangers_who_say_nothing_take_nobodys_place() {
    let served = Served::start(Database::sqlite(), &["--max-sockets=2"]).await;
    let _alice = served.socket_of("alice").await;
    let first = served.socket().await;
    let mut strangers = Vec::new();
    for _ in 0..16 {
        strangers.push(served.socket().await);
    }
    assert_eq!(first.ends().await.0, 1013, "the oldest makes room");
    let _bob = served.socket_of("bob").await;
}

#[tokio::test]
async fn a_socket_is_its_users_from_the_beginning_by_the_token_of_its_upgrade() {
    let served = Served::start(Database::sqlite(), &["--max-sockets-per-user=1"]).await;
    let bearer = served.bearer("alice");
    let mut socket = Socket::open(served.address, &[("authorization", &bearer)]).await;
    assert_eq!(refusal(&served, "alice").await, Some(1013));
    socket.says(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hears().await, json!({ "type": "connection_ack" }));

    // Whoever the first message names is who it is.
    let mut other = Socket::open(served.address, &[("authorization", &served.bearer("bob"))]).await;
    let payload = json!({ "authorization": served.bearer("carol") });
    other.says(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(other.hears().await, json!({ "type": "connection_ack" }));
    assert_eq!(refusal(&served, "bob").await, None);
    assert_eq!(refusal(&served, "carol").await, Some(1013));
}

#[tokio::test]
async fn a_client_that_reads_no_answer_is_not_heard_any_further() {
    const FAR_TOO_MANY: usize = 1_000_000;
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket().await;
    let sent = Cell::new(0);
    let flood = async {
        for _ in 0..FAR_TOO_MANY {
            socket.sends(Message::Ping(Bytes::from_static(&[b'x'; 125]))).await;
            sent.set(sent.get() + 1);
        }
        panic!("all of it was read");
    };
    let stalls = async {
        let mut before = None;
        while before != Some(sent.get()) {
            before = Some(sent.get());
            for _ in 0..100 {
                served.api.alice.asks("{ tasks(first: 0) { totalCount } }").await;
            }
        }
    };
    tokio::select! {
        () = flood => {}
        () = stalls => {}
    }
}

#[tokio::test]
async fn a_socket_runs_so_many_operations() {
    let served = Served::start(Database::sqlite(), &["--max-socket-operations=2"]).await;
    let mut socket = served.socket_of("alice").await;
    for id in ["1", "2"] {
        socket.subscribes(id, CHANGES, json!({})).await;
        socket.hears_next(id).await;
    }
    socket.subscribes("3", CHANGES, json!({})).await;
    let refused = socket.hears().await;
    assert_eq!(refused["type"], "error");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");

    socket.says(json!({ "id": "1", "type": "complete" })).await;
    socket.subscribes("3", CHANGES, json!({})).await;
    socket.hears_next("3").await;
}

#[tokio::test]
async fn an_operation_takes_no_longer_than_a_request() {
    for database in Database::each().await {
        let served = Served::start(database, &["--request-timeout=1"]).await;
        let lock = served.api.database.hold_writers().await;
        let mutation = "mutation { createTask(input: {title: \"Milk\"}) { task { id } } }";
        let mut socket = served.socket_of("alice").await;
        socket.subscribes("1", mutation, json!({})).await;
        let refused = socket.hears().await;
        assert_eq!(refused["type"], "error", "{refused}");
        assert_eq!(refused["payload"][0]["extensions"]["code"], "TIMEOUT");

        let body = json!({ "query": mutation });
        let bearer = served.bearer("alice");
        let mut stream = Stream::open(&served, &bearer, "text/event-stream", &body).await;
        assert_eq!(stream.hears_next().await["errors"][0]["extensions"]["code"], "TIMEOUT");
        lock.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn an_upgrade_that_is_none_is_refused() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let request = axum::http::Request::get("/graphql").header("upgrade", "websocket");
    let reply = served.api.alice.sends(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.header("sec-websocket-version"), "13");
    assert_eq!(reply.code(), "BAD_USER_INPUT");
    // What is beside a GET is a request as usual.
    drop(Socket::open(served.address, &[("accept", "application/json")]).await);
}
