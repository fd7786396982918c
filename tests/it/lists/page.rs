//! How the tests ask for a list, and what they look at in the answer.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Person, Reply};

/// The list with all its arguments, each a variable, and with all that can be asked of it.
const LIST: &str = "query(
        $first: Int, $after: String, $last: Int, $before: String,
        $filter: TaskFilter, $orderBy: [TaskOrder!]
    ) {
        tasks(
            first: $first, after: $after, last: $last, before: $before,
            filter: $filter, orderBy: $orderBy
        ) {
            edges { cursor node {
                id title description completed completedAt priority dueOn dueAt
                createdAt updatedAt deletedAt version
            } }
            nodes { id }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            totalCount
        }
    }";

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    pub tasks: Vec<Value>,
    pub cursors: Vec<String>,
    pub has_next: bool,
    pub has_previous: bool,
    pub total: u64,
}

impl Page {
    /// The titles, with an ellipsis where the list goes on: `… b c`.
    pub fn shown(&self) -> String {
        let before = self.has_previous.then_some("…");
        let after = self.has_next.then_some("…");
        let titles = self.tasks.iter().map(|task| task["title"].as_str().unwrap());
        before.into_iter().chain(titles).chain(after).collect::<Vec<_>>().join(" ")
    }

    pub fn ids(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task["id"].as_str().unwrap()).collect()
    }

    /// The cursor of the task with that title.
    pub fn at(&self, title: &str) -> &str {
        let position = self.tasks.iter().position(|task| task["title"] == title).unwrap();
        &self.cursors[position]
    }
}

/// The page that the arguments describe.
pub async fn page(person: &Person, arguments: Value) -> Page {
    let mut data = try_page(person, arguments).await.data();
    let mut list = data["tasks"].take();
    let (mut tasks, mut cursors) = (Vec::new(), Vec::new());
    for edge in list["edges"].as_array_mut().unwrap() {
        tasks.push(edge["node"].take());
        cursors.push(edge["cursor"].as_str().unwrap().to_owned());
    }
    let ids: Vec<_> = tasks.iter().map(|task| json!({ "id": task["id"] })).collect();
    assert_eq!(list["nodes"], json!(ids), "`nodes` are those of `edges`");
    let info = &list["pageInfo"];
    assert_eq!(info["startCursor"], json!(cursors.first()));
    assert_eq!(info["endCursor"], json!(cursors.last()));
    Page {
        tasks,
        cursors,
        has_next: info["hasNextPage"].as_bool().unwrap(),
        has_previous: info["hasPreviousPage"].as_bool().unwrap(),
        total: list["totalCount"].as_u64().unwrap(),
    }
}

/// The answer to these arguments, whatever it is.
pub async fn try_page(person: &Person, arguments: Value) -> Reply {
    person.post(LIST, arguments).await
}

/// What a page shows: see [`Page::shown`].
pub async fn shown(person: &Person, arguments: Value) -> String {
    page(person, arguments).await.shown()
}

/// The field that the refusal of these arguments names.
pub async fn refused(person: &Person, arguments: Value) -> String {
    let reply = try_page(person, arguments.clone()).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (200, "BAD_USER_INPUT"), "{arguments:#}");
    reply.field()
}

/// Alice creates a task for each letter, one a millisecond, so that the last is the newest.
pub async fn letters(api: &Api, letters: &str) {
    for letter in letters.chars() {
        api.alice.creates(&letter.to_string()).await;
        api.wait(TimeDelta::milliseconds(1));
    }
}
