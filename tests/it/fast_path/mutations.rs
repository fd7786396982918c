//! Random mutations: one user is answered by plans and one by the library, in the same milliseconds.
//! They are told the same, and have the same in the end.

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
    Asked, Told, Way,
    selections::{Style, Type, Writer, selection},
    settle, tag_id, task_id,
    values::{self, one_of, plain, written},
};
use crate::harness::{Api, Person, for_the_same, on_each_database, tokens};

/// A mutation and its input.
type Errand = (&'static str, Value);

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

/// The id of a list, of none, or none: the inbox.
fn list() -> BoxedStrategy<Value> {
    prop_oneof![3 => (0..2_usize).prop_map(|number| json!(super::list_id(number))), 2 => Just(json!(null)), 1 => plain("id")].boxed()
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

/// An input with what it needs, and a few fields besides.
fn errand() -> BoxedStrategy<Errand> {
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
    let errand = mutation.prop_flat_map(|mutation| {
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
    // A field that there is not, and what is no input at all.
    let wrong = one_of([
        json!(null),
        json!({}),
        json!({ "id": task_id(1), "x": 1 }),
        json!([{ "id": task_id(1) }]),
        json!("x"),
    ]);
    let wrong = (select(&["createTask", "updateTask", "deleteTask"][..]), wrong);
    prop_oneof![30 => errand, 1 => wrong].boxed()
}

/// How an input stands in a document.
#[derive(Clone, Copy, Debug)]
enum Form {
    Variable,
    Fields,
    Literal,
}

/// A mutation as it is sent, and what the server may learn it with.
#[derive(Clone, Debug)]
struct Step {
    asked: Asked,
    /// Variables that no data of the test is touched by.
    harmless: Value,
    wait: i64,
    who: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let form =
        prop_oneof![2 => Just(Form::Variable), 2 => Just(Form::Fields), 1 => Just(Form::Literal)];
    let style = (weighted(0.04), weighted(0.05), weighted(0.05));
    let style = style.prop_map(|(directives, strangers, nothings)| Style {
        directives,
        strangers,
        clashes: false,
        nothings,
    });
    let payload = style.prop_flat_map(|style| {
        (selection(Type::TaskPayload, style, 1), selection(Type::DeletePayload, style, 1))
    });
    let way = prop_oneof![4 => Just(Way::Post), 1 => Just(Way::PostForJson)];
    let who = prop_oneof![16 => Just("tasks:read tasks:write"), 1 => Just("tasks:write"), 1 => Just("tasks:read")];
    let times = (weighted(0.1), weighted(0.3));
    (errand(), form, payload, way, who, times, 1..4_i64).prop_map(
        |((mutation, input), form, (task, deleted), way, who, (is_twice, has_alias), wait)| {
            let mut writer = Writer::default();
            let payload = writer.selection(if mutation == "deleteTask" { &deleted } else { &task });
            let capital = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
            let is_object = input.is_object();
            let (mut head, argument, variables) = match form {
                Form::Fields if is_object => by_fields(mutation, &input),
                Form::Literal => (String::new(), format!("input: {}", written(&input)), json!({})),
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
            Step { asked: Asked { text, name: None, variables, way }, harmless, wait, who }
        },
    )
}

/// An input each of whose fields is a variable, whether it is given or not.
fn by_fields(mutation: &str, input: &Value) -> (String, String, Value) {
    let of_it = FIELDS.iter().filter(|(of, ..)| *of == mutation);
    let (mut head, mut fields) = (Vec::new(), Vec::new());
    for (_, field, ty) in of_it {
        head.push(format!("${field}: {ty}"));
        fields.push(format!("{field}: ${field}"));
    }
    // The id that is left out is the server's; the one of nobody would be as good to learn with.
    (head.join(" "), format!("input: {{{}}}", fields.join(", ")), input.clone())
}

/// Two users who do the same, and a third from whom the server learns how.
struct Pair {
    api: Api,
    planned: AtomicUsize,
    done: AtomicUsize,
    pairs: AtomicUsize,
}

/// One of the two.
struct User {
    sub: String,
    /// The ids that the server has made for them, in this order.
    ids: RefCell<Vec<String>>,
}

impl User {
    fn new(sub: String) -> Self {
        Self { sub, ids: RefCell::default() }
    }

    fn person(&self, api: &Api, scope: &str) -> Person {
        let now = api.clock.now().seconds();
        let claims = json!({ "sub": self.sub, "iat": now, "exp": now + 3600, "scope": scope });
        api.with_token(tokens::with(&claims))
    }

    /// An answer in which the ids that the server has made are numbers, as are the cursors of the
    /// log, which are the user's own.
    fn anonymous(&self, body: &[u8]) -> String {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let parts = text.split('"').map(|part| {
            if let Some(place) = Self::place(part) {
                return format!("cursor {place}");
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

    /// The place in the log that a cursor names.
    fn place(cursor: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let cursor: Value = serde_json::from_slice(&bytes).ok()?;
        // Eight bytes of a digest of the user's name.
        let is_of_log = cursor[1].as_str().is_some_and(|log| log.len() == 11 && !log.contains(' '));
        is_of_log.then(|| cursor[2].to_string().replace('"', ""))
    }

    fn told(&self, told: Told) -> Told {
        let mut told = told;
        told.reply.body = self.anonymous(&told.reply.body).into();
        // The cursor of another user's log is as long; the user's name is the log's own.
        for event in &mut told.said {
            event.remove("user");
        }
        told
    }

    /// All that there is.
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
        let [teacher, by_plan, by_library] =
            ["teacher", "plan", "library"].map(|role| User::new(format!("{role}-{number:04}")));
        for user in [&by_plan, &by_library] {
            let start = self.api.clock.now();
            settle(&self.api, &user.person(&self.api, "tasks:read tasks:write")).await;
            self.api.wait(TimeDelta::milliseconds(start.millis() - self.api.clock.now().millis()));
        }
        self.api.wait(TimeDelta::milliseconds(1000));
        for Step { asked, harmless, wait, who } in &steps {
            asked.with(harmless).told(&teacher.person(&self.api, "tasks:write")).await;
            self.api.wait(TimeDelta::milliseconds(*wait));
            let known = asked.told(&by_plan.person(&self.api, who)).await;
            let new = asked.anew().told(&by_library.person(&self.api, who)).await;
            assert!(!new.by_plan);
            self.done.fetch_add(usize::from(known.reply.status == 200), Ordering::Relaxed);
            self.planned.fetch_add(usize::from(known.by_plan), Ordering::Relaxed);
            by_plan.told(known).assert_same(&by_library.told(new), asked);
        }
        assert_eq!(by_plan.all(&self.api).await, by_library.all(&self.api).await, "{steps:#?}");
    }
}

on_each_database! {
    async fn a_plan_does_what_the_library_does(api: Api) {
        let pair = Arc::new(Pair {
            api,
            planned: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            pairs: AtomicUsize::new(0),
        });
        let in_test = Arc::clone(&pair);
        for_the_same(12, || vec(step(), 8..20), async move |steps| in_test.check(steps).await).await;
        let (done, planned) = (pair.done.load(Ordering::Relaxed), pair.planned.load(Ordering::Relaxed));
        assert!(done > 100 && planned * 2 > done, "{planned} of {done} answers are planned");
    }
}
