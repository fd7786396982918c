//! Requests and documents that cannot be read.

use axum::{body::Body, http::Request};
use serde_json::json;

use super::Messages;
use crate::harness::{Api, Database, tokens::SECRET};

#[tokio::test]
async fn whoever_asks_what_cannot_be_read_is_told_what_to_do() {
    let mut messages = Messages::default();
    let api = Api::start(Database::sqlite()).await;
    let post = async |content_type: &str, accept: &str, body: &str| {
        let request = Request::post("/graphql")
            .header("content-type", content_type)
            .header("accept", accept)
            .body(body.to_owned().into());
        api.alice.sends(request.unwrap()).await
    };
    for body in ["", "query", "[]", "1", r#"{"query": 1}"#, "{}"] {
        messages.of(&post("application/json", "*/*", body).await);
    }
    messages.of(&post("application/json", "text/html", "{}").await);
    messages.of(&post("text/plain", "*/*", "{}").await);
    messages.of(&post("application/json", "*/*", &" ".repeat(1_048_577)).await);
    for (method, query) in [
        ("PUT", ""),
        ("GET", "query=mutation%7BdeleteTag(input:%7Bid:1%7D)%7BdeletedIds%7D%7D"),
        ("GET", "query=%7B__typename%7D&variables=x"),
        ("GET", "query=%7B__typename%7D&variables=1"),
        ("GET", "query=subscription%7Bchanges%7Bcursor%7D%7D"),
    ] {
        let request = Request::builder().method(method).uri(format!("/graphql?{query}"));
        messages.of(&api.alice.sends(request.body(Body::empty()).unwrap()).await);
    }
    for document in [
        "",
        "{ tasks {",
        "{ nothing }",
        "{ tasks }",
        "query A { __typename } query B { __typename }",
        "{ task(id: null) { id } }",
        "{ tasks(first: \"1\") { totalCount } }",
        "query($id: ID!) { task(id: $id) { id } }",
        "{ ...F } fragment F on Query { ...F }",
        "subscription { a: changes { cursor } b: changes { cursor } }",
        "subscription { changes { cursor } }",
        "{ tasks(first: 100) { nodes { subtasks(first: 100) { nodes { subtasks(first: 2) { nodes { id } } } } } } }",
        &format!("{{ {} }}", "__typename ".repeat(31)),
        &format!("{{ {} }}", "a ".repeat(2000)),
        &format!("{}__typename{}", "{a".repeat(70), "}".repeat(70)),
    ] {
        messages.of(&api.alice.post(document, json!({})).await);
    }
    for (ty, value) in [
        ("DateTime", json!("tomorrow")),
        ("Date", json!("2026-02-30")),
        ("Duration", json!("a week")),
    ] {
        let field = match ty {
            "DateTime" => "createdAt: { gte: $value }",
            "Date" => "dueOn: { gte: $value }",
            _ => "dueOn: { within: $value }",
        };
        let query =
            format!("query($value: {ty}) {{ tasks(filter: {{ {field} }}) {{ totalCount }} }}");
        messages.of(&api.alice.post(&query, json!({ "value": value })).await);
    }
    let zone = "mutation($zone: TimeZone) { updateViewer(input: { timeZone: $zone }) { cursor } }";
    messages.of(&api.alice.post(zone, json!({ "zone": "Berlin" })).await);
    let update = "mutation($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }";
    for input in [json!({}), json!({ "id": "1", "priority": "HUGE", "colour": 1, "due": {} })] {
        messages.of(&api.alice.post(update, json!({ "input": input })).await);
    }

    let by_hash = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    for request in [
        json!({ "extensions": by_hash("ab") }),
        json!({ "query": "{ __typename }", "extensions": by_hash("ab") }),
        json!({ "extensions": { "persistedQuery": { "version": 2 } } }),
        json!({ "documentId": "ab" }),
        json!({ "documentId": "ab", "query": "{ __typename }" }),
        json!({ "documentId": "ab", "extensions": by_hash("ab") }),
    ] {
        messages.of(&api.alice.posts(&request).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("documents.json");
    std::fs::write(&file, r#"{"1": "{ __typename }"}"#).unwrap();
    let secret = format!("--better-auth-secret={SECRET}");
    let trusted = format!("--trusted-documents={}", file.display());
    let strict =
        Api::start_with(Database::sqlite(), &[&secret, &trusted, "--persisted-queries=0"]).await;
    messages.of(&strict.alice.post("{ viewer { id } }", json!({})).await);
    messages.of(&strict.alice.posts(&json!({ "extensions": by_hash("ab") })).await);
    let closed = Api::start_with(Database::sqlite(), &[&secret]).await;
    messages.of(&closed.alice.post("{ __schema { queryType { name } } }", json!({})).await);
    let local = Api::start_with(Database::sqlite(), &[]).await;
    messages.of(&local.anon.post("{ __typename }", json!({})).await);

    messages.assert_snapshot("refused_requests");
}
