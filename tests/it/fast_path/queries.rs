//! Random queries: a plan answers other variables, users and tokens than those with which it was
//! compiled.

mod variables;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use proptest::{
    bool::weighted,
    collection::vec,
    option,
    prelude::{BoxedStrategy, Just, Strategy},
    prop_oneof,
    sample::select,
};
use serde_json::{Value, json};

use self::variables::{VARIABLES, definitions, given, used, variables};
use super::{
    Request, Transport, seed,
    selections::{Selection, Style, Type, Writer, selection, style},
    values::{self, plain, written},
};
use crate::harness::{Api, Person, for_the_same, on_each_database};

/// A value, or one of the variables that hold such values.
fn leaf(name: &'static str) -> BoxedStrategy<Value> {
    let variables: Vec<_> = VARIABLES.iter().filter(|(_, _, holds)| *holds == name).collect();
    if variables.is_empty() {
        return plain(name);
    }
    let variable = select(variables).prop_map(|(name, ..)| json!(format!("\u{1}{name}")));
    prop_oneof![2 => plain(name), 1 => variable].boxed()
}

/// An argument with a value or a variable.
fn argument(name: &'static str, value: BoxedStrategy<Value>) -> BoxedStrategy<String> {
    value.prop_map(move |value| format!("{name}: {}", written(&value))).boxed()
}

fn order() -> BoxedStrategy<Value> {
    let step =
        (leaf("by"), option::of(leaf("way"))).prop_map(|(field, direction)| match direction {
            Some(direction) => json!({ "field": field, "direction": direction }),
            None => json!({ "field": field }),
        });
    prop_oneof![2 => leaf("order"), 1 => step.clone(), 1 => vec(step, 0..3).prop_map(Value::from)]
        .boxed()
}

/// The arguments of a page, in any order.
fn page() -> BoxedStrategy<Vec<String>> {
    let count = prop_oneof![
        2 => Just(vec![]),
        16 => argument("first", leaf("first")).prop_map(|first| vec![first]),
        8 => argument("last", leaf("first")).prop_map(|last| vec![last]),
        1 => (argument("first", leaf("first")), argument("last", leaf("first"))).prop_map(|(first, last)| vec![first, last]),
    ];
    let cursors = (
        option::weighted(0.15, argument("after", leaf("after"))),
        option::weighted(0.08, argument("before", leaf("after"))),
    );
    (count, cursors)
        .prop_map(|(count, (after, before))| {
            count.into_iter().chain([after, before].into_iter().flatten()).collect::<Vec<_>>()
        })
        .prop_shuffle()
        .boxed()
}

/// The arguments of a page of tasks, in any order.
fn arguments() -> BoxedStrategy<String> {
    let filter = prop_oneof![2 => values::filter(leaf), 1 => leaf("filter")].boxed();
    let others = (
        option::weighted(0.5, argument("filter", filter)),
        option::weighted(0.5, argument("orderBy", order())),
    );
    (page(), others)
        .prop_map(|(page, (filter, order))| {
            page.into_iter().chain([filter, order].into_iter().flatten()).collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(written_arguments)
        .boxed()
}

fn written_arguments(arguments: impl IntoIterator<Item = String>) -> String {
    match &arguments.into_iter().collect::<Vec<_>>()[..] {
        [] => String::new(),
        arguments => format!("({})", arguments.join(", ")),
    }
}

/// A field of the root, and its selection sets, one for each occurrence.
fn root(style: Style) -> BoxedStrategy<(String, Vec<Vec<Selection>>)> {
    const INTROSPECTION: [&str; 2] =
        ["__schema { queryType { name } }", "__type(name: \"Task\") { name kind }"];
    let most = if style.has_empty_objects() { 1 } else { 3 };
    let times = move |ty, depth| prop_oneof![5 => vec(selection(ty, style, depth), 1), 1 => vec(selection(ty, style, depth), 1..=most)];
    let with = |name: &'static str, arguments: BoxedStrategy<String>| {
        arguments.prop_map(move |arguments| format!("{name}{arguments}"))
    };
    let by_id = |name: &'static str, id: BoxedStrategy<String>| {
        id.prop_map(move |id| format!("{name}({id})"))
    };
    let id = || argument("id", leaf("id"));
    let objects = prop_oneof![
        3 => (by_id("task", id()), times(Type::Task, 4)),
        1 => (by_id("tag", argument("id", plain("tagId"))), times(Type::Tag, 1)),
        1 => (by_id("list", argument("id", plain("listId"))), times(Type::TaskList, 1)),
        2 => (by_id("node", argument("id", plain("anyId"))), times(Type::Node, 3)),
        2 => (by_id("nodes", argument("ids", leaf("theseIds"))), times(Type::Node, 3)),
        1 => (Just("viewer".to_owned()), times(Type::User, 2)),
    ];
    let lists = (page(), option::of(argument("includeArchived", leaf("archived"))));
    let lists =
        lists.prop_map(|(page, archived)| written_arguments(page.into_iter().chain(archived)));
    let changes = (
        option::of(argument("since", plain("since"))),
        option::of(argument("first", plain("first"))),
    );
    let changes =
        changes.prop_map(|(since, first)| written_arguments(since.into_iter().chain(first)));
    let pages = prop_oneof![
        6 => (with("tasks", arguments()), times(Type::TaskConnection, 5)),
        1 => (with("tags", page().prop_map(written_arguments).boxed()), times(Type::TagConnection, 3)),
        1 => (with("lists", lists.boxed()), times(Type::TaskListConnection, 3)),
        2 => (with("changes", changes.boxed()), times(Type::ChangePage, 5)),
    ];
    let introspection =
        select(&INTROSPECTION[..]).prop_map(|field| (field.to_owned(), vec![vec![]]));
    let type_name = Just(("__typename".to_owned(), vec![vec![]]));
    prop_oneof![20 => pages, 14 => objects, 2 => type_name, 1 => introspection].boxed()
}

/// The selections of the root: each field has its own response key; the first may have no alias.
fn roots() -> BoxedStrategy<Vec<Selection>> {
    let roots = style().prop_flat_map(|style| vec((root(style), weighted(0.2)), 1..4));
    (roots, weighted(0.5))
        .prop_map(|(roots, has_alias)| {
            let mut items = Vec::new();
            for (at, ((field, times), in_fragment)) in roots.into_iter().enumerate() {
                let key = (at > 0 || has_alias).then(|| format!("r{at}"));
                let one = |selections| Selection::Field {
                    key: key.clone(),
                    field: field.clone(),
                    directive: "",
                    selections,
                };
                let fields: Vec<_> = times.into_iter().map(one).collect();
                if in_fragment {
                    items.push(Selection::Fragment {
                        on: Some("Query"),
                        is_named: at % 2 == 0,
                        directive: "",
                        selections: fields,
                    });
                } else {
                    items.extend(fields);
                }
            }
            // A repeated field does not follow its first occurrence directly.
            let middle = items.len() / 2;
            items.rotate_left(middle);
            items
        })
        .boxed()
}

/// A request, further variables, and the sender.
#[derive(Clone, Debug)]
struct Case {
    request: Request,
    /// Further variables for the same document.
    others: Vec<Value>,
    sender: &'static str,
}

fn case() -> impl Strategy<Value = Case> {
    let transport = prop_oneof![4 => Just(Transport::Post), 1 => Just(Transport::LegacyPost), 1 => Just(Transport::Get)];
    let sender = prop_oneof![6 => Just("alice"), 1 => select(&["bob", "anon", "reader", "writer", "nobody"][..])];
    let form = select(&["query", "query Q", "query Q beside", "Q behind"][..]);
    (roots(), form, vec(variables(), 2), transport, sender).prop_map(
        |(roots, form, all, transport, sender)| {
            let mut writer = Writer::default();
            let selected = writer.selection(&roots);
            let fragments = writer.fragments();
            let used = used(&format!("{selected}{fragments}"));
            let others = all.iter().map(|all| given(all, &used));
            let mut others: Vec<_> = others.collect();
            let variables = others.remove(0);
            let operation = |head: &str| format!("{head}{} {selected}", definitions(&used));
            let other = "query Other { __typename }";
            let (text, name) = match form {
                "query Q" => (operation("query Q"), None),
                "query Q beside" => (format!("{} {other}", operation("query Q")), Some("Q")),
                "Q behind" => (format!("{other}\n{}", operation("query Q")), Some("Q")),
                _ if used.is_empty() => (selected.clone(), None),
                _ => (operation("query"), None),
            };
            let request =
                Request { text: format!("{text}{fragments}"), name, variables, transport };
            Case { request, others, sender }
        },
    )
}

/// The people of the test, and the cursors of Alice's lists.
struct World {
    api: Api,
    cursors: Vec<String>,
    /// Places in the log of her changes.
    sinces: Vec<String>,
    answered: AtomicUsize,
    planned: AtomicUsize,
}

impl World {
    async fn of(api: Api) -> Self {
        seed(&api, &api.alice).await;
        api.bob.creates("bob's own").await;
        let mut cursors = Vec::new();
        for field in ["CREATED_AT", "TITLE", "DUE", "POSITION"] {
            for direction in ["DESC", "ASC"] {
                let query = format!(
                    "{{ tasks(orderBy: {{ field: {field}, direction: {direction} }}, first: {}) {{ edges {{ cursor }} }} }}",
                    values::CURSORS / 8
                );
                let data = api.alice.asks(&query).await;
                let edges = data["tasks"]["edges"].as_array().unwrap();
                cursors
                    .extend(edges.iter().map(|edge| edge["cursor"].as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(cursors.len(), values::CURSORS);
        let log = api.alice.asks("{ changes { changes { cursor } } }").await;
        let changes = log["changes"]["changes"].as_array().unwrap().iter().rev();
        let sinces = changes.map(|change| change["cursor"].as_str().unwrap().to_owned());
        let sinces: Vec<_> = sinces.take(values::SINCES).collect();
        assert_eq!(sinces.len(), values::SINCES);
        Self { api, cursors, sinces, answered: AtomicUsize::new(0), planned: AtomicUsize::new(0) }
    }

    fn person(&self, sender: &str) -> Person {
        let scope = match sender {
            "bob" => return self.api.bob.clone(),
            "anon" => return self.api.anon.clone(),
            "reader" => "tasks:read",
            "writer" => "tasks:write",
            "nobody" => "openid",
            _ => return self.api.alice.clone(),
        };
        self.api.with_token(self.api.token("alice", &json!({ "scope": scope })))
    }

    /// A text with cursors in the places of `@0`, `@1`, and so on.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (at, cursor) in self.cursors.iter().enumerate().rev() {
            text = text.replace(&format!("\"@{at}\""), &format!("\"{cursor}\""));
        }
        for (at, cursor) in self.sinces.iter().enumerate() {
            text = text.replace(&format!("\"@since {at}\""), &format!("\"{cursor}\""));
        }
        text
    }

    async fn check(&self, case: Case) {
        let request = Request { text: self.filled(&case.request.text), ..case.request };
        let all = [&request.variables].into_iter().chain(&case.others);
        let all: Vec<Value> = all
            .map(|variables| serde_json::from_str(&self.filled(&variables.to_string())).unwrap())
            .collect();
        // Alice sends it first, so that the plan is compiled for her.
        for variables in &all {
            let observed = request.with(variables).send(&self.api.alice).await;
            if observed.reply.status == 200 {
                break;
            }
        }
        let person = self.person(case.sender);
        for variables in &all {
            let observed = request.with(variables).same(&person).await;
            if observed.reply.status == 200 && observed.reply.json().get("errors").is_none() {
                self.answered.fetch_add(1, Ordering::Relaxed);
                self.planned.fetch_add(usize::from(observed.by_plan), Ordering::Relaxed);
            }
        }
    }
}

on_each_database! {
    async fn plans_and_the_library_answer_queries_alike(api: Api) {
        let world = Arc::new(World::of(api).await);
        let in_test = Arc::clone(&world);
        for_the_same(150, case, async move |case| in_test.check(case).await).await;
        let (answered, planned) = (world.answered.load(Ordering::Relaxed), world.planned.load(Ordering::Relaxed));
        assert!(answered > 100 && planned * 10 > answered * 8, "{planned} of {answered} answers are planned");
    }
}
