//! Each field of the inputs that write a task has an effect: one that is added to the schema and forgotten
//! on its way to the database has none.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Api, Person, on_each_database};

/// All that a client can read of a task.
const TASK: &str = "id title description completed priority dueOn startOn tags { name } list { name } \
    parent { title } version";

async fn fields_of(person: &Person, input: &str) -> BTreeSet<String> {
    let query = format!("{{ __type(name: \"{input}\") {{ inputFields {{ name }} }} }}");
    let data = person.asks(&query).await;
    let fields = data["__type"]["inputFields"].as_array().unwrap();
    fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

fn names(fields: &[(&str, Value)]) -> BTreeSet<String> {
    fields.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The task of a payload without its id, which is always another.
async fn task(person: &Person, mutation: &str, input: Value) -> (Value, Value) {
    let mut payload = person.does(mutation, input, &format!("task {{ {TASK} }}")).await;
    let id = payload["task"]["id"].take();
    (id, payload["task"].take())
}

on_each_database! {
    async fn of_a_new_task(api: Api) {
        let alice = &api.alice;
        let (tag, list) = (alice.creates_tag("home").await, alice.creates_list("Garden").await);
        let parent = alice.creates("parent").await;
        let id = "11111111-1111-4111-8111-111111111111";
        let fields = [
            ("id", json!(id)),
            ("title", json!("other")),
            ("description", json!("text")),
            ("completed", json!(true)),
            ("priority", json!("HIGH")),
            ("due", json!({ "on": "2026-12-01" })),
            ("startOn", json!("2026-12-01")),
            ("tagIds", json!([tag])),
            ("listId", json!(list)),
            ("parentId", json!(parent)),
        ];
        assert_eq!(names(&fields), fields_of(alice, "CreateTaskInput").await);

        let (_, plain) = task(alice, "createTask", json!({ "title": "title" })).await;
        for (field, value) in fields {
            let mut input = json!({ "title": "title" });
            input[field] = value;
            let (created_id, created) = task(alice, "createTask", input).await;
            assert_eq!(created_id == id, field == "id");
            assert_eq!(created == plain, field == "id", "{field} has no effect");
        }
    }

    async fn of_an_update(api: Api) {
        let alice = &api.alice;
        let (on, off) = (alice.creates_tag("on").await, alice.creates_tag("off").await);
        let fields = [
            ("title", json!("other")),
            ("description", json!("text")),
            ("completed", json!(true)),
            ("priority", json!("HIGH")),
            ("due", json!({ "on": "2026-12-01" })),
            ("startOn", json!("2026-12-01")),
            ("addTagIds", json!([off])),
            ("removeTagIds", json!([on])),
        ];
        let mut known = names(&fields);
        // They choose the task, and say when it is not to be changed.
        known.extend(["id", "expectedVersion"].map(str::to_owned));
        assert_eq!(known, fields_of(alice, "UpdateTaskInput").await);

        for (field, value) in fields {
            let input = json!({ "title": "title", "tagIds": [on] });
            let (id, before) = task(alice, "createTask", input).await;
            let mut input = json!({ "id": id });
            input[field] = value;
            let (_, after) = task(alice, "updateTask", input).await;
            assert_eq!(after["version"], 2, "{field} has no effect");
            assert_ne!(after, before, "{field}");
        }
    }
}
