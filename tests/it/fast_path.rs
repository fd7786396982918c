//! The fast path: operations answered by a compiled plan. Status, headers, body and log are the same
//! as those of async-graphql, to the byte.
//!
//! async-graphql answers the same request while plans are switched off.

mod mutations;
mod project_documents;
mod queries;
mod scenarios;
mod selections;
mod types;
mod values;

use std::{collections::BTreeMap, fmt};

use axum::{
    body::Body,
    http::{self, header},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::harness::{
    Api, Person, Reply, events,
    ids::{list_id, tag_id, task_id},
    on_each_database,
};

/// A request, which may be sent again.
#[derive(Clone, Debug)]
struct Request {
    text: String,
    name: Option<&'static str>,
    variables: Value,
    transport: Transport,
}

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Post,
    /// As older clients send it, which do not read the status.
    LegacyPost,
    Get,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, name, variables, transport } = self;
        write!(f, "{transport:?} {name:?}\n{text}\n{variables}")
    }
}

/// A response, the events logged for it, and whether a plan has answered.
#[derive(Debug)]
struct Observed {
    reply: Reply,
    events: Vec<BTreeMap<&'static str, String>>,
    by_plan: bool,
}

impl Request {
    fn post(text: impl Into<String>, variables: Value) -> Self {
        Self { text: text.into(), name: None, variables, transport: Transport::Post }
    }

    fn with(&self, variables: &Value) -> Self {
        Self { variables: variables.clone(), ..self.clone() }
    }

    fn request(&self) -> http::Request<Body> {
        let accept = match self.transport {
            Transport::LegacyPost => "application/json",
            Transport::Post | Transport::Get => "application/graphql-response+json",
        };
        // A fault of the server names the request.
        let request =
            http::Request::builder().header(header::ACCEPT, accept).header("x-request-id", "r1");
        let Self { text, name, variables, transport } = self;
        let request = if *transport == Transport::Get {
            let mut query = form_urlencoded::Serializer::new(String::from("/graphql?"));
            query.append_pair("query", text).append_pair("variables", &variables.to_string());
            query.append_pair("operationName", name.unwrap_or_default());
            request.uri(query.finish()).body(Body::empty())
        } else {
            let body = json!({ "query": text, "operationName": name, "variables": variables });
            let request = request.method("POST").uri("/graphql");
            request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into())
        };
        request.unwrap()
    }

    async fn send(&self, person: &Person) -> Observed {
        Observed::of(person, self.request()).await
    }

    /// Sends the request to the library.
    async fn send_to_library(&self, person: &Person) -> Observed {
        Observed::of_library(person, self.request()).await
    }

    /// Sends the request as it is and to the library, and compares the two.
    async fn same(&self, person: &Person) -> Observed {
        let observed = self.send(person).await;
        observed.assert_same(&self.send_to_library(person).await, self);
        observed
    }

    /// A plan answers, from the first time on.
    async fn is_planned(&self, person: &Person) -> Observed {
        let observed = self.same(person).await;
        assert!(observed.by_plan, "no plan: {self}");
        observed
    }
}

impl Observed {
    async fn of(person: &Person, request: http::Request<Body>) -> Self {
        let planned = person.planned_operations();
        let (reply, events) =
            events(&["taskward::http", "taskward::engine"], person.sends(request)).await;
        Self { reply, events, by_plan: person.planned_operations() > planned }
    }

    async fn of_library(person: &Person, request: http::Request<Body>) -> Self {
        let observed = person.by_library(Self::of(person, request)).await;
        assert!(!observed.by_plan);
        observed
    }

    fn assert_same(&self, other: &Self, request: &Request) {
        let body = |observed: &Self| String::from_utf8_lossy(&observed.reply.body).into_owned();
        let (known, new) = (body(self), body(other));
        assert!(
            self.canonical_body() == other.canonical_body(),
            "{request}\nknown: {known}\nnew: {new}"
        );
        assert_eq!(self.reply.status, other.reply.status, "{request}");
        assert_eq!(self.reply.headers, other.reply.headers, "{request}");
        assert_eq!(self.events, other.events, "{request}");
    }

    /// The body; its bytes are sorted where it holds errors, because async-graphql validates fragments
    /// in no particular order.
    fn canonical_body(&self) -> Vec<u8> {
        let mut body = self.reply.body.to_vec();
        if body.starts_with(br#"{"errors":"#) {
            body.sort_unstable();
        }
        body
    }
}

/// Text that has to be escaped, folded or counted with care.
const TEXTS: [&str; 12] = [
    "milk",
    "Buy \"milk\" \\ and/or \u{8}",
    "tab\tand\nline",
    "caf\u{e9} cafe\u{301} \u{c9}",
    "\u{1f389}\u{1f468}\u{200d}\u{1f469}",
    "\u{2028}\u{2029}\u{feff}\u{fffd}",
    "</script><!-- & \u{a0}",
    "\u{10ffff}\u{e000}",
    "$first ${x} #{x} #",
    "\u{5d0}\u{202e}\u{661}",
    "null",
    "\u{7e}\u{7f}",
];

const PRIORITIES: [&str; 5] = ["NONE", "LOW", "MEDIUM", "HIGH", "URGENT"];

/// The texts that are allowed as titles.
fn valid_titles() -> impl Iterator<Item = &'static str> {
    TEXTS.into_iter().filter(|text| !text.contains(['\u{8}', '\u{7f}']))
}

/// Creates tags, lists and tasks of all sorts, and changes some of them, one in each millisecond.
async fn seed(api: &Api, person: &Person) {
    let tag = |(number, color): (usize, _)| json!({ "createTag": { "id": tag_id(number), "name": format!("tag \"{number}\" \u{1f389}"), "color": color } });
    let list = |number| json!({ "createList": { "id": list_id(number), "name": format!("list {number}") } });
    let tags = [Value::Null, json!("#1e90ff"), json!("#FFFFFF")].into_iter().enumerate().map(tag);
    let operations: Vec<_> = tags.chain((0..2).map(list)).collect();
    person.does("batch", json!({ "operations": operations }), "cursor").await;

    let dues = [
        Value::Null,
        json!({ "on": "2026-11-21" }),
        json!({ "at": "2026-11-22T08:00:00.123+05:30" }),
        json!({ "on": "0001-01-01" }),
        json!({ "on": "9999-12-31" }),
        json!({ "at": "9999-12-31T23:59:59.999Z" }),
        json!({ "at": "1969-12-31T23:59:59.999Z" }),
    ];
    for (number, title) in valid_titles().enumerate() {
        let mut input = json!({
            "id": task_id(number),
            "title": title,
            "completed": number % 3 == 0,
            "priority": PRIORITIES[number % PRIORITIES.len()],
            "due": dues[number % dues.len()],
            "tagIds": (0..number % 4).map(tag_id).collect::<Vec<_>>(),
            "description": TEXTS.get(number + 2).filter(|text| !text.contains('\u{7f}')),
        });
        match number {
            1 => input["description"] = json!(""),
            2 => input["listId"] = json!(list_id(0)),
            3 | 4 => input["parentId"] = json!(task_id(2)),
            5 => input["parentId"] = json!(task_id(3)),
            _ => {}
        }
        api.wait(chrono::TimeDelta::milliseconds(1));
        person.does("createTask", input, "cursor").await;
    }
    for (mutation, input) in [
        ("updateTask", json!({ "id": task_id(6), "completed": true })),
        ("deleteTask", json!({ "id": task_id(5) })),
        ("deleteTask", json!({ "id": task_id(7) })),
        ("moveTask", json!({ "id": task_id(8), "place": { "before": task_id(0) } })),
    ] {
        api.wait(chrono::TimeDelta::milliseconds(1));
        person.does(mutation, input, "cursor").await;
    }
}

const PAGE: &str = "query Page($first: Int = 20, $after: String, $filter: TaskFilter, $orderBy: [TaskOrder!]) {
    tasks(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
        edges { cursor node { ...Row } } pageInfo { hasNextPage endCursor } totalCount } }
    fragment Row on Task { id title description completed priority dueOn dueAt position version updatedAt }";

const WITH_TAGS: &str =
    "{ tasks(first: 50) { nodes { id title createdAt tags { id name color } } } }";

const ONE: &str = "query One($id: ID!) { task(id: $id) { __typename id title description completed \
    completedAt priority dueOn dueAt position createdAt updatedAt deletedAt version \
    tags { __typename id name color createdAt updatedAt version } } }";

const CREATE: &str = "mutation Create($input: CreateTaskInput!) { createTask(input: $input) { \
    cursor task { id title description completed priority dueOn version } } }";

const COMPLETE: &str = "mutation Complete($id: ID!, $completed: Boolean! = true) { \
    updateTask(input: { id: $id, completed: $completed }) { task { id completed completedAt version } } }";

const MOVE: &str =
    "mutation Move($input: MoveTaskInput!) { moveTask(input: $input) { task { id position } } }";

const DELETE: &str =
    "mutation Delete($id: ID!) { deleteTask(input: { id: $id }) { __typename deletedIds } }";

const RESTORE: &str =
    "mutation Restore($id: ID!) { restoreTask(input: { id: $id }) { task { id deletedAt } } }";

on_each_database! {
    async fn common_operations_are_planned(api: Api) {
        seed(&api, &api.alice).await;
        let unknown = task_id(99);
        for (query, variables) in [
            ("{ tasks { nodes { id title completed } } }", json!({})),
            ("{ a: tasks(first: 1) { totalCount } tasks(last: 2) { nodes { id } } __typename }", json!({})),
            (PAGE, json!({})),
            (PAGE, json!({ "first": 3, "filter": { "search": "milk", "overdue": false }, "orderBy": { "field": "DUE" } })),
            (WITH_TAGS, json!({})),
            (ONE, json!({ "id": task_id(1) })),
            (ONE, json!({ "id": task_id(3).to_uppercase() })),
            (ONE, json!({ "id": unknown })),
            ("{ task(id: 5) { ... on Node { id ... on Task { title } } } }", json!({})),
        ] {
            let request = Request::post(query, variables);
            request.send(&api.alice).await;
            assert!(request.same(&api.alice).await.by_plan, "{request}");
        }
        // Repeated, these mutations change nothing more.
        for (mutation, variables) in [
            (CREATE, json!({ "input": { "id": task_id(50), "title": "Milk", "tagIds": tag_id(1) } })),
            (COMPLETE, json!({ "id": task_id(1) })),
            (MOVE, json!({ "input": { "id": task_id(8), "place": { "after": task_id(0) } } })),
            (DELETE, json!({ "id": task_id(2) })),
            (RESTORE, json!({ "id": task_id(2) })),
        ] {
            let request = Request::post(mutation, variables);
            request.send(&api.alice).await.reply.data();
            let (known, new) = (request.send(&api.alice).await, request.send_to_library(&api.alice).await);
            assert!(known.by_plan && !new.by_plan, "{mutation}");
            let field = mutation.split(['(', '{']).nth(2).unwrap().trim();
            let [known, new] = [known, new].map(|observed| {
                let mut payload = observed.reply.data()[field].take();
                payload["cursor"].take();
                payload
            });
            assert_eq!(known, new, "{mutation}");
            assert!(known.is_object(), "{mutation}");
        }
    }
}
