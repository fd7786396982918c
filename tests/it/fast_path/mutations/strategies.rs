//! Random mutations, with inputs as variables, as literals, and field by field.

use proptest::{
    bool::weighted,
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy},
    prop_oneof,
    sample::{select, subsequence},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::{
    Request, Transport,
    selections::{Style, Type, Writer, selection},
    values::{self, one_of, plain, written},
};
use crate::harness::ids::{list_id, tag_id, task_id};

/// A mutation and its input.
type MutationCall = (&'static str, Value);

fn title() -> BoxedStrategy<Value> {
    let long = |letter: &str, count| json!(letter.repeat(count));
    let edge = one_of([
        json!(""),
        json!(" \n\t"),
        long("x", 500),
        long("x", 501),
        long("\u{1f389}", 500),
        long("\u{1f389}", 501),
        json!("a\0b"),
        json!("a\r\nb"),
        json!("\u{3000}a "),
        json!(null),
        json!(5),
        json!(["x"]),
    ]);
    prop_oneof![6 => values::text(), 1 => edge].boxed()
}

fn description() -> BoxedStrategy<Value> {
    prop_oneof![6 => values::text(), 1 => one_of([json!(""), json!(null), json!("a\r\nb\u{85}"), json!("x".repeat(20_001))])]
        .boxed()
}

fn due() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => plain("day").prop_map(|day| json!({ "on": day })),
        4 => plain("instant").prop_map(|at| json!({ "at": at })),
        1 => (plain("day"), plain("instant")).prop_map(|(day, at)| json!({ "on": day, "at": at })),
        2 => one_of([json!(null), json!({}), json!({ "on": null }), json!({ "on": "2026-11-21", "at": null })]),
    ]
    .boxed()
}

fn version() -> BoxedStrategy<Value> {
    prop_oneof![4 => (1..4).prop_map(Value::from), 1 => one_of([json!(null), json!(0), json!(i32::MAX), json!("1"), json!(1.0)])].boxed()
}

fn place() -> BoxedStrategy<Value> {
    let beside =
        (select(&["before", "after"][..]), plain("id")).prop_map(|(side, id)| json!({ side: id }));
    prop_oneof![8 => beside, 1 => one_of([json!(null), json!({}), json!({ "before": task_id(0), "after": task_id(1) })])].boxed()
}

fn tags() -> BoxedStrategy<Value> {
    let own =
        vec((0..3_usize).prop_map(|number| json!(tag_id(number))), 0..4).prop_map(Value::from);
    prop_oneof![4 => own, 1 => plain("ids")].boxed()
}

/// The id of a list, an unknown id, or null, which is the inbox.
fn list() -> BoxedStrategy<Value> {
    prop_oneof![3 => (0..2_usize).prop_map(|number| json!(list_id(number))), 2 => Just(json!(null)), 1 => plain("id")].boxed()
}

/// The fields of an input, each with its type.
const FIELDS: [(&str, &str, &str); 49] = [
    ("createTask", "id", "ID"),
    ("createTask", "title", "String!"),
    ("createTask", "description", "String"),
    ("createTask", "completed", "Boolean"),
    ("createTask", "priority", "Priority"),
    ("createTask", "due", "DueInput"),
    ("createTask", "tagIds", "[ID!]"),
    ("createTask", "listId", "ID"),
    ("createTask", "parentId", "ID"),
    ("updateTask", "id", "ID!"),
    ("updateTask", "expectedVersion", "Int"),
    ("updateTask", "title", "String"),
    ("updateTask", "description", "String = null"),
    ("updateTask", "completed", "Boolean"),
    ("updateTask", "priority", "Priority"),
    ("updateTask", "due", "DueInput"),
    ("updateTask", "addTagIds", "[ID!]"),
    ("updateTask", "removeTagIds", "[ID!]"),
    ("moveTask", "id", "ID!"),
    ("moveTask", "expectedVersion", "Int"),
    ("moveTask", "listId", "ID"),
    ("moveTask", "parentId", "ID"),
    ("moveTask", "place", "PlaceInput"),
    ("deleteTask", "id", "ID!"),
    ("deleteTask", "expectedVersion", "Int"),
    ("deleteTask", "permanently", "Boolean! = true"),
    ("restoreTask", "id", "ID!"),
    ("createTag", "id", "ID"),
    ("createTag", "name", "String!"),
    ("createTag", "color", "String"),
    ("updateTag", "id", "ID!"),
    ("updateTag", "expectedVersion", "Int"),
    ("updateTag", "name", "String"),
    ("updateTag", "color", "String"),
    ("deleteTag", "id", "ID!"),
    ("deleteTag", "expectedVersion", "Int"),
    ("createList", "id", "ID"),
    ("createList", "name", "String!"),
    ("createList", "color", "String = \"#00ff00\""),
    ("createList", "place", "PlaceInput"),
    ("updateList", "id", "ID!"),
    ("updateList", "name", "String"),
    ("updateList", "place", "PlaceInput"),
    ("updateList", "archived", "Boolean"),
    ("deleteList", "id", "ID!"),
    ("deleteList", "expectedVersion", "Int"),
    ("updateViewer", "timeZone", "TimeZone"),
    ("batch", "operations", "[BatchOperation!]!"),
    ("batch", "atomic", "Boolean! = true"),
];

fn value(mutation: &str, field: &str) -> BoxedStrategy<Value> {
    let is_of_list = mutation.ends_with("List");
    match field {
        "operations" => vec(mutation_call(&OPERATIONS), 0..4)
            .prop_map(|calls| calls.into_iter().map(|(name, input)| json!({ name: input })).collect())
            .boxed(),
        "name" => {
            let name = one_of([json!("milk"), json!("MILK"), json!("tag \"1\" \u{1f389}"), json!("list 0")]);
            prop_oneof![6 => name, 1 => values::text(), 1 => one_of([json!(""), json!(null), json!("x".repeat(51))])].boxed()
        }
        "color" => one_of([json!("#1E90FF"), json!("#000000"), json!(null), json!("red")]),
        "timeZone" => one_of([json!("Europe/Berlin"), json!("Pacific/Kiritimati"), json!("UTC"), json!(null), json!("Mars")]),
        "id" if mutation.ends_with("Tag") => plain("tagId"),
        "id" if is_of_list => plain("listId"),
        "place" if is_of_list => {
            let beside = (select(&["before", "after"][..]), plain("listId"));
            beside.prop_map(|(side, id)| json!({ side: id })).boxed()
        }
        "title" => title(),
        "description" => description(),
        "completed" | "permanently" | "archived" | "atomic" => plain("done"),
        "priority" => plain("urgent"),
        "due" => due(),
        "expectedVersion" => version(),
        "tagIds" | "addTagIds" | "removeTagIds" => tags(),
        "listId" => list(),
        "place" => place(),
        _ => prop_oneof![19 => (0..14_usize).prop_map(|number| json!(task_id(number))), 1 => plain("id")].boxed(),
    }
}

/// The mutations that a batch may have.
const OPERATIONS: [&str; 14] = [
    "createTask",
    "createTask",
    "updateTask",
    "updateTask",
    "updateTask",
    "moveTask",
    "deleteTask",
    "restoreTask",
    "createTag",
    "updateTag",
    "deleteTag",
    "createList",
    "updateList",
    "deleteList",
];

/// All mutations but `signOut`, after which there is nobody to go on.
fn mutations() -> Vec<&'static str> {
    [&OPERATIONS[..], &["batch", "batch", "updateViewer"]].concat()
}

/// A mutation with its required fields and a few optional ones.
fn mutation_call(mutations: &[&'static str]) -> BoxedStrategy<MutationCall> {
    let mutation = select(mutations.to_vec());
    let mutation_call = mutation.prop_flat_map(|mutation| {
        let of_it = || {
            FIELDS
                .iter()
                .filter(move |(of, ..)| *of == mutation)
                .map(|(_, field, ty)| (*field, *ty))
        };
        let free: Vec<_> =
            of_it().filter(|(_, ty)| !ty.ends_with('!')).map(|(field, _)| field).collect();
        let most = free.len().min(3);
        let needed: Vec<_> =
            of_it().filter(|(_, ty)| ty.ends_with('!')).map(|(field, _)| field).collect();
        let chosen = subsequence(free, 0..=most);
        chosen.prop_flat_map(move |chosen| {
            let fields: Vec<_> = needed.iter().copied().chain(chosen).collect();
            let values: Vec<_> = fields.iter().map(|field| value(mutation, field)).collect();
            values.prop_map(move |values| {
                let input: Map<_, _> =
                    fields.iter().map(|field| (*field).to_owned()).zip(values).collect();
                (mutation, Value::Object(input))
            })
        })
    });
    // An unknown field, and values that are no input objects.
    let wrong = one_of([
        json!(null),
        json!({}),
        json!({ "id": task_id(1), "x": 1 }),
        json!([{ "id": task_id(1) }]),
        json!("x"),
    ]);
    let wrong = (select(&["createTask", "updateTask", "deleteTask"][..]), wrong);
    prop_oneof![30 => mutation_call, 1 => wrong].boxed()
}

/// How a document gives the input.
#[derive(Clone, Copy, Debug)]
enum InputForm {
    Variable,
    Fields,
    Literal,
}

/// A mutation, and the variables with which its plan is compiled.
#[derive(Clone, Debug)]
pub struct Step {
    pub request: Request,
    /// Variables with which the mutation changes none of the data that the test compares.
    pub harmless: Value,
    pub wait: i64,
    pub scope: &'static str,
}

pub fn step() -> impl Strategy<Value = Step> {
    let form = prop_oneof![2 => Just(InputForm::Variable), 2 => Just(InputForm::Fields), 1 => Just(InputForm::Literal)];
    let style = (weighted(0.1), weighted(0.05)).prop_map(|(directives, empty_objects)| Style {
        directives,
        conflicts: false,
        empty_objects,
        cursors: false,
    });
    let call = (mutation_call(&mutations()), style).prop_flat_map(|((mutation, input), style)| {
        let payload = selection(Type::of_mutation(mutation), style, 5);
        payload.prop_map(move |payload| (mutation, input.clone(), payload))
    });
    let transport = prop_oneof![4 => Just(Transport::Post), 1 => Just(Transport::LegacyPost)];
    let scope = prop_oneof![16 => Just("tasks:read tasks:write"), 1 => Just("tasks:write"), 1 => Just("tasks:read")];
    let times = (weighted(0.1), weighted(0.3));
    (call, form, transport, scope, times, 1..4_i64).prop_map(
        |((mutation, input, payload), form, transport, scope, (is_twice, has_alias), wait)| {
            let mut writer = Writer::default();
            let payload = writer.selection(&payload);
            let capital = match mutation {
                "deleteTag" | "deleteList" => "Delete".to_owned(),
                _ => format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]),
            };
            let is_object = input.is_object();
            let (mut head, argument, mut variables) = match form {
                InputForm::Fields if is_object => by_fields(mutation, &input),
                InputForm::Literal => {
                    (String::new(), format!("input: {}", written(&input)), json!({}))
                }
                _ => (
                    format!("$input: {capital}Input!"),
                    "input: $input".to_owned(),
                    json!({ "input": input }),
                ),
            };
            let fragments = writer.fragments();
            for flag in ["$yes", "$no"] {
                if payload.contains(flag) || fragments.contains(flag) {
                    head = format!("{head} {flag}: Boolean! = true");
                    variables[&flag[1..]] = json!(wait % 2 == 0);
                }
            }
            let head = if head.is_empty() { head } else { format!("({head})") };
            let key = if has_alias { "done: " } else { "" };
            let field = format!("{key}{mutation}({argument}) {payload}");
            let again = if is_twice {
                format!(" {key}{mutation}({argument}) {{ again: __typename }}")
            } else {
                String::new()
            };
            let text = format!("mutation M{head} {{\n  {field}{again} }}{fragments}");
            let harmless = match mutation {
                "createTask" => json!({ "title": "x" }),
                "createTag" | "createList" => json!({ "name": "x" }),
                "batch" => json!({ "operations": [] }),
                "updateViewer" => json!({}),
                _ => json!({ "id": Uuid::nil() }),
            };
            let mut harmless = json!({ "input": harmless, "id": Uuid::nil(), "title": "x", "name": "x", "operations": [] });
            for flag in ["yes", "no"] {
                harmless[flag] = variables.get(flag).cloned().unwrap_or(json!(true));
            }
            Step {
                request: Request { text, name: None, variables, transport },
                harmless,
                wait,
                scope,
            }
        },
    )
}

/// An input in which each field is a variable, whether it is given or not.
fn by_fields(mutation: &str, input: &Value) -> (String, String, Value) {
    let of_it = FIELDS.iter().filter(|(of, ..)| *of == mutation);
    let (mut head, mut fields) = (Vec::new(), Vec::new());
    for (_, field, ty) in of_it {
        head.push(format!("${field}: {ty}"));
        fields.push(format!("{field}: ${field}"));
    }
    (head.join(" "), format!("input: {{{}}}", fields.join(", ")), input.clone())
}
