//! Arguments and inputs that are refused.

use serde_json::json;
use uuid::Uuid;

use super::Messages;
use crate::harness::{Api, on_each_database};

on_each_database! {
    async fn whoever_asks_for_what_cannot_be_is_told_what_to_do(api: Api) {
        let mut messages = Messages::default();
        what_is_refused(&api, &mut messages).await;
        messages.assert_snapshot("refused_inputs");
    }
}

async fn what_is_refused(api: &Api, messages: &mut Messages) {
    let alice = &api.alice;
    for arguments in [
        "first: 101",
        "first: -1",
        "first: 1, last: 1",
        "last: 101",
        "after: \"x\"",
        "before: \"x\"",
        "orderBy: [{ field: RELEVANCE }]",
        "filter: { and: { and: { and: { and: { completed: true } } } } }",
        "filter: { dueOn: { within: \"-P1D\" } }",
    ] {
        let query = format!("{{ tasks({arguments}) {{ nodes {{ id }} }} }}");
        messages.of(&alice.post(&query, json!({})).await);
    }
    let many = |count: usize| (0..count).map(|_| json!(Uuid::nil())).collect::<Vec<_>>();
    let words = |count: usize| "word ".repeat(count);
    for filter in [
        json!({ "search": words(60) }),
        json!({ "tags": { "anyOf": many(101) } }),
        json!({ "list": { "in": many(101) } }),
        json!({ "or": (0..60).map(|_| json!({ "completed": true })).collect::<Vec<_>>() }),
        json!({ "and": (0..20).map(|_| json!({ "search": words(20) })).collect::<Vec<_>>() }),
        json!({ "or": vec![json!({}); 300] }),
    ] {
        let query = "query($filter: TaskFilter) { tasks(filter: $filter) { nodes { id } } }";
        messages.of(&alice.post(query, json!({ "filter": filter })).await);
    }
    for arguments in ["since: \"x\"", "first: 501"] {
        let query = format!("{{ changes({arguments}) {{ cursor }} }}");
        messages.of(&alice.post(&query, json!({})).await);
    }

    let nothing = Uuid::nil();
    let parent = alice.creates("Parent").await;
    let child = alice.creates_with(json!({ "title": "Child", "parentId": parent })).await;
    let child = child["id"].as_str().unwrap();
    let list = alice.creates_list("List").await;
    let tag = alice.creates_tag("Tag").await;
    for input in [
        json!({ "title": " " }),
        json!({ "title": "x".repeat(501) }),
        json!({ "title": "a\u{0}" }),
        json!({ "title": "x", "description": "x".repeat(20_001) }),
        json!({ "title": "x", "id": "mine" }),
        json!({ "title": "x", "id": tag }),
        json!({ "title": "x", "tagIds": [nothing] }),
        json!({ "title": "x", "tagIds": many(51) }),
        json!({ "title": "x", "listId": nothing }),
        json!({ "title": "x", "parentId": nothing }),
        json!({ "title": "x", "parentId": parent, "listId": list }),
    ] {
        messages.of(&alice.create(input).await);
    }
    for input in [
        json!({ "id": nothing, "title": "x" }),
        json!({ "id": parent, "title": null }),
        json!({ "id": parent, "title": "x", "expectedVersion": 7 }),
    ] {
        messages.of(&alice.update(input).await);
    }
    for input in [
        json!({ "id": parent, "parentId": child }),
        json!({ "id": parent, "place": { "before": child } }),
        json!({ "id": parent, "place": { "after": nothing } }),
    ] {
        messages.of(&alice.tries("moveTask", input, "cursor").await);
    }
    let mut deepest = json!(child);
    for _ in 0..3 {
        let input = json!({ "title": "x", "parentId": deepest });
        deepest = alice.creates_with(input).await["id"].take();
    }
    messages.of(&alice.create(json!({ "title": "x", "parentId": deepest })).await);
    messages.of(&alice.tries("createTag", json!({ "name": "TAG" }), "tag { id }").await);
    messages
        .of(&alice.tries("createTag", json!({ "name": "x", "color": "red" }), "tag { id }").await);
    let operations = json!({ "operations": vec![json!({ "deleteTag": { "id": tag } }); 101] });
    messages.of(&alice.tries("batch", operations, "cursor").await);
    let operations = json!({ "operations": [
        { "deleteTag": { "id": nothing } },
        { "deleteTag": { "id": tag } },
    ] });
    let batch = alice.does("batch", operations, "results { error { code message } }").await;
    for result in batch["results"].as_array().unwrap() {
        let error = &result["error"];
        let error = json!({ "message": error["message"], "extensions": { "code": error["code"] } });
        messages.errors(&json!([error]));
    }
    let full = ["--max-tasks=1", "--max-tags=1", "--max-lists=1"];
    let (full, _app) = Api::start_to_serve(api.database.clone(), &full).await;
    messages.of(&full.alice.create(json!({ "title": "x" })).await);
    messages.of(&full.alice.tries("createTag", json!({ "name": "x" }), "tag { id }").await);
    messages.of(&full.alice.tries("createList", json!({ "name": "x" }), "list { id }").await);
}
