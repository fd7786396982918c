//! The time zone of the viewer: how it is set, and where it counts.

use serde_json::{Value, json};

use crate::harness::{Api, Person, on_each_database, statements};

async fn zone_of(person: &Person) -> Value {
    person.asks("{ viewer { timeZone } }").await["viewer"]["timeZone"].take()
}

on_each_database! {
    async fn who_has_chosen_nothing_is_in_utc(api: Api) {
        assert_eq!(zone_of(&api.alice).await, "UTC");
        api.alice.creates("x").await;
        assert_eq!(zone_of(&api.alice).await, "UTC");
    }

    async fn alice_moves_and_sees_it_at_once(api: Api) {
        for (input, zone) in [
            (json!({}), "UTC"),
            (json!({ "timeZone": "Europe/Berlin" }), "Europe/Berlin"),
            (json!({ "timeZone": "Europe/Berlin" }), "Europe/Berlin"),
            (json!({}), "Europe/Berlin"),
            (json!({ "timeZone": null }), "UTC"),
            (json!({ "timeZone": null }), "UTC"),
            (json!({ "timeZone": "Pacific/Apia" }), "Pacific/Apia"),
            (json!({}), "Pacific/Apia"),
        ] {
            let payload = api.alice.update_viewer(input.clone()).await.data();
            assert_eq!(payload, json!({ "updateViewer": {
                "viewer": { "id": "alice", "timeZone": zone },
                "query": { "viewer": { "timeZone": zone } },
            } }), "{input}");
            assert_eq!(zone_of(&api.alice).await, zone, "{input}");
        }
    }

    async fn each_mutation_of_a_document_shows_its_own_zone(api: Api) {
        let data = api.alice.asks(
            "mutation { \
                a: updateViewer(input: { timeZone: \"Pacific/Apia\" }) { viewer { timeZone } } \
                b: createTask(input: { title: \"x\", due: { at: \"2026-11-21T12:00:00Z\" } }) { task { dueOn } } \
                c: updateViewer(input: { timeZone: null }) { viewer { timeZone } } \
                d: createTask(input: { title: \"x\", due: { at: \"2026-11-21T12:00:00Z\" } }) { task { dueOn } } }",
        ).await;
        assert_eq!(data, json!({
            "a": { "viewer": { "timeZone": "Pacific/Apia" } }, "b": { "task": { "dueOn": "2026-11-22" } },
            "c": { "viewer": { "timeZone": "UTC" } }, "d": { "task": { "dueOn": "2026-11-21" } },
        }));
    }

    async fn a_zone_keeps_the_name_that_was_given(api: Api) {
        for name in [
            "UTC", "Etc/UTC", "GMT", "Etc/GMT-14", "Asia/Kolkata", "Asia/Calcutta", "US/Pacific",
            "America/Argentina/ComodRivadavia", "America/Port-au-Prince", "EST5EDT",
        ] {
            api.alice.moves_to(name).await;
            assert_eq!(zone_of(&api.alice).await, name);
        }
    }

    async fn what_is_no_zone_is_refused(api: Api) {
        api.alice.moves_to("Europe/Berlin").await;
        for value in [
            json!(""), json!("europe/berlin"), json!("Europe/Berlin "), json!("Berlin"),
            json!("CEST"), json!("+01:00"), json!("UTC+1"), json!("Mars/Olympus_Mons"),
            json!("../etc/passwd"), json!(1), json!(true), json!(["UTC"]), json!({}),
        ] {
            let reply = api.alice.update_viewer(json!({ "timeZone": value })).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "BAD_USER_INPUT"), "{value}");
            assert_eq!(reply.field(), "input.timeZone", "{value}");

            let query = format!("mutation {{ updateViewer(input: {{ timeZone: {value} }}) {{ viewer {{ id }} }} }}");
            let reply = api.alice.post(&query, json!({})).await;
            assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{value}");
        }
        let reply = api.alice.update_viewer(json!({ "zone": "UTC" })).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT");
        assert_eq!(zone_of(&api.alice).await, "Europe/Berlin");
    }

    async fn another_replica_may_change_it(api: Api) {
        api.alice.moves_to("Europe/Berlin").await;
        assert_eq!(zone_of(&api.alice).await, "Europe/Berlin");
        api.database.execute("UPDATE \"user\" SET time_zone = 'Pacific/Apia'").await;
        assert_eq!(zone_of(&api.alice).await, "Pacific/Apia");
        let task = api.alice.creates_with(json!({ "title": "x", "due": { "at": "2026-11-21T12:00:00Z" } })).await;
        assert_eq!(task["dueOn"], "2026-11-22");
    }

    async fn a_zone_that_only_newer_programs_know_reads_as_utc(api: Api) {
        api.alice.creates_with(json!({ "title": "x", "due": { "on": "2026-11-20" } })).await;
        api.database.execute("UPDATE \"user\" SET time_zone = 'Mars/Olympus_Mons'").await;
        let data = api.alice.asks(
            "{ viewer { timeZone } tasks(filter: { overdue: true, dueOn: { within: \"P0D\" } }) { totalCount } \
               all: tasks { nodes { overdue } } }",
        ).await;
        assert_eq!(data, json!({
            "viewer": { "timeZone": "UTC" }, "tasks": { "totalCount": 0 }, "all": { "nodes": [{ "overdue": true }] },
        }));
        let task = api.alice.creates_with(json!({ "title": "x", "due": { "at": "2026-11-21T12:00:00Z" } })).await;
        assert_eq!(task["dueOn"], "2026-11-21");
        // As long as nobody chooses another, it is kept for those who know it.
        api.alice.update_viewer(json!({})).await.data();
        let moved = "UPDATE \"user\" SET time_zone = 'Pacific/Apia' WHERE time_zone = 'Mars/Olympus_Mons'";
        api.database.execute(moved).await;
        assert_eq!(zone_of(&api.alice).await, "Pacific/Apia");
    }

    async fn the_zone_is_read_once_where_it_is_needed_and_else_not_at_all(api: Api) {
        api.alice.moves_to("Europe/Berlin").await;
        for title in ["a", "b", "c"] {
            api.alice.creates_with(json!({ "title": title, "due": { "on": "2026-11-21" } })).await;
        }
        // From here on, the server knows Alice's key.
        api.alice.asks("{ tasks { totalCount } }").await;
        for (query, reads) in [
            ("{ viewer { id } tasks { nodes { id dueOn dueAt } totalCount } }", 0),
            ("{ tasks(filter: { dueOn: { gte: \"2026-11-21\" }, not: { completed: true } }) { nodes { id } } }", 0),
            ("{ viewer { timeZone } }", 1),
            ("{ tasks { nodes { overdue } } }", 1),
            ("{ tasks(filter: { overdue: false }) { totalCount } }", 1),
            ("{ tasks(filter: { or: [{ not: { dueOn: { within: \"P1D\" } } }] }) { totalCount } }", 1),
            ("{ viewer { timeZone } a: tasks(filter: { overdue: false, dueOn: { within: \"P1D\" } }) { nodes { overdue } } \
                b: tasks(filter: { overdue: true }) { nodes { overdue } totalCount } }", 1),
            // What is read behind the change is checked before it.
            ("mutation { createTask(input: { id: \"01890a5d-ac96-774b-bcce-b302099a8057\", title: \"x\", due: { at: \"2026-11-20T23:30:00Z\" } }) \
                { task { overdue } query { viewer { timeZone } tasks(filter: { overdue: true }) { totalCount } } } }", 1),
            // What is written has locked the row, and read it by that.
            ("mutation { updateViewer(input: { timeZone: \"UTC\" }) { viewer { timeZone } query { tasks { nodes { overdue } } } } }", 0),
        ] {
            let (data, sent) = statements(api.alice.asks(query)).await;
            let read = |statement: &&String| statement.starts_with("SELECT") && statement.contains("\"time_zone\"");
            assert_eq!(sent.iter().filter(read).count(), reads, "{query} {data} {sent:#?}");
        }
    }
}
