//! A user with tasks, and pages of them compared with the model.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use proptest::sample::Index;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{
    model::{self, Order},
    page::{Page, page},
};
use crate::harness::{Api, Person, START, tokens};

/// A number of rows, whether they are counted from the end, and the rows after and before which they
/// are.
pub type RawWindow = (usize, bool, Option<Index>, Option<Index>);

/// How many tasks, tags and lists somebody has at the most.
pub const TASKS: u128 = 16;
pub const TAGS: u128 = 3;
pub const LISTS: u128 = 2;

/// The id of a task, tag or list by its number; all users have the same ids. Unlike those of the
/// harness, they are not in the order of their numbers.
pub fn scattered_id(kind: u128, number: u128) -> String {
    const SCATTER: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    Uuid::from_u128((kind * 100 + number + 1).wrapping_mul(SCATTER)).to_string()
}

/// Somebody new with tags and lists, and the tasks that they have.
pub struct World {
    api: Arc<Api>,
    pub user: Person,
    pub tasks: BTreeMap<String, Value>,
    /// The tasks that were created, changed or deleted since [`World::rest`].
    pub touched: BTreeSet<String>,
}

/// A mutation and its input, at one of the milliseconds after [`START`].
pub type Change = (i64, (&'static str, Value));

impl World {
    pub async fn of(api: &Arc<Api>, user: &str) -> Self {
        let user = api.with_token(tokens::of(user, api.clock.now()));
        let tags = (0..TAGS)
            .map(|tag| json!({ "createTag": { "id": scattered_id(1, tag), "name": format!("tag {tag}") } }));
        let lists = (0..LISTS).map(
            |list| json!({ "createList": { "id": scattered_id(2, list), "name": format!("list {list}") } }),
        );
        let operations: Vec<_> = tags.chain(lists).collect();
        user.does("batch", json!({ "operations": operations }), "results { deletedIds }").await;
        Self { api: Arc::clone(api), user, tasks: BTreeMap::new(), touched: BTreeSet::new() }
    }

    /// Sends a mutation, which may be refused, and reads all tasks.
    async fn change(&mut self, (millis, (mutation, input)): &Change) {
        let start = taskward::time::Timestamp::parse(START).unwrap();
        let away = start.millis() + millis - self.api.clock.now().millis();
        self.api.wait(TimeDelta::milliseconds(away));

        let shown = if mutation.starts_with("delete") { "deletedIds" } else { "task { id }" };
        let reply = self.user.tries(mutation, input.clone(), shown).await;
        if reply.json().get("errors").is_some() {
            let refusals = ["NOT_FOUND", "BAD_USER_INPUT", "CONFLICT"];
            assert!(refusals.contains(&&*reply.code()), "{mutation} {input} {reply:?}");
            return;
        }
        let payload = reply.data()[mutation].take();
        let mut ids: BTreeSet<_> = self.tasks.keys().cloned().collect();
        if *mutation == "createTask" {
            ids.insert(payload["task"]["id"].as_str().unwrap().to_owned());
        } else if input["permanently"] == true {
            for gone in payload["deletedIds"].as_array().unwrap() {
                ids.remove(gone.as_str().unwrap());
            }
        }

        let everything = json!({ "first": 100, "filter": { "trash": "INCLUDE" } });
        let tasks = page(&self.user, everything).await.tasks.into_iter();
        let tasks: BTreeMap<_, _> =
            tasks.map(|task| (task["id"].as_str().unwrap().to_owned(), task)).collect();
        assert_eq!(tasks.keys().collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
        let before = std::mem::replace(&mut self.tasks, tasks);
        let is_other = |id: &&String| before.get(*id) != self.tasks.get(*id);
        self.touched.extend(before.keys().chain(self.tasks.keys()).filter(is_other).cloned());
    }

    pub async fn changes(&mut self, changes: &[Change]) {
        for change in changes {
            self.change(change).await;
        }
    }

    /// Forgets which tasks were touched.
    pub fn rest(&mut self) {
        self.touched.clear();
    }

    /// Reads a page, which must be that of the model.
    pub async fn page(&self, filter: &Value, order: &Order, window: &Window) -> Page {
        let mut page = page(&self.user, window.arguments(filter, order)).await;
        let shown = Shown::by(&page, filter);
        assert_eq!(
            shown,
            Shown::by_model(self.tasks.values(), filter, order, window),
            "{window:?}"
        );
        page.tasks = shown.tasks;
        page
    }

    /// All tasks that a search finds, also those in the trash, each with its cursor in an order.
    pub async fn places(&self, search: &str, order: &Order) -> Vec<Place> {
        let everything = Window { count: 100, ..Window::default() };
        let filter = json!({ "trash": "INCLUDE", "search": search });
        let page = self.page(&filter, order, &everything).await;
        page.cursors.into_iter().zip(page.tasks).collect()
    }
}

/// What a page shows, except for its cursors.
#[derive(Debug, PartialEq)]
pub struct Shown {
    tasks: Vec<Value>,
    has_next: bool,
    has_previous: bool,
    total: u64,
}

impl Shown {
    /// What a page of the server shows; its tasks have the relevance that the filter gives them.
    pub fn by(page: &Page, filter: &Value) -> Self {
        Self {
            tasks: page.tasks.iter().map(|task| model::under(filter, task)).collect(),
            has_next: page.has_next,
            has_previous: page.has_previous,
            total: page.total,
        }
    }

    /// What a page of these tasks should show.
    pub fn by_model<'a>(
        tasks: impl IntoIterator<Item = &'a Value>,
        filter: &Value,
        order: &Order,
        window: &Window,
    ) -> Self {
        let list = model::list(tasks, filter, order);
        let of_model = model::Window {
            count: window.count,
            from_end: window.from_end,
            after: window.after.as_ref().map(|(_, task)| task),
            before: window.before.as_ref().map(|(_, task)| task),
        };
        let (tasks, has_next, has_previous) = model::cut(&list, order, &of_model);
        let tasks = tasks.to_vec();
        Self { tasks, has_next, has_previous, total: list.len() as u64 }
    }
}

/// A cursor, and the task as it was when the cursor was made.
pub type Place = (String, Value);

#[derive(Debug, Default)]
pub struct Window {
    pub count: usize,
    pub from_end: bool,
    pub after: Option<Place>,
    pub before: Option<Place>,
}

impl Window {
    pub fn at(raw: RawWindow, places: &[Place]) -> Self {
        let (count, from_end, after, before) = raw;
        let place = |index: Index| (!places.is_empty()).then(|| index.get(places).clone());
        Self { count, from_end, after: after.and_then(place), before: before.and_then(place) }
    }

    pub fn arguments(&self, filter: &Value, order: &Order) -> Value {
        let count = if self.from_end { "last" } else { "first" };
        json!({
            count: self.count,
            "after": self.after.as_ref().map(|(cursor, _)| cursor),
            "before": self.before.as_ref().map(|(cursor, _)| cursor),
            "filter": filter,
            "orderBy": model::order_by(order),
        })
    }
}
