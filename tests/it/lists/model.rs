//! A model of lists in simple Rust: all tasks in memory, filtered, sorted and sliced.
//!
//! A task is the JSON in which the server last returned it. Its instants and days have one format, so
//! they compare as texts.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::harness::START;

/// An order as the API takes it: fields and whether they descend.
pub type Order = Vec<(&'static str, bool)>;

/// The priorities from the least to the most.
pub const PRIORITIES: [&str; 5] = ["NONE", "LOW", "MEDIUM", "HIGH", "URGENT"];

/// The order as an argument.
pub fn order_by(order: &Order) -> Value {
    let direction = |descends| if descends { "DESC" } else { "ASC" };
    order
        .iter()
        .map(|(field, descends)| json!({ "field": field, "direction": direction(*descends) }))
        .collect()
}

/// Which of two tasks comes first.
pub fn compare(order: &Order, a: &Value, b: &Value) -> Ordering {
    let newest_first = vec![("CREATED_AT", true)];
    let order = if order.is_empty() { &newest_first } else { order };
    let by = |field, descends| nulls_last(a[field].as_str(), b[field].as_str(), descends);
    let ties = |tied: Ordering, (field, descends): &(&str, bool)| {
        tied.then_with(|| match *field {
            "CREATED_AT" => by("createdAt", *descends),
            "UPDATED_AT" => by("updatedAt", *descends),
            "COMPLETED_AT" => by("completedAt", *descends),
            "DUE" => by("dueOn", *descends).then(by("dueAt", *descends)),
            "PRIORITY" => turned(rank(&a["priority"]).cmp(&rank(&b["priority"])), *descends),
            "TITLE" => turned(folded(a).cmp(&folded(b)), *descends),
            "POSITION" => by("position", *descends),
            "RELEVANCE" => turned(a[RELEVANCE].as_u64().cmp(&b[RELEVANCE].as_u64()), *descends),
            other => panic!("no order: {other}"),
        })
    };
    let ranked = order.iter().fold(Ordering::Equal, ties);
    let (last, descends) = order[order.len() - 1];
    let oldest = if last == "RELEVANCE" { by("createdAt", descends) } else { Ordering::Equal };
    ranked.then(oldest).then_with(|| by("id", descends))
}

fn turned(ordering: Ordering, descends: bool) -> Ordering {
    if descends { ordering.reverse() } else { ordering }
}

fn nulls_last<T: Ord>(a: Option<T>, b: Option<T>, descends: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => turned(a.cmp(&b), descends),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

fn folded(task: &Value) -> String {
    task["title"].as_str().unwrap().to_lowercase()
}

fn rank(priority: &Value) -> usize {
    PRIORITIES.iter().position(|name| priority == name).unwrap()
}

/// How well a task matches the search of the filter that it was shown under.
const RELEVANCE: &str = "relevance";

/// A task as it is shown under a filter: with its relevance there.
pub fn under(filter: &Value, task: &Value) -> Value {
    let mut task = task.clone();
    task[RELEVANCE] = filter["search"].as_str().map_or(0, |search| relevance(search, &task)).into();
    task
}

fn relevance(search: &str, task: &Value) -> usize {
    let (title, description) = (words(&task["title"]), words(&task["description"]));
    let search = words(&json!(search));
    let of_word = |(at, word): (usize, &String)| {
        let is_last = at + 1 == search.len();
        let begins = |text: &[String]| is_last && text.iter().any(|other| other.starts_with(word));
        let points = [
            (4, title.contains(word)),
            (3, begins(&title)),
            (2, description.contains(word)),
            (1, begins(&description)),
        ];
        points.into_iter().find(|(_, held)| *held).map_or(0, |(points, _)| points)
    };
    search.iter().enumerate().map(of_word).sum()
}

/// For texts without accents and punctuation within words.
fn words(text: &Value) -> Vec<String> {
    let text = text.as_str().unwrap_or_default().to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The tasks that a filter keeps, in order.
pub fn list<'a>(
    tasks: impl IntoIterator<Item = &'a Value>,
    filter: &Value,
    order: &Order,
) -> Vec<Value> {
    let trash = |task: &Value| match filter["trash"].as_str() {
        Some("INCLUDE") => true,
        Some("ONLY") => !task["deletedAt"].is_null(),
        _ => task["deletedAt"].is_null(),
    };
    let kept = tasks.into_iter().filter(|task| trash(task) && keeps(filter, task));
    let mut list: Vec<_> = kept.map(|task| under(filter, task)).collect();
    list.sort_by(|a, b| compare(order, a, b));
    list
}

/// Whether a filter keeps a task, apart from the trash.
pub fn keeps(filter: &Value, task: &Value) -> bool {
    holds(filter, task).unwrap_or(true)
}

/// Whether a filter matches; `None` when it has no condition.
fn holds(filter: &Value, task: &Value) -> Option<bool> {
    let given = filter.as_object()?.iter().filter(|(_, value)| !value.is_null());
    let asked = given.filter_map(|(field, value)| match field.as_str() {
        "trash" => None,
        "and" => all(value.as_array()?.iter().filter_map(|one| holds(one, task))),
        "or" => {
            let each: Vec<_> = value.as_array()?.iter().map(|one| holds(one, task)).collect();
            let any = each.iter().any(|held| held.unwrap_or(true));
            each.iter().any(Option::is_some).then_some(any)
        }
        "not" => holds(value, task).map(|held| !held),
        "search" => finds(value.as_str()?, task),
        "completed" => Some(*value == task["completed"]),
        "overdue" => Some(*value == is_overdue(task)),
        "priority" => compares(value, |comparator, given| match comparator {
            "in" => given.as_array().unwrap().contains(&task["priority"]),
            other => by(other, rank(&task["priority"]).cmp(&rank(given))),
        }),
        "tags" => compares(value, |comparator, given| {
            let tags = task["tags"].as_array().unwrap();
            let has = |id: &Value| tags.iter().any(|tag| tag["id"] == *id);
            let given = given.as_array().unwrap();
            match comparator {
                "anyOf" => given.iter().any(has),
                "allOf" => given.iter().all(has),
                "noneOf" => !given.iter().any(has),
                other => panic!("no comparison: {other}"),
            }
        }),
        "list" | "parent" => compares(value, |comparator, given| match comparator {
            "in" => given.as_array().unwrap().contains(&task[field]["id"]),
            "isNull" => *given == task[field].is_null(),
            other => panic!("no comparison: {other}"),
        }),
        field => compares(value, |comparator, given| match (comparator, task[field].as_str()) {
            ("isNull", value) => *given == value.is_none(),
            (_, None) => false,
            ("within", Some(day)) => (TODAY..=ahead(given)).contains(&day),
            (other, Some(value)) => by(other, value.cmp(given.as_str().unwrap())),
        }),
    });
    all(asked)
}

/// The day on which the tests begin.
const TODAY: &str = START.split_at(10).0;

/// No due is so near to the beginning of a test that the time since then would matter.
fn is_overdue(task: &Value) -> bool {
    let past = match (task["dueAt"].as_str(), task["dueOn"].as_str()) {
        (Some(at), _) => at < START,
        (None, Some(on)) => on < TODAY,
        (None, None) => false,
    };
    past && task["completed"] == false
}

/// The last day within a few durations.
fn ahead(within: &Value) -> &'static str {
    match within.as_str() {
        Some("P0D") => TODAY,
        Some("P1D") => "2026-11-22",
        Some("P1W") => "2026-11-28",
        _ => panic!("no such duration: {within}"),
    }
}

/// Whether all hold; `None` when there are none.
fn all(held: impl Iterator<Item = bool>) -> Option<bool> {
    held.reduce(|a, b| a && b)
}

fn compares(comparators: &Value, mut holds: impl FnMut(&str, &Value) -> bool) -> Option<bool> {
    let given = comparators.as_object()?.iter().filter(|(_, given)| !given.is_null());
    all(given.map(|(comparator, given)| holds(comparator, given)))
}

fn by(comparator: &str, ordering: Ordering) -> bool {
    match comparator {
        "eq" => ordering.is_eq(),
        "gt" => ordering.is_gt(),
        "gte" => ordering.is_ge(),
        "lt" => ordering.is_lt(),
        "lte" => ordering.is_le(),
        other => panic!("no comparison: {other}"),
    }
}

fn finds(search: &str, task: &Value) -> Option<bool> {
    let text = [words(&task["title"]), words(&task["description"])].concat();
    let mut wanted = words(&json!(search));
    let last = wanted.pop()?;
    let found = wanted.iter().all(|word| text.contains(word));
    Some(found && text.iter().any(|word| word.starts_with(&last)))
}

/// The part of a list that a page shows. A place is a task as it was when its cursor was made.
pub struct Window<'a> {
    pub count: usize,
    pub from_end: bool,
    pub after: Option<&'a Value>,
    pub before: Option<&'a Value>,
}

/// The part of a list, and whether there are rows after and before it.
pub fn cut<'a>(list: &'a [Value], order: &Order, window: &Window) -> (&'a [Value], bool, bool) {
    let start = window
        .after
        .map_or(0, |place| list.iter().filter(|task| compare(order, task, place).is_le()).count());
    let end = window.before.map_or(list.len(), |place| {
        list.iter().filter(|task| compare(order, task, place).is_lt()).count()
    });
    let count = window.count.min(end.saturating_sub(start));
    let shown = if window.from_end { end - count..end } else { start..start + count };
    (&list[shown.clone()], shown.end < list.len(), shown.start > 0)
}
