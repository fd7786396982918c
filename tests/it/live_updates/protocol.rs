//! The messages of `graphql-transport-ws`, by raw frames.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::CHANGES;
use crate::harness::{Database, Served, Socket, tokens};

fn init(payload: &Value) -> Value {
    json!({ "type": "connection_init", "payload": payload })
}

#[tokio::test]
async fn alice_follows_her_changes() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut socket = served.socket_of("alice").await;
        socket.subscribes("1", CHANGES, json!({})).await;
        let page = socket.hears_next("1").await["data"]["changes"].take();
        assert_eq!(page["changes"], json!([]));
        assert_eq!(page["hasMore"], false);

        let id = served.api.alice.creates("Milk").await;
        let page = socket.hears_next("1").await["data"]["changes"].take();
        let changes = page["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{page}");
        assert_eq!(changes[0]["kind"], "UPSERT");
        assert_eq!(changes[0]["id"], id);
        assert_eq!(changes[0]["type"], "Task");
        assert_eq!(changes[0]["node"], json!({ "title": "Milk" }));

        socket.says(json!({ "id": "1", "type": "complete" })).await;
        socket.is_up_to_date().await;
        served.api.alice.creates("Bread").await;
        socket.is_up_to_date().await;
    }
}

#[tokio::test]
async fn queries_and_mutations_run_over_a_socket() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut socket = served.socket_of("alice").await;
        let mutation =
            "mutation($title: String!) { createTask(input: {title: $title}) { task { title } } }";
        socket.subscribes("m", mutation, json!({ "title": "Milk" })).await;
        let data = json!({ "data": { "createTask": { "task": { "title": "Milk" } } } });
        assert_eq!(socket.hears_next("m").await, data);
        assert_eq!(socket.hears().await, json!({ "id": "m", "type": "complete" }));

        // The id is free again.
        socket.subscribes("m", "{ tasks { nodes { title } } }", json!({})).await;
        let data = json!({ "data": { "tasks": { "nodes": [{ "title": "Milk" }] } } });
        assert_eq!(socket.hears_next("m").await, data);
        assert_eq!(socket.hears().await, json!({ "id": "m", "type": "complete" }));

        // What fails while it runs is an answer.
        let query = "{ viewer { id } tasks(first: 101) { totalCount } }";
        socket.subscribes("m", query, json!({})).await;
        let payload = socket.hears_next("m").await;
        assert_eq!(payload["data"], Value::Null);
        assert_eq!(payload["errors"][0]["extensions"]["field"], "first");
        assert_eq!(socket.hears().await, json!({ "id": "m", "type": "complete" }));
    }
}

#[tokio::test]
async fn several_operations_run_at_a_time() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket_of("alice").await;
    for id in ["a", "b"] {
        socket.subscribes(id, CHANGES, json!({})).await;
        socket.hears_next(id).await;
    }
    socket.subscribes("c", "{ viewer { id } }", json!({})).await;
    socket.hears_next("c").await;
    assert_eq!(socket.hears().await, json!({ "id": "c", "type": "complete" }));

    served.api.alice.creates("Milk").await;
    let mut heard = [socket.hears().await["id"].take(), socket.hears().await["id"].take()];
    heard.sort_by_key(ToString::to_string);
    assert_eq!(heard, ["a", "b"]);
    socket.says(json!({ "id": "a", "type": "complete" })).await;
    socket.is_up_to_date().await;
    served.api.alice.creates("Bread").await;
    socket.hears_next("b").await;
    socket.is_up_to_date().await;
}

#[tokio::test]
async fn the_token_comes_with_the_introduction_or_with_the_upgrade() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let alice = served.bearer("alice");
    let bob = served.bearer("bob");
    for (header, payload, expected) in [
        (None, json!({ "authorization": alice }), "alice"),
        (None, json!({ "Authorization": alice }), "alice"),
        (Some(&bob), json!({ "authorization": alice }), "alice"),
        (Some(&bob), json!({ "authorization": null }), "bob"),
        (Some(&bob), json!({}), "bob"),
        (Some(&bob), Value::Null, "bob"),
    ] {
        let headers: Vec<_> =
            header.iter().map(|value| ("authorization", value.as_str())).collect();
        let mut socket = Socket::open(served.address, &headers).await;
        socket.says(init(&payload)).await;
        assert_eq!(socket.hears().await, json!({ "type": "connection_ack" }), "{payload}");
        socket.subscribes("1", "{ viewer { id } }", json!({})).await;
        assert_eq!(socket.hears_next("1").await["data"]["viewer"]["id"], expected);
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_good_token() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let now = served.api.clock.now();
    let forged = format!("{}x", served.bearer("alice"));
    let in_leeway = tokens::with(&json!({
        "sub": "alice", "iat": now.seconds() - 60, "exp": now.seconds() - 1
    }));
    for (payload, reason) in [
        (Value::Null, "TOKEN_MISSING"),
        (json!({}), "TOKEN_MISSING"),
        (json!({ "authorization": null }), "TOKEN_MISSING"),
        (json!({ "authorization": "" }), "TOKEN_MALFORMED"),
        (json!({ "authorization": 1 }), "TOKEN_MALFORMED"),
        (json!({ "authorization": &served.bearer("alice")[7..] }), "TOKEN_MALFORMED"),
        (json!({ "authorization": forged }), "BAD_SIGNATURE"),
        (json!({ "authorization": format!("Bearer {in_leeway}") }), "TOKEN_EXPIRED"),
    ] {
        let mut socket = served.socket().await;
        socket.says(init(&payload)).await;
        assert_eq!(socket.ends().await, (4403, reason.to_owned()), "{payload}");
    }
    let bearer = format!("Bearer {in_leeway}");
    let mut socket = Socket::open(served.address, &[("authorization", &bearer)]).await;
    socket.says(init(&json!({}))).await;
    assert_eq!(socket.ends().await, (4403, "TOKEN_EXPIRED".to_owned()));
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_how() {
    let served = Served::start(Database::sqlite(), &["--max-body=1000"]).await;
    let subscribe = |id: &str| {
        json!({ "id": id, "type": "subscribe", "payload": { "query": CHANGES } }).to_string()
    };
    let before = served.socket().await;
    let cases = [
        (before, subscribe("1"), 4401),
        (served.socket().await, "{".to_owned(), 4400),
        (
            served.socket().await,
            json!({ "type": "connection_init", "payload": 1 }).to_string(),
            4400,
        ),
        (served.socket_of("alice").await, json!({ "type": "start" }).to_string(), 4400),
        (served.socket_of("alice").await, json!({ "id": 1, "type": "complete" }).to_string(), 4400),
        (served.socket_of("alice").await, subscribe(""), 4400),
        (served.socket_of("alice").await, subscribe(&"1".repeat(257)), 4400),
        (served.socket_of("alice").await, subscribe(&"1".repeat(1000)), 4400),
        (
            served.socket_of("alice").await,
            json!({ "id": "1", "type": "subscribe", "payload": {} }).to_string(),
            4400,
        ),
        (
            served.socket_of("alice").await,
            json!({ "id": "1", "type": "subscribe", "payload": [CHANGES, null, null, {}, null] })
                .to_string(),
            4400,
        ),
        (
            served.socket_of("alice").await,
            json!(["subscribe", "1", { "query": CHANGES }]).to_string(),
            4400,
        ),
        (served.socket_of("alice").await, init(&Value::Null).to_string(), 4429),
    ];
    for (mut socket, message, code) in cases {
        socket.sends(Message::text(message.clone())).await;
        assert_eq!(socket.ends().await.0, code, "{message}");
    }

    let mut socket = served.socket_of("alice").await;
    socket.sends(Message::binary("{}")).await;
    assert_eq!(socket.ends().await.0, 4400);

    let mut socket = served.socket_of("alice").await;
    socket.subscribes("1", CHANGES, json!({})).await;
    socket.hears_next("1").await;
    socket.subscribes("1", CHANGES, json!({})).await;
    assert_eq!(socket.ends().await.0, 4409);

    for protocol in ["graphql-ws", "graphql-transport-wss"] {
        let address = served.address;
        let socket = Socket::offer(address, Some(protocol)).await;
        assert_eq!(socket.ends().await.0, 4406);
    }
    assert_eq!(Socket::offer(served.address, None).await.ends().await.0, 4406);
}

#[tokio::test]
async fn a_client_that_does_not_introduce_itself_is_not_waited_for() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket().await;
    // Once it answers, it counts the seconds.
    socket.says(json!({ "type": "ping", "payload": { "at": 1 } })).await;
    assert_eq!(socket.hears().await, json!({ "type": "pong", "payload": { "at": 1 } }));
    served.api.wait(TimeDelta::milliseconds(9_999));
    socket.is_up_to_date().await;
    served.api.wait(TimeDelta::milliseconds(1));
    assert_eq!(socket.ends().await.0, 4408);
}

#[tokio::test]
async fn a_socket_is_pinged_and_one_that_is_dead_is_left() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket_of("alice").await;
    for _ in 0..3 {
        // The answer to the ping before has come once this one is answered.
        socket.is_up_to_date().await;
        served.api.wait(TimeDelta::seconds(25));
        assert!(matches!(socket.frame().await, Message::Ping(_)));
        assert_eq!(socket.hears().await, json!({ "type": "ping" }));
    }
    // While the server is busy with Bob, Alice reads nothing and so answers nothing.
    for _ in 0..2 {
        served.socket_of("bob").await;
        served.api.wait(TimeDelta::seconds(25));
    }
    served.socket_of("bob").await;
    assert_eq!(socket.hears().await, json!({ "type": "ping" }));
    assert_eq!(socket.ends().await.0, 1013);
}

#[tokio::test]
async fn what_is_refused_before_it_runs_is_an_error_of_the_operation() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut socket = served.socket_of("alice").await;
        for (query, variables, code) in [
            ("{", json!({}), "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { changes { nothing } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
            ("{ __schema { queryType { name } } }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
            (CHANGES, json!({ "since": 1 }), "BAD_USER_INPUT"),
            (CHANGES, json!({ "since": "garbage" }), "BAD_USER_INPUT"),
        ] {
            socket.subscribes("1", query, variables).await;
            let message = socket.hears().await;
            assert_eq!(message["type"], "error", "{message}");
            assert_eq!(message["id"], "1", "{message}");
            assert_eq!(message["payload"][0]["extensions"]["code"], code, "{message}");
        }
    }
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let served = Served::start(Database::sqlite(), &["--introspection=true"]).await;
    let mut socket = served.socket_of("alice").await;
    for (query, message) in [
        (
            "subscription { a: changes { cursor } b: changes { cursor } }",
            "can only have one root field",
        ),
        (
            "subscription { changes { cursor } ...F } fragment F on Subscription { b: changes { cursor } }",
            "can only have one root field",
        ),
        ("subscription { __typename }", "introspection field"),
        ("subscription { changes { cursor } __typename }", "introspection field"),
        ("subscription { changes @include(if: true) { cursor } }", "@skip or @include"),
        (
            "subscription($no: Boolean!) { ... @skip(if: $no) { changes { cursor } } }",
            "@skip or @include",
        ),
    ] {
        socket.subscribes("1", query, json!({ "no": false })).await;
        let heard = socket.hears().await;
        assert_eq!(heard["type"], "error", "{heard}");
        let errors = heard["payload"].as_array().unwrap();
        for error in errors {
            assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{heard}");
        }
        let says = |error: &Value| error["message"].as_str().unwrap().contains(message);
        assert!(errors.iter().any(says), "{heard}");
    }
    for query in [
        "subscription { changes { cursor } changes { hasMore } }",
        "subscription { ...F } fragment F on Subscription { changes { cursor ...G } } fragment G on ChangePage { hasMore }",
        "subscription { ... on Subscription { ... { changes { cursor } } } changes { hasMore } }",
    ] {
        socket.subscribes(query, query, json!({})).await;
        let page = socket.hears_next(query).await["data"]["changes"].take();
        let keys: Vec<_> = page.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["cursor", "hasMore"], "{query}");
    }
}
