//! Random changes, orders, filters and windows.

use proptest::{
    bool::weighted,
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::{self, Index},
};
use serde_json::{Value, json};

use super::{
    super::model::{Order, PRIORITIES},
    world::{Change, LISTS, RawWindow, TAGS, TASKS, scattered_id},
};
use crate::harness::ORDERS;

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

pub fn search() -> impl Strategy<Value = &'static str> {
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

/// The changes before a test reads.
pub fn setup() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..60)
}

/// The changes between two reads.
pub fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..4)
}

pub fn order() -> impl Strategy<Value = Order> {
    let any_order = || vec((sample::select(&ORDERS[..]), any::<bool>()), 0..4);
    let by_relevance = (any::<bool>(), any_order()).prop_map(|(descends, mut order)| {
        order.insert(0, ("RELEVANCE", descends));
        order
    });
    prop_oneof![2 => any_order(), 1 => by_relevance]
}

/// Filters as front ends use them. Each has a search, so that it can be sorted by relevance.
pub fn view() -> impl Strategy<Value = Value> {
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
pub fn filter(depth: u32) -> impl Strategy<Value = Value> {
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

pub fn window() -> impl Strategy<Value = RawWindow> {
    let place = || option::of(any::<Index>());
    (0..6_usize, any::<bool>(), place(), place())
}
