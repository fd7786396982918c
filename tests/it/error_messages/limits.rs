//! Limits, scopes, and faults of the server.

use axum::{body::Body, http::Request};
use serde_json::json;

use super::Messages;
use crate::harness::{Api, Person, Reply, Served, on_each_database, tokens};

on_each_database! {
    async fn whoever_meets_a_limit_or_a_fault_is_told_what_to_do(api: Api) {
        let mut messages = Messages::default();
        let now = api.clock.now().seconds();
        for (scope, document) in [
            ("tasks:read", "mutation { deleteTag(input: { id: 1 }) { cursor } }"),
            ("tasks:write", "{ viewer { id } }"),
        ] {
            let claims = json!({ "sub": "alice", "exp": now + 900, "scope": scope });
            let limited = api.with_token(tokens::with(&claims));
            messages.of(&limited.post(document, json!({})).await);
        }
        let served = Served::start(api.database.clone(), &["--request-timeout=1"]).await;
        let held = served.api.database.hold_writers().await;
        messages.of(&served.api.alice.create(json!({ "title": "x" })).await);
        held.rollback().await.unwrap();

        let served = Served::start(api.database.clone(), &["--max-socket-operations=1"]).await;
        let mut socket = served.socket_of("alice").await;
        let follow = "subscription { changes { cursor } }";
        socket.subscribes("1", follow, json!({})).await;
        socket.hears_next("1").await;
        socket.subscribes("2", follow, json!({})).await;
        messages.errors(&socket.hears().await["payload"]);

        let served = Served::start(api.database.clone(), &["--max-sockets-per-user=1"]).await;
        let mut socket = served.socket_of("alice").await;
        socket.is_up_to_date().await;
        messages.of(&opens_a_stream(&served.api.alice).await);

        let served = Served::start(api.database.clone(), &["--max-sockets=1"]).await;
        let mut socket = served.socket_of("alice").await;
        socket.is_up_to_date().await;
        messages.of(&opens_a_stream(&served.api.bob).await);

        let served = Served::start(api.database.clone(), &["--max-response=1048576"]).await;
        let alice = &served.api.alice;
        alice.creates_with(json!({ "title": "x", "description": "x".repeat(20_000) })).await;
        let aliases: Vec<_> = (0..60).map(|n| format!("a{n}: description")).collect();
        let document = format!("{{ tasks {{ nodes {{ {} }} }} }}", aliases.join(" "));
        messages.of(&alice.post(&document, json!({})).await);
        let create = json!({ "title": "y" });
        messages.of(&alice.tries("createTask", create, &format!("query {document}")).await);

        api.database.execute("DROP TABLE task_tag; DROP TABLE task").await;
        messages.of(&of_request_seven(&api.alice).await);
        messages.assert_snapshot("limits_and_faults");
    }
}

/// An answer that names its request.
async fn of_request_seven(person: &Person) -> Reply {
    let request = Request::get("/graphql?query=%7Btasks%7Bnodes%7Bid%7D%7D%7D");
    person.sends(request.header("x-request-id", "7").body(Body::empty()).unwrap()).await
}

/// A stream that there is no room for.
async fn opens_a_stream(person: &Person) -> Reply {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(json!({ "query": "subscription { changes { cursor } }" }).to_string().into());
    person.sends(request.unwrap()).await
}
