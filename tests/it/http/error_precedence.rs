//! Of several faults, the client is told the earliest.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;
use url::form_urlencoded;

use super::refusal;
use crate::harness::{Api, Database, Reply, tokens};

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

/// In the order in which they are told.
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

    /// Checks that the first of the faults is what the client is told.
    async fn is_told_the_first(&self) {
        let reply = self.api.anon.sends(self.request()).await;
        let first = self.faults[0];
        let (status, code, headers) = told(first, self.by_get);
        let old_client = self.accept == "application/json" && is_of_the_document(first);
        let status = if old_client { StatusCode::OK } else { status };
        let faults = self.faults;
        assert_eq!(refusal(&reply), (status.as_u16(), code.to_owned()), "{faults:?}");
        for name in ["allow", "www-authenticate", "retry-after"] {
            let expected = headers.iter().find(|header| header.0 == name);
            assert_eq!(reply.header(name), expected.map_or("", |header| header.1), "{faults:?}");
        }
        let accept = if self.has(Accept) { "application/json" } else { self.accept };
        let content_type = format!("{accept}; charset=utf-8");
        assert_eq!(reply.header("content-type"), content_type, "{faults:?}");
        check_details(first, &reply);
    }
}

/// Whether it is the document that is refused, or its variables: old clients want 200 for it.
fn is_of_the_document(fault: Fault) -> bool {
    matches!(fault, Syntax | Limits | Validation | Variables)
}

fn told(
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

/// Tells apart what has the same status and code.
fn check_details(fault: Fault, reply: &Reply) {
    let error = reply.error();
    match fault {
        BadToken => assert_eq!(error["extensions"]["reason"], "TOKEN_MALFORMED"),
        NoToken => assert_eq!(error["extensions"]["reason"], "TOKEN_MISSING"),
        Variables => assert_eq!(error["extensions"]["field"], "id"),
        Syntax => {
            assert!(error["message"].as_str().unwrap().starts_with("Syntax error"), "{error}");
        }
        Json => assert!(error["message"].as_str().unwrap().contains("is not JSON"), "{error}"),
        _ => {}
    }
}

async fn api() -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    let size = format!("--max-body={LARGEST}");
    Api::start_with(Database::sqlite(), &[&secret, &size]).await
}

#[tokio::test]
async fn of_any_two_faults_of_a_post_the_earlier_is_told() {
    let api = api().await;
    for (place, &first) in BY_POST.iter().enumerate() {
        for &second in &BY_POST[place..] {
            let faults = &[first, second];
            let accept = "application/graphql-response+json";
            Faulty { api: &api, by_get: false, accept, faults }.is_told_the_first().await;
        }
    }
}

#[tokio::test]
async fn of_any_two_faults_of_a_get_the_earlier_is_told() {
    let api = api().await;
    for (place, &first) in BY_GET.iter().enumerate() {
        for &second in &BY_GET[place..] {
            let faults = &[first, second];
            let accept = "application/graphql-response+json";
            Faulty { api: &api, by_get: true, accept, faults }.is_told_the_first().await;
        }
    }
}

#[tokio::test]
async fn of_all_faults_at_once_the_earliest_is_told() {
    let api = api().await;
    for (by_get, order) in [(false, &BY_POST[..]), (true, &BY_GET[..])] {
        for place in 0..order.len() {
            let faults = &order[place..];
            let accept = "application/graphql-response+json";
            Faulty { api: &api, by_get, accept, faults }.is_told_the_first().await;
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
            Faulty { api: &api, by_get, accept, faults }.is_told_the_first().await;
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
