//! Creating a task: its fields, each limit at, below and above, ids made by clients, and a request that
//! is sent again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{assert_refused, read};
use crate::harness::{Api, START, on_each_database, tokens};

on_each_database! {
    async fn alice_creates_a_task_with_nothing_but_a_title(api: Api) {
        let task = api.alice.creates_with(json!({ "title": "Buy milk" })).await;
        assert_eq!(task, json!({
            "id": task["id"], "title": "Buy milk", "description": null, "completed": false,
            "completedAt": null, "priority": "NONE", "dueOn": null, "dueAt": null,
            "createdAt": START, "updatedAt": START, "deletedAt": null, "version": 1,
        }));
        let id: Uuid = task["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(read(&api.alice, &task["id"]).await, task);
    }

    async fn alice_creates_a_task_with_everything(api: Api) {
        let id = Uuid::new_v4();
        let task = api.alice.creates_with(json!({
            "id": id, "title": "Crème brûlée 🍮", "description": "# How\n\n\t1. cream", "completed": true,
            "priority": "URGENT", "due": { "at": "2026-12-24T18:00:00.1239+01:00" },
        })).await;
        assert_eq!(task, json!({
            "id": id, "title": "Crème brûlée 🍮", "description": "# How\n\n\t1. cream",
            "completed": true, "completedAt": START, "priority": "URGENT",
            "dueOn": "2026-12-24", "dueAt": "2026-12-24T17:00:00.123Z",
            "createdAt": START, "updatedAt": START, "deletedAt": null, "version": 1,
        }));
        assert_eq!(read(&api.alice, &task["id"]).await, task);
    }

    async fn ids_of_one_millisecond_sort_by_creation(api: Api) {
        let mut ids = Vec::new();
        for number in 0..20 {
            ids.push(api.alice.creates(&format!("Task {number}")).await);
        }
        assert!(ids.is_sorted(), "{ids:?}");
    }

    async fn a_title_has_1_to_500_characters_after_trimming(api: Api) {
        for (title, stored) in [
            ("x".to_owned(), Some("x".to_owned())),
            (" \t\u{3000}x\n ".to_owned(), Some("x".to_owned())),
            ("\u{1f36e}".repeat(499), Some("\u{1f36e}".repeat(499))),
            ("\u{1f36e}".repeat(500), Some("\u{1f36e}".repeat(500))),
            (format!("  {}  ", "x".repeat(500)), Some("x".repeat(500))),
            ("\u{1f36e}".repeat(501), None),
            (String::new(), None),
            ("   \n".to_owned(), None),
            ("a\r\nb".to_owned(), Some("a\nb".to_owned())),
            ("a\rb".to_owned(), None),
            ("a\0b".to_owned(), None),
            ("a\u{1b}b".to_owned(), None),
            ("a\u{7f}b".to_owned(), None),
            ("a\u{85}b".to_owned(), None),
        ] {
            let reply = api.alice.create(json!({ "title": title })).await;
            match stored {
                Some(stored) => assert_eq!(reply.data()["createTask"]["task"]["title"], stored),
                None => assert_refused(&reply, "input.title"),
            }
        }
        assert_refused(&api.alice.update(json!({ "id": api.alice.creates("x").await, "title": " " })).await, "input.title");
    }

    async fn a_description_has_at_most_20_000_characters(api: Api) {
        for (length, accepted) in [(0, true), (19_999, true), (20_000, true), (20_001, false)] {
            let description = "é".repeat(length);
            let reply = api.alice.create(json!({ "title": "x", "description": description })).await;
            if accepted {
                assert_eq!(reply.data()["createTask"]["task"]["description"], description);
            } else {
                assert_refused(&reply, "input.description");
            }
        }
        let task = api.alice.creates_with(json!({ "title": "x", "description": " a\r\nb " })).await;
        assert_eq!(task["description"], " a\nb ");
        assert_refused(&api.alice.create(json!({ "title": "x", "description": "\0" })).await, "input.description");
    }

    async fn the_longest_title_sorts_and_pages(api: Api) {
        let titles = ["\u{1f36e}".repeat(500), "\u{10428}".repeat(500), "İ".repeat(500)];
        for title in &titles {
            api.alice.creates(title).await;
        }
        let mut cursor = Value::Null;
        for _ in &titles {
            let page = api.alice.post(
                "query($after: String) { tasks(first: 1, after: $after, orderBy: [{ field: TITLE }]) { nodes { id } pageInfo { endCursor } } }",
                json!({ "after": cursor }),
            ).await.data();
            assert_eq!(page["tasks"]["nodes"].as_array().unwrap().len(), 1);
            cursor = page["tasks"]["pageInfo"]["endCursor"].clone();
        }
    }

    async fn a_client_made_id_must_be_a_uuid_and_not_ones_own(api: Api) {
        for id in ["", "1", "not-a-uuid", "{3f2504e0-4f89-41d3-9a0c-0305e82c3301}", "3f2504e04f8941d39a0c0305e82c3301"] {
            assert_refused(&api.alice.create(json!({ "id": id, "title": "x" })).await, "input.id");
        }
        let sub = Uuid::new_v4().to_string();
        let carol = api.with_token(tokens::of(&sub, api.clock.now()));
        for id in [sub.clone(), sub.to_uppercase()] {
            let reply = carol.create(json!({ "id": id, "title": "x" })).await;
            assert_eq!(reply.code(), "CONFLICT");
            assert_eq!(reply.error()["extensions"].get("version"), None);
        }
    }

    async fn a_create_that_is_sent_again_finds_the_task_as_it_is(api: Api) {
        let id = Uuid::new_v4().to_string();
        let first = api.alice.creates_with(json!({ "id": id, "title": "First" })).await;
        api.wait(TimeDelta::seconds(1));
        let again = api.alice.creates_with(json!({ "id": id.to_uppercase(), "title": "Second" })).await;
        assert_eq!(again, first);

        api.alice.delete(json!({ "id": id })).await.data();
        let trashed = api.alice.creates_with(json!({ "id": id, "title": "Third" })).await;
        assert_eq!((&trashed["title"], &trashed["version"]), (&json!("First"), &json!(2)));
        assert_ne!(trashed["deletedAt"], Value::Null);
    }

    async fn an_id_deleted_for_good_is_taken_for_30_days(api: Api) {
        let id = api.alice.creates("Gone").await;
        api.alice.delete(json!({ "id": id, "permanently": true })).await.data();
        api.wait(TimeDelta::days(30) - TimeDelta::milliseconds(1));
        let alice = api.with_token(tokens::of("alice", api.clock.now()));
        let reply = alice.create(json!({ "id": id, "title": "x" })).await;
        assert_eq!(reply.code(), "CONFLICT");
        assert_eq!(reply.error()["extensions"].get("version"), None);

        api.wait(TimeDelta::milliseconds(1));
        let task = alice.creates_with(json!({ "id": id, "title": "x" })).await;
        assert_eq!((&task["id"], &task["version"]), (&json!(id), &json!(1)));
        alice.delete(json!({ "id": id, "permanently": true })).await.data();
        assert_eq!(alice.create(json!({ "id": id, "title": "x" })).await.code(), "CONFLICT");
    }

    async fn of_many_creates_with_one_id_one_makes_the_task(api: Api) {
        let id = Uuid::new_v4();
        let creates =
            (0..10).map(|number| api.alice.creates_with(json!({ "id": id, "title": format!("by {number}") })));
        let tasks = join_all(creates).await;
        assert!(tasks.iter().all(|task| *task == tasks[0]), "{tasks:#?}");
        assert_eq!(api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"], 1);
    }

    async fn a_mutation_written_twice_is_one(api: Api) {
        let create = "createTask(input: { title: \"Once\" })";
        for document in [
            format!("mutation {{ {create} {{ task {{ id }} }} {create} {{ task {{ title }} }} }}"),
            format!("mutation {{ ...F ...F }} fragment F on Mutation {{ {create} {{ task {{ id title }} }} }}"),
            format!("mutation {{ {create} {{ task {{ id }} }} ... on Mutation {{ ...F }} ... {{ {create} {{ task {{ id }} }} }} }} \
                fragment F on Mutation {{ {create} {{ task {{ title }} }} }}"),
        ] {
            let before = api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"].as_i64().unwrap();
            let data = api.alice.asks(&document).await;
            assert_eq!(data["createTask"]["task"]["title"], "Once");
            assert_ne!(data["createTask"]["task"]["id"], Value::Null);
            let after = api.alice.asks("{ tasks { totalCount } }").await["tasks"]["totalCount"].as_i64().unwrap();
            assert_eq!(after, before + 1, "{document}");
        }
        for document in [
            format!("mutation {{ {create} {{ task {{ id }} }} createTask(input: {{ title: \"Twice\" }}) {{ task {{ id }} }} }}"),
            format!("mutation {{ ...F }} fragment F on Query {{ viewer {{ id }} }} # {create}"),
        ] {
            assert_eq!(api.alice.post(&document, json!({})).await.status, StatusCode::BAD_REQUEST, "{document}");
        }
        let twice = format!("mutation {{ a: {create} {{ task {{ id }} }} b: {create} {{ task {{ id }} }} }}");
        let data = api.alice.asks(&twice).await;
        assert_ne!(data["a"]["task"]["id"], data["b"]["task"]["id"]);
    }
}
