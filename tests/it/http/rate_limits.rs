//! How much a user, and an address without a good token, may ask for in a minute.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo, http::Request};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Database, Person, Reply, Served, tokens};

/// It costs a point.
const COUNT: &str = "{ tasks(first: 0) { totalCount } }";

async fn limited(flags: &[&str]) -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    let flags = [&[secret.as_str(), "--introspection=true"], flags].concat();
    Api::start_with(Database::sqlite(), &flags).await
}

/// Posts a document from an address, perhaps through proxies.
async fn from(address: &str, forwarded: &str, person: &Person, query: &str) -> Reply {
    let mut request = Request::post("/graphql").header("content-type", "application/json");
    if !forwarded.is_empty() {
        request = request.header("x-forwarded-for", forwarded);
    }
    let body = Body::from(json!({ "query": query }).to_string());
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    person.sends(request.extension(ConnectInfo(peer)).body(body).unwrap()).await
}

fn assert_refused(reply: &Reply, retry_after: &str) {
    assert_eq!((reply.status.as_u16(), &*reply.code()), (429, "RATE_LIMITED"));
    assert_eq!(reply.header("retry-after"), retry_after);
}

#[tokio::test]
async fn whoever_asks_too_much_waits_and_nobody_else_does() {
    let api = limited(&["--rate-limit=10"]).await;
    for remaining in (0..10).rev() {
        let reply = api.alice.post(COUNT, json!({})).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("ratelimit-policy"), "\"user\";q=10;w=60");
        let used = 10 - remaining;
        assert_eq!(reply.header("ratelimit"), format!("\"user\";r={remaining};t={}", used * 6));
    }
    let create = "mutation { createTask(input: {title: \"Milk\"}) { cursor } }";
    let refused = api.alice.post(create, json!({})).await;
    assert_refused(&refused, "12");
    assert_eq!(refused.header("ratelimit"), "\"user\";r=0;t=60");
    assert_eq!(api.bob.post(COUNT, json!({})).await.status, 200);

    api.wait(TimeDelta::seconds(12));
    let count = "{ tasks(first: 0) { totalCount } rateLimit { remaining } }";
    let answer = api.alice.asks(count).await;
    assert_eq!(answer["tasks"]["totalCount"], 0, "what was refused was done");
    assert_eq!(answer["rateLimit"]["remaining"], 1);
}

#[tokio::test]
async fn a_request_costs_what_it_may_return_and_what_it_changes() {
    let api = limited(&["--rate-limit=100000"]).await;
    let tags = |count| (0..count).map(|at| json!({ "createTag": { "name": at.to_string() } }));
    let batch = |count| Value::Array(tags(count).collect());
    for (query, variables, cost) in [
        ("{ rateLimit { cost } }", json!({}), 0),
        ("{ __typename ...F } fragment F on Query { rateLimit { cost } }", json!({}), 0),
        ("{ viewer { id } rateLimit { cost } }", json!({}), 2),
        ("{ tasks(first: 0) { totalCount } rateLimit { cost } }", json!({}), 1),
        ("{ tasks(first: 100) { nodes { id } } rateLimit { cost } }", json!({}), 2),
        ("{ tasks(first: 100) { nodes { id list { id } } } rateLimit { cost } }", json!({}), 3),
        (
            "query($n: Int) { tasks(first: $n) { nodes { id tags { id } } } rateLimit { cost } }",
            json!({ "n": 100 }),
            52,
        ),
        (
            "query($n: Int) { tasks(first: $n) { nodes { id tags { id } } } rateLimit { cost } }",
            json!({ "n": 2 }),
            3,
        ),
        (
            "query($ids: [ID!]!) { nodes(ids: $ids) { id } rateLimit { cost } }",
            json!({ "ids": vec!["x"; 100] }),
            2,
        ),
    ] {
        // The document is new, then known, then both for the library.
        for _ in 0..2 {
            let costs = |answer: Value| answer["rateLimit"]["cost"].clone();
            assert_eq!(
                costs(api.alice.post(query, variables.clone()).await.data()),
                cost,
                "{query}"
            );
            let by_library = api.alice.by_library(api.alice.post(query, variables.clone())).await;
            assert_eq!(costs(by_library.data()), cost, "{query}");
        }
    }

    let status = "query { rateLimit { remaining } }";
    let remaining = async || api.alice.asks(status).await["rateLimit"]["remaining"].as_i64();
    for (mutation, variables, cost) in [
        ("mutation { createTag(input: {name: \"Home\"}) { cursor } }", json!({}), 2),
        (
            "mutation { a: createTag(input: {name: \"a\"}) { cursor } b: createTag(input: {name: \"b\"}) { cursor } }",
            json!({}),
            3,
        ),
        (
            "mutation($all: [BatchOperation!]!) { batch(input: { operations: $all }) { cursor } }",
            json!({ "all": batch(40) }),
            41,
        ),
        (
            "mutation($batch: BatchInput!) { batch(input: $batch) { cursor } }",
            json!({ "batch": { "operations": batch(1) } }),
            2,
        ),
    ] {
        let before = remaining().await.unwrap();
        api.alice.post(mutation, variables).await.data();
        assert_eq!(before - remaining().await.unwrap(), cost, "{mutation}");
    }
}

#[tokio::test]
async fn what_costs_more_than_a_minute_allows_runs_when_nothing_was_used() {
    let api = limited(&["--rate-limit=5"]).await;
    let large = "{ tasks(first: 100) { nodes { tags { id } } } }";
    assert_eq!(api.alice.post(large, json!({})).await.status, 200);
    assert_refused(&api.alice.post(large, json!({})).await, "60");
    assert_eq!(api.alice.asks("{ rateLimit { remaining } }").await["rateLimit"]["remaining"], 0);
    api.wait(TimeDelta::seconds(60));
    assert_eq!(api.alice.post(large, json!({})).await.status, 200);
}

#[tokio::test]
async fn a_refused_document_costs_a_point() {
    let api = limited(&["--rate-limit=3"]).await;
    for (document, status) in [
        ("{", 400),
        ("{ nothing }", 400),
        ("query($a: Int!) { tasks(first: $a) { totalCount } }", 400),
        ("{", 429),
    ] {
        assert_eq!(api.alice.post(document, json!({})).await.status, status, "{document}");
    }
}

#[tokio::test]
async fn strangers_share_the_points_of_their_address() {
    let api = limited(&["--anonymous-rate-limit=3"]).await;
    let forged = api.with_token("forged");
    assert_eq!(from("192.0.2.1", "", &api.anon, "{ __schema { description } }").await.status, 200);
    assert_eq!(from("192.0.2.1", "", &api.anon, COUNT).await.status, 401);
    let reply = from("192.0.2.1", "", &forged, COUNT).await;
    assert_eq!((reply.status.as_u16(), reply.header("ratelimit")), (401, "\"address\";r=0;t=60"));
    for stranger in [&forged, &api.anon] {
        assert_refused(&from("192.0.2.1", "", stranger, "{ __typename }").await, "20");
    }
    assert_eq!(from("192.0.2.2", "", &api.anon, "{ __typename }").await.status, 200);
    assert_eq!(from("192.0.2.1", "", &api.alice, COUNT).await.status, 200);
}

#[tokio::test]
async fn a_trusted_proxy_says_whose_points_they_are() {
    let flags = ["--anonymous-rate-limit=1", "--trusted-proxies=192.0.2.1,10.0.0.0/8"];
    let api = limited(&flags).await;
    for (peer, forwarded, status) in [
        ("192.0.2.1", "198.51.100.1", 200),
        ("10.9.9.9", "198.51.100.2", 200),
        ("192.0.2.1", "198.51.100.9, 198.51.100.1", 429),
        ("192.0.2.1", "198.51.100.2, 10.1.1.1", 429),
        ("192.0.2.7", "198.51.100.3", 200),
        ("192.0.2.7", "198.51.100.4", 429),
    ] {
        let reply = from(peer, forwarded, &api.anon, "{ __typename }").await;
        assert_eq!(reply.status, status, "{peer} {forwarded}");
    }
}

#[tokio::test]
async fn without_a_limit_nothing_is_counted() {
    let api = limited(&["--rate-limit=0"]).await;
    let reply =
        api.alice.post("{ rateLimit { cost limit remaining } viewer { id } }", json!({})).await;
    assert_eq!((reply.header("ratelimit"), reply.header("ratelimit-policy")), ("", ""));
    let unlimited = json!({ "cost": 2, "limit": i32::MAX, "remaining": i32::MAX });
    assert_eq!(reply.data()["rateLimit"], unlimited);
}

#[tokio::test]
async fn each_operation_over_a_socket_pays() {
    let served = Served::start(Database::sqlite(), &["--rate-limit=2"]).await;
    let mut socket = served.socket_of("alice").await;
    for id in ["1", "2"] {
        socket.subscribes(id, COUNT, json!({})).await;
        socket.hears_next(id).await;
        assert_eq!(socket.hears().await["type"], "complete");
    }
    socket.subscribes("3", COUNT, json!({})).await;
    let refused = socket.hears().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("3")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    let next = served.api.alice.post(COUNT, json!({})).await;
    assert_eq!(next.status, 429, "sockets and requests have one bucket");
}
