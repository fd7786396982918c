//! Random values of all types, as variables and as literals in a document.

use proptest::{
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy, any},
    prop_oneof,
    sample::select,
};
use serde_json::{Value, json};

use super::{PRIORITIES, TEXTS};
use crate::harness::{
    ORDERS,
    ids::{list_id, tag_id, task_id},
};

/// One of some values.
pub fn one_of<const N: usize>(values: [Value; N]) -> BoxedStrategy<Value> {
    select(Vec::from(values)).boxed()
}

/// Any text.
pub fn text() -> BoxedStrategy<Value> {
    select(&TEXTS[..]).prop_map(Value::from).boxed()
}

/// The id of one of the tasks, of none, or none at all.
pub fn id() -> BoxedStrategy<Value> {
    prop_oneof![
        8 => (0..12_usize).prop_map(|number| json!(task_id(number))),
        1 => (0..12_usize).prop_map(|number| json!(task_id(number).to_uppercase())),
        1 => one_of([
            json!(task_id(99)), json!(tag_id(0)), json!(""), json!("x"), json!(5), json!(-7),
            json!("\0\u{2028}\u{1f389}"), json!(task_id(0).replace('-', "")), json!("alice"),
        ]),
    ]
    .boxed()
}

/// Those of tags, of lists and of tasks; one alone stands for a list of it.
pub fn ids() -> BoxedStrategy<Value> {
    let one = prop_oneof![
        (0..4_usize).prop_map(|number| json!(tag_id(number))),
        (0..3_usize).prop_map(|number| json!(list_id(number))),
        id(),
    ];
    prop_oneof![4 => vec(one.clone(), 0..4).prop_map(Value::from), 1 => one].boxed()
}

/// As many cursors as there may be in place of `@0`, `@1`, and so on.
pub const CURSORS: usize = 40;

/// As many places in the log as there may be in place of `@since 0`, and so on.
pub const SINCES: usize = 8;

/// What a list is sorted by; one step alone stands for a list of it.
fn order() -> BoxedStrategy<Value> {
    let field = || select(&ORDERS[..]);
    let direction = select(&["ASC", "DESC"][..]);
    let step = prop_oneof![
        field().prop_map(|field| json!({ "field": field })),
        (field(), direction)
            .prop_map(|(field, direction)| json!({ "field": field, "direction": direction })),
    ];
    prop_oneof![1 => vec(step.clone(), 0..4).prop_map(Value::from), 1 => step].boxed()
}

/// Which tasks a list shows. `leaf` may put a variable in the place of a value of that name.
pub fn filter(leaf: Leaf) -> BoxedStrategy<Value> {
    let object = |name: &'static str, value: BoxedStrategy<Value>| {
        value.prop_map(move |value| json!({ name: value }))
    };
    let nested = move |name: &'static str, below: BoxedStrategy<Value>| {
        below.prop_map(move |below| json!({ name: below })).boxed()
    };
    let days = prop_oneof![
        object("eq", leaf("day")),
        object("lt", leaf("day")),
        object("gte", leaf("day")),
        object("isNull", leaf("done")),
        object(
            "within",
            one_of([json!("P0D"), json!("P7D"), json!("P1W"), json!("PT1H"), json!("-P1D")])
        ),
    ];
    let instants = prop_oneof![
        object("gt", leaf("instant")),
        object("lte", leaf("instant")),
        object("isNull", leaf("done"))
    ];
    let condition = prop_oneof![
        leaf("search").prop_map(|value| json!({ "search": value })),
        leaf("done").prop_map(|value| json!({ "completed": value })),
        leaf("done").prop_map(|value| json!({ "overdue": value })),
        leaf("trash").prop_map(|value| json!({ "trash": value })),
        nested(
            "priority",
            prop_oneof![
                object("in", leaf("urgent")),
                object("gte", leaf("urgent")),
                Just(json!({}))
            ]
            .boxed()
        ),
        nested("dueOn", days.boxed()),
        nested("completedAt", instants.clone().boxed()),
        nested("createdAt", instants.boxed()),
        nested(
            "tags",
            prop_oneof![
                object("anyOf", leaf("ids")),
                object("allOf", leaf("ids")),
                object("noneOf", leaf("ids"))
            ]
            .boxed()
        ),
        nested(
            "list",
            prop_oneof![object("in", leaf("ids")), object("isNull", leaf("done"))].boxed()
        ),
        nested(
            "parent",
            prop_oneof![object("in", leaf("ids")), object("isNull", leaf("done"))].boxed()
        ),
    ];
    let all = vec(condition, 0..3).prop_map(|conditions| {
        let fields =
            conditions.into_iter().flat_map(|condition| condition.as_object().unwrap().clone());
        Value::Object(fields.collect())
    });
    all.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            2 => inner.clone(),
            1 => (select(&["and", "or"][..]), vec(inner.clone(), 0..3)).prop_map(|(name, inner)| json!({ name: inner })),
            1 => inner.clone().prop_map(|inner| json!({ "or": inner })),
            1 => inner.prop_map(|inner| json!({ "not": inner })),
        ]
    })
    .boxed()
}

/// A value for what goes by that name, or the name of a variable that holds one.
pub type Leaf = fn(&'static str) -> BoxedStrategy<Value>;

/// A value for what goes by that name: now and then one that is refused, for its type or as it is.
pub fn plain(name: &'static str) -> BoxedStrategy<Value> {
    prop_oneof![29 => good(name), 1 => bad(name)].boxed()
}

fn good(name: &'static str) -> BoxedStrategy<Value> {
    match name {
        "first" => {
            prop_oneof![11 => (0..8).prop_map(Value::from), 1 => one_of([json!(100), json!(null)])]
                .boxed()
        }
        // Those of the usual order come first.
        "after" => prop_oneof![3 => 0..CURSORS / 8, 1 => 0..CURSORS]
            .prop_map(|at| json!(format!("@{at}")))
            .boxed(),
        "id" => id(),
        "ids" | "theseIds" => ids(),
        "tagId" => (0..4_usize).prop_map(|number| json!(tag_id(number))).boxed(),
        "listId" => (0..3_usize).prop_map(|number| json!(list_id(number))).boxed(),
        "anyId" => prop_oneof![4 => id(), 1 => good("tagId"), 1 => good("listId"), 1 => Just(json!("alice"))].boxed(),
        "since" => prop_oneof![6 => (0..SINCES).prop_map(|at| json!(format!("@since {at}"))), 1 => Just(json!(null)), 1 => Just(json!("@3"))].boxed(),
        "search" => {
            let found =
                one_of(["mi", "milk", "CAFE", "and", "", "x y", "\u{5d0}"].map(Value::from));
            prop_oneof![2 => found, 1 => text()].boxed()
        }
        "done" | "archived" => any::<bool>().prop_map(Value::from).boxed(),
        "urgent" => select(&PRIORITIES[..]).prop_map(Value::from).boxed(),
        "day" => one_of([
            json!("2026-11-21"),
            json!("2026-11-20"),
            json!("0001-01-01"),
            json!("9999-12-31"),
            json!("2028-02-29"),
        ]),
        "instant" => one_of([
            json!("2026-11-21T09:30:00Z"),
            json!("2026-11-21T09:30:00.003Z"),
            json!("2026-11-22T08:00:00.1239+05:30"),
            json!("9999-12-31T23:59:59.999Z"),
            json!("0000-01-01T00:00:00Z"),
            json!("0001-01-01T00:00:00+14:00"),
        ]),
        "trash" => one_of([json!("ONLY"), json!("INCLUDE"), json!("EXCLUDE"), json!(null)]),
        "filter" => filter(plain),
        "order" => order(),
        "by" => select(&ORDERS[..7]).prop_map(Value::from).boxed(),
        "way" => one_of([json!("ASC"), json!("DESC")]),
        _ => panic!("nothing is called {name}"),
    }
}

fn bad(name: &'static str) -> BoxedStrategy<Value> {
    match name {
        "first" => one_of([
            json!(101),
            json!(-1),
            json!(i32::MAX),
            json!(i32::MIN),
            json!(2_147_483_648_i64),
            json!(3.0),
            json!(1.5),
            json!("1"),
            json!(true),
            json!([1]),
            json!(1e30),
        ]),
        "id" => one_of([json!(null), json!(1.5), json!([])]),
        "ids" | "theseIds" => {
            one_of([json!(null), json!([null]), json!(true), Value::from(vec![task_id(0); 101])])
        }
        "search" => one_of([json!("m".repeat(201)), json!("\0"), json!(null), json!(7)]),
        "filter" => one_of([json!(null), json!({ "x": 1 }), json!([]), json!({ "and": null })]),
        "order" => one_of([
            json!(null),
            json!([null]),
            json!([{}]),
            json!("TITLE"),
            json!({ "field": "RELEVANCE" }),
        ]),
        "day" => one_of([json!("2026-02-30"), json!("2026-1-1"), json!("today"), json!(20)]),
        "instant" => one_of([json!("2026-11-21"), json!("9999-12-31T23:59:59-01:00"), json!(0)]),
        _ => one_of([
            json!(null),
            json!("x"),
            json!("high"),
            json!(1),
            json!({}),
            json!(["DESC", "ASC"]),
        ]),
    }
}

/// A value as a document writes it: names of enums have no quotes there, and a text may be written
/// in several ways.
pub fn written(value: &Value) -> String {
    const ENUMS: [&str; 13] = [
        "NONE", "LOW", "MEDIUM", "HIGH", "URGENT", "ASC", "DESC", "ONLY", "INCLUDE", "EXCLUDE",
        "high", "SOON", "UP",
    ];
    match value {
        Value::String(name) if ENUMS.contains(&&**name) || ORDERS.contains(&&**name) => {
            name.clone()
        }
        // The name of a variable.
        Value::String(name) if name.starts_with('\u{1}') => name.replace('\u{1}', "$"),
        Value::String(text) => written_text(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name}: {}", written(value))).collect();
            format!("{{{}}}", fields.join(" "))
        }
        other => other.to_string(),
    }
}

/// As a block, with escapes for all letters but ASCII, or as it stands, whatever suits its length.
fn written_text(text: &str) -> String {
    let is_plain =
        !text.contains(['"', '\\', '\0', '\u{8}', '\u{7f}', '\n', '\t']) && text.trim() == text;
    match text.chars().count() % 3 {
        0 if is_plain && !text.is_empty() => format!("\"\"\"{text}\"\"\""),
        1 => {
            let units = text.encode_utf16().map(|unit| match u8::try_from(unit) {
                Ok(byte @ (b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) => {
                    char::from(byte).to_string()
                }
                _ => format!("\\u{unit:04X}"),
            });
            format!("\"{}\"", units.collect::<String>())
        }
        _ => Value::from(text).to_string(),
    }
}
