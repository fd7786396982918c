//! Of several faults of a request, the earliest is reported.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::refusal;
use crate::harness::{Api, Database, tokens};

/// What can be wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Method,
    Accept,
    ContentType,
    Size,
    BadToken,
    Json,
    Syntax,
    MutationByGet,
    Limits,
    Validation,
    Variables,
    NoToken,
}

use Fault::*;

/// In the order in which they are reported.
const BY_POST: [Fault; 11] = [
    Method,
    Accept,
    ContentType,
    Size,
    BadToken,
    Json,
    Syntax,
    Limits,
    Validation,
    Variables,
    NoToken,
];
const BY_GET: [Fault; 9] =
    [Accept, BadToken, Json, Syntax, MutationByGet, Limits, Validation, Variables, NoToken];

const LARGEST: usize = 5000;
const BEARER: &str = "Bearer realm=\"tasks\"";
const INVALID: &str = "Bearer realm=\"tasks\", error=\"invalid_token\", \
    error_description=\"This is not a JWT. With Better Auth, send the token of \
    'GET /api/auth/token', not the one of the session.\"";

/// A request with these faults and no others.
struct Faulty<'a> {
    api: &'a Api,
    by_get: bool,
    accept: &'static str,
    faults: &'a [Fault],
}

impl Faulty<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn document(&self) -> String {
        let keyword = if self.has(MutationByGet) { "mutation" } else { "query" };
        let mut fields = "id".to_owned();
        if self.has(Limits) {
            let aliases: Vec<_> = (0..=100).map(|n| format!("a{n}: id")).collect();
            fields = aliases.join(" ");
        }
        if self.has(Validation) {
            fields += " nothing";
        }
        let end = if self.has(Syntax) { "} }" } else { "}" };
        format!("{keyword} Q($id: ID!) {{ task(id: $id) {{ {fields} }} {end}")
    }

    fn request(&self) -> Request<Body> {
        let method = match (self.has(Method), self.by_get) {
            (true, _) => Method::DELETE,
            (false, true) => Method::GET,
            (false, false) => Method::POST,
        };
        let accept = if self.has(Accept) { "text/html" } else { self.accept };
        let request = Request::builder().method(method).header(header::ACCEPT, accept);
        let request = if self.has(BadToken) {
            request.header(header::AUTHORIZATION, "Bearer nonsense")
        } else if self.has(NoToken) {
            request
        } else {
            let token = tokens::of("alice", self.api.clock.now());
            request.header(header::AUTHORIZATION, format!("Bearer {token}"))
        };
        let variables = if self.has(Variables) { json!({}) } else { json!({"id": "x"}) };
        if self.by_get {
            let variables = if self.has(Json) { "{".to_owned() } else { variables.to_string() };
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("query", &self.document())
                .append_pair("variables", &variables)
                .finish();
            return request.uri(format!("/graphql?{query}")).body(Body::empty()).unwrap();
        }
        let content_type = if self.has(ContentType) { "text/plain" } else { "application/json" };
        let mut body = json!({"query": self.document(), "variables": variables}).to_string();
        if self.has(Json) {
            body += "}";
        }
        if self.has(Size) {
            body += &" ".repeat(LARGEST);
        }
        request
            .uri("/graphql")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap()
    }

    /// How the request is refused.
    async fn refusal(&self) -> Refusal {
        let reply = self.api.anon.sends(self.request()).await;
        let (status, code) = refusal(&reply);
        Refusal {
            status,
            code,
            headers: HEADERS.map(|name| reply.header(name).to_owned()),
            content_type: reply.header("content-type").to_owned(),
            is_about_the_first: is_about(self.faults[0], &reply.error()),
        }
    }

    /// How a request is refused that has the first of the faults alone.
    fn expected(&self) -> Refusal {
        let first = self.faults[0];
        let (status, code, headers) = status_code_and_headers(first, self.by_get);
        let old_client = self.accept == "application/json" && is_of_the_document(first);
        let status = if old_client { StatusCode::OK } else { status };
        let header = |name| headers.iter().find(|header| header.0 == name);
        let accept = if self.has(Accept) { "application/json" } else { self.accept };
        Refusal {
            status: status.as_u16(),
            code: code.to_owned(),
            headers: HEADERS.map(|name| header(name).map_or("", |header| header.1).to_owned()),
            content_type: format!("{accept}; charset=utf-8"),
            is_about_the_first: true,
        }
    }
}

/// The headers that tell a client what to do about a refusal.
const HEADERS: [&str; 3] = ["allow", "www-authenticate", "retry-after"];

#[derive(Debug, PartialEq)]
struct Refusal {
    status: u16,
    code: String,
    headers: [String; 3],
    content_type: String,
    is_about_the_first: bool,
}

/// Whether it is the document that is refused, or its variables: old clients want 200 for it.
fn is_of_the_document(fault: Fault) -> bool {
    matches!(fault, Syntax | Limits | Validation | Variables)
}

fn status_code_and_headers(
    fault: Fault,
    by_get: bool,
) -> (StatusCode, &'static str, &'static [(&'static str, &'static str)]) {
    match fault {
        Method => (StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", &[("allow", "GET, POST")]),
        Accept => (StatusCode::NOT_ACCEPTABLE, "BAD_USER_INPUT", &[]),
        ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", &[]),
        Size => (StatusCode::PAYLOAD_TOO_LARGE, "BAD_USER_INPUT", &[]),
        BadToken => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", &[("www-authenticate", INVALID)]),
        Json | Syntax => (StatusCode::BAD_REQUEST, "GRAPHQL_PARSE_FAILED", &[]),
        MutationByGet => {
            assert!(by_get);
            (StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", &[("allow", "POST")])
        }
        Limits => (StatusCode::BAD_REQUEST, "QUERY_TOO_COMPLEX", &[]),
        Validation => (StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED", &[]),
        Variables => (StatusCode::BAD_REQUEST, "BAD_USER_INPUT", &[]),
        NoToken => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", &[("www-authenticate", BEARER)]),
    }
}

/// Whether an error is about that fault, where others have the same status and code.
fn is_about(fault: Fault, error: &Value) -> bool {
    let message = error["message"].as_str().unwrap();
    match fault {
        BadToken => error["extensions"]["reason"] == "TOKEN_MALFORMED",
        NoToken => error["extensions"]["reason"] == "TOKEN_MISSING",
        Variables => error["extensions"]["field"] == "id",
        Syntax => message.starts_with("Syntax error"),
        Json => message.contains("is not JSON"),
        _ => true,
    }
}

async fn api() -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    let size = format!("--max-body={LARGEST}");
    Api::start_with(Database::sqlite(), &[&secret, &size]).await
}

#[tokio::test]
async fn of_any_two_faults_the_earlier_is_reported() {
    let api = api().await;
    let accept = "application/graphql-response+json";
    for (by_get, order) in [(false, &BY_POST[..]), (true, &BY_GET[..])] {
        for (place, &first) in order.iter().enumerate() {
            for &second in &order[place..] {
                let request = Faulty { api: &api, by_get, accept, faults: &[first, second] };
                assert_eq!(request.refusal().await, request.expected(), "{:?}", request.faults);
            }
        }
    }
}

#[tokio::test]
async fn of_all_faults_at_once_the_earliest_is_reported() {
    let api = api().await;
    for (by_get, order) in [(false, &BY_POST[..]), (true, &BY_GET[..])] {
        for place in 0..order.len() {
            let faults = &order[place..];
            let accept = "application/graphql-response+json";
            let request = Faulty { api: &api, by_get, accept, faults };
            assert_eq!(request.refusal().await, request.expected(), "{faults:?}");
        }
    }
}

#[tokio::test]
async fn clients_that_take_json_only_get_200_for_a_faulty_document_and_for_nothing_else() {
    let api = api().await;
    for (by_get, order) in [(false, &BY_POST[..]), (true, &BY_GET[..])] {
        for fault in order {
            let faults = &[*fault];
            let accept = "application/json";
            let request = Faulty { api: &api, by_get, accept, faults };
            assert_eq!(request.refusal().await, request.expected(), "{faults:?}");
        }
    }
}

#[tokio::test]
async fn a_request_without_faults_is_answered() {
    let api = api().await;
    for by_get in [false, true] {
        for accept in ["application/graphql-response+json", "application/json"] {
            let request = Faulty { api: &api, by_get, accept, faults: &[] }.request();
            let reply = api.anon.sends(request).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.data(), json!({"task": null}));
        }
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let api = api().await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::TRACE] {
        let request = Request::builder().method(method).uri("/graphql");
        let reply = api.alice.sends(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(reply.header("allow"), "GET, POST");
    }
}

#[tokio::test]
async fn what_a_field_refuses_is_no_fault_of_the_request() {
    let api = api().await;
    let long = "x".repeat(501);
    let reply = api.alice.create(json!({"title": long})).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json()["data"], json!({"createTask": null}));
    assert_eq!(
        (reply.code(), reply.field()),
        ("BAD_USER_INPUT".to_owned(), "input.title".to_owned())
    );

    let reply = api.alice.post("{ tasks(first: 101) { totalCount } }", json!({})).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json().get("data"), Some(&json!(null)), "here data is null by the field");
    assert_eq!((reply.code(), reply.field()), ("BAD_USER_INPUT".to_owned(), "first".to_owned()));
}

#[tokio::test]
async fn the_schema_needs_no_token_but_refuses_a_bad_one() {
    let api = Api::start(Database::sqlite()).await;
    let query = r#"{ __typename __schema { queryType { name } } __type(name: "Task") { name } }"#;
    let data = api.anon.asks(query).await;
    assert_eq!(data["__type"]["name"], "Task");

    let reply = api.with_token("nonsense").post(query, json!({})).await;
    assert_eq!(refusal(&reply), (401, "UNAUTHENTICATED".to_owned()));

    let reply = api.anon.post("{ __typename viewer { id } }", json!({})).await;
    assert_eq!(refusal(&reply), (401, "UNAUTHENTICATED".to_owned()));
    assert_eq!(reply.header("www-authenticate"), BEARER);
}

#[tokio::test]
async fn a_fragment_does_not_hide_that_a_token_is_needed() {
    let api = api().await;
    for query in [
        "{ ... { viewer { id } } }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { viewer { id } }",
        "mutation { ... on Mutation { __typename createTask(input: {title: \"x\"}) { __typename } } }",
    ] {
        let reply = api.anon.post(query, json!({})).await;
        assert_eq!(reply.error()["extensions"]["reason"], "TOKEN_MISSING", "{query}");
    }
}
