//! Introspection is off in production, unless it is switched on.

use serde_json::json;

use super::refusal;
use crate::harness::{Api, Database, tokens};

async fn production() -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    Api::start_with(Database::sqlite(), &[&secret]).await
}

#[tokio::test]
async fn introspection_is_off_in_production() {
    let api = production().await;
    for query in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Task\") { name } }",
        "{ viewer { id } __type(name: \"Task\") { name } }",
        "{ ...F } fragment F on Query { s: __schema { description } }",
        "mutation { createTask(input: {title: \"x\"}) { query { __schema { description } } } }",
    ] {
        for person in [&api.alice, &api.anon] {
            let reply = person.post(query, json!({})).await;
            assert_eq!(refusal(&reply), (400, "GRAPHQL_VALIDATION_FAILED".to_owned()), "{query}");
            assert_eq!(reply.error()["message"], "introspection is off", "{query}");
        }
    }
    assert_eq!(api.anon.asks("{ __typename }").await, json!({"__typename": "Query"}));
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0, "nothing was written");
}

const MISSPELT: [&str; 12] = [
    "{ taskz { totalCount } }",
    "{ tasks { totalCout } }",
    "{ tasks(frist: 1) { totalCount } }",
    "query($f: TaskFiltr) { tasks(filter: $f) { totalCount } }",
    "{ node(id: \"x\") { ... on Tasc { id } } }",
    "{ tasks(filter: {priority: {in: [MEDIUMM]}}) { totalCount } }",
    "{ tasks(filter: {compleded: true}) { totalCount } }",
    "{ tasks(orderBy: {field: TITEL}) { totalCount } }",
    "{ tasks { totalCount @skip(iff: true) } }",
    "{ tasks { totalCount @skp(if: true) } }",
    "mutation { creatTask(input: {title: \"x\"}) { __typename } }",
    "mutation { createTask(input: {titel: \"x\"}) { __typename } }",
];

#[tokio::test]
async fn no_message_suggests_names_in_production() {
    let api = production().await;
    for query in MISSPELT {
        let reply = api.alice.post(query, json!({})).await;
        assert_eq!(reply.status, 400, "{query}");
        let text = reply.json()["errors"].to_string().to_lowercase();
        for hint in ["did you mean", "perhaps", "suggest", "available"] {
            assert!(!text.contains(hint), "{query}: {text}");
        }
        // Only what the client wrote itself, and the types of what it reached, is in the message.
        for name in ["\"tasks\"", "first", "completed", "totalcount", "medium,", "createtask("] {
            assert!(!text.contains(name), "{query}: {text}");
        }
    }
}
