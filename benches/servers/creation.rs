//! The dataset as users would make it: request by request.

use chrono::TimeDelta;
use serde_json::{Value, json};
use taskward::time::{Clock, Timestamp};

use super::{ask, request, start, taskward};
use crate::tables::{
    Tables,
    dataset::{Dataset, OwnTask, sub},
};

/// Makes sure that what is loaded into a database is what taskward writes into another one, when
/// users make it request by request.
pub async fn loads_what_taskward_writes([loaded, written]: [&str; 2]) {
    let dataset = Dataset {
        users: 3,
        tasks: 600,
        now: start().millis(),
        is_lopsided: true,
        outlines: 2,
        outline_tasks: 2,
    };
    let loaded = Tables::migrated(loaded).await;
    loaded.load(dataset).await;

    let clock = Clock::manual(start().before(TimeDelta::hours(1)));
    let (app, authorization) = taskward(written, &clock).await;
    for (created_at, user, document, input) in creations(dataset) {
        clock.advance(TimeDelta::milliseconds(created_at - clock.now().millis()));
        let variables = json!({ "input": input });
        let request = request(&authorization(&sub(user)), document, &variables);
        let answer = ask(&app.router(), request).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer.get("errors"), None, "{answer:#}");
    }
    let written = Tables::connect(written).await;
    assert_eq!(loaded.everything().await, written.everything().await);
}

/// The requests by which users make what they have: when, who, and what.
fn creations(dataset: Dataset) -> impl Iterator<Item = (i64, usize, &'static str, Value)> {
    const LIST: &str =
        "mutation($input: CreateListInput!) { createList(input: $input) { cursor } }";
    const TAG: &str = "mutation($input: CreateTagInput!) { createTag(input: $input) { cursor } }";
    const TASK: &str =
        "mutation($input: CreateTaskInput!) { createTask(input: $input) { cursor } }";
    const TRASH: &str =
        "mutation($input: DeleteTaskInput!) { deleteTask(input: $input) { cursor } }";
    const PRIORITIES: [&str; 5] = ["NONE", "LOW", "MEDIUM", "HIGH", "URGENT"];
    let lists = dataset.lists().map(|list| {
        let input = json!({ "id": list.id, "name": list.name, "color": list.color });
        (list.created_at, list.user, LIST, input)
    });
    let tags = dataset.tags().map(|tag| {
        let input = json!({ "id": tag.id, "name": tag.name, "color": tag.color });
        (tag.created_at, tag.user, TAG, input)
    });
    let tasks = dataset.tasks().flat_map(|own| {
        let OwnTask { user, task, list, parent, tags, is_in_trash } = own;
        let due = task.due_at.and_then(Timestamp::from_millis);
        let input = json!({
            "id": task.id,
            "title": task.title,
            "description": task.description,
            "completed": task.completed_at.is_some(),
            "priority": PRIORITIES[usize::try_from(task.priority).unwrap()],
            "due": due.map(|at| json!({ "at": at.to_string() })),
            "listId": list,
            "parentId": parent,
            "tagIds": tags,
        });
        let trash = (task.created_at, user, TRASH, json!({ "id": task.id }));
        std::iter::once((task.created_at, user, TASK, input)).chain(is_in_trash.then_some(trash))
    });
    lists.chain(tags).chain(tasks)
}
