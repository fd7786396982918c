//! The sync log (`changes`), for clients that keep a copy: no change is missed, and none is repeated.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Person, Reply, on_each_database};

mod model;
mod pages;
mod reset;

impl Person {
    /// Tries to read the changes since a cursor, or from the beginning.
    async fn reads_since(&self, since: &Value, first: i32) -> Reply {
        let query = "query($since: String, $first: Int!) { changes(since: $since, first: $first) {
            changes { kind id type cursor node {
                __typename id
                ... on Task { title version deletedAt tags { name } list { name } parent { id } }
                ... on Tag { name version }
                ... on TaskList { name version }
            } }
            cursor hasMore reset
        } }";
        self.post(query, json!({ "since": since, "first": first })).await
    }

    /// The changes since a cursor, or all of them.
    async fn changes(&self, since: &Value) -> Page {
        self.page(since, 100).await
    }

    /// At most so many changes since a cursor.
    async fn page(&self, since: &Value, first: i32) -> Page {
        Page(self.reads_since(since, first).await.data()["changes"].take())
    }

    /// Runs a mutation and returns the cursor of its payload.
    async fn cursor_of(&self, mutation: &str, input: Value) -> Value {
        self.does(mutation, input, "cursor").await["cursor"].take()
    }
}

/// A page of changes.
#[derive(Debug)]
struct Page(Value);

impl Page {
    fn cursor(&self) -> &Value {
        &self.0["cursor"]
    }

    fn has_more(&self) -> bool {
        self.0["hasMore"].as_bool().unwrap()
    }

    fn reset(&self) -> bool {
        self.0["reset"].as_bool().unwrap()
    }

    fn changes(&self) -> &[Value] {
        self.0["changes"].as_array().unwrap()
    }

    /// `+` and the name of what is there, `-` and the type of what is gone, in order.
    fn told(&self) -> String {
        let told = self.changes().iter().map(|change| {
            let node = &change["node"];
            let name = node.get("title").or(node.get("name")).and_then(Value::as_str);
            assert!(node.is_null() || node["id"] == change["id"], "{change}");
            assert!(node.is_null() || node["__typename"] == change["type"], "{change}");
            match change["kind"].as_str().unwrap() {
                "UPSERT" => format!("+{}", name.unwrap()),
                _ => format!("-{}", change["type"].as_str().filter(|_| node.is_null()).unwrap()),
            }
        });
        told.collect::<Vec<_>>().join(" ")
    }
}

on_each_database! {
    async fn alice_reads_everything_once_and_then_what_is_new(api: Api) {
        let (list, tag) = (api.alice.creates_list("Home").await, api.alice.creates_tag("red").await);
        let task = json!({ "title": "Paint", "listId": list, "tagIds": [tag] });
        let task = api.alice.creates_with(task).await;
        let all = api.alice.changes(&Value::Null).await;
        assert_eq!(all.told(), "+Home +red +Paint");
        assert_eq!(all.changes()[2]["node"]["tags"], json!([{ "name": "red" }]));
        assert_eq!((all.has_more(), all.reset()), (false, false));
        assert_eq!(api.alice.changes(all.cursor()).await.told(), "");

        api.alice.updates(json!({ "id": task["id"], "title": "Paint it" })).await;
        let news = api.alice.changes(all.cursor()).await;
        assert_eq!(news.told(), "+Paint it");
        assert_eq!(api.alice.changes(news.cursor()).await.told(), "");
        // Read again, the same is told.
        assert_eq!(api.alice.changes(all.cursor()).await.told(), "+Paint it");
    }

    async fn several_changes_of_one_object_are_the_last_one(api: Api) {
        let start = api.alice.changes(&Value::Null).await;
        let one = api.alice.creates("one").await;
        api.alice.creates("two").await;
        for title in ["1", "11", "111"] {
            api.alice.updates(json!({ "id": one, "title": title })).await;
        }
        let page = api.alice.changes(start.cursor()).await;
        assert_eq!(page.told(), "+two +111");
        assert_eq!(page.changes()[1]["node"]["version"], 4);
    }

    async fn the_trash_is_a_change_and_deletion_for_good_is_another(api: Api) {
        let task = api.alice.creates("Paper").await;
        let start = api.alice.changes(&Value::Null).await;
        api.alice.delete(json!({ "id": task })).await.data();
        let page = api.alice.changes(start.cursor()).await;
        assert_eq!(page.told(), "+Paper");
        assert_ne!(page.changes()[0]["node"]["deletedAt"], Value::Null);

        api.alice.delete(json!({ "id": task, "permanently": true })).await.data();
        let page = api.alice.changes(page.cursor()).await;
        assert_eq!(page.told(), "-Task");
        assert_eq!(page.changes()[0]["id"], json!(task));
        // Who has never seen the task need not hear that it is gone.
        assert_eq!(api.alice.changes(&Value::Null).await.told(), "");
    }

    async fn what_a_deletion_changes_elsewhere_is_told(api: Api) {
        let (list, tag) = (api.alice.creates_list("Home").await, api.alice.creates_tag("red").await);
        api.alice.creates_with(json!({ "title": "listed", "listId": list })).await;
        api.alice.creates_with(json!({ "title": "tagged", "tagIds": [tag] })).await;
        let start = api.alice.changes(&Value::Null).await;
        api.alice.does("deleteTag", json!({ "id": tag }), "deletedIds").await;
        let page = api.alice.changes(start.cursor()).await;
        let mut told: Vec<_> = page.told().split(' ').map(str::to_owned).collect();
        told.sort_unstable();
        assert_eq!(told, ["+tagged", "-Tag"]);
        api.alice.does("deleteList", json!({ "id": list }), "deletedIds").await;
        let page = api.alice.changes(page.cursor()).await;
        let mut told: Vec<_> = page.told().split(' ').map(str::to_owned).collect();
        told.sort_unstable();
        assert_eq!(told, ["+listed", "-TaskList"]);
    }

    async fn a_payload_names_its_own_change(api: Api) {
        let start = api.alice.changes(&Value::Null).await;
        let created = api.alice.cursor_of("createTask", json!({ "title": "mine" })).await;
        let page = api.alice.changes(start.cursor()).await;
        assert_eq!(page.changes()[0]["cursor"], created);
        let id = page.changes()[0]["id"].clone();
        for (mutation, input) in [
            ("updateTask", json!({ "id": id, "title": "yours" })),
            ("moveTask", json!({ "id": id, "listId": null })),
            ("createTag", json!({ "name": "red" })),
            ("createList", json!({ "name": "Home" })),
            ("batch", json!({ "operations": [{ "createTag": { "name": "x" } }, { "createTag": { "name": "y" } }] })),
            ("deleteTask", json!({ "id": id })),
            ("restoreTask", json!({ "id": id })),
            ("deleteTask", json!({ "id": id, "permanently": true })),
        ] {
            let before = api.alice.changes(&Value::Null).await;
            let cursor = api.alice.cursor_of(mutation, input.clone()).await;
            let page = api.alice.changes(before.cursor()).await;
            let is_own = |change: &Value| change["cursor"] == cursor;
            let changes_nothing = mutation == "moveTask";
            assert!(page.changes().is_empty() == changes_nothing, "{mutation} {input} {page:#?}");
            assert!(page.changes().iter().all(is_own), "{mutation} {input} {page:#?}");
            // It is a place in the log as well.
            assert_eq!(api.alice.changes(&cursor).await.told(), "");
        }
    }

    async fn what_changes_nothing_takes_a_number_that_no_change_carries(api: Api) {
        let task = api.alice.creates("same").await;
        let start = api.alice.changes(&Value::Null).await;
        let mut cursors = vec![
            api.alice.cursor_of("updateTask", json!({ "id": task, "title": "same" })).await,
            api.alice.cursor_of("createTask", json!({ "id": task, "title": "other" })).await,
            api.alice.cursor_of("batch", json!({ "operations": [] })).await,
            api.alice.cursor_of("updateViewer", json!({})).await,
        ];
        let failing = json!({ "operations": [
            { "createTag": { "name": "never" } }, { "deleteTag": { "id": task } }
        ] });
        cursors.push(api.alice.cursor_of("batch", failing).await);
        assert_eq!(api.alice.changes(start.cursor()).await.told(), "");
        cursors.push(api.alice.cursor_of("createTag", json!({ "name": "red" })).await);
        let page = api.alice.changes(start.cursor()).await;
        assert_eq!(page.changes()[0]["cursor"], cursors[5]);
        cursors.sort_unstable_by_key(Value::to_string);
        cursors.dedup();
        assert_eq!(cursors.len(), 6);
    }

    async fn a_new_user_has_a_place_to_read_on_from(api: Api) {
        let start = api.alice.changes(&Value::Null).await;
        assert_eq!((start.told(), start.has_more(), start.reset()), (String::new(), false, false));
        api.alice.creates("first").await;
        assert_eq!(api.alice.changes(start.cursor()).await.told(), "+first");
    }

    async fn a_cursor_that_is_not_of_alices_changes_is_refused(api: Api) {
        api.alice.creates("Alice's").await;
        api.bob.creates("Bob's").await;
        let bobs = api.bob.changes(&Value::Null).await;
        let lists = api.alice.asks("{ tasks { pageInfo { endCursor } } }").await;
        for since in [
            bobs.cursor().clone(),
            lists["tasks"]["pageInfo"]["endCursor"].clone(),
            json!(""),
            json!("garbage"),
            json!("WzEsIngiLHsibiI6MX1d"),
        ] {
            let reply = api.alice.reads_since(&since, 10).await;
            assert_eq!((reply.status.as_u16(), reply.code(), reply.field()), (200, "BAD_USER_INPUT".into(), "since".into()), "{since}");
        }
    }

    async fn first_is_from_0_to_500(api: Api) {
        for first in [-1, 501, i32::MAX, i32::MIN] {
            let query = format!("{{ changes(first: {first}) {{ cursor }} }}");
            let reply = api.alice.post(&query, json!({})).await;
            assert_eq!((reply.code(), reply.field()), ("BAD_USER_INPUT".into(), "first".into()), "{first}");
        }
        api.alice.creates("one").await;
        let query = "{ changes(first: 500) { changes { id } } default: changes { changes { id } } }";
        let data = api.alice.asks(query).await;
        assert_eq!(data["changes"], data["default"]);
    }

    async fn changes_are_ones_own(api: Api) {
        api.alice.creates("Alice's").await;
        assert_eq!(api.bob.changes(&Value::Null).await.told(), "");
        let bobs = api.bob.changes(&Value::Null).await;
        api.bob.creates("Bob's").await;
        api.alice.creates("Alice's too").await;
        assert_eq!(api.bob.changes(bobs.cursor()).await.told(), "+Bob's");
        assert_eq!(api.anon.reads_since(&Value::Null, 10).await.status, 401);
    }

    async fn a_purge_is_told_as_any_other_deletion(api: Api) {
        let (task, kept) = (api.alice.creates("old").await, api.alice.creates("kept").await);
        api.alice.delete(json!({ "id": task })).await.data();
        let start = api.alice.changes(&Value::Null).await;
        api.wait(TimeDelta::days(30));
        let alice = api.with_alice();
        alice.updates(json!({ "id": kept, "title": "kept on" })).await;
        api.system.purge().await.unwrap();
        assert_eq!(alice.changes(start.cursor()).await.told(), "+kept on -Task");
    }
}

impl Api {
    /// Alice with a token that is good now.
    fn with_alice(&self) -> Person {
        self.with_token(crate::harness::tokens::of("alice", self.clock.now()))
    }
}
