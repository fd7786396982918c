//! Several mutations in one document: each succeeds or fails on its own.

use serde_json::{Value, json};

use super::refusal;
use crate::harness::{Api, Reply, on_each_database};

/// Creates a task, and beside it does what may fail.
fn beside(other: &str) -> String {
    format!(
        "mutation($id: ID, $date: Date) {{
            milk: createTask(input: {{title: \"Milk\"}}) {{
                task {{ title version }} query {{ tasks {{ totalCount }} }}
            }}
            other: {other}
        }}"
    )
    // A variable that the other one does not use would be a fault of its own.
    .replace(
        "($id: ID, $date: Date)",
        match (other.contains("$id"), other.contains("$date")) {
            (true, false) => "($id: ID!)",
            (false, true) => "($date: Date!)",
            _ => "",
        },
    )
}

/// The payload of the one that worked, and the only error, which is the other's.
fn halves(reply: &Reply) -> (Value, Value) {
    assert_eq!(reply.status, 200, "{:#}", reply.json());
    let data = reply.json()["data"].take();
    assert_eq!(data["other"], json!(null));
    assert_eq!(reply.error()["path"], json!(["other"]));
    (data["milk"].clone(), reply.error()["extensions"].clone())
}

fn milk(count: usize) -> Value {
    json!({"task": {"title": "Milk", "version": 1}, "query": {"tasks": {"totalCount": count}}})
}

on_each_database! {
    async fn a_mutation_beside_a_refused_argument_is_done(api: Api) {
        let long = "x".repeat(501);
        let other = format!("createTask(input: {{title: \"{long}\"}}) {{ task {{ id }} }}");
        let reply = api.alice.post(&beside(&other), json!({})).await;
        let refused = json!({"code": "BAD_USER_INPUT", "field": "input.title"});
        assert_eq!(halves(&reply), (milk(1), refused));
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 1);
    }

    async fn a_mutation_beside_one_of_something_missing_is_done(api: Api) {
        let bobs = api.bob.creates("Bread").await;
        for id in [bobs, "00000000-0000-7000-8000-000000000000".to_owned(), "x".to_owned()] {
            let other = "updateTask(input: {id: $id, title: \"x\"}) { task { id } query { tasks { totalCount } } }";
            let before = api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"].as_u64().unwrap();
            let reply = api.alice.post(&beside(other), json!({"id": id})).await;
            let refused = json!({"code": "NOT_FOUND", "field": "input.id"});
            assert_eq!(halves(&reply), (milk(usize::try_from(before).unwrap() + 1), refused));
        }
    }

    async fn a_mutation_beside_a_conflict_is_done(api: Api) {
        let id = api.alice.creates("Bread").await;
        let other = "updateTask(input: {id: $id, title: \"x\", expectedVersion: 7}) { task { id } }";
        let reply = api.alice.post(&beside(other), json!({"id": id})).await;
        assert_eq!(halves(&reply), (milk(2), json!({"code": "CONFLICT", "version": 1})));

        api.alice.delete(json!({"id": id, "permanently": true})).await.data();
        let other = "createTask(input: {id: $id, title: \"x\"}) { task { id } }";
        let reply = api.alice.post(&beside(other), json!({"id": id})).await;
        assert_eq!(halves(&reply), (milk(2), json!({"code": "CONFLICT"})));
    }

    async fn a_mutation_after_a_failed_one_is_done(api: Api) {
        let query = "mutation {
            first: createTask(input: {title: \" \"}) { task { title } }
            second: createTask(input: {title: \"Milk\"}) { task { title } }
            third: deleteTask(input: {id: \"x\"}) { deletedIds }
            fourth: createTask(input: {title: \"Bread\"}) { task { title } query { tasks { totalCount } } }
        }";
        let reply = api.alice.post(query, json!({})).await.json();
        assert_eq!(reply["data"], json!({
            "first": null,
            "second": {"task": {"title": "Milk"}},
            "third": null,
            "fourth": {"task": {"title": "Bread"}, "query": {"tasks": {"totalCount": 2}}},
        }));
        let errors: Vec<_> = reply["errors"].as_array().unwrap().iter()
            .map(|error| json!([error["path"], error["extensions"]["code"]])).collect();
        assert_eq!(json!(errors), json!([[["first"], "BAD_USER_INPUT"], [["third"], "NOT_FOUND"]]));
    }

    async fn mutations_run_one_after_another(api: Api) {
        let query = "mutation {
            a: createTask(input: {id: \"01939f00-0000-7000-8000-000000000001\", title: \"Milk\"}) { task { version } }
            b: updateTask(input: {id: \"01939f00-0000-7000-8000-000000000001\", title: \"Bread\"}) { task { version } }
            c: deleteTask(input: {id: \"01939f00-0000-7000-8000-000000000001\"}) { query { tasks { totalCount } } }
            d: restoreTask(input: {id: \"01939f00-0000-7000-8000-000000000001\"}) { task { title version } query { tasks { totalCount } } }
        }";
        assert_eq!(api.alice.asks(query).await, json!({
            "a": {"task": {"version": 1}},
            "b": {"task": {"version": 2}},
            "c": {"query": {"tasks": {"totalCount": 0}}},
            "d": {"task": {"title": "Bread", "version": 4}, "query": {"tasks": {"totalCount": 1}}},
        }));
    }

    async fn nothing_is_written_beside_a_value_that_cannot_be_read(api: Api) {
        let by_variable = "createTask(input: {title: \"x\", due: {on: $date}}) { task { id } }";
        let reply = api.alice.post(&beside(by_variable), json!({"date": "2026-02-30"})).await;
        assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()));
        assert_eq!(reply.field(), "date");

        let in_document = by_variable.replace("$date", "\"2026-02-30\"");
        let reply = api.alice.post(&beside(&in_document), json!({})).await;
        assert_eq!(refusal(&reply), (400, "GRAPHQL_VALIDATION_FAILED".to_owned()));

        let count = api.alice.asks("{ tasks(filter: {trash: INCLUDE}) { totalCount } }").await;
        assert_eq!(count["tasks"]["totalCount"], 0);
    }

    async fn what_fails_below_a_payload_does_not_undo_the_change(api: Api) {
        let query = "mutation { createTask(input: {title: \"Milk\"}) { task { title } query { tasks(first: 101) { totalCount } } } }";
        let reply = api.alice.post(query, json!({})).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.error()["path"], json!(["createTask", "query", "tasks"]));
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 1);
    }
}
