//! Random mutations against a model: after each, places, order, trash and versions are those of a
//! simple implementation in Rust.

use std::collections::BTreeMap;

use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::{Index, select},
};
use serde_json::{Value, json};

use crate::harness::{Api, for_any, on_each_database};

on_each_database! {
    async fn the_outline_is_that_of_the_model(api: Api) {
        for_any(8, || proptest::collection::vec(step(), 20..60), async move |steps| {
            let (mut model, mut outline) = (Model::default(), api.create("").await);
            for (number, step) in steps.into_iter().enumerate() {
                let before = outline.rests().await;
                let (mutation, input) = step.on(&model, number);
                let expected = model.does(mutation, &input).err().unwrap_or_default();

                let reply = outline.tries(mutation, input.clone()).await;
                let refused = reply.json().get("errors").is_some();
                assert_eq!(if refused { reply.refusal() } else { String::new() }, expected, "{mutation} {input}");
                if !refused && mutation.starts_with("create") {
                    let payload = reply.data()[mutation].take();
                    outline.knows(payload.get("task").unwrap_or(&payload["list"]));
                }
                let now = outline.looks().await;
                assert_eq!(
                    (now.outline(), now.trash(), now.versions()),
                    (model.outline(), model.trash(), model.versions.clone()),
                    "{mutation} {input}",
                );
                now.changed_since(&before);
            }
        })
        .await;
    }
}

/// One mutation of the tasks and lists at that time.
#[derive(Clone, Debug)]
struct Step {
    mutation: &'static str,
    permanently: bool,
    task: Index,
    parent: Named,
    list: Named,
    beside: Option<(&'static str, Index)>,
}

/// An id that nothing has.
const NOBODYS: &str = "5b0d4a4e-0000-4000-8000-000000000000";

/// How an input names something.
#[derive(Clone, Debug)]
enum Named {
    LeftOut,
    Null,
    One(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let mutation = prop_oneof![
        6 => Just("createTask"),
        6 => Just("moveTask"),
        4 => Just("deleteTask"),
        3 => Just("restoreTask"),
        1 => Just("createList"),
        1 => Just("deleteList"),
    ];
    let named = || {
        prop_oneof![
            Just(Named::LeftOut),
            Just(Named::Null),
            any::<Index>().prop_map(Named::One),
            any::<Index>().prop_map(Named::One),
        ]
    };
    let rarely = || prop_oneof![5 => Just(Named::LeftOut), 2 => named()];
    let beside = proptest::option::of((select(&["before", "after"][..]), any::<Index>()));
    let permanently = proptest::bool::weighted(0.1);
    (mutation, permanently, any::<Index>(), named(), rarely(), beside).prop_map(
        |(mutation, permanently, task, parent, list, beside)| Step {
            mutation,
            permanently,
            task,
            parent,
            list,
            beside,
        },
    )
}

impl Step {
    /// The mutation and its input.
    fn on(&self, model: &Model, number: usize) -> (&'static str, Value) {
        let tasks: Vec<_> = model.tasks.iter().map(|task| task.name.as_str()).collect();
        let lists: Vec<_> = model.lists.iter().map(String::as_str).collect();
        let trash = model.tasks.iter().filter(|task| task.trashed_with.is_some());
        let trash: Vec<_> = trash.map(|task| task.name.as_str()).collect();
        let one = |names: &[&str], index: &Index| match names {
            [] => json!(NOBODYS),
            names => json!(index.get(names)),
        };
        let mut input = json!({});
        let mut name = |field: &str, names: &[&str], named: &Named| match named {
            Named::LeftOut => (),
            Named::Null => input[field] = Value::Null,
            Named::One(index) => input[field] = one(names, index),
        };
        if matches!(self.mutation, "createTask" | "moveTask") {
            name("parentId", &tasks, &self.parent);
            name("listId", &lists, &self.list);
        }
        match self.mutation {
            "createTask" => input["title"] = json!(format!("t{number}")),
            "createList" => input["name"] = json!(format!("L{number}")),
            "deleteList" => input["id"] = one(&lists, &self.task),
            "restoreTask" if !trash.is_empty() => input["id"] = one(&trash, &self.task),
            _ => input["id"] = one(&tasks, &self.task),
        }
        match (self.mutation, &self.beside) {
            ("moveTask", Some((side, sibling))) => {
                input["place"] = json!({ *side: one(&tasks, sibling) });
            }
            ("deleteTask", _) => input["permanently"] = json!(self.permanently),
            _ => (),
        }
        (self.mutation, input)
    }
}

/// All that somebody has.
#[derive(Default)]
struct Model {
    /// In their order.
    lists: Vec<String>,
    /// Among siblings, in their order.
    tasks: Vec<Task>,
    versions: BTreeMap<String, i64>,
}

#[derive(Clone)]
struct Task {
    name: String,
    location: Location,
    /// The task with which it went to the trash.
    trashed_with: Option<String>,
}

/// A list and a parent.
type Location = (Option<String>, Option<String>);

impl Model {
    /// Applies a mutation, or returns its refusal.
    fn does(&mut self, mutation: &str, input: &Value) -> Result<(), String> {
        let id = input["id"].as_str().unwrap_or_default();
        match mutation {
            "createTask" => {
                let location = self.location(input, None)?;
                let name = input["title"].as_str().unwrap().to_owned();
                self.versions.insert(name.clone(), 1);
                self.tasks.push(Task { name, location, trashed_with: None });
            }
            "createList" => {
                let name = input["name"].as_str().unwrap().to_owned();
                self.versions.insert(name.clone(), 1);
                self.lists.push(name);
            }
            "deleteList" => {
                let place =
                    self.lists.iter().position(|list| list == id).ok_or("NOT_FOUND input.id")?;
                let list = Some(self.lists.remove(place));
                self.versions.remove(id);
                let (mut moved, stay): (Vec<_>, Vec<_>) =
                    self.tasks.drain(..).partition(|task| task.location.0 == list);
                self.tasks = stay;
                for task in &mut moved {
                    task.location.0 = None;
                    *self.versions.get_mut(&task.name).unwrap() += 1;
                }
                self.tasks.append(&mut moved);
            }
            _ => {
                let task = self.task(id).ok_or("NOT_FOUND input.id")?.clone();
                match mutation {
                    "moveTask" => self.moves(&task, input)?,
                    "restoreTask" => self.restores(&task),
                    _ if input["permanently"] == true => {
                        let gone = self.subtree(id);
                        self.tasks.retain(|task| !gone.contains(&task.name));
                        self.versions.retain(|name, _| !gone.contains(name));
                    }
                    _ if task.trashed_with.is_none() => {
                        for name in self.trashed_together(&task) {
                            self.change(&name, |it| it.trashed_with = Some(id.to_owned()));
                        }
                    }
                    _ => (),
                }
            }
        }
        Ok(())
    }

    fn moves(&mut self, task: &Task, input: &Value) -> Result<(), String> {
        let location = self.location(input, Some(task))?;
        let sibling = input["place"].as_object().map(|place| place.iter().next().unwrap());
        if let Some((side, sibling)) = sibling {
            let sibling =
                self.task(sibling.as_str().unwrap()).filter(|it| it.trashed_with.is_none());
            let sibling = sibling.ok_or(format!("NOT_FOUND input.place.{side}"))?;
            if sibling.location != location || sibling.name == task.name {
                return Err(format!("BAD_USER_INPUT input.place.{side}"));
            }
        }
        let others = self.tasks.iter().filter(|it| it.location == location && it.name != task.name);
        let present: Vec<_> =
            others.filter(|it| it.trashed_with.is_none()).map(|it| it.name.clone()).collect();
        // Before which of those who are present it shall stand.
        let next = match sibling {
            None => present.len(),
            Some((side, sibling)) => {
                let place = present.iter().position(|it| sibling == it).unwrap();
                place + usize::from(side == "after")
            }
        };
        let stands = self.place(&task.name);
        let left = next.checked_sub(1).map(|left| self.place(&present[left]));
        let right = present.get(next).map(|right| self.place(right));
        let is_there =
            left.is_none_or(|left| left < stands) && right.is_none_or(|right| stands < right);
        if location == task.location && is_there {
            return Ok(());
        }

        let subtree = self.subtree(&task.name);
        let together = self.trashed_together(task);
        if location != task.location && task.trashed_with.is_some() {
            for it in self.tasks.iter_mut().filter(|it| together.contains(&it.name)) {
                it.trashed_with = Some(task.name.clone());
            }
        }
        for name in subtree.iter().skip(1).filter(|_| location.0 != task.location.0) {
            self.change(name, |it| it.location.0.clone_from(&location.0));
        }
        self.change(&task.name, |it| it.location = location);
        let moved = self.tasks.remove(stands);
        let place = match sibling {
            None => self.tasks.len(),
            Some((side, sibling)) => {
                self.place(sibling.as_str().unwrap()) + usize::from(side == "after")
            }
        };
        self.tasks.insert(place, moved);
        Ok(())
    }

    fn restores(&mut self, task: &Task) {
        if task.trashed_with.is_none() {
            return;
        }
        for name in self.trashed_together(task) {
            self.change(&name, |it| it.trashed_with = None);
        }
        let parent = task.location.1.as_ref().and_then(|parent| self.task(parent));
        if parent.is_some_and(|parent| parent.trashed_with.is_some()) {
            let place = self.place(&task.name);
            let mut restored = self.tasks.remove(place);
            restored.location.1 = None;
            self.tasks.push(restored);
        }
    }

    /// The place that an input names, for a new task or one that moves.
    fn location(&self, input: &Value, moved: Option<&Task>) -> Result<Location, String> {
        let (list, parent) = (input.get("listId"), input.get("parentId"));
        if let Some(parent) = parent.and_then(Value::as_str) {
            let parent = self.task(parent).filter(|parent| parent.trashed_with.is_none());
            let parent = parent.ok_or("NOT_FOUND input.parentId")?;
            let subtree = moved.map(|task| self.subtree(&task.name)).unwrap_or_default();
            let top = moved.map_or(0, |task| self.level(task));
            let levels =
                subtree.iter().map(|name| self.level(self.task(name).unwrap()) - top + 1).max();
            if subtree.contains(&parent.name) || self.level(parent) + levels.unwrap_or(1) > 5 {
                return Err("BAD_USER_INPUT input.parentId".to_owned());
            }
            if list.is_some_and(|list| list.as_str() != parent.location.0.as_deref()) {
                return Err("BAD_USER_INPUT input.listId".to_owned());
            }
            return Ok((parent.location.0.clone(), Some(parent.name.clone())));
        }
        let location = moved.map(|task| task.location.clone()).unwrap_or_default();
        match list.map(Value::as_str) {
            Some(Some(list)) if !self.lists.iter().any(|it| it == list) => {
                Err("NOT_FOUND input.listId".to_owned())
            }
            Some(list) => Ok((list.map(str::to_owned), None)),
            None => Ok((location.0, if parent.is_some() { None } else { location.1 })),
        }
    }

    fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    fn place(&self, name: &str) -> usize {
        self.tasks.iter().position(|task| task.name == name).unwrap()
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Task)) {
        let place = self.place(name);
        change(&mut self.tasks[place]);
        *self.versions.get_mut(name).unwrap() += 1;
    }

    /// On which level it is, counted from one.
    fn level(&self, task: &Task) -> usize {
        let parent = task.location.1.as_ref().map(|parent| self.task(parent).unwrap());
        1 + parent.map_or(0, |parent| self.level(parent))
    }

    /// A task and its subtasks on all levels.
    fn subtree(&self, name: &str) -> Vec<String> {
        let under = self.tasks.iter().filter(|task| task.location.1.as_deref() == Some(name));
        let under = under.flat_map(|task| self.subtree(&task.name));
        [name.to_owned()].into_iter().chain(under).collect()
    }

    /// The same without those that another deletion has trashed.
    fn trashed_together(&self, task: &Task) -> Vec<String> {
        let mut subtree = self.subtree(&task.name);
        subtree.retain(|name| self.task(name).unwrap().trashed_with == task.trashed_with);
        subtree
    }

    /// Written as the harness does.
    fn outline(&self) -> String {
        let top_level = |list: Option<&String>| {
            self.written(&|task| {
                task.trashed_with.is_none() && task.location == (list.cloned(), None)
            })
        };
        let lists = self
            .lists
            .iter()
            .map(|list| [vec![format!("{list}:")], top_level(Some(list))].concat().join(" "));
        let inbox = Some(top_level(None).join(" ")).filter(|inbox| !inbox.is_empty());
        inbox.into_iter().chain(lists).collect::<Vec<_>>().join("; ")
    }

    fn trash(&self) -> String {
        let is_root = |task: &Task| {
            let parent = task.location.1.as_ref().map(|parent| self.task(parent).unwrap());
            parent.is_none_or(|parent| parent.trashed_with.is_none())
        };
        let mut trash = self.written(&|task| task.trashed_with.is_some() && is_root(task));
        trash.sort_unstable();
        trash.join(" ")
    }

    fn written(&self, shown: &dyn Fn(&Task) -> bool) -> Vec<String> {
        let tasks = self.tasks.iter().filter(|task| shown(task)).map(|task| {
            let under = self.written(&|it| {
                it.location.1.as_ref() == Some(&task.name)
                    && it.trashed_with.is_some() == task.trashed_with.is_some()
            });
            if under.is_empty() {
                task.name.clone()
            } else {
                format!("{}({})", task.name, under.join(" "))
            }
        });
        tasks.collect()
    }
}
