//! What a user does with their own tasks.

use serde_json::json;

use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn alice_creates_a_task_and_bob_does_not_see_it(api: Api) {
        let task = api.alice.creates("Buy milk").await;

        let seen = |reply: serde_json::Value| reply["tasks"]["nodes"].clone();
        let query = "{ tasks { nodes { id title } } }";
        assert_eq!(seen(api.alice.asks(query).await), json!([{"id": task, "title": "Buy milk"}]));
        assert_eq!(seen(api.bob.asks(query).await), json!([]));
    }
}
