//! Updating a task: null and absent fields, completion, and the expected version.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{assert_refused, read};
use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn a_field_left_out_stays_and_one_given_null_is_cleared(api: Api) {
        let task = api.alice.creates_with(json!({
            "title": "x", "description": "d", "priority": "HIGH", "completed": true, "due": { "on": "2026-12-01" },
        })).await;
        let id = &task["id"];
        let same = api.alice.updates(json!({ "id": id })).await;
        assert_eq!(same, task);

        let changed = api.alice.updates(json!({ "id": id, "description": null, "due": null })).await;
        assert_eq!(
            [&changed["description"], &changed["dueOn"], &changed["priority"], &changed["completed"]],
            [&Value::Null, &Value::Null, &json!("HIGH"), &json!(true)]
        );
        assert_eq!(changed["version"], 2);
        let empty = api.alice.updates(json!({ "id": id, "description": "" })).await;
        assert_eq!(empty["description"], "");

        for field in ["title", "completed", "priority"] {
            let reply = api.alice.update(json!({ "id": id, field: null })).await;
            assert_refused(&reply, &format!("input.{field}"));
        }
        assert_eq!(api.alice.updates(json!({ "id": id, "expectedVersion": null })).await, empty);
    }

    async fn a_due_is_a_day_or_an_instant(api: Api) {
        let id = api.alice.creates("x").await;
        for (due, on, at) in [
            (json!({ "on": "2026-02-28" }), json!("2026-02-28"), Value::Null),
            (json!({ "at": "2026-02-28T23:59:59.999Z" }), json!("2026-02-28"), json!("2026-02-28T23:59:59.999Z")),
            (json!({ "at": "2026-03-01T00:30:00+01:00" }), json!("2026-02-28"), json!("2026-02-28T23:30:00.000Z")),
            (json!({ "on": "0001-01-01" }), json!("0001-01-01"), Value::Null),
            (json!({ "at": "9999-12-31T23:59:59.999Z" }), json!("9999-12-31"), json!("9999-12-31T23:59:59.999Z")),
            (Value::Null, Value::Null, Value::Null),
        ] {
            let task = api.alice.updates(json!({ "id": id, "due": due })).await;
            assert_eq!((&task["dueOn"], &task["dueAt"]), (&on, &at));
            assert_eq!(read(&api.alice, &json!(id)).await, task);
        }
    }

    async fn completing_sets_the_instant_once_and_reopening_clears_it(api: Api) {
        let id = api.alice.creates("x").await;
        api.wait(TimeDelta::milliseconds(1500));
        let done = api.alice.updates(json!({ "id": id, "completed": true })).await;
        assert_eq!(done["completedAt"], "2026-11-21T09:30:01.500Z");
        assert_eq!(done["updatedAt"], "2026-11-21T09:30:01.500Z");
        assert_eq!(done["version"], 2);

        api.wait(TimeDelta::seconds(1));
        assert_eq!(api.alice.updates(json!({ "id": id, "completed": true })).await, done);
        let open = api.alice.updates(json!({ "id": id, "completed": false })).await;
        assert_eq!((&open["completedAt"], &open["version"]), (&Value::Null, &json!(3)));
    }

    async fn an_update_at_another_version_is_a_conflict_unless_nothing_would_change(api: Api) {
        let id = api.alice.creates("x").await;
        api.alice.updates(json!({ "id": id, "title": "y", "expectedVersion": 1 })).await;
        for (expected, title) in [(1, "z"), (3, "z"), (-1, "z")] {
            let reply = api.alice.update(json!({ "id": id, "title": title, "expectedVersion": expected })).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.code(), "CONFLICT");
            assert_eq!(reply.error()["extensions"]["version"], 2);
            assert_eq!(reply.json()["data"], json!({ "updateTask": null }));
        }
        let same = api.alice.updates(json!({ "id": id, "title": " y ", "expectedVersion": 1 })).await;
        assert_eq!(same["version"], 2);
        let reply = api.alice.delete(json!({ "id": id, "expectedVersion": 1 })).await;
        assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(2)));
        let reply = api.alice.delete(json!({ "id": id, "expectedVersion": 1, "permanently": true })).await;
        assert_eq!(reply.code(), "CONFLICT");
    }

    async fn of_many_updates_of_one_version_one_wins(api: Api) {
        let id = api.alice.creates("x").await;
        let updates = (0..20).map(|number| {
            api.alice.update(json!({ "id": id, "title": format!("by {number}"), "expectedVersion": 1 }))
        });
        let replies = join_all(updates).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            replies.iter().partition(|reply| reply.json().get("errors").is_none());
        assert_eq!((won.len(), lost.len()), (1, 19));
        for reply in lost {
            assert_eq!((reply.code().as_str(), &reply.error()["extensions"]["version"]), ("CONFLICT", &json!(2)));
        }
        assert_eq!(read(&api.alice, &json!(id)).await["title"], won[0].data()["updateTask"]["task"]["title"]);
    }

    async fn no_update_is_lost_among_many_users_and_tasks(api: Api) {
        let id = api.alice.creates("x").await;
        let writes = (0..30).map(async |number| {
            let person = if number % 2 == 0 { &api.alice } else { &api.bob };
            person.creates(&format!("Task {number}")).await;
            api.alice.updates(json!({ "id": id, "description": format!("{number}") })).await
        });
        let mut versions: Vec<_> =
            join_all(writes).await.iter().map(|task| task["version"].as_i64().unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (2..=31).collect::<Vec<_>>());
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 16);
    }
}
