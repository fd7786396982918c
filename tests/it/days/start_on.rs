//! `Task.startOn`: the day before which a task is not to be begun.

use serde_json::{Value, json};

use crate::harness::{Api, Person, on_each_database};

const SELECTION: &str = "task { startOn version }";

async fn update(person: &Person, id: &str, start_on: Value) -> Value {
    person.does("updateTask", json!({ "id": id, "startOn": start_on }), SELECTION).await["task"]
        .take()
}

on_each_database! {
    async fn it_is_written_changed_and_cleared(api: Api) {
        let input = json!({ "title": "plant", "startOn": "2026-12-01" });
        let created = api.alice.does("createTask", input, "task { id startOn }").await;
        assert_eq!(created["task"]["startOn"], "2026-12-01");
        let id = created["task"]["id"].as_str().unwrap();

        let at = |start_on: Value, version: i32| json!({ "startOn": start_on, "version": version });
        assert_eq!(update(&api.alice, id, json!("2026-12-01")).await, at(json!("2026-12-01"), 1));
        assert_eq!(update(&api.alice, id, json!("0001-01-01")).await, at(json!("0001-01-01"), 2));
        assert_eq!(update(&api.alice, id, Value::Null).await, at(Value::Null, 3));
        assert_eq!(update(&api.alice, id, Value::Null).await, at(Value::Null, 3));
        let title = json!({ "id": id, "title": "plant trees" });
        assert_eq!(api.alice.does("updateTask", title, SELECTION).await["task"], at(Value::Null, 4));

        let reply = api.alice.tries("updateTask", json!({ "id": id, "startOn": "2026-13-01" }), SELECTION).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["errors"][0]["extensions"]["field"], "input.startOn");
    }

    async fn it_goes_through_batches_and_into_the_log(api: Api) {
        let operation = json!({ "createTask": { "title": "plant", "startOn": "2026-12-01" } });
        let results = "results { node { ... on Task { startOn } } error { message } }";
        let batch = api.alice.does("batch", json!({ "operations": [operation] }), results).await;
        assert_eq!(batch["results"], json!([{ "node": { "startOn": "2026-12-01" }, "error": null }]));

        let changes = "{ changes { changes { node { ... on Task { startOn } } } } }";
        let changes = api.alice.asks(changes).await["changes"]["changes"].take();
        assert_eq!(changes, json!([{ "node": { "startOn": "2026-12-01" } }]));
    }

    async fn tasks_are_filtered_by_it(api: Api) {
        for day in ["2026-11-20", "2026-11-21", "2026-11-22", "2026-12-01"] {
            api.alice.creates_with(json!({ "title": &day[5..], "startOn": day })).await;
        }
        api.alice.creates("none").await;
        for (filter, expected) in [
            (json!({ "eq": "2026-11-21" }), "11-21"),
            (json!({ "gt": "2026-11-21" }), "11-22 12-01"),
            (json!({ "gte": "2026-11-21", "lt": "2026-12-01" }), "11-21 11-22"),
            (json!({ "lte": "2026-11-21" }), "11-20 11-21"),
            (json!({ "isNull": true }), "none"),
            (json!({ "within": "P0D" }), "11-21"),
            (json!({ "within": "P1W" }), "11-21 11-22"),
        ] {
            assert_eq!(api.alice.finds(json!({ "startOn": filter })).await, expected, "{filter}");
        }
        let not = json!({ "not": { "startOn": { "gt": "2026-11-21" } } });
        assert_eq!(api.alice.finds(not).await, "11-20 11-21 none");
        assert_eq!(api.bob.finds(json!({ "startOn": { "isNull": false } })).await, "");

        let query = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }";
        let filter = json!({ "filter": { "startOn": { "within": "-P1D" } } });
        let error = &api.alice.post(query, filter).await.json()["errors"][0];
        assert_eq!(error["extensions"]["field"], "filter.startOn.within");
    }

    async fn a_plan_shows_it(api: Api) {
        let input = json!({ "title": "plant", "startOn": "2026-12-01" });
        api.alice.creates_with(input).await;
        let read = "{ tasks { nodes { startOn } } }";
        let expected = json!({ "tasks": { "nodes": [{ "startOn": "2026-12-01" }] } });
        assert_eq!(api.alice.asks(read).await, expected);
        let planned = api.alice.planned_operations();
        assert_eq!(api.alice.asks(read).await, expected);
        assert_eq!(api.alice.planned_operations(), planned + 1);
    }
}
