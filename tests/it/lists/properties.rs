//! Random lists against the model: few distinct values, so that ties and nulls are common.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::TimeDelta;
use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::{self, Index},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    model::{self, Order, PRIORITIES, Window, cut, order_by},
    page::{Page, page},
};
use crate::harness::{self, Api, Person, START, on_each_database, tokens};

/// Runs a test of somebody new with random values.
async fn for_any<S: Strategy + 'static, T>(api: Api, cases: u32, strategy: fn() -> S, test: T)
where
    T: AsyncFn(World, S::Value) + Send + 'static,
{
    static USERS: AtomicUsize = AtomicUsize::new(0);
    let api = Arc::new(api);
    let test = async move |value| {
        let user = format!("user-{}", USERS.fetch_add(1, Ordering::Relaxed));
        test(World::of(&api, &user), value).await;
    };
    harness::for_any(cases, strategy, test).await;
}

/// Somebody new, and the tasks that they have.
struct World {
    api: Arc<Api>,
    user: Person,
    tasks: BTreeMap<String, Value>,
    /// Whose tasks have ever changed, or come or gone, since [`World::rest`].
    touched: Vec<String>,
}

/// Something that the user does.
#[derive(Clone, Debug)]
enum Change {
    Create(Value),
    /// Of one task, the rest of the input.
    Update(Index, Value),
    Delete(Index, bool),
    Restore(Index),
}

impl World {
    fn of(api: &Arc<Api>, user: &str) -> Self {
        let token = tokens::of(user, api.clock.now());
        let user = api.with_token(token);
        Self { api: Arc::clone(api), user, tasks: BTreeMap::new(), touched: Vec::new() }
    }

    /// Does something, at one of the milliseconds after [`START`].
    async fn change(&mut self, (millis, change): &(i64, Change)) {
        let start = taskward::clock::Instant::parse(START).unwrap();
        let away = start.millis() + millis - self.api.clock.now().millis();
        self.api.wait(TimeDelta::milliseconds(away));

        let id = match change {
            Change::Create(input) => {
                self.user.creates_with(input.clone()).await["id"].as_str().unwrap().to_owned()
            }
            Change::Update(index, _) | Change::Delete(index, _) | Change::Restore(index) => {
                if self.tasks.is_empty() {
                    return;
                }
                self.tasks.keys().nth(index.index(self.tasks.len())).unwrap().clone()
            }
        };
        match change {
            Change::Create(_) => (),
            Change::Update(_, patch) => {
                let mut input = patch.clone();
                input["id"] = json!(id);
                self.user.updates(input).await;
            }
            Change::Delete(_, permanently) => {
                let input = json!({ "id": id, "permanently": permanently });
                self.user.delete(input).await.data();
            }
            Change::Restore(_) => {
                self.user.restore(&id).await.data();
            }
        }
        let query = "query($id: ID!) { task(id: $id) { id title description completed completedAt \
            priority dueOn dueAt createdAt updatedAt deletedAt version } }";
        let task = self.user.post(query, json!({ "id": id })).await.data()["task"].take();
        let before = self.tasks.remove(&id);
        if before.as_ref() != Some(&task) {
            self.touched.push(id.clone());
        }
        if !task.is_null() {
            self.tasks.insert(id, task);
        }
    }

    async fn changes(&mut self, changes: &[(i64, Change)]) {
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
        let count = if window.from_end { "last" } else { "first" };
        let arguments = json!({
            count: window.count,
            "after": window.after.as_ref().map(|(cursor, _)| cursor),
            "before": window.before.as_ref().map(|(cursor, _)| cursor),
            "filter": filter,
            "orderBy": order_by(order),
        });
        let page = page(&self.user, arguments).await;

        let list = model::list(self.tasks.values(), filter, order);
        let (shown, has_next, has_previous) = cut(
            &list,
            order,
            &Window {
                count: window.count,
                from_end: window.from_end,
                after: window.after.as_ref().map(|(_, task)| task),
                before: window.before.as_ref().map(|(_, task)| task),
            },
        );
        assert_eq!(page.tasks.iter().collect::<Vec<_>>(), shown, "the tasks of {window:?}");
        assert_eq!(page.has_next, has_next, "hasNextPage of {window:?}");
        assert_eq!(page.has_previous, has_previous, "hasPreviousPage of {window:?}");
        assert_eq!(page.total, list.len() as u64, "totalCount of {window:?}");
        page
    }

    /// All tasks, also those in the trash, each with its cursor in an order.
    async fn places(&self, order: &Order) -> Vec<Place> {
        let everything = AskedWindow { count: 100, ..AskedWindow::default() };
        let page = self.page(&json!({ "trash": "INCLUDE" }), order, &everything).await;
        page.cursors.into_iter().zip(page.tasks).collect()
    }
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

fn millis() -> impl Strategy<Value = i64> {
    0..6_i64
}

fn title() -> impl Strategy<Value = &'static str> {
    sample::select(&["a", "A", "b", "É", "é", "buy milk", "Buy bread", "🎉"][..])
}

fn description() -> impl Strategy<Value = Option<&'static str>> {
    sample::select(&[None, None, Some(""), Some("milk"), Some("and Bread a")][..])
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

fn create() -> impl Strategy<Value = Change> {
    // Ids are not ordered by time here, and they do not shrink: two tasks have two.
    let id = any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string()).no_shrink();
    (id, title(), description(), priority(), due(), any::<bool>()).prop_map(
        |(id, title, description, priority, due, completed)| {
            Change::Create(json!({
                "id": id, "title": title, "description": description, "priority": priority,
                "due": due, "completed": completed,
            }))
        },
    )
}

fn change() -> impl Strategy<Value = (i64, Change)> {
    let patch = prop_oneof![
        title().prop_map(|title| json!({ "title": title })),
        priority().prop_map(|priority| json!({ "priority": priority })),
        due().prop_map(|due| json!({ "due": due })),
        any::<bool>().prop_map(|completed| json!({ "completed": completed })),
    ];
    let change = prop_oneof![
        6 => create(),
        3 => (any::<Index>(), patch).prop_map(|(task, patch)| Change::Update(task, patch)),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(task, away)| Change::Delete(task, away)),
        1 => any::<Index>().prop_map(Change::Restore),
    ];
    (millis(), change)
}

fn changes(most: usize) -> impl Strategy<Value = Vec<(i64, Change)>> {
    proptest::collection::vec(change(), 0..most)
}

fn order() -> impl Strategy<Value = Order> {
    const FIELDS: [&str; 6] =
        ["CREATED_AT", "UPDATED_AT", "COMPLETED_AT", "DUE", "PRIORITY", "TITLE"];
    proptest::collection::vec((sample::select(&FIELDS[..]), any::<bool>()), 0..4)
}

/// Some of what a front end would show.
fn view() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({ "trash": "INCLUDE" })),
        1 => Just(json!({ "trash": "ONLY" })),
        2 => Just(json!({ "completed": false })),
        1 => Just(json!({ "or": [{ "priority": { "gte": "HIGH" } }, { "search": "milk" }] })),
    ]
}

/// Filters that nest at most that deep, with few conditions each.
fn filter(depth: u32) -> impl Strategy<Value = Value> {
    fn comparators(
        names: &'static [&'static str],
        value: impl Strategy<Value = String> + 'static,
    ) -> impl Strategy<Value = Value> {
        let values = (sample::select(names), value, any::<bool>());
        proptest::collection::vec(values, 0..3).prop_map(|comparators| {
            let comparator = |(name, value, is)| match name {
                "isNull" => (name.to_owned(), json!(is)),
                "in" if is => (name.to_owned(), json!([value])),
                "in" => (name.to_owned(), json!([value, "LOW"])),
                name => (name.to_owned(), json!(value)),
            };
            comparators.into_iter().map(comparator).collect::<serde_json::Map<_, _>>().into()
        })
    }
    const INSTANTS: &[&str] = &["gt", "gte", "lt", "lte", "isNull"];
    let instant =
        || comparators(INSTANTS, millis().prop_map(|at| format!("2026-11-21T09:30:00.{at:03}Z")));
    let days = comparators(&["eq", "gt", "gte", "lt", "lte", "isNull"], day().prop_map(Into::into));
    let priorities = comparators(&["in", "gte", "lte"], priority().prop_map(Into::into));
    let searches = sample::select(&["milk", "MI", "buy br", "bread milk", "a", " ", "x"][..]);
    let durations = sample::select(&["P0D", "P1D", "P1W"][..]);
    let condition = prop_oneof![
        any::<bool>().prop_map(|completed| json!({ "completed": completed })),
        any::<bool>().prop_map(|overdue| json!({ "overdue": overdue })),
        durations.prop_map(|within| json!({ "dueOn": { "within": within } })),
        searches.prop_map(|search| json!({ "search": search })),
        priorities.prop_map(|priority| json!({ "priority": priority })),
        days.prop_map(|due| json!({ "dueOn": due })),
        instant().prop_map(|at| json!({ "completedAt": at })),
        instant().prop_map(|at| json!({ "createdAt": at })),
        instant().prop_map(|at| json!({ "updatedAt": at })),
        Just(json!({ "trash": "ONLY" })),
        Just(json!({ "completed": null, "and": null })),
        Just(json!({})),
    ];
    condition.prop_recursive(depth, 8, 2, |inner| {
        let some = proptest::collection::vec(inner.clone(), 0..3);
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
    let place = || proptest::option::of(any::<Index>());
    (0..6_usize, any::<bool>(), place(), place())
}

on_each_database! {
    async fn every_page_is_that_of_the_model(api: Api) {
        let lists = || {
            let windows = proptest::collection::vec((view(), window()), 1..10);
            (changes(24), order(), windows, changes(4))
        };
        for_any(api, 24, lists, async |mut world, (setup, order, windows, later)| {
            world.changes(&setup).await;
            let places = world.places(&order).await;
            // Some of the places are then where no task stands any more.
            world.changes(&later).await;
            for (view, (count, from_end, after, before)) in windows {
                let place = |index: Index| (!places.is_empty()).then(|| index.get(&places).clone());
                let (after, before) = (after.and_then(place), before.and_then(place));
                let window = AskedWindow { count, from_end, after, before };
                world.page(&view, &order, &window).await;
            }
        })
        .await;
    }

    async fn a_reader_meets_every_task_that_stays_exactly_once(api: Api) {
        let reading = || {
            let steps = proptest::collection::vec((0..5_usize, changes(3)), 1..12);
            (changes(24), order(), view(), any::<bool>(), steps)
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
            let stayed = |id: &&str| !world.touched.iter().any(|touched| touched == id);
            let list = model::list(world.tasks.values(), &view, &order);
            let all: Vec<_> =
                list.iter().map(|task| task["id"].as_str().unwrap()).filter(stayed).collect();
            let met: Vec<_> = met.iter().map(String::as_str).filter(stayed).collect();
            assert_eq!(met, all);
        })
        .await;
    }

    async fn every_filter_is_that_of_the_model(api: Api) {
        let filters = || (changes(24), proptest::collection::vec((filter(2), filter(2)), 1..8));
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
