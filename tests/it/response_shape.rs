//! The shape of responses: the order of fields, nulls where the types allow them, and empty objects.

use serde_json::{Value, json};

use crate::harness::{Api, START, on_each_database};

on_each_database! {
    async fn a_field_that_fails_makes_the_nearest_nullable_null(api: Api) {
        let id = api.alice.creates("x").await;
        for (query, data, paths) in [
            ("{ viewer { id } tasks(first: 101) { totalCount } }", Value::Null, json!([["tasks"]])),
            ("{ tasks(first: 101) { totalCount } }", Value::Null, json!([["tasks"]])),
            ("{ a: viewer { id } ...F } fragment F on Query { b: tasks(first: 101) { totalCount } }",
             Value::Null, json!([["b"]])),
            (r#"mutation { createTask(input: { title: "a" }) { task { id } query { tasks(first: 101) { totalCount } } } }"#,
             json!({ "createTask": null }), json!([["createTask", "query", "tasks"]])),
            (r#"mutation { createTask(input: { title: "a" }) { query { ...F } } } fragment F on Query { viewer { id } t: tasks(first: 101) { totalCount } }"#,
             json!({ "createTask": null }), json!([["createTask", "query", "t"]])),
            (r#"mutation { createTask(input: { title: "a" }) { query { a: tasks(first: 101) { totalCount } b: tasks(last: 101) { totalCount } } } }"#,
             json!({ "createTask": null }),
             json!([["createTask", "query", "a"], ["createTask", "query", "b"]])),
            (r#"mutation { a: createTask(input: { title: "" }) { task { id } } b: createTask(input: { title: "b" }) { task { title } } }"#,
             json!({ "a": null, "b": { "task": { "title": "b" } } }), json!([["a"]])),
        ] {
            let json = api.alice.post(query, json!({})).await.json();
            assert_eq!(json["data"], data, "{query}: {json:#}");
            let mut found: Vec<_> = json["errors"].as_array().unwrap().iter()
                .map(|error| error["path"].clone()).collect();
            found.sort_by_key(Value::to_string);
            assert_eq!(Value::from(found), paths, "{query}");
        }
        let query = "mutation($id: ID!) { a: updateTask(input: { id: $id, title: \"y\" }) { task { title } } \
            b: updateTask(input: { id: $id, expectedVersion: 9, title: \"z\" }) { query { task(id: $id) { id } } } }";
        let json = api.alice.post(query, json!({ "id": id })).await.json();
        assert_eq!(json["data"], json!({ "a": { "task": { "title": "y" } }, "b": null }));
    }

    async fn an_object_without_fields_is_empty_and_not_null(api: Api) {
        let id = api.alice.creates("x").await;
        for (query, body) in [
            ("{ viewer @skip(if: true) { id } }", r#"{"data":{}}"#),
            ("query($no: Boolean = false) { viewer @include(if: $no) { id } }", r#"{"data":{}}"#),
            ("{ tasks { nodes @skip(if: true) { id } } }", r#"{"data":{"tasks":{}}}"#),
            ("{ tasks { nodes { id @skip(if: true) } } }", r#"{"data":{"tasks":{"nodes":[{}]}}}"#),
            ("{ viewer { ... @skip(if: true) { id } session { id @include(if: false) } } }",
             r#"{"data":{"viewer":{"session":{}}}}"#),
            ("query($id: ID!) { node(id: $id) { ... on Task { title } ... on User { email } } }",
             r#"{"data":{"node":{"title":"x"}}}"#),
            (r#"{ task(id: "no") { id } node(id: "no") { id } }"#, r#"{"data":{"task":null,"node":null}}"#),
        ] {
            let variables = if query.contains("$id") { json!({ "id": id }) } else { json!({}) };
            assert_eq!(api.alice.post(query, variables).await.body, body, "{query}");
        }
    }

    async fn fields_keep_the_order_of_the_document(api: Api) {
        let id = api.alice.creates("x").await;
        for (query, data) in [
            ("{ tasks { totalCount pageInfo { hasNextPage } nodes { id } } viewer { id } a: tasks(first: 1) { nodes { id } } }",
             r#"{"tasks":{"totalCount":1,"pageInfo":{"hasNextPage":false},"nodes":[{"id":"ID"}]},"viewer":{"id":"alice"},"a":{"nodes":[{"id":"ID"}]}}"#),
            ("query($id: ID!) { task(id: $id) { id } z: __typename viewer { id } task(id: $id) { title } }",
             r#"{"task":{"id":"ID","title":"x"},"z":"Query","viewer":{"id":"alice"}}"#),
            ("{ ...B viewer { id } tasks { nodes { version } } } fragment B on Query { tasks { nodes { title id } } }",
             r#"{"tasks":{"nodes":[{"title":"x","id":"ID","version":1}]},"viewer":{"id":"alice"}}"#),
            ("query($id: ID!) { tasks { totalCount } node(id: $id) { ... on User { email id } ... on Task { version t: title } id __typename } }",
             r#"{"tasks":{"totalCount":1},"node":{"version":1,"t":"x","id":"ID","__typename":"Task"}}"#),
            ("{ tasks { totalCount } viewer @skip(if: true) { id } ... on Query { b: __typename } viewer { session { issuedAt expiresIn } id } }",
             r#"{"tasks":{"totalCount":1},"b":"Query","viewer":{"session":{"issuedAt":"START","expiresIn":LEFT},"id":"alice"}}"#),
        ] {
            let left = api.alice.asks("{ viewer { session { expiresIn issuedAt } } }").await;
            let session = &left["viewer"]["session"];
            let data = data.replace("ID", &id).replace("LEFT", &session["expiresIn"].to_string())
                .replace("START", session["issuedAt"].as_str().unwrap_or(START));
            let variables = if query.contains("$id") { json!({ "id": id }) } else { json!({}) };
            for _ in 0..20 {
                let reply = api.alice.post(query, variables.clone()).await;
                assert_eq!(String::from_utf8_lossy(&reply.body), format!(r#"{{"data":{data}}}"#));
            }
        }
    }

    async fn introspection_is_left_as_it_is(api: Api) {
        let data = api.alice.asks("{ __schema { queryType { name } } viewer { id } __type(name: \"No\") { name } }").await;
        assert_eq!(data, json!({
            "__schema": { "queryType": { "name": "Query" } }, "viewer": { "id": "alice" }, "__type": null,
        }));
    }
}
