//! Random histories, read in pages of any size while two devices write, result in the data of the
//! server.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
};

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_oneof,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Api, Person, for_any, on_each_database, tokens};

/// A write of a device to one of a few objects, if it is possible.
#[derive(Clone, Debug)]
enum Write {
    Create { task: usize, under: Option<usize>, list: Option<usize>, tag: Option<usize> },
    Rename(usize, u8),
    Tag(usize, usize),
    Move(usize, Option<usize>),
    Trash(usize),
    Restore(usize),
    Delete(usize),
    CreateTag(usize),
    DeleteTag(usize),
    CreateList(usize),
    DeleteList(usize),
}

const TASKS: usize = 6;
const OTHERS: usize = 3;

fn write() -> impl Strategy<Value = Write> {
    let (task, other) = (0..TASKS, 0..OTHERS);
    let some = || proptest::option::of(0..OTHERS);
    prop_oneof![
        3 => (task.clone(), proptest::option::of(task.clone()), some(), some())
            .prop_map(|(task, under, list, tag)| Write::Create { task, under, list, tag }),
        3 => (task.clone(), any::<u8>()).prop_map(|(task, name)| Write::Rename(task, name)),
        1 => (task.clone(), other.clone()).prop_map(|(task, tag)| Write::Tag(task, tag)),
        1 => (task.clone(), some()).prop_map(|(task, list)| Write::Move(task, list)),
        1 => task.clone().prop_map(Write::Trash),
        1 => task.clone().prop_map(Write::Restore),
        1 => task.prop_map(Write::Delete),
        1 => other.clone().prop_map(Write::CreateTag),
        1 => other.clone().prop_map(Write::DeleteTag),
        1 => other.clone().prop_map(Write::CreateList),
        1 => other.prop_map(Write::DeleteList),
    ]
}

/// The requests of a device in order: one write alone, or several in a batch.
fn device() -> impl Strategy<Value = Vec<Vec<Write>>> {
    vec(prop_oneof![4 => vec(write(), 1), 1 => vec(write(), 2..6)], 1..12)
}

#[derive(Clone, Debug)]
struct History {
    devices: (Vec<Vec<Write>>, Vec<Vec<Write>>),
    /// The sizes of the pages that are read meanwhile, again and again.
    pages: Vec<i32>,
}

fn history() -> impl Strategy<Value = History> {
    let pages = vec(prop_oneof![1..5, Just(100)], 1..6);
    ((device(), device()), pages).prop_map(|(devices, pages)| History { devices, pages })
}

/// The ids of all that there can be.
struct Ids {
    tasks: [Uuid; TASKS],
    tags: [Uuid; OTHERS],
    lists: [Uuid; OTHERS],
}

impl Ids {
    fn new() -> Self {
        let new = |_| Uuid::new_v4();
        Self { tasks: [0; TASKS].map(new), tags: [0; OTHERS].map(new), lists: [0; OTHERS].map(new) }
    }

    fn operation(&self, write: &Write) -> Value {
        let Self { tasks, tags, lists } = self;
        match *write {
            Write::Create { task, under, list, tag } => {
                let mut input = json!({ "id": tasks[task], "title": "new" });
                if let Some(under) = under {
                    input["parentId"] = json!(tasks[under]);
                } else {
                    input["listId"] = json!(list.map(|list| lists[list]));
                }
                if let Some(tag) = tag {
                    input["tagIds"] = json!([tags[tag]]);
                }
                json!({ "createTask": input })
            }
            Write::Rename(task, name) => {
                json!({ "updateTask": { "id": tasks[task], "title": format!("n{name}") } })
            }
            Write::Tag(task, tag) => {
                json!({ "updateTask": { "id": tasks[task], "addTagIds": [tags[tag]] } })
            }
            Write::Move(task, list) => {
                json!({ "moveTask": { "id": tasks[task], "listId": list.map(|list| lists[list]), "parentId": null } })
            }
            Write::Trash(task) => json!({ "deleteTask": { "id": tasks[task] } }),
            Write::Restore(task) => json!({ "restoreTask": { "id": tasks[task] } }),
            Write::Delete(task) => {
                json!({ "deleteTask": { "id": tasks[task], "permanently": true } })
            }
            Write::CreateTag(tag) => {
                json!({ "createTag": { "id": tags[tag], "name": format!("t{tag}") } })
            }
            Write::DeleteTag(tag) => json!({ "deleteTag": { "id": tags[tag] } }),
            Write::CreateList(list) => {
                json!({ "createList": { "id": lists[list], "name": format!("l{list}") } })
            }
            Write::DeleteList(list) => json!({ "deleteList": { "id": lists[list] } }),
        }
    }
}

/// Sends all writes; those that are refused change nothing.
async fn writes(person: &Person, ids: &Ids, device: &[Vec<Write>]) {
    for writes in device {
        let operations: Vec<_> = writes.iter().map(|write| ids.operation(write)).collect();
        let input = json!({ "operations": operations, "atomic": false });
        person.does("batch", input, "cursor").await;
    }
}

const NODE: &str = "__typename id \
    ... on Task { title position version deletedAt tags { id } list { id } parent { id } } \
    ... on Tag { name version } \
    ... on TaskList { name position version }";

/// A copy of all that somebody has.
#[derive(Default)]
struct Copy {
    objects: BTreeMap<String, Value>,
    since: Value,
    told: HashSet<(String, String)>,
}

impl Copy {
    /// Reads a page, and returns whether there are more.
    async fn reads(&mut self, person: &Person, first: i32) -> bool {
        let query = format!(
            "query($since: String, $first: Int!) {{ changes(since: $since, first: $first) {{
                changes {{ kind id cursor node {{ {NODE} }} }} cursor hasMore reset
            }} }}"
        );
        let variables = json!({ "since": self.since, "first": first });
        let mut page = person.post(&query, variables).await.data()["changes"].take();
        assert_eq!(page["reset"], false);
        for change in page["changes"].as_array_mut().unwrap() {
            let id = change["id"].as_str().unwrap().to_owned();
            let cursor = change["cursor"].to_string();
            assert!(self.told.insert((id.clone(), cursor)), "told twice: {change}");
            match change["kind"].as_str().unwrap() {
                "UPSERT" => drop(self.objects.insert(id, change["node"].take())),
                _ => drop(self.objects.remove(&id)),
            }
        }
        self.since = page["cursor"].take();
        page["hasMore"].as_bool().unwrap()
    }

    async fn reads_to_the_end(&mut self, person: &Person, first: i32) {
        while self.reads(person, first).await {}
    }
}

/// All that somebody has, by the lists.
async fn everything(person: &Person) -> BTreeMap<String, Value> {
    let query = format!(
        "{{ tasks(first: 100, filter: {{ trash: INCLUDE }}) {{ nodes {{ {} }} }}
            tags {{ nodes {{ {} }} }} lists(includeArchived: true) {{ nodes {{ {} }} }} }}",
        "__typename id title position version deletedAt tags { id } list { id } parent { id }",
        "__typename id name version",
        "__typename id name position version",
    );
    let data = person.asks(&query).await;
    let rows = ["tasks", "tags", "lists"].map(|list| data[list]["nodes"].as_array().unwrap());
    let rows = rows.into_iter().flatten();
    rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row.clone())).collect()
}

on_each_database! {
    async fn any_history_comes_to_the_data(api: Api) {
        for_any(24, history, async move |History { devices, pages }| {
            let token = tokens::of(&Uuid::new_v4().to_string(), api.clock.now());
            let person = api.with_token(token);
            let ids = Ids::new();
            let mut copy = Copy::default();
            let writing = Cell::new(true);
            let write = async {
                tokio::join!(writes(&person, &ids, &devices.0), writes(&person, &ids, &devices.1));
                writing.set(false);
            };
            let read = async {
                let mut sizes = pages.iter().copied().cycle();
                while writing.get() {
                    copy.reads(&person, sizes.next().unwrap()).await;
                }
            };
            tokio::join!(write, read);
            copy.reads_to_the_end(&person, pages[0]).await;
            let everything = everything(&person).await;
            assert_eq!(copy.objects, everything);
            let mut fresh = Copy::default();
            fresh.reads_to_the_end(&person, pages[0]).await;
            assert_eq!(fresh.objects, everything);
        })
        .await;
    }
}
