//! Random mutations: one user is answered by plans and one by async-graphql, in the same milliseconds.
//! Both get the same responses, and have the same data in the end.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use proptest::{
    bool::weighted,
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy},
    prop_oneof,
    sample::{select, subsequence},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Observed, Request, Transport, seed,
    selections::{Style, Type, Writer, selection},
    values::{self, one_of, plain, written},
};
use crate::harness::{
    Api, Person, for_the_same,
    ids::{list_id, tag_id, task_id},
    on_each_database,
};

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
const FIELDS: [(&str, &str, &str); 27] = [
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
];

fn value(field: &str) -> BoxedStrategy<Value> {
    match field {
        "title" => title(),
        "description" => description(),
        "completed" | "permanently" => plain("done"),
        "priority" => plain("urgent"),
        "due" => due(),
        "expectedVersion" => version(),
        "tagIds" | "addTagIds" | "removeTagIds" => tags(),
        "listId" => list(),
        "place" => place(),
        _ => prop_oneof![19 => (0..14_usize).prop_map(|number| json!(task_id(number))), 1 => plain("id")].boxed(),
    }
}

/// A mutation with its required fields and a few optional ones.
fn mutation_call() -> BoxedStrategy<MutationCall> {
    let mutation = select(
        &[
            "createTask",
            "createTask",
            "updateTask",
            "updateTask",
            "updateTask",
            "moveTask",
            "deleteTask",
            "restoreTask",
        ][..],
    );
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
            let values: Vec<_> = fields.iter().map(|field| value(field)).collect();
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
struct Step {
    request: Request,
    /// Variables with which the mutation changes none of the data that the test compares.
    harmless: Value,
    wait: i64,
    scope: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let form = prop_oneof![2 => Just(InputForm::Variable), 2 => Just(InputForm::Fields), 1 => Just(InputForm::Literal)];
    let style = (weighted(0.04), weighted(0.05), weighted(0.05));
    let style = style.prop_map(|(directives, unplanned, empty_objects)| Style {
        directives,
        unplanned,
        conflicts: false,
        empty_objects,
    });
    let payload = style.prop_flat_map(|style| {
        (selection(Type::TaskPayload, style, 1), selection(Type::DeletePayload, style, 1))
    });
    let transport = prop_oneof![4 => Just(Transport::Post), 1 => Just(Transport::LegacyPost)];
    let scope = prop_oneof![16 => Just("tasks:read tasks:write"), 1 => Just("tasks:write"), 1 => Just("tasks:read")];
    let times = (weighted(0.1), weighted(0.3));
    (mutation_call(), form, payload, transport, scope, times, 1..4_i64).prop_map(
        |(
            (mutation, input),
            form,
            (task, deleted),
            transport,
            scope,
            (is_twice, has_alias),
            wait,
        )| {
            let mut writer = Writer::default();
            let payload = writer.selection(if mutation == "deleteTask" { &deleted } else { &task });
            let capital = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
            let is_object = input.is_object();
            let (mut head, argument, variables) = match form {
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
            let harmless = json!({ "input": { "title": "x" }, "id": Uuid::nil(), "title": "x" });
            let of_nobody = json!({ "input": { "id": Uuid::nil() }, "id": Uuid::nil() });
            let harmless = if mutation == "createTask" { harmless } else { of_nobody };
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

/// Pairs of users who send the same; a third user has the plans compiled.
struct Pair {
    api: Api,
    planned: AtomicUsize,
    succeeded: AtomicUsize,
    pairs: AtomicUsize,
}

/// One of these users.
struct User {
    sub: String,
    /// The ids that the server has generated for them, in this order.
    ids: RefCell<Vec<String>>,
}

impl User {
    fn new(sub: String) -> Self {
        Self { sub, ids: RefCell::default() }
    }

    fn person(&self, api: &Api, scope: &str) -> Person {
        api.with_token(api.token(&self.sub, &json!({ "scope": scope })))
    }

    /// A response body in which ids generated by the server, and cursors of the sync log, which differ
    /// from user to user, are replaced by numbers.
    fn anonymous(&self, body: &[u8]) -> String {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let parts = text.split('"').map(|part| {
            if let Some(position) = Self::log_position(part) {
                return format!("cursor {position}");
            }
            match Uuid::try_parse(part) {
                Ok(id) if part.len() == 36 && id.get_version_num() == 7 => {
                    let mut ids = self.ids.borrow_mut();
                    let at = ids.iter().position(|known| known == part).unwrap_or_else(|| {
                        ids.push(part.to_owned());
                        ids.len() - 1
                    });
                    format!("id {at}")
                }
                _ => part.to_owned(),
            }
        });
        parts.collect::<Vec<_>>().join("\"")
    }

    /// The position in the sync log that a cursor names.
    fn log_position(cursor: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let cursor: Value = serde_json::from_slice(&bytes).ok()?;
        // Eight bytes of a digest of the user's name.
        let is_of_log = cursor[1].as_str().is_some_and(|log| log.len() == 11 && !log.contains(' '));
        is_of_log.then(|| cursor[2].to_string().replace('"', ""))
    }

    fn anonymize(&self, mut observed: Observed) -> Observed {
        observed.reply.body = self.anonymous(&observed.reply.body).into();
        // A cursor is as long for any user; the name of the user differs.
        for event in &mut observed.events {
            event.remove("user");
        }
        observed
    }

    /// All data of this user.
    async fn all(&self, api: &Api) -> Vec<String> {
        let everything = "{ changes(first: 100) { cursor hasMore changes { kind id type cursor node { __typename \
            ... on Task { id title description completed completedAt priority dueOn dueAt position createdAt \
                updatedAt deletedAt version overdue list { id } parent { id } tags { id name version } } \
            ... on Tag { id name color version updatedAt } ... on TaskList { id name version updatedAt } } } } }";
        let tasks = "{ tasks(first: 100, orderBy: { field: POSITION }, filter: { trash: INCLUDE }) { totalCount nodes { id } } }";
        let person = self.person(api, "tasks:read");
        let mut all = Vec::new();
        for query in [everything, tasks] {
            let reply = person.post(query, json!({})).await;
            reply.data();
            all.push(self.anonymous(&reply.body));
        }
        all
    }
}

impl Pair {
    async fn check(&self, steps: Vec<Step>) {
        let number = self.pairs.fetch_add(1, Ordering::Relaxed);
        let [compiling, by_plan, by_library] =
            ["compile", "plan", "library"].map(|role| User::new(format!("{role}-{number:04}")));
        for user in [&by_plan, &by_library] {
            let start = self.api.clock.now();
            seed(&self.api, &user.person(&self.api, "tasks:read tasks:write")).await;
            self.api.wait(TimeDelta::milliseconds(start.millis() - self.api.clock.now().millis()));
        }
        self.api.wait(TimeDelta::milliseconds(1000));
        for Step { request, harmless, wait, scope } in &steps {
            request.with(harmless).send(&compiling.person(&self.api, "tasks:write")).await;
            self.api.wait(TimeDelta::milliseconds(*wait));
            let known = request.send(&by_plan.person(&self.api, scope)).await;
            let new = request.uncached().send(&by_library.person(&self.api, scope)).await;
            assert!(!new.by_plan);
            self.succeeded.fetch_add(usize::from(known.reply.status == 200), Ordering::Relaxed);
            self.planned.fetch_add(usize::from(known.by_plan), Ordering::Relaxed);
            by_plan.anonymize(known).assert_same(&by_library.anonymize(new), request);
        }
        assert_eq!(by_plan.all(&self.api).await, by_library.all(&self.api).await, "{steps:#?}");
    }
}

on_each_database! {
    async fn plans_and_the_library_execute_mutations_alike(api: Api) {
        let pair = Arc::new(Pair {
            api,
            planned: AtomicUsize::new(0),
            succeeded: AtomicUsize::new(0),
            pairs: AtomicUsize::new(0),
        });
        let in_test = Arc::clone(&pair);
        for_the_same(12, || vec(step(), 8..20), async move |steps| in_test.check(steps).await).await;
        let (succeeded, planned) = (pair.succeeded.load(Ordering::Relaxed), pair.planned.load(Ordering::Relaxed));
        assert!(succeeded > 100 && planned * 2 > succeeded, "{planned} of {succeeded} answers are planned");
    }
}
