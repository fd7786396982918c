//! The variables of random queries.

use proptest::{
    option,
    prelude::{BoxedStrategy, Strategy},
};
use serde_json::{Map, Value};

use super::plain;

/// The variables that a document may use: how they are defined, and what they hold.
pub const VARIABLES: [(&str, &str, &str); 24] = [
    ("first", "Int", "first"),
    ("few", "Int = 3", "first"),
    ("count", "Int! = 2", "first"),
    ("last", "Int", "first"),
    ("after", "String", "after"),
    ("before", "String = null", "after"),
    ("id", "ID!", "id"),
    ("idOr", "ID! = \"x\"", "id"),
    ("ids", "[ID!]", "ids"),
    ("these", "[ID!]! = []", "theseIds"),
    ("archived", "Boolean! = true", "archived"),
    ("filter", "TaskFilter", "filter"),
    ("open", "TaskFilter = {completed: false, priority: {in: LOW}}", "filter"),
    ("order", "[TaskOrder!]", "order"),
    ("sorted", "[TaskOrder!] = {field: TITLE, direction: DESC}", "order"),
    ("by", "TaskOrderField!", "by"),
    ("byDue", "TaskOrderField! = DUE", "by"),
    ("way", "OrderDirection", "way"),
    ("search", "String", "search"),
    ("done", "Boolean", "done"),
    ("urgent", "Priority = HIGH", "urgent"),
    ("day", "Date", "day"),
    ("instant", "DateTime", "instant"),
    ("trash", "TrashFilter", "trash"),
];

/// The variables of directives, which are defined where they are needed.
const FLAGS: [(&str, &str, &str); 2] =
    [("yes", "Boolean!", "done"), ("no", "Boolean! = false", "done")];

/// Values for all variables; some are left out.
pub fn variables() -> BoxedStrategy<Value> {
    let holds: Vec<_> = VARIABLES
        .iter()
        .chain(&FLAGS)
        .map(|(.., holds)| option::weighted(0.8, plain(holds)))
        .collect();
    holds
        .prop_map(|values| {
            let names = VARIABLES.iter().chain(&FLAGS).map(|(name, ..)| name);
            let given =
                names.zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(given.collect())
        })
        .boxed()
}

/// The names of the variables in a text.
pub fn used(text: &str) -> Vec<&'static (&'static str, &'static str, &'static str)> {
    let is_used = |name: &str| {
        text.match_indices('$').any(|(at, _)| {
            let rest = &text[at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            rest[..end] == *name
        })
    };
    VARIABLES.iter().chain(&FLAGS).filter(|(name, ..)| is_used(name)).collect()
}

pub fn definitions(used: &[&(&str, &str, &str)]) -> String {
    let defined: Vec<_> = used.iter().map(|(name, ty, _)| format!("${name}: {ty}")).collect();
    if defined.is_empty() { String::new() } else { format!("({})", defined.join(", ")) }
}

/// The values of the variables that are used, and of one that is not.
pub fn given(all: &Value, used: &[&(&str, &str, &str)]) -> Value {
    let names = used.iter().map(|(name, ..)| *name).chain(["instant"]);
    let given = names.filter_map(|name| Some((name.to_owned(), all.get(name)?.clone())));
    Value::Object(given.collect::<Map<_, _>>())
}
