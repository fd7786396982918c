//! Deleting and restoring a task, and ids of tasks that do not exist.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::read;
use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn a_deleted_task_is_in_the_trash_until_it_is_restored(api: Api) {
        let id = api.alice.creates("x").await;
        api.wait(TimeDelta::seconds(1));
        let deleted = api.alice.delete(json!({ "id": id, "expectedVersion": 1 })).await.data();
        assert_eq!(deleted["deleteTask"]["deletedIds"], json!([id]));
        let trashed = read(&api.alice, &json!(id)).await;
        assert_eq!((&trashed["deletedAt"], &trashed["version"]), (&json!("2026-11-21T09:30:01.000Z"), &json!(2)));
        assert_eq!(trashed["updatedAt"], trashed["deletedAt"]);
        let count = async |filter: &str| {
            let query = format!("{{ tasks{filter} {{ totalCount }} }}");
            api.alice.asks(&query).await["tasks"]["totalCount"].as_i64().unwrap()
        };
        assert_eq!(count("").await, 0);
        assert_eq!(count("(filter: { trash: ONLY })").await, 1);
        assert_eq!(count("(filter: { trash: INCLUDE })").await, 1);

        api.wait(TimeDelta::seconds(1));
        let again = api.alice.delete(json!({ "id": id, "expectedVersion": 1 })).await.data();
        assert_eq!(again, deleted);
        assert_eq!(read(&api.alice, &json!(id)).await, trashed);
        let renamed = api.alice.updates(json!({ "id": id, "title": "In the trash" })).await;
        assert_eq!((&renamed["version"], &renamed["deletedAt"]), (&json!(3), &trashed["deletedAt"]));

        let restored = api.alice.restore(&id).await.data();
        assert_eq!(restored["restoreTask"]["task"], json!({ "id": id, "deletedAt": null, "version": 4 }));
        assert_eq!(api.alice.restore(&id).await.data(), restored);
        assert_eq!(count("").await, 1);
    }

    async fn a_task_deleted_permanently_is_gone(api: Api) {
        for trashed_before in [false, true] {
            let id = api.alice.creates("x").await;
            if trashed_before {
                api.alice.delete(json!({ "id": id })).await.data();
            }
            let deleted = api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
            assert_eq!(deleted["deleteTask"]["deletedIds"], json!([id]));
            assert_eq!(read(&api.alice, &json!(id)).await, Value::Null);
            for reply in [
                api.alice.delete(json!({ "id": id, "permanently": true })).await,
                api.alice.delete(json!({ "id": id })).await,
                api.alice.restore(&id).await,
                api.alice.update(json!({ "id": id, "title": "y" })).await,
            ] {
                assert_eq!(reply.status, StatusCode::OK);
                assert_eq!((reply.code().as_str(), reply.field().as_str()), ("NOT_FOUND", "input.id"));
            }
        }
    }

    async fn an_id_that_is_no_uuid_does_not_exist(api: Api) {
        for id in ["", "1", "alice's", "\0", "{}", "🍮"] {
            assert_eq!(read(&api.alice, &json!(id)).await, Value::Null);
            let reply = api.alice.update(json!({ "id": id, "title": "y" })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("NOT_FOUND", "input.id"));
            let node = api.alice.post("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert_eq!(node.data()["node"], Value::Null);
        }
    }

    async fn ids_are_compared_without_case(api: Api) {
        let id = api.alice.creates("x").await;
        assert_eq!(read(&api.alice, &json!(id.to_uppercase())).await["id"], id);
        let task = api.alice.updates(json!({ "id": id.to_uppercase(), "title": "y" })).await;
        assert_eq!((&task["id"], &task["title"]), (&json!(id), &json!("y")));
    }
}
