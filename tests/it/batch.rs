//! The `batch` mutation: all operations or none, or each for itself.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, Reply, on_each_database};

const RESULTS: &str = "results { node { __typename id ... on Task { title version list { name } parent { title } tags { name } } \
    ... on Tag { name } ... on TaskList { name } } deletedIds error { code message path } }";

impl Person {
    /// The results of a batch; `atomic` as the schema has it when it is null.
    async fn batch(&self, operations: Value, atomic: Option<bool>) -> Vec<Value> {
        let mut input = json!({ "operations": operations });
        if let Some(atomic) = atomic {
            input["atomic"] = json!(atomic);
        }
        let payload = self.does("batch", input, RESULTS).await;
        payload["results"].as_array().unwrap().clone()
    }
}

/// The codes of the results, `OK` where there is none.
fn codes(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["error"]["code"].as_str().unwrap_or("OK")).collect()
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

on_each_database! {
    async fn later_operations_name_what_earlier_ones_make(api: Api) {
        let [list, tag, parent, child] = [(); 4].map(|()| new_id());
        let results = api.alice.batch(json!([
            { "createList": { "id": list, "name": "Errands" } },
            { "createTag": { "id": tag, "name": "Home" } },
            { "createTask": { "id": parent, "title": "Move", "listId": list, "tagIds": [tag] } },
            { "createTask": { "id": child, "title": "Pack", "parentId": parent } },
            { "updateTask": { "id": child, "addTagIds": [tag], "completed": true } },
            { "createTask": { "title": "Paint" } },
        ]), None).await;
        let task = |id: &Value, title: &str, version: i32, list: Value, parent: Value, tags: Value| {
            json!({ "__typename": "Task", "id": id, "title": title, "version": version, "list": list, "parent": parent, "tags": tags })
        };
        let (errands, home) = (json!({ "name": "Errands" }), json!([{ "name": "Home" }]));
        let packed = task(&json!(child), "Pack", 2, errands.clone(), json!({ "title": "Move" }), home.clone());
        let expected = [
            json!({ "__typename": "TaskList", "id": list, "name": "Errands" }),
            json!({ "__typename": "Tag", "id": tag, "name": "Home" }),
            task(&json!(parent), "Move", 1, errands, Value::Null, home),
            packed.clone(),
            packed,
            task(&results[5]["node"]["id"], "Paint", 1, Value::Null, Value::Null, json!([])),
        ];
        assert_eq!(results.len(), expected.len());
        for (result, node) in results.iter().zip(expected) {
            assert_eq!(*result, json!({ "node": node, "deletedIds": null, "error": null }));
        }
        assert_eq!(api.alice.finds(json!({})).await, "Move Pack Paint");
    }

    async fn each_mutation_can_be_part_of_a_batch(api: Api) {
        let [a, b, c, tag, list] = [(); 5].map(|()| new_id());
        let results = api.alice.batch(json!([
            { "createTask": { "id": a, "title": "a" } },
            { "createTask": { "id": b, "title": "b" } },
            { "createTask": { "id": c, "title": "c", "parentId": b } },
            { "createTag": { "id": tag, "name": "t" } },
            { "createList": { "id": list, "name": "l" } },
            { "updateTask": { "id": a, "title": "A" } },
            { "moveTask": { "id": a, "parentId": b, "place": { "before": c } } },
            { "deleteTask": { "id": b } },
            { "restoreTask": { "id": b } },
            { "updateTag": { "id": tag, "name": "T" } },
            { "updateList": { "id": list, "name": "L" } },
            { "deleteTag": { "id": tag } },
            { "deleteList": { "id": list } },
            { "deleteTask": { "id": c, "permanently": true } },
        ]), Some(true)).await;
        assert_eq!(codes(&results), ["OK"; 14]);
        let mut trashed: Vec<_> = results[7]["deletedIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        trashed.sort_unstable();
        let mut along = [a.as_str(), &b, &c];
        along.sort_unstable();
        assert_eq!(trashed, along);
        assert_eq!([&results[11]["deletedIds"], &results[12]["deletedIds"], &results[13]["deletedIds"]], [&json!([tag]), &json!([list]), &json!([c])]);
        let tree = api.alice.asks("{ tasks(filter: { parent: { isNull: true } }) { nodes { title subtasks { nodes { title } } } } tags { totalCount } lists { totalCount } }").await;
        assert_eq!(tree, json!({
            "tasks": { "nodes": [{ "title": "b", "subtasks": { "nodes": [{ "title": "A" }] } }] },
            "tags": { "totalCount": 0 }, "lists": { "totalCount": 0 },
        }));
    }

    async fn one_failure_undoes_an_atomic_batch(api: Api) {
        let existing = api.alice.creates("Before").await;
        let operations = json!([
            { "createTask": { "title": "One" } },
            { "updateTask": { "id": existing, "title": "After" } },
            { "updateTask": { "id": new_id(), "title": "x" } },
            { "createTag": { "name": "Two" } },
            { "createTask": { "title": "" } },
        ]);
        for atomic in [None, Some(true)] {
            let results = api.alice.batch(operations.clone(), atomic).await;
            assert_eq!(codes(&results), ["ABORTED", "ABORTED", "NOT_FOUND", "ABORTED", "ABORTED"]);
            assert_eq!(results[2]["error"]["path"], json!(["updateTask", "id"]));
            for result in &results {
                assert_eq!([&result["node"], &result["deletedIds"]], [&Value::Null; 2]);
                assert_eq!(result["error"]["path"].is_null(), result["error"]["code"] == "ABORTED");
                assert_ne!(result["error"]["message"], "");
            }
        }
        assert_eq!(api.alice.finds(json!({})).await, "Before");
        assert_eq!(api.alice.asks("{ tags { totalCount } }").await["tags"]["totalCount"], 0);
    }

    async fn without_atomic_the_rest_still_applies(api: Api) {
        let (tag, version) = (api.alice.creates_tag("Home").await, api.alice.creates("Old").await);
        let results = api.alice.batch(json!([
            { "createTask": { "title": "One" } },
            { "createTask": { "title": " " } },
            { "createTag": { "name": "HOME" } },
            { "updateTask": { "id": version, "title": "New", "expectedVersion": 4 } },
            { "createTask": { "title": "x", "tagIds": [tag, new_id()] } },
            { "moveTask": { "id": version, "place": { "after": new_id() } } },
            { "deleteTag": { "id": "no uuid" } },
            { "createTask": { "title": "Two", "tagIds": [tag] } },
        ]), Some(false)).await;
        assert_eq!(codes(&results), ["OK", "BAD_USER_INPUT", "CONFLICT", "CONFLICT", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "OK"]);
        let paths: Vec<_> = results.iter().map(|result| result["error"]["path"].clone()).collect();
        assert_eq!(paths, [
            Value::Null, json!(["createTask", "title"]), json!(["createTag", "name"]), Value::Null,
            json!(["createTask", "tagIds", "1"]), json!(["moveTask", "place", "after"]), json!(["deleteTag", "id"]), Value::Null,
        ]);
        assert_eq!(api.alice.finds(json!({})).await, "Old One Two");
    }

    async fn a_batch_may_be_sent_again(api: Api) {
        let [list, task] = [(); 2].map(|()| new_id());
        let operations = json!([
            { "createList": { "id": list, "name": "Errands" } },
            { "createTask": { "id": task, "title": "Buy milk", "listId": list } },
            { "updateTask": { "id": task, "completed": true } },
        ]);
        let first = api.alice.batch(operations.clone(), None).await;
        assert_eq!(codes(&first), ["OK"; 3]);
        api.wait(TimeDelta::seconds(1));
        assert_eq!(api.alice.batch(operations, None).await, first);
        let counts = api.alice.asks("{ tasks { totalCount } lists { totalCount } }").await;
        assert_eq!(counts, json!({ "tasks": { "totalCount": 1 }, "lists": { "totalCount": 1 } }));
    }

    async fn a_batch_has_at_most_100_operations(api: Api) {
        assert_eq!(api.alice.batch(json!([]), None).await, Vec::<Value>::new());
        let create = |count: usize| vec![json!({ "createTask": { "title": "x" } }); count];
        let results = api.alice.batch(json!(create(100)), None).await;
        assert_eq!(codes(&results), ["OK"; 100]);
        let refused = api.alice.tries("batch", json!({ "operations": create(101) }), RESULTS).await;
        assert_refused(&refused, "input.operations");
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 100);
    }

    async fn an_operation_is_exactly_one(api: Api) {
        for operation in [
            json!({}),
            json!({ "createTask": null }),
            json!({ "createTask": { "title": "x" }, "createTag": { "name": "x" } }),
            json!({ "createTask": { "title": 1 } }),
            json!({ "purgeTask": { "id": new_id() } }),
        ] {
            let reply = api.alice.tries("batch", json!({ "operations": [operation] }), RESULTS).await;
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (400, "BAD_USER_INPUT"), "{operation}");
        }
        assert_eq!(api.alice.finds(json!({})).await, "");
    }

    async fn a_batch_reads_on_after_all_of_it(api: Api) {
        let operations = json!([{ "createTask": { "title": "a" } }, { "createTask": { "title": "b" } }]);
        let payload = api.alice.does("batch", json!({ "operations": operations }), "query { tasks { totalCount } viewer { id } }").await;
        assert_eq!(payload["query"], json!({ "tasks": { "totalCount": 2 }, "viewer": { "id": "alice" } }));
    }

    async fn what_a_batch_deletes_for_good_was_there(api: Api) {
        let task = new_id();
        let results = api.alice.batch(json!([
            { "createTask": { "id": task, "title": "Gone" } },
            { "deleteTask": { "id": task, "permanently": true } },
            { "updateTask": { "id": task, "title": "x" } },
            { "createTask": { "id": task, "title": "Again" } },
        ]), Some(false)).await;
        assert_eq!(codes(&results), ["OK", "OK", "NOT_FOUND", "CONFLICT"]);
        assert_eq!((&results[0]["node"]["title"], &results[1]["deletedIds"]), (&json!("Gone"), &json!([task])));
        assert_eq!(api.alice.finds(json!({})).await, "");
    }
}

fn assert_refused(reply: &Reply, field: &str) {
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
}
