//! Random lists against the model: few distinct values, so that ties and nulls are common.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::TimeDelta;
use proptest::{
    bool::weighted,
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::{self, Index},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    model::{self, Order, PRIORITIES, Window, cut, order_by, under},
    page::{List, Page, page, subtasks_of_each},
};
use crate::harness::{self, Api, ORDERS, Person, START, on_each_database, tokens};

/// Runs a test of somebody new with random values.
async fn for_any<S: Strategy + 'static, T>(api: Api, cases: u32, strategy: fn() -> S, test: T)
where
    T: AsyncFn(World, S::Value) + Send + 'static,
{
    static USERS: AtomicUsize = AtomicUsize::new(0);
    let api = Arc::new(api);
    let test = async move |value| {
        let user = format!("user-{}", USERS.fetch_add(1, Ordering::Relaxed));
        test(World::of(&api, &user).await, value).await;
    };
    harness::for_any(cases, strategy, test).await;
}

/// How many tasks, tags and lists somebody has at the most.
const TASKS: u128 = 16;
const TAGS: u128 = 3;
const LISTS: u128 = 2;

/// The id of a task, tag or list by its number; all users have the same ids. Unlike those of the
/// harness, they are not in the order of their numbers.
fn scattered_id(kind: u128, number: u128) -> String {
    const SCATTER: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    Uuid::from_u128((kind * 100 + number + 1).wrapping_mul(SCATTER)).to_string()
}

fn any_task_id() -> impl Strategy<Value = String> {
    (0..TASKS).prop_map(|number| scattered_id(0, number))
}

/// Few have subtasks, so that these are many.
fn any_parent_id() -> impl Strategy<Value = String> {
    (0..3_u128).prop_map(|number| scattered_id(0, number))
}

fn any_tag_id() -> impl Strategy<Value = String> {
    (0..TAGS).prop_map(|number| scattered_id(1, number))
}

fn any_list_id() -> impl Strategy<Value = String> {
    (0..LISTS).prop_map(|number| scattered_id(2, number))
}

/// Somebody new with tags and lists, and the tasks that they have.
struct World {
    api: Arc<Api>,
    user: Person,
    tasks: BTreeMap<String, Value>,
    /// Whose tasks have ever changed, or come or gone, since [`World::rest`].
    touched: BTreeSet<String>,
}

/// A mutation and its input, at one of the milliseconds after [`START`].
type Change = (i64, (&'static str, Value));

impl World {
    async fn of(api: &Arc<Api>, user: &str) -> Self {
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

    /// Does something, unless it is refused, and looks at what there is then.
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

    async fn changes(&mut self, changes: &[Change]) {
        for change in changes {
            self.change(change).await;
        }
    }

    /// From here on, nobody has touched anything.
    fn rest(&mut self) {
        self.touched.clear();
    }

    /// Reads a page and compares all of it with the model.
    async fn page(&self, filter: &Value, order: &Order, window: &AskedWindow) -> Page {
        let mut page = page(&self.user, window.arguments(filter, order)).await;
        compare(&page, self.tasks.values(), filter, order, window);
        page.tasks = page.tasks.iter().map(|task| under(filter, task)).collect();
        page
    }

    /// All tasks that a search finds, also those in the trash, each with its cursor in an order.
    async fn places(&self, search: &str, order: &Order) -> Vec<Place> {
        let everything = AskedWindow { count: 100, ..AskedWindow::default() };
        let filter = json!({ "trash": "INCLUDE", "search": search });
        let page = self.page(&filter, order, &everything).await;
        page.cursors.into_iter().zip(page.tasks).collect()
    }
}

/// Compares all of a page with the model of a list of these tasks.
fn compare<'a>(
    page: &Page,
    tasks: impl Iterator<Item = &'a Value>,
    filter: &Value,
    order: &Order,
    window: &AskedWindow,
) {
    let list = model::list(tasks, filter, order);
    let asked = Window {
        count: window.count,
        from_end: window.from_end,
        after: window.after.as_ref().map(|(_, task)| task),
        before: window.before.as_ref().map(|(_, task)| task),
    };
    let (expected, has_next, has_previous) = cut(&list, order, &asked);
    let shown: Vec<_> = page.tasks.iter().map(|task| under(filter, task)).collect();
    assert_eq!(shown, expected, "the tasks of {window:?}");
    assert_eq!(page.has_next, has_next, "hasNextPage of {window:?}");
    assert_eq!(page.has_previous, has_previous, "hasPreviousPage of {window:?}");
    assert_eq!(page.total, list.len() as u64, "totalCount of {window:?}");
}

/// A cursor, and the task as it was when the cursor was made.
type Place = (String, Value);

#[derive(Debug, Default)]
struct AskedWindow {
    count: usize,
    from_end: bool,
    after: Option<Place>,
    before: Option<Place>,
}

impl AskedWindow {
    fn at(raw: RawWindow, places: &[Place]) -> Self {
        let (count, from_end, after, before) = raw;
        let place = |index: Index| (!places.is_empty()).then(|| index.get(places).clone());
        Self { count, from_end, after: after.and_then(place), before: before.and_then(place) }
    }

    fn arguments(&self, filter: &Value, order: &Order) -> Value {
        let count = if self.from_end { "last" } else { "first" };
        json!({
            count: self.count,
            "after": self.after.as_ref().map(|(cursor, _)| cursor),
            "before": self.before.as_ref().map(|(cursor, _)| cursor),
            "filter": filter,
            "orderBy": order_by(order),
        })
    }
}

fn millis() -> impl Strategy<Value = i64> {
    0..6_i64
}

fn title() -> impl Strategy<Value = &'static str> {
    const TITLES: &[&str] =
        &["b", "B", "É", "é", "milk", "buy milk", "Milk, buy!", "Buy milkshake", "milkshake", "🎉"];
    sample::select(TITLES)
}

fn description() -> impl Strategy<Value = Option<&'static str>> {
    sample::select(&[None, None, Some(""), Some("milk"), Some("buy the milkman a milkshake")][..])
}

fn search() -> impl Strategy<Value = &'static str> {
    sample::select(&["milk", "MI", "mi", "buy mi", "milk buy", "milk milk", "b", " ", "x"][..])
}

fn priority() -> impl Strategy<Value = &'static str> {
    sample::select(&PRIORITIES[..])
}

fn day() -> impl Strategy<Value = &'static str> {
    sample::select(&["1969-12-31", "2026-11-21", "2026-11-22"][..])
}

fn due() -> impl Strategy<Value = Value> {
    let hour = sample::select(&["00:00", "08:00", "23:59"][..]);
    prop_oneof![
        Just(Value::Null),
        day().prop_map(|day| json!({ "on": day })),
        (day(), hour).prop_map(|(day, hour)| json!({ "at": format!("{day}T{hour}:00.000Z") })),
    ]
}

/// The input of a new task; where its id is taken, it is that of a task which is there already.
fn task() -> impl Strategy<Value = Value> {
    let home = prop_oneof![
        2 => Just(json!({})),
        2 => any_list_id().prop_map(|list| json!({ "listId": list })),
        4 => any_parent_id().prop_map(|parent| json!({ "parentId": parent })),
    ];
    let words = (title(), description());
    (any_task_id(), words, priority(), due(), any::<bool>(), vec(any_tag_id(), 0..3), home)
        .prop_map(|(id, (title, description), priority, due, completed, tags, mut input)| {
            input["id"] = json!(id);
            input["title"] = json!(title);
            input["description"] = json!(description);
            input["priority"] = json!(priority);
            input["due"] = due;
            input["completed"] = json!(completed);
            input["tagIds"] = json!(tags);
            input
        })
}

fn change() -> impl Strategy<Value = Change> {
    let of_task = |input: Value, id: String| {
        let mut input = input;
        input["id"] = json!(id);
        input
    };
    let update = prop_oneof![
        title().prop_map(|title| json!({ "title": title })),
        description().prop_map(|description| json!({ "description": description })),
        priority().prop_map(|priority| json!({ "priority": priority })),
        due().prop_map(|due| json!({ "due": due })),
        any::<bool>().prop_map(|completed| json!({ "completed": completed })),
        any_tag_id().prop_map(|tag| json!({ "addTagIds": [tag] })),
        any_tag_id().prop_map(|tag| json!({ "removeTagIds": [tag] })),
    ];
    let place = sample::select(&["before", "after"][..]);
    let to = prop_oneof![
        option::of(any_list_id()).prop_map(|list| json!({ "listId": list })),
        any_parent_id().prop_map(|parent| json!({ "parentId": parent })),
        (place, any_task_id()).prop_map(|(side, sibling)| json!({ "place": { side: sibling } })),
    ];
    let change = prop_oneof![
        16 => task().prop_map(|input| ("createTask", input)),
        5 => (update, any_task_id()).prop_map(move |(it, id)| ("updateTask", of_task(it, id))),
        4 => (to, any_task_id()).prop_map(move |(it, id)| ("moveTask", of_task(it, id))),
        2 => (weighted(0.3), any_task_id()).prop_map(|(permanently, id)| {
            ("deleteTask", json!({ "id": id, "permanently": permanently }))
        }),
        2 => any_task_id().prop_map(|id| ("restoreTask", json!({ "id": id }))),
        1 => any_tag_id().prop_map(|id| ("deleteTag", json!({ "id": id }))),
        1 => any_list_id().prop_map(|id| ("deleteList", json!({ "id": id }))),
    ];
    (millis(), change)
}

/// What somebody did before they look at their tasks.
fn setup() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..60)
}

/// What they do meanwhile.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..4)
}

fn order() -> impl Strategy<Value = Order> {
    let any_order = || vec((sample::select(&ORDERS[..]), any::<bool>()), 0..4);
    let by_relevance = (any::<bool>(), any_order()).prop_map(|(descends, mut order)| {
        order.insert(0, ("RELEVANCE", descends));
        order
    });
    prop_oneof![2 => any_order(), 1 => by_relevance]
}

/// Some of what a front end would show. There is a search, so that it can be shown by relevance.
fn view() -> impl Strategy<Value = Value> {
    let conditions = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({ "trash": "INCLUDE" })),
        1 => Just(json!({ "trash": "ONLY" })),
        1 => Just(json!({ "completed": false })),
        1 => Just(json!({ "or": [{ "priority": { "gte": "HIGH" } }, { "dueOn": { "isNull": true } }] })),
        1 => any_tag_id().prop_map(|tag| json!({ "tags": { "anyOf": [tag] } })),
        1 => any_tag_id().prop_map(|tag| json!({ "not": { "tags": { "allOf": [tag] } } })),
        1 => any_list_id().prop_map(|list| json!({ "list": { "in": [list] } })),
        1 => any::<bool>().prop_map(|is| json!({ "list": { "isNull": is } })),
        1 => any::<bool>().prop_map(|is| json!({ "parent": { "isNull": is } })),
    ];
    let search = prop_oneof![Just(""), search()];
    (conditions, search).prop_map(|(mut view, search)| {
        view["search"] = json!(search);
        view
    })
}

/// Filters that nest at most that deep, with few conditions each.
fn filter(depth: u32) -> impl Strategy<Value = Value> {
    fn comparators(
        names: &'static [&'static str],
        value: impl Strategy<Value = String> + 'static,
    ) -> impl Strategy<Value = Value> {
        let values = (sample::select(names), vec(value, 1..4), any::<bool>());
        vec(values, 0..3).prop_map(|comparators| {
            let comparator = |(name, mut values, is): (&str, Vec<_>, _)| match name {
                "isNull" => (name.to_owned(), json!(is)),
                "in" | "anyOf" | "allOf" | "noneOf" => {
                    values.truncate(values.len() - usize::from(is));
                    (name.to_owned(), json!(values))
                }
                name => (name.to_owned(), json!(values[0])),
            };
            comparators.into_iter().map(comparator).collect::<serde_json::Map<_, _>>().into()
        })
    }
    const INSTANTS: &[&str] = &["gt", "gte", "lt", "lte", "isNull"];
    let instant =
        || comparators(INSTANTS, millis().prop_map(|at| format!("2026-11-21T09:30:00.{at:03}Z")));
    let days = comparators(&["eq", "gt", "gte", "lt", "lte", "isNull"], day().prop_map(Into::into));
    let priorities = comparators(&["in", "gte", "lte"], priority().prop_map(Into::into));
    let tags = comparators(&["anyOf", "allOf", "noneOf"], any_tag_id());
    let lists = comparators(&["in", "isNull"], any_list_id());
    let parents = comparators(&["in", "isNull"], any_task_id());
    let durations = sample::select(&["P0D", "P1D", "P1W"][..]);
    let condition = prop_oneof![
        any::<bool>().prop_map(|completed| json!({ "completed": completed })),
        any::<bool>().prop_map(|overdue| json!({ "overdue": overdue })),
        durations.prop_map(|within| json!({ "dueOn": { "within": within } })),
        search().prop_map(|search| json!({ "search": search })),
        priorities.prop_map(|priority| json!({ "priority": priority })),
        days.prop_map(|due| json!({ "dueOn": due })),
        instant().prop_map(|at| json!({ "completedAt": at })),
        instant().prop_map(|at| json!({ "createdAt": at })),
        instant().prop_map(|at| json!({ "updatedAt": at })),
        tags.prop_map(|tags| json!({ "tags": tags })),
        lists.prop_map(|list| json!({ "list": list })),
        parents.prop_map(|parent| json!({ "parent": parent })),
        Just(json!({ "trash": "ONLY" })),
        Just(json!({ "completed": null, "and": null })),
        Just(json!({})),
    ];
    condition.prop_recursive(depth, 8, 2, |inner| {
        let some = vec(inner.clone(), 0..3);
        (inner.clone(), some, sample::select(&["and", "or", "not"][..])).prop_map(
            |(one, some, operator)| match operator {
                "not" => json!({ "not": one }),
                operator => json!({ operator: some }),
            },
        )
    })
}

/// A number of rows, where they are counted from, and what lies on both sides.
type RawWindow = (usize, bool, Option<Index>, Option<Index>);

fn window() -> impl Strategy<Value = RawWindow> {
    let place = || option::of(any::<Index>());
    (0..6_usize, any::<bool>(), place(), place())
}

on_each_database! {
    async fn every_page_is_that_of_the_model(api: Api) {
        let lists = || {
            let windows = vec((view(), window()), 1..10);
            (setup(), order(), search(), windows, changes())
        };
        for_any(api, 24, lists, async |mut world, (setup, order, search, windows, later)| {
            world.changes(&setup).await;
            let places = world.places(search, &order).await;
            // Some of the places are then where no task stands any more.
            world.changes(&later).await;
            for (view, window) in windows {
                world.page(&view, &order, &AskedWindow::at(window, &places)).await;
            }
        })
        .await;
    }

    async fn a_reader_meets_every_task_that_stays_exactly_once(api: Api) {
        let reading = || {
            let steps = vec((0..5_usize, changes()), 1..12);
            (setup(), order(), view(), any::<bool>(), steps)
        };
        for_any(api, 24, reading, async |mut world, (setup, order, view, from_end, steps)| {
            world.changes(&setup).await;
            world.rest();
            let mut met: Vec<String> = Vec::new();
            let mut place = None;
            for (count, between) in steps.into_iter().chain([(100, Vec::new())]) {
                let (after, before) =
                    if from_end { (None, place.take()) } else { (place.take(), None) };
                let window = AskedWindow { count, from_end, after, before };
                let page = world.page(&view, &order, &window).await;
                let ids = page.ids().into_iter().map(str::to_owned);
                if from_end {
                    met.splice(0..0, ids);
                } else {
                    met.extend(ids);
                }
                let edge = if from_end { 0 } else { page.tasks.len().saturating_sub(1) };
                let edge = page.cursors.get(edge).cloned().zip(page.tasks.get(edge).cloned());
                place = edge.or(window.after).or(window.before);
                world.changes(&between).await;
            }
            let stayed = |id: &&str| !world.touched.contains(*id);
            let list = model::list(world.tasks.values(), &view, &order);
            let all: Vec<_> =
                list.iter().map(|task| task["id"].as_str().unwrap()).filter(stayed).collect();
            let met: Vec<_> = met.iter().map(String::as_str).filter(stayed).collect();
            assert_eq!(met, all);
        })
        .await;
    }

    async fn every_page_of_subtasks_is_that_of_the_model(api: Api) {
        let lists = || {
            let windows = vec((view(), window()), 1..6);
            (setup(), order(), search(), windows, changes())
        };
        for_any(api, 24, lists, async |mut world, (setup, order, search, windows, later)| {
            world.changes(&setup).await;
            // Their usual order is another one than that of tasks.
            let meant = if order.is_empty() { vec![("POSITION", false)] } else { order.clone() };
            let places = world.places(search, &meant).await;
            world.changes(&later).await;
            for (view, window) in windows {
                let window = AskedWindow::at(window, &places);
                let arguments = window.arguments(&view, &order);
                let pages = subtasks_of_each(&world.user, arguments.clone()).await;
                assert_eq!(pages.len(), world.tasks.len());
                for (id, page) in pages {
                    // Read by themselves they are the same.
                    assert_eq!(List::Subtasks(&id).page(&world.user, arguments.clone()).await, page);
                    // Which of them went to the trash with their parent, the model does not know.
                    if view.get("trash").is_some() || world.tasks[&id]["deletedAt"].is_null() {
                        let subtasks = world.tasks.values().filter(|it| it["parent"]["id"] == *id);
                        compare(&page, subtasks, &view, &meant, &window);
                    }
                }
            }
        })
        .await;
    }

    async fn every_filter_is_that_of_the_model(api: Api) {
        let filters = || (setup(), vec((filter(2), filter(2)), 1..8));
        for_any(api, 24, filters, async |mut world, (setup, filters)| {
            world.changes(&setup).await;
            let order = Order::new();
            let all = AskedWindow { count: 100, ..AskedWindow::default() };
            let everything = world.page(&json!({}), &order, &all).await;
            for (one, other) in filters {
                let kept = world.page(&one, &order, &all).await;
                // The trash is read at the top only, where `not` has none.
                let mut inside = one.clone();
                let trash = inside.as_object_mut().unwrap().remove("trash");
                let left = world.page(&json!({ "not": inside }), &order, &all).await;
                world.page(&json!({ "and": [one, other] }), &order, &all).await;
                world.page(&json!({ "or": [one, other] }), &order, &all).await;

                let asks_for_nothing = left.total == everything.total && kept.total == left.total;
                if trash.is_none() && !asks_for_nothing {
                    let mut both = [kept.ids(), left.ids()].concat();
                    let mut every = everything.ids();
                    both.sort_unstable();
                    every.sort_unstable();
                    assert_eq!(both, every, "{one}");
                }
            }
        })
        .await;
    }
}
