//! Queries of lists, and the pages that they return.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Person, Reply};

/// The lists that have pages.
#[derive(Clone, Copy, Debug)]
pub enum List<'a> {
    Tasks,
    /// The subtasks of the task with that id.
    Subtasks(&'a str),
    Tags,
    TaskLists,
}

impl List<'_> {
    /// A query of the list with a variable for each argument, and with all fields; `within` wraps it in
    /// a parent field.
    fn query(self, within: impl FnOnce(String) -> String) -> String {
        const TASK: &str = "id title description completed completedAt priority dueOn dueAt position \
            createdAt updatedAt deletedAt version tags { id } list { id } parent { id }";
        let of_tasks = (
            ", $filter: TaskFilter, $orderBy: [TaskOrder!]",
            ", filter: $filter, orderBy: $orderBy",
        );
        let (name, (variables, arguments), node) = match self {
            Self::Tasks => ("tasks", of_tasks, TASK),
            Self::Subtasks(_) => ("subtasks", of_tasks, TASK),
            Self::Tags => ("tags", ("", ""), "id name"),
            Self::TaskLists => {
                let archived =
                    ("$includeArchived: Boolean! = false", "includeArchived: $includeArchived");
                ("lists", archived, "id name")
            }
        };
        let list = format!(
            "{name}(first: $first, after: $after, last: $last, before: $before {arguments}) {{ \
                edges {{ cursor node {{ {node} }} }} \
                nodes {{ id }} \
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} \
                totalCount \
            }}"
        );
        format!(
            "query($first: Int, $after: String, $last: Int, $before: String {variables}) {{ {} }}",
            within(list)
        )
    }

    fn of(self, data: &mut Value) -> &mut Value {
        match self {
            Self::Tasks => &mut data["tasks"],
            Self::Subtasks(_) => &mut data["task"]["subtasks"],
            Self::Tags => &mut data["tags"],
            Self::TaskLists => &mut data["lists"],
        }
    }

    /// The answer to these arguments, whatever it is.
    pub async fn try_page(self, person: &Person, arguments: Value) -> Reply {
        let query = self.query(|list| match self {
            Self::Subtasks(task) => format!("task(id: \"{task}\") {{ {list} }}"),
            _ => list,
        });
        person.post(&query, arguments).await
    }

    /// The page that the arguments describe.
    pub async fn page(self, person: &Person, arguments: Value) -> Page {
        let mut data = self.try_page(person, arguments).await.data();
        Page::of(self.of(&mut data))
    }

    /// What a page shows: see [`Page::shown`].
    pub async fn shown(self, person: &Person, arguments: Value) -> String {
        self.page(person, arguments).await.shown()
    }

    /// The field that the refusal of these arguments names.
    pub async fn refused(self, person: &Person, arguments: Value) -> String {
        let reply = self.try_page(person, arguments.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (200, "BAD_USER_INPUT"),
            "{self:?} {arguments:#}"
        );
        reply.field()
    }

    /// The whole list, which is the same in pages of any size and from both ends.
    pub async fn walked(self, person: &Person, arguments: &Value) -> Page {
        let with = |more: &Value| {
            let mut arguments = arguments.clone();
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            arguments
        };
        let whole = self.page(person, with(&json!({ "first": 100 }))).await;
        for size in 1..=3 {
            for (count, place) in [("first", "after"), ("last", "before")] {
                let (mut ids, mut cursor) = (Vec::new(), Value::Null);
                loop {
                    let page =
                        self.page(person, with(&json!({ count: size, place: cursor }))).await;
                    let read = page.ids().into_iter().map(str::to_owned);
                    if count == "first" {
                        ids.extend(read);
                    } else {
                        ids.splice(0..0, read);
                    }
                    let (edge, more) = if count == "first" {
                        (page.cursors.last(), page.has_next)
                    } else {
                        (page.cursors.first(), page.has_previous)
                    };
                    cursor = json!(edge);
                    assert!(
                        ids.len() <= whole.ids().len(),
                        "{arguments} by {count} {size} repeats: {ids:?}"
                    );
                    if !more {
                        break;
                    }
                }
                assert_eq!(ids, whole.ids(), "{arguments} by {count} {size}");
            }
        }
        whole
    }
}

/// A page of a list.
#[derive(Debug, PartialEq)]
pub struct Page {
    pub tasks: Vec<Value>,
    pub cursors: Vec<String>,
    pub has_next: bool,
    pub has_previous: bool,
    pub total: u64,
}

impl Page {
    fn of(list: &mut Value) -> Self {
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
        Self {
            tasks,
            cursors,
            has_next: info["hasNextPage"].as_bool().unwrap(),
            has_previous: info["hasPreviousPage"].as_bool().unwrap(),
            total: list["totalCount"].as_u64().unwrap(),
        }
    }

    /// The titles or names, with an ellipsis where the list goes on: `… b c`.
    pub fn shown(&self) -> String {
        let before = self.has_previous.then_some("…");
        let after = self.has_next.then_some("…");
        let titles = self.tasks.iter().map(label);
        before.into_iter().chain(titles).chain(after).collect::<Vec<_>>().join(" ")
    }

    pub fn ids(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task["id"].as_str().unwrap()).collect()
    }

    /// The cursor of the task with that title.
    pub fn at(&self, title: &str) -> &str {
        let position = self.tasks.iter().position(|task| label(task) == title).unwrap();
        &self.cursors[position]
    }
}

fn label(node: &Value) -> &str {
    node.get("title").unwrap_or(&node["name"]).as_str().unwrap()
}

/// The page of tasks that the arguments describe.
pub async fn page(person: &Person, arguments: Value) -> Page {
    List::Tasks.page(person, arguments).await
}

/// The answer to these arguments, whatever it is.
pub async fn try_page(person: &Person, arguments: Value) -> Reply {
    List::Tasks.try_page(person, arguments).await
}

/// What a page shows: see [`Page::shown`].
pub async fn shown(person: &Person, arguments: Value) -> String {
    List::Tasks.shown(person, arguments).await
}

/// The field that the refusal of these arguments names.
pub async fn refused(person: &Person, arguments: Value) -> String {
    List::Tasks.refused(person, arguments).await
}

/// The same page of the subtasks of each task, including the trash, in one request.
pub async fn subtasks_of_each(person: &Person, arguments: Value) -> BTreeMap<String, Page> {
    let each = "tasks(first: 20, filter: { trash: INCLUDE })";
    let query = List::Subtasks("").query(|list| format!("{each} {{ nodes {{ id {list} }} }}"));
    let mut data = person.post(&query, arguments).await.data();
    let mut pages = BTreeMap::new();
    for task in data["tasks"]["nodes"].as_array_mut().unwrap() {
        let page = Page::of(&mut task["subtasks"]);
        pages.insert(task["id"].as_str().unwrap().to_owned(), page);
    }
    pages
}

/// The decoded cursor, which is not sealed: its version, its order, and its position.
pub fn opened(cursor: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap()
}

/// Alice creates a task for each letter, one a millisecond, so that the last is the newest.
pub async fn letters(api: &Api, letters: &str) {
    for letter in letters.chars() {
        api.alice.creates(&letter.to_string()).await;
        api.wait(TimeDelta::milliseconds(1));
    }
}
