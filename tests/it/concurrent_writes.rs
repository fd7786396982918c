//! Concurrent writes of one user: a write that waited for another decides by the data after it.

use std::{pin::pin, task::Poll};

use chrono::TimeDelta;
use futures_util::{future::poll_fn, poll};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::harness::{Api, Database, Reply, on_each_database};

impl Api {
    /// Sends something while another change of Alice's is not committed yet, which is made of this SQL.
    async fn meanwhile(&self, sql: &[String], request: impl Future<Output = Reply>) -> Reply {
        let change = self.database.hold_writers_of("alice").await;
        for sql in sql {
            change.execute_unprepared(sql).await.unwrap();
        }
        let mut request = pin!(request);
        loop {
            assert!(poll!(&mut request).is_pending(), "it did not wait");
            if self.database.someone_waits().await {
                break;
            }
        }
        self.wait(TimeDelta::seconds(1));
        change.commit().await.unwrap();
        request.await
    }
}

impl Database {
    /// Whether a write waits for another; SQLite does not show it.
    async fn someone_waits(&self) -> bool {
        // Lets the request go on.
        let mut turns = 0;
        poll_fn(|context| {
            turns += 1;
            context.waker().wake_by_ref();
            if turns > 100 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let Self::Postgres(_) = self else { return true };
        self.lock_waiters().await > 0
    }
}

on_each_database! {
    async fn an_update_sees_the_version_that_another_has_made(api: Api) {
        let id = api.alice.creates("one").await;
        let sql = ["UPDATE task SET version = 2, title = 'two'".to_owned()];
        let input = json!({ "id": id, "title": "three", "expectedVersion": 1 });
        let reply = api.meanwhile(&sql, api.alice.update(input)).await;
        assert_eq!(reply.code(), "CONFLICT");
        assert_eq!(api.alice.finds(json!({})).await, "two");
    }

    async fn an_update_that_was_made_by_another_changes_nothing(api: Api) {
        let id = api.alice.creates("one").await;
        let sql = ["UPDATE task SET version = 2, title = 'two', description = 'new'".to_owned()];
        let input = json!({ "id": id, "title": "two", "expectedVersion": 1 });
        let task = api.meanwhile(&sql, api.alice.update(input)).await.data()["updateTask"]["task"].take();
        assert_eq!((&task["version"], &task["description"]), (&json!(2), &json!("new")));
    }

    async fn an_update_keeps_what_another_has_changed(api: Api) {
        let id = api.alice.creates("one").await;
        let sql = [
            "UPDATE task SET version = 2, description = 'new', number = 2".to_owned(),
            r#"UPDATE "user" SET counter = 2"#.to_owned(),
        ];
        let input = json!({ "id": id, "title": "two", "completed": true });
        let task = api.meanwhile(&sql, api.alice.update(input)).await.data()["updateTask"]["task"].take();
        assert_eq!((&task["version"], &task["description"]), (&json!(3), &json!("new")));
        assert_eq!(api.database.number("SELECT number FROM task").await, 3);
    }

    async fn an_update_is_no_earlier_than_the_one_that_it_waited_for(api: Api) {
        let id = api.alice.creates("one").await;
        let at = match api.database {
            Database::Sqlite(_) => "updated_at + 1000",
            Database::Postgres(_) => "updated_at + interval '1 second'",
        };
        let sql = [format!("UPDATE task SET version = 2, updated_at = {at}")];
        let input = json!({ "id": id, "title": "two" });
        let task = api.meanwhile(&sql, api.alice.update(input)).await.data()["updateTask"]["task"].take();
        assert_eq!((&task["version"], &task["updatedAt"]), (&json!(3), &json!("2026-11-21T09:30:01.000Z")));
    }

    async fn a_task_that_another_has_completed_stays_completed_since_then(api: Api) {
        let id = api.alice.creates("one").await;
        api.alice.updates(json!({ "id": id, "completed": true })).await;
        let done = api.alice.asks("{ tasks { nodes { completedAt } } }").await;
        api.alice.updates(json!({ "id": id, "completed": false })).await;
        let at = match api.database {
            Database::Sqlite(_) => "(SELECT created_at FROM task)",
            Database::Postgres(_) => "created_at",
        };
        api.wait(TimeDelta::seconds(5));
        let sql = [format!("UPDATE task SET version = 4, completed_at = {at}")];
        let input = json!({ "id": id, "completed": true, "priority": "HIGH" });
        let task = api.meanwhile(&sql, api.alice.update(input)).await.data()["updateTask"]["task"].take();
        assert_eq!((&task["version"], &task["priority"]), (&json!(5), &json!("HIGH")));
        assert_eq!(task["completedAt"], done["tasks"]["nodes"][0]["completedAt"]);
    }

    async fn an_update_of_what_another_has_deleted_finds_nothing(api: Api) {
        let id = api.alice.creates("one").await;
        let input = json!({ "id": id, "title": "two" });
        let reply = api.meanwhile(&["DELETE FROM task".to_owned()], api.alice.update(input)).await;
        assert_eq!(reply.refusal(), "NOT_FOUND input.id");
    }

    async fn a_create_counts_what_another_has_made(api: Api) {
        api.alice.creates("one").await;
        let sql = [r#"UPDATE "user" SET tasks = 100000, counter = counter + 1"#.to_owned()];
        let reply = api.meanwhile(&sql, api.alice.create(json!({ "title": "two" }))).await;
        assert_eq!(reply.refusal(), "BAD_USER_INPUT input");
    }

    async fn a_create_stands_behind_what_another_has_put_there(api: Api) {
        let id = api.alice.creates("one").await;
        let sql = [
            r#"UPDATE "user" SET counter = counter + 1"#.to_owned(),
            "UPDATE task SET position = 'b10'".to_owned(),
        ];
        api.meanwhile(&sql, api.alice.create(json!({ "title": "two" }))).await.data();
        let tasks = api.alice.asks("{ tasks(orderBy: [{ field: POSITION }]) { nodes { id title } } }").await;
        assert_eq!(tasks["tasks"]["nodes"][0]["id"], json!(id));
        assert_eq!(tasks["tasks"]["nodes"][1]["title"], "two");
    }

    async fn a_tag_that_another_has_deleted_is_not_put_on_a_task(api: Api) {
        let (id, tag) = (api.alice.creates("one").await, api.alice.creates_tag("red").await);
        let input = json!({ "id": id, "addTagIds": [tag] });
        let reply = api.meanwhile(&["DELETE FROM tag".to_owned()], api.alice.update(input)).await;
        assert_eq!(reply.refusal(), "NOT_FOUND input.addTagIds.0");
    }

    async fn nothing_moves_under_a_task_that_another_has_deleted(api: Api) {
        let (one, two) = (api.alice.creates("one").await, api.alice.creates("two").await);
        let sql = [format!("DELETE FROM task WHERE id = {}", api.database.literal(&two))];
        let input = json!({ "id": one, "parentId": two });
        let reply = api.meanwhile(&sql, api.alice.tries("moveTask", input, "task { id }")).await;
        assert_eq!(reply.refusal(), "NOT_FOUND input.parentId");
    }

    async fn what_another_has_put_under_a_task_is_deleted_with_it(api: Api) {
        let (one, two) = (api.alice.creates("one").await, api.alice.creates("two").await);
        let [one_sql, two_sql] = [&one, &two].map(|id| api.database.literal(id));
        let sql = [format!("UPDATE task SET parent_id = {one_sql} WHERE id = {two_sql}")];
        api.meanwhile(&sql, api.alice.delete(json!({ "id": one }))).await.data();
        assert_eq!(api.alice.finds(json!({})).await, "");
        assert_eq!(api.alice.finds(json!({ "trash": "ONLY" })).await, "one two");
    }

    async fn a_batch_sees_what_another_has_done_before_it(api: Api) {
        let id = api.alice.creates("one").await;
        let operations = json!({ "operations": [
            { "createTask": { "title": "two" } }, { "updateTask": { "id": id, "expectedVersion": 1, "title": "x" } }
        ] });
        let sql = ["UPDATE task SET version = 2".to_owned()];
        let request = api.alice.tries("batch", operations, "results { error { code } }");
        let results = api.meanwhile(&sql, request).await.data()["batch"]["results"].take();
        assert_eq!(results, json!([{ "error": { "code": "ABORTED" } }, { "error": { "code": "CONFLICT" } }]));
    }
}
