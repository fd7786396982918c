//! Outlines of tasks: `a(b c) d; Garden: e` is an inbox where `a` has two subtasks, and a list with one
//! task.

use std::{collections::BTreeMap, ops::Index};

use chrono::TimeDelta;
use serde_json::{Value, json};
use taskward::time::Clock;
use uuid::Uuid;

use super::{Api, Database, Person, Reply, tokens};

/// The tasks and lists of one user by their names, which are all different.
pub struct Outline {
    sub: String,
    person: Person,
    clock: Clock,
    ids: BTreeMap<String, String>,
}

impl Api {
    /// A new user creates lists and tasks.
    pub async fn create(&self, text: &str) -> Outline {
        let sub = Uuid::new_v4().to_string();
        let clock = self.clock.clone();
        let person = self.anon.clone();
        let mut outline = Outline { sub, person, clock, ids: BTreeMap::new() };
        outline.create(text).await;
        outline
    }

    /// Gives a task or a list a position behind the server's back.
    pub async fn puts(&self, outline: &Outline, name: &str, position: &str) {
        let id = self.database.literal(outline.id(name));
        for table in ["task", "task_list"] {
            let sql = format!("UPDATE {table} SET position = '{position}' WHERE id = {id}");
            self.database.execute(&sql).await;
        }
    }

    /// Copies a task that many times behind the server's back. The ids are the titles, and the
    /// positions have the same order.
    pub async fn multiplies(&self, outline: &Outline, name: &str, count: u32) {
        const COPIED: &str = "user_no, title_key, title_words, description_words, priority, due_asc, \
            due_desc, completed_asc, completed_desc, list_id, parent_id, created_at, updated_at, \
            version, number";
        let (new_id, hex) = match self.database {
            Database::Sqlite(_) => ("randomblob(16)", "lower(hex(id))"),
            Database::Postgres(_) => ("gen_random_uuid()", "replace(id::text, '-', '')"),
        };
        let id = self.database.literal(outline.id(name));
        let sql = format!(
            "WITH RECURSIVE numbers(n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
             INSERT INTO task (id, title, position, {COPIED}) \
             SELECT {new_id}, '', '', {COPIED} FROM task, numbers WHERE id = {id}; \
             UPDATE task SET title = {hex}, position = 'a0' || {hex} WHERE title = ''"
        );
        self.database.execute(&sql).await;
    }
}

impl Outline {
    /// The user, with a token that is valid now.
    pub fn person(&self) -> Person {
        self.person.with_token(tokens::of(&self.sub, self.clock.now()))
    }

    /// The same user at another server on the same database.
    pub fn at(&self, other: &Api) -> Self {
        let (sub, ids) = (self.sub.clone(), self.ids.clone());
        Self { sub, person: other.anon.clone(), clock: other.clock.clone(), ids }
    }

    /// Creates the tasks and lists of an outline from left to right.
    pub async fn create(&mut self, text: &str) {
        for place in text.split("; ").filter(|place| !place.is_empty()) {
            let (list, tasks) = match place.split_once(':') {
                Some((name, tasks)) => {
                    (self.makes("createList", json!({ "name": name })).await, tasks)
                }
                None => (Value::Null, place),
            };
            let (mut above, mut name) = (Vec::new(), String::new());
            let mut latest = Value::Null;
            for letter in tasks.chars().chain([' ']) {
                if letter.is_alphanumeric() {
                    name.push(letter);
                    continue;
                }
                if !name.is_empty() {
                    let title = std::mem::take(&mut name);
                    let input = match above.last() {
                        Some(parent) => json!({ "title": title, "parentId": parent }),
                        None => json!({ "title": title, "listId": list }),
                    };
                    latest = self.makes("createTask", input).await;
                }
                match letter {
                    '(' => above.push(latest.clone()),
                    ')' => drop(above.pop()),
                    _ => (),
                }
            }
        }
    }

    /// Creates a task or a list, and returns its id.
    pub async fn makes(&mut self, mutation: &str, input: Value) -> Value {
        let made = self.does(mutation, input).await;
        self.knows(&made);
        made["id"].clone()
    }

    /// Remembers a task or a list by its name.
    pub fn knows(&mut self, row: &Value) {
        self.ids.insert(name_of(row).to_owned(), row["id"].as_str().unwrap().to_owned());
    }

    /// Sends any mutation; names in the input are replaced by their ids.
    pub async fn tries(&self, mutation: &str, input: Value) -> Reply {
        const TASK: &str =
            "task { id title version updatedAt deletedAt position list { id } parent { id } }";
        const LIST: &str = "list { id name version updatedAt position }";
        let (type_name, payload) = match mutation {
            "deleteTask" => ("DeleteTaskInput".to_owned(), "deletedIds"),
            "deleteList" => ("DeleteInput".to_owned(), "deletedIds"),
            _ => {
                let (first, rest) = mutation.split_at(1);
                let payload = if mutation.ends_with("List") { LIST } else { TASK };
                (format!("{}{rest}Input", first.to_uppercase()), payload)
            }
        };
        let query = format!(
            "mutation($input: {type_name}!) {{ {mutation}(input: $input) {{ {payload} }} }}"
        );
        self.person().post(&query, json!({ "input": self.with_ids(input) })).await
    }

    /// The same where it must not fail: returns the task or list, or the names of the deleted ones.
    pub async fn does(&self, mutation: &str, input: Value) -> Value {
        let mut payload = self.tries(mutation, input).await.data()[mutation].take();
        match payload.get_mut("deletedIds") {
            Some(ids) => self.names(ids).into(),
            None => payload.as_object_mut().unwrap().values_mut().next().unwrap().take(),
        }
    }

    /// The same where it must fail: returns the code and the field.
    pub async fn is_refused(&self, mutation: &str, input: Value) -> String {
        self.tries(mutation, input).await.refusal()
    }

    pub async fn moves(&self, task: &str, to: Value) -> Value {
        self.does("moveTask", with_id(task, to)).await
    }

    pub async fn cannot_move(&self, task: &str, to: Value) -> String {
        self.is_refused("moveTask", with_id(task, to)).await
    }

    pub async fn trashes(&self, task: &str) -> Value {
        self.does("deleteTask", json!({ "id": task })).await
    }

    pub async fn deletes_for_good(&self, task: &str) -> Value {
        self.does("deleteTask", json!({ "id": task, "permanently": true })).await
    }

    pub async fn restores(&self, task: &str) -> Value {
        self.does("restoreTask", json!({ "id": task })).await
    }

    /// The id of a task or list by its name.
    pub fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    fn names(&self, ids: &Value) -> String {
        let ids = ids.as_array().unwrap();
        let names = self.ids.iter().filter(|(_, id)| ids.contains(&json!(id)));
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), ids.len(), "{ids:?}");
        names.join(" ")
    }

    fn with_ids(&self, input: Value) -> Value {
        match input {
            Value::String(name) => json!(self.ids.get(&name).unwrap_or(&name)),
            Value::Object(fields) => {
                let written = |field: &str| matches!(field, "title" | "name");
                let fields = fields.into_iter().map(|(field, value)| {
                    let value = if written(&field) { value } else { self.with_ids(value) };
                    (field, value)
                });
                fields.collect()
            }
            other => other,
        }
    }

    /// All tasks and lists, after a check of the invariants.
    pub async fn looks(&self) -> View {
        let query = "{ \
            lists(first: 100, includeArchived: true) { nodes { id name position version updatedAt } } \
            tasks(first: 100, filter: { trash: INCLUDE }, orderBy: [{ field: POSITION }]) { nodes { \
                id title version updatedAt deletedAt position list { id } parent { id } } } }";
        let mut data = self.person().asks(query).await;
        let mut rows = |field: &str| match data[field]["nodes"].take() {
            Value::Array(rows) => rows,
            other => panic!("{other}"),
        };
        let view = View { lists: rows("lists"), tasks: rows("tasks") };
        view.check();
        view
    }

    /// All tasks and lists; then a second passes.
    pub async fn rests(&self) -> View {
        let view = self.looks().await;
        self.clock.advance(TimeDelta::seconds(1));
        view
    }

    /// Everything outside of the trash.
    pub async fn outline(&self) -> String {
        self.looks().await.outline()
    }
}

impl Reply {
    /// The code of the only error, and the field that it names.
    pub fn refusal(&self) -> String {
        format!("{} {}", self.code(), self.field()).trim_end().to_owned()
    }
}

fn with_id(task: &str, mut input: Value) -> Value {
    input["id"] = json!(task);
    input
}

/// All tasks and lists of a user, by position.
#[derive(Debug)]
pub struct View {
    lists: Vec<Value>,
    tasks: Vec<Value>,
}

impl Index<&str> for View {
    type Output = Value;

    /// The task or list of that name.
    fn index(&self, name: &str) -> &Value {
        let named = |row: &&Value| name_of(row) == name;
        self.rows().find(named).unwrap_or_else(|| panic!("{name} is not there: {self:#?}"))
    }
}

fn name_of(row: &Value) -> &str {
    row.get("title").unwrap_or(&row["name"]).as_str().unwrap()
}

fn position(row: &Value) -> &str {
    row["position"].as_str().unwrap()
}

fn is_trashed(task: &Value) -> bool {
    !task["deletedAt"].is_null()
}

impl View {
    fn rows(&self) -> impl Iterator<Item = &Value> {
        self.lists.iter().chain(&self.tasks)
    }

    fn task(&self, id: &Value) -> Option<&Value> {
        self.tasks.iter().find(|task| task["id"] == *id)
    }

    /// The invariants: siblings are in one order by short positions; a subtask is in the list of its
    /// parent, and in the trash if its parent is.
    fn check(&self) {
        assert!(self.lists.is_sorted_by(|one, next| position(one) < position(next)), "{self:#?}");
        assert!(self.tasks.is_sorted_by_key(position), "{self:#?}");
        assert!(self.rows().all(|row| (1..=64).contains(&position(row).len())), "{self:#?}");
        for (index, task) in self.tasks.iter().enumerate() {
            let home = |task: &Value| (task["list"].clone(), task["parent"].clone());
            let mut next = self.tasks[index + 1..].iter();
            let twin = next.find(|it| position(it) == position(task) && home(it) == home(task));
            assert_eq!(twin, None, "{task}");
            if let Some(parent) = self.task(&task["parent"]["id"]) {
                assert_eq!(task["list"], parent["list"], "{task}");
                assert!(is_trashed(task) || !is_trashed(parent), "{task} {parent}");
            }
        }
    }

    /// Everything outside of the trash.
    pub fn outline(&self) -> String {
        let tasks_of = |list: &Value| {
            self.written(&|task| {
                !is_trashed(task) && task["parent"].is_null() && task["list"]["id"] == *list
            })
        };
        let inbox = tasks_of(&Value::Null).join(" ");
        let lists = self.lists.iter().map(|list| {
            let tasks = tasks_of(&list["id"]).into_iter();
            [format!("{}:", name_of(list))].into_iter().chain(tasks).collect::<Vec<_>>().join(" ")
        });
        let places = [inbox].into_iter().filter(|inbox| !inbox.is_empty()).chain(lists);
        places.collect::<Vec<_>>().join("; ")
    }

    /// Everything in the trash, in alphabetical order.
    pub fn trash(&self) -> String {
        let alone =
            |task: &Value| self.task(&task["parent"]["id"]).is_none_or(|it| !is_trashed(it));
        let mut trash = self.written(&|task| is_trashed(task) && alone(task));
        trash.sort_unstable();
        trash.join(" ")
    }

    fn written(&self, shown: &dyn Fn(&Value) -> bool) -> Vec<String> {
        let tasks = self.tasks.iter().filter(|task| shown(task)).map(|task| {
            let under = self.written(&|it| {
                it["parent"]["id"] == task["id"] && is_trashed(it) == is_trashed(task)
            });
            let title = name_of(task).to_owned();
            if under.is_empty() { title } else { format!("{title}({})", under.join(" ")) }
        });
        tasks.collect()
    }

    /// The version of everything.
    pub fn versions(&self) -> BTreeMap<String, i64> {
        self.rows().map(|row| (name_of(row).to_owned(), row["version"].as_i64().unwrap())).collect()
    }

    /// The names of the changed tasks and lists, each by exactly one version and at a later instant.
    pub fn changed_since(&self, before: &Self) -> String {
        let mut changed = Vec::new();
        for row in self.rows() {
            let name = name_of(row);
            let Some(old) = before.rows().find(|old| name_of(old) == name) else { continue };
            if row != old {
                assert_eq!(
                    row["version"].as_i64(),
                    old["version"].as_i64().map(|it| it + 1),
                    "{row}"
                );
                assert!(row["updatedAt"].as_str() > old["updatedAt"].as_str(), "{row}");
                changed.push(name);
            }
        }
        changed.sort_unstable();
        changed.join(" ")
    }
}
