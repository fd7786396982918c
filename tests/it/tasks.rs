//! What a user does with their own tasks: the rules of creating, changing, deleting and restoring,
//! each limit one below, at, and one above, and what happens when a request is sent again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, START, on_each_database};

const ALL: &str = "query($id: ID!) { task(id: $id) { id title description completed completedAt \
    priority dueOn dueAt createdAt updatedAt deletedAt version } }";

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
        let carol = api.with_token(crate::harness::tokens::of(&sub, api.clock.now()));
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
        let alice = api.with_token(crate::harness::tokens::of("alice", api.clock.now()));
        let reply = alice.create(json!({ "id": id, "title": "x" })).await;
        assert_eq!(reply.code(), "CONFLICT");
        assert_eq!(reply.error()["extensions"].get("version"), None);

        api.wait(TimeDelta::milliseconds(1));
        let task = alice.creates_with(json!({ "id": id, "title": "x" })).await;
        assert_eq!((&task["id"], &task["version"]), (&json!(id), &json!(1)));
        alice.delete(json!({ "id": id, "permanently": true })).await.data();
        assert_eq!(alice.create(json!({ "id": id, "title": "x" })).await.code(), "CONFLICT");
    }

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

    async fn values_and_filters_without_end_are_refused(api: Api) {
        let list = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }";
        for (filter, field) in [
            (json!({ "or": vec![json!({}); 101] }), "filter"),
            (json!({ "or": vec![json!({}); 10_000] }), "filter.or.9998"),
            (json!({ "priority": { "in": vec!["NONE"; 10_001] } }), "filter.priority.in.9997"),
            (json!({ "or": vec![json!({ "search": "東".repeat(21) }); 10] }), "filter.or.9.search"),
        ] {
            let reply = api.alice.post(list, json!({ "filter": filter })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
        }
        let longest = ["x"; 100].join(" ");
        let reply = api.alice.post(list, json!({ "filter": { "search": longest, "priority": { "in": vec!["NONE"; 5_000] } } })).await;
        assert_eq!(reply.data()["tasks"]["totalCount"], 0);
    }

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

    async fn the_viewer_is_who_the_token_says(api: Api) {
        let claims = json!({
            "sub": "Ünïcödé 🍮", "email": "a@example.com", "name": "A", "image": "https://example.com/a.png",
            "iss": "https://auth.example.com", "sid": "session-1", "iat": api.clock.now().seconds() - 60,
            "exp": api.clock.now().seconds() + 840,
        });
        let somebody = api.with_token(crate::harness::tokens::with(&claims));
        api.wait(TimeDelta::milliseconds(500));
        let query = "{ viewer { id email name image session { id issuer issuedAt expiresAt expiresIn } } }";
        let viewer = somebody.asks(query).await["viewer"].clone();
        assert_eq!(viewer, json!({
            "id": "Ünïcödé 🍮", "email": "a@example.com", "name": "A", "image": "https://example.com/a.png",
            "session": {
                "id": "session-1", "issuer": "https://auth.example.com",
                "issuedAt": "2026-11-21T09:29:00.000Z", "expiresAt": "2026-11-21T09:44:00.000Z", "expiresIn": 839,
            },
        }));
        let bare = json!({ "sub": "b", "exp": api.clock.now().seconds() + 840, "email": 1, "name": null });
        let viewer = api.with_token(crate::harness::tokens::with(&bare)).asks(query).await["viewer"].clone();
        assert_eq!([&viewer["email"], &viewer["name"], &viewer["image"]], [&Value::Null; 3]);
        assert_eq!(viewer["session"]["issuer"], Value::Null);
    }

    async fn a_user_of_255_bytes_has_tasks_like_any_other(api: Api) {
        let sub = "\u{1f36e}".repeat(63) + "abc";
        assert_eq!(sub.len(), 255);
        let somebody = api.with_token(crate::harness::tokens::of(&sub, api.clock.now()));
        let id = somebody.creates("x").await;
        assert_eq!(somebody.asks("{ tasks { nodes { id } } }").await["tasks"]["nodes"], json!([{ "id": id }]));
    }
}

async fn read(person: &Person, id: &Value) -> Value {
    person.post(ALL, json!({ "id": id })).await.data()["task"].take()
}

fn assert_refused(reply: &crate::harness::Reply, field: &str) {
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_USER_INPUT", field));
}
