//! `Task.overdue`, and the filter of that name.

use serde_json::{Value, json};

use crate::harness::{Api, Person, on_each_database};

/// Whether a task is overdue. The field and the filters, both ways, must agree about all tasks.
async fn is_overdue(person: &Person, id: &Value) -> bool {
    let data = person
        .asks(
            "{ all: tasks(first: 100) { nodes { id overdue } } \
               yes: tasks(first: 100, filter: { overdue: true }) { nodes { id overdue } } \
               no: tasks(first: 100, filter: { overdue: false }) { nodes { id overdue } } \
               notNo: tasks(first: 100, filter: { not: { overdue: false } }) { nodes { id overdue } } \
               notYes: tasks(first: 100, filter: { not: { overdue: true } }) { nodes { id overdue } } }",
        )
        .await;
    let nodes = |list: &str| data[list]["nodes"].as_array().unwrap().clone();
    let all = nodes("all");
    let (yes, no): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|task| task["overdue"] == true);
    assert_eq!((nodes("yes"), nodes("no")), (yes.clone(), no.clone()));
    assert_eq!((nodes("notNo"), nodes("notYes")), (yes, no));
    all.iter().find(|task| task["id"] == *id).unwrap()["overdue"].as_bool().unwrap()
}

on_each_database! {
    async fn a_task_is_overdue_from_one_instant_on(api: Api) {
        for (zone, due, not_yet, already) in [
            ("UTC", json!({ "on": "2026-11-21" }), "2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00Z"),
            ("Europe/Berlin", json!({ "on": "2026-11-21" }), "2026-11-21T22:59:59.999Z", "2026-11-21T23:00:00Z"),
            // A day of 23 hours, and one of 25.
            ("Europe/Berlin", json!({ "on": "2026-03-29" }), "2026-03-29T21:59:59.999Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", json!({ "on": "2026-10-25" }), "2026-10-25T22:59:59.999Z", "2026-10-25T23:00:00Z"),
            ("America/St_Johns", json!({ "on": "2026-03-08" }), "2026-03-09T02:29:59.999Z", "2026-03-09T02:30:00Z"),
            ("America/St_Johns", json!({ "on": "2026-11-01" }), "2026-11-02T03:29:59.999Z", "2026-11-02T03:30:00Z"),
            // The day that Apia skipped is past when the one before it is.
            ("Pacific/Apia", json!({ "on": "2011-12-29" }), "2011-12-30T09:59:59.999Z", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", json!({ "on": "2011-12-30" }), "2011-12-30T09:59:59.999Z", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", json!({ "on": "2011-12-31" }), "2011-12-31T09:59:59.999Z", "2011-12-31T10:00:00Z"),
            // An instant is the same in every zone; at that very instant it is not past yet.
            ("UTC", json!({ "at": "2026-11-21T12:00:00Z" }), "2026-11-21T12:00:00Z", "2026-11-21T12:00:00.001Z"),
            ("Pacific/Apia", json!({ "at": "2026-11-21T12:00:00Z" }), "2026-11-21T12:00:00Z", "2026-11-21T12:00:00.001Z"),
            // Half past two came twice, and half a year earlier not at all.
            ("Europe/Berlin", json!({ "at": "2026-10-25T02:30:00+02:00" }), "2026-10-25T00:30:00Z", "2026-10-25T00:30:00.001Z"),
            ("Europe/Berlin", json!({ "at": "2026-10-25T02:30:00+01:00" }), "2026-10-25T01:30:00Z", "2026-10-25T01:30:00.001Z"),
            ("Europe/Berlin", json!({ "at": "2026-03-29T02:30:00+01:00" }), "2026-03-29T01:30:00Z", "2026-03-29T01:30:00.001Z"),
        ] {
            let alice = api.alice_at(not_yet);
            alice.moves_to(zone).await;
            let task = alice.creates_with(json!({ "title": "x", "due": due })).await;
            assert!(!is_overdue(&alice, &task["id"]).await, "{zone} {due} {not_yet}");
            let alice = api.alice_at(already);
            assert!(is_overdue(&alice, &task["id"]).await, "{zone} {due} {already}");
        }
    }

    async fn what_is_completed_or_has_no_due_is_never_overdue(api: Api) {
        let alice = &api.alice;
        let due = json!({ "on": "2026-11-20" });
        let late = alice.creates_with(json!({ "title": "late", "due": due })).await;
        let done = alice.creates_with(json!({ "title": "done", "due": due, "completed": true })).await;
        let at = json!({ "at": "2026-11-21T09:29:59.999Z" });
        let timed = alice.creates_with(json!({ "title": "timed", "due": at })).await;
        let done_in_time = alice.creates_with(json!({ "title": "done", "due": at, "completed": true })).await;
        let today = alice.creates_with(json!({ "title": "today", "due": { "on": "2026-11-21" } })).await;
        // The time of a day decides, also where the day is not past.
        let later = alice.creates_with(json!({ "title": "later", "due": { "at": "2026-11-21T09:30:00Z" } })).await;
        let never = alice.creates_with(json!({ "title": "never" })).await;
        for (task, expected) in [
            (&late, true), (&done, false), (&timed, true), (&done_in_time, false), (&today, false),
            (&later, false), (&never, false),
        ] {
            assert_eq!(is_overdue(alice, &task["id"]).await, expected, "{task}");
        }

        let id = &late["id"];
        alice.updates(json!({ "id": id, "completed": true })).await;
        assert!(!is_overdue(alice, id).await);
        alice.updates(json!({ "id": id, "completed": false })).await;
        assert!(is_overdue(alice, id).await);
        alice.updates(json!({ "id": id, "due": null })).await;
        assert!(!is_overdue(alice, id).await);
    }

    async fn a_payload_and_a_node_say_it_too(api: Api) {
        let data = api.alice.asks(
            "mutation { createTask(input: { title: \"x\", due: { on: \"2026-11-20\" } }) { task { id overdue } } }",
        ).await;
        let task = &data["createTask"]["task"];
        assert_eq!(task["overdue"], true);
        let query = "query($id: ID!) { node(id: $id) { ... on Task { overdue } } task(id: $id) { overdue } \
            tasks(filter: { overdue: null }) { edges { node { overdue } } } }";
        let data = api.alice.post(query, json!({ "id": task["id"] })).await.data();
        assert_eq!(data, json!({
            "node": { "overdue": true }, "task": { "overdue": true },
            "tasks": { "edges": [{ "node": { "overdue": true } }] },
        }));
    }

    async fn moving_makes_tasks_overdue_without_changing_them(api: Api) {
        let alice = &api.alice_at("2026-11-21T12:00:00Z");
        let task = alice.creates_with(json!({ "title": "x", "due": { "on": "2026-11-21" } })).await;
        for (zone, expected) in [("UTC", false), ("Pacific/Apia", true), ("America/St_Johns", false)] {
            alice.moves_to(zone).await;
            assert_eq!(is_overdue(alice, &task["id"]).await, expected, "{zone}");
        }
        let all = "{ tasks { nodes { dueOn dueAt version updatedAt } } }";
        assert_eq!(alice.asks(all).await["tasks"]["nodes"], json!([{
            "dueOn": "2026-11-21", "dueAt": null, "version": 1, "updatedAt": "2026-11-21T12:00:00.000Z",
        }]));
    }
}
