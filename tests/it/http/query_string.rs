//! Queries by GET.

use axum::{body::Body, http::Request};
use serde_json::json;
use url::form_urlencoded;

use super::refusal;
use crate::harness::{Api, Database, Person, Reply};

async fn get(person: &Person, parameters: &[(&str, &str)]) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = Request::get(format!("/graphql?{query}"));
    person.sends(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn alice_reads_her_task_by_get() {
    let api = Api::start(Database::sqlite()).await;
    let id = api.alice.creates("Buy milk & bread + 100 % ☃").await;
    let query = "query Other { __typename } query Task($id: ID!) { task(id: $id) { title } }";
    let variables = json!({"id": id}).to_string();
    let reply = get(
        &api.alice,
        &[
            ("query", query),
            ("operationName", "Task"),
            ("variables", &variables),
            ("extensions", r#"{"a": 1}"#),
        ],
    )
    .await;
    assert_eq!(reply.data(), json!({"task": {"title": "Buy milk & bread + 100 % ☃"}}));
}

#[tokio::test]
async fn nothing_needs_to_stand_beside_the_query() {
    let api = Api::start(Database::sqlite()).await;
    let query = ("query", "{ __typename }");
    for others in [
        &[][..],
        &[("variables", "null"), ("extensions", "null")],
        &[("variables", "{}"), ("extensions", "{}")],
        &[("operationName", "")],
        &[("cachebuster", "1"), ("variables.x", "{")],
    ] {
        let reply = get(&api.anon, &[&[query], others].concat()).await;
        assert_eq!(reply.data(), json!({"__typename": "Query"}), "{others:?}");
    }
}

#[tokio::test]
async fn broken_parameters_are_refused() {
    let api = Api::start(Database::sqlite()).await;
    let query = ("query", "{ __typename }");
    for (other, code) in [
        (("variables", "{"), "GRAPHQL_PARSE_FAILED"),
        (("variables", "{'a': 1}"), "GRAPHQL_PARSE_FAILED"),
        (("extensions", "{"), "GRAPHQL_PARSE_FAILED"),
        (("variables", "[]"), "BAD_USER_INPUT"),
        (("variables", "1"), "BAD_USER_INPUT"),
        (("extensions", "[]"), "BAD_USER_INPUT"),
        (("extensions", "\"\""), "BAD_USER_INPUT"),
        (("operationName", "Nothing"), "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let reply = get(&api.anon, &[query, other]).await;
        assert_eq!(refusal(&reply), (400, code.to_owned()), "{other:?}");
    }
    let reply = get(&api.anon, &[("operationName", "Q")]).await;
    assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()));
    assert_eq!(reply.field(), "query");
}

#[tokio::test]
async fn only_queries_go_by_get() {
    let api = Api::start(Database::sqlite()).await;
    let query = "query Q { __typename } mutation M { createTask(input: {title: \"x\"}) { __typename } } subscription S { changes }";
    for name in ["M", "S"] {
        let reply = get(&api.alice, &[("query", query), ("operationName", name)]).await;
        assert_eq!(refusal(&reply), (405, "BAD_USER_INPUT".to_owned()), "{name}");
        assert_eq!(reply.header("allow"), "POST");
    }
    let count = api.alice.asks("{ tasks { totalCount } }").await;
    assert_eq!(count["tasks"]["totalCount"], 0, "nothing was written");
}

#[tokio::test]
async fn the_body_of_a_get_is_not_read_as_a_request() {
    let api = Api::start(Database::sqlite()).await;
    let request = Request::get("/graphql?query=%7B__typename%7D");
    let reply = api.anon.sends(request.body("{\"query\": \"{ nothing }\"}".into()).unwrap()).await;
    assert_eq!(reply.data(), json!({"__typename": "Query"}));
}
