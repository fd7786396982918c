//! The day of a due that is given as an instant.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn an_instant_lies_on_a_day_of_the_viewers_zone(api: Api) {
        for (zone, at, on) in [
            ("UTC", "2026-11-21T23:59:59.999Z", "2026-11-21"),
            ("UTC", "2026-11-22T00:00:00+01:00", "2026-11-21"),
            ("Europe/Berlin", "2026-11-21T22:59:59.999Z", "2026-11-21"),
            ("Europe/Berlin", "2026-11-21T23:00:00Z", "2026-11-22"),
            // By the offset of that day, whatever it is today.
            ("Europe/Berlin", "2026-07-01T21:59:59.999Z", "2026-07-01"),
            ("Europe/Berlin", "2026-07-01T22:00:00Z", "2026-07-02"),
            ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T02:30:00+01:00", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
            ("Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25"),
            ("Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25"),
            ("Europe/Berlin", "2026-10-25T22:59:59.999Z", "2026-10-25"),
            ("America/St_Johns", "2026-03-08T03:29:59.999Z", "2026-03-07"),
            ("America/St_Johns", "2026-03-09T02:30:00Z", "2026-03-09"),
            ("America/St_Johns", "2026-11-01T02:30:00Z", "2026-11-01"),
            ("America/St_Johns", "2026-11-02T03:29:59.999Z", "2026-11-01"),
            ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29"),
            ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
            ("Pacific/Apia", "2026-11-21T11:00:00Z", "2026-11-22"),
            // The calendar has no year 10000, and none before 0000.
            ("Pacific/Apia", "9999-12-31T23:59:59.999Z", "9999-12-31"),
            ("America/St_Johns", "0000-01-01T00:00:00Z", "0000-01-01"),
        ] {
            api.alice.moves_to(zone).await;
            let input = json!({ "title": "x", "due": { "at": at } });
            let created = api.alice.creates_with(input).await;
            assert_eq!(created["dueOn"], on, "{zone} {at}");

            let id = api.alice.creates("x").await;
            let updated = api.alice.updates(json!({ "id": id, "due": { "at": at } })).await;
            assert_eq!(json!([updated["dueOn"], updated["dueAt"]]), json!([on, created["dueAt"]]));

            let filter = json!({ "dueOn": { "eq": on } });
            let query = "query($filter: TaskFilter) { tasks(filter: $filter) { nodes { dueOn } } }";
            let found = api.alice.post(query, json!({ "filter": filter })).await.data();
            assert!(found["tasks"]["nodes"].as_array().unwrap().contains(&json!({ "dueOn": on })));
        }
    }

    async fn a_day_is_the_same_day_in_every_zone(api: Api) {
        for zone in ["UTC", "Pacific/Apia", "America/St_Johns"] {
            api.alice.moves_to(zone).await;
            for day in ["2026-11-21", "2011-12-30", "0000-01-01", "9999-12-31"] {
                let task = api.alice.creates_with(json!({ "title": "x", "due": { "on": day } })).await;
                assert_eq!(json!([task["dueOn"], task["dueAt"]]), json!([day, null]), "{zone}");
            }
        }
    }

    async fn the_same_due_again_changes_nothing(api: Api) {
        api.alice.moves_to("Europe/Berlin").await;
        for due in [json!({ "at": "2026-11-21T23:30:00Z" }), json!({ "on": "2026-11-22" })] {
            let task = api.alice.creates_with(json!({ "title": "x", "due": due })).await;
            api.wait(TimeDelta::seconds(1));
            let again = json!({ "id": task["id"], "due": due, "expectedVersion": 9 });
            assert_eq!(api.alice.updates(again).await, task);
        }
    }

    async fn stored_days_stay_until_the_due_is_given_again(api: Api) {
        let due = json!({ "at": "2026-11-21T23:30:00Z" });
        let utc = api.alice.creates_with(json!({ "title": "x", "due": due })).await;
        assert_eq!(utc["dueOn"], "2026-11-21");

        api.alice.moves_to("Europe/Berlin").await;
        let query = "query($id: ID!) { task(id: $id) { dueOn dueAt version } }";
        let stored = api.alice.post(query, json!({ "id": utc["id"] })).await.data();
        assert_eq!(stored["task"], json!({ "dueOn": "2026-11-21", "dueAt": utc["dueAt"], "version": 1 }));
        let renamed = api.alice.updates(json!({ "id": utc["id"], "title": "y" })).await;
        assert_eq!(renamed["dueOn"], "2026-11-21");

        let berlin = api.alice.updates(json!({ "id": utc["id"], "due": due })).await;
        assert_eq!(berlin["dueOn"], "2026-11-22");
        assert_eq!((&berlin["dueAt"], &berlin["version"]), (&utc["dueAt"], &json!(3)));
        assert_eq!(api.alice.updates(json!({ "id": utc["id"], "due": due })).await, berlin);
    }

    async fn dues_sort_by_the_viewers_days(api: Api) {
        api.alice.moves_to("Europe/Berlin").await;
        for (title, due) in [
            ("d", json!({ "on": "2026-11-22" })),
            ("c", json!({ "at": "2026-11-22T22:30:00Z" })),
            ("b", json!({ "at": "2026-11-21T23:30:00Z" })),
            ("a", json!({ "on": "2026-11-21" })),
            ("e", Value::Null),
        ] {
            api.alice.creates_with(json!({ "title": title, "due": due })).await;
        }
        let data = api.alice.asks("{ tasks(orderBy: [{ field: DUE }]) { nodes { title } } }").await;
        let titles: String = data["tasks"]["nodes"].as_array().unwrap().iter()
            .map(|task| task["title"].as_str().unwrap()).collect();
        assert_eq!(titles, "abcde");
    }
}
