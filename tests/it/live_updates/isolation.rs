//! Subscribers receive the changes of their own user alone.

use serde_json::json;

use super::{CHANGES, event_stream::Stream};
use crate::harness::{Database, Served, Socket, tokens};

#[tokio::test]
async fn bob_hears_nothing_of_what_alice_writes() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let (alice, bob) = (&served.api.alice, &served.api.bob);
        let mut socket = served.socket_of("bob").await;
        let body = json!({ "query": CHANGES });
        let bearer = served.bearer("bob");
        let mut stream = Stream::open(&served, &bearer, "text/event-stream", &body).await;
        socket.subscribes("1", CHANGES, json!({})).await;
        socket.hears_next("1").await;
        stream.hears_next().await;

        for at in 0..20 {
            alice.creates(&format!("Alice's secret {at}")).await;
        }
        socket.is_up_to_date().await;
        bob.creates("Bob's").await;
        for payload in [socket.hears_next("1").await, stream.hears_next().await] {
            let changes = &payload["data"]["changes"]["changes"];
            assert_eq!(changes.as_array().unwrap().len(), 1, "{payload}");
            assert_eq!(changes[0]["node"]["title"], "Bob's");
        }
    }
}

#[tokio::test]
async fn alices_cursors_are_none_of_bobs() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        served.api.alice.creates("Alice's secret").await;
        let mut alice = served.socket_of("alice").await;
        alice.subscribes("1", CHANGES, json!({})).await;
        let cursor = alice.hears_next("1").await["data"]["changes"]["cursor"].take();

        let mut bob = served.socket_of("bob").await;
        let mut refusals = Vec::new();
        for since in [cursor, json!("garbage")] {
            bob.subscribes("1", CHANGES, json!({ "since": since })).await;
            let refused = bob.hears().await;
            assert_eq!(refused["type"], "error", "{refused}");
            let code = &refused["payload"][0]["extensions"];
            assert_eq!(code, &json!({ "code": "BAD_USER_INPUT", "field": "since" }));
            refusals.push(refused);
        }
        assert_eq!(refusals[0], refusals[1]);
    }
}

#[tokio::test]
async fn who_has_no_token_follows_nobody() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let body = json!({ "query": CHANGES });
    for bearer in ["", "Bearer "] {
        let refused = Stream::open(&served, bearer, "text/event-stream", &body).await;
        assert_eq!(refused.status, 401);
    }
    let mut socket = served.socket().await;
    socket.says(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.ends().await, (4403, "TOKEN_MISSING".to_owned()));
}

#[tokio::test]
async fn who_may_not_read_follows_nothing() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let end = served.api.clock.now().seconds() + 60;
    let body = json!({ "query": CHANGES });
    let mutation = "mutation { createTask(input: { title: \"x\" }) { task { id } } }";
    for (scope, follows, writes) in
        [("tasks:read", true, false), ("tasks:write", false, true), ("openid", false, false)]
    {
        let token = tokens::with(&json!({ "sub": "alice", "exp": end, "scope": scope }));
        let bearer = format!("Bearer {token}");
        let mut stream = Stream::open(&served, &bearer, "text/event-stream", &body).await;
        let mut socket = Socket::open(served.address, &[("authorization", &bearer)]).await;
        socket.says(json!({ "type": "connection_init" })).await;
        socket.hears().await;
        socket.subscribes("1", CHANGES, json!({})).await;
        if follows {
            stream.hears_next().await["data"]["changes"].as_object().unwrap();
            socket.hears_next("1").await["data"]["changes"].as_object().unwrap();
        } else {
            let payload = stream.hears_next().await;
            assert_eq!(payload["errors"][0]["extensions"]["code"], "FORBIDDEN", "{payload}");
            stream.completes().await;
            let refused = socket.hears().await;
            assert_eq!(refused["type"], "error");
            assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN");
        }
        socket.subscribes("2", mutation, json!({})).await;
        let errors = socket.hears_next("2").await["errors"].take();
        assert_eq!(errors.is_null(), writes, "{scope} {errors}");
    }
}
