//! What clients are told in words. Whoever meets an error has to know from its message what to do next,
//! so the messages are kept in `snapshots` for review: each once, with its code, its reason or its path.
//!
//! What is decided without a database, or is the same on both, is tried on SQLite.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Api, Database, Issuer, Person, Reply, Served, on_each_database,
    tokens::{self, Key, SECRET},
};

/// Messages that were met.
#[derive(Default)]
struct Messages(BTreeSet<String>);

impl Messages {
    /// Takes down the errors of an answer, at least one.
    fn of(&mut self, reply: &Reply) {
        self.errors(&reply.json()["errors"]);
    }

    fn errors(&mut self, errors: &Value) {
        let errors = errors.as_array().unwrap_or_else(|| panic!("no errors: {errors}"));
        assert!(!errors.is_empty());
        for error in errors {
            let extensions = &error["extensions"];
            let about = extensions.get("reason").or(extensions.get("field"));
            let title = [&extensions["code"], about.unwrap_or(&Value::Null)]
                .map(|name| name.as_str().unwrap_or_default())
                .join(" ");
            self.0.insert(format!("{}\n    {}", title.trim(), error["message"].as_str().unwrap()));
        }
    }

    /// Whether one of them has this code or reason.
    fn have(&self, name: &str) -> bool {
        let titles = self.0.iter().filter_map(|message| message.lines().next());
        titles.flat_map(|title| title.split(' ')).any(|word| word == name)
    }

    /// Compares all of them, in alphabetical order, with those that were reviewed.
    fn are_those_of(self, name: &str) {
        let all = self.0.into_iter().collect::<Vec<_>>().join("\n");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, all);
        });
    }
}

async fn with_token(api: &Api, token: &str) -> Reply {
    api.with_token(token).post("{ viewer { id } }", json!({})).await
}

fn without_nulls(mut claims: Value) -> Value {
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn with_header(api: &Api, headers: &[&str]) -> Reply {
    let mut request = Request::get("/graphql?query=%7Bviewer%7Bid%7D%7D");
    for header in headers {
        request = request.header("authorization", *header);
    }
    api.anon.sends(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn whoever_is_not_let_in_is_told_what_to_do() {
    let mut messages = Messages::default();
    let key = Key::ed25519("abc");
    let issuer = Issuer::start(&[key.jwk()]).await;
    let by_secret = Api::start(Database::sqlite()).await;
    let flags = [
        format!("--jwks-url={}", issuer.jwks_url()),
        "--jwt-issuer=https://app.example.com".to_owned(),
        "--jwt-audience=tasks".to_owned(),
    ];
    let flags = flags.each_ref().map(String::as_str);
    let by_key_set = Api::start_with(Database::sqlite(), &flags).await;
    let now = by_key_set.clock.now().seconds();
    let claims = json!({
        "sub": "alice",
        "iss": "https://app.example.com",
        "aud": "tasks",
        "iat": now,
        "exp": now + 900,
    });
    assert_eq!(with_token(&by_key_set, &key.signs(&claims)).await.status, 200);

    messages.of(&with_header(&by_key_set, &[]).await);
    for headers in [&["Basic YWxpY2U6"][..], &["Bearer"], &["Bearer a.b.c", "Bearer a.b.c"]] {
        messages.of(&with_header(&by_key_set, headers).await);
    }
    let json = |json: &str| tokens::part(json);
    let headed = |header: &str| format!("{}.{}.{}", json(header), json("{}"), json("x"));
    for token in [
        "A0f9VxKWOtGIuP2pZ2bRcCkLwQdGZkXN".to_owned(),
        "a.b.c.d.e".to_owned(),
        headed("[]"),
        headed("{}"),
        headed(r#"{"alg": "ES512", "kid": "abc"}"#),
        headed(r#"{"alg": "none"}"#),
        headed(r#"{"alg": "EdDSA", "kid": 1}"#),
        headed(r#"{"alg": "EdDSA", "typ": "better-auth.session-cache+jwt"}"#),
        headed(r#"{"alg": "EdDSA", "crit": ["exp"]}"#),
        headed(&format!("{{\"alg\": \"{}\"}}", "x".repeat(9000))),
        headed(r#"{"alg": "EdDSA", "kid": "abc"}"#),
        headed(r#"{"alg": "RS256", "kid": "abc"}"#),
        headed(r#"{"alg": "RS256"}"#),
        key.signs(&json!([])),
        tokens::with(&claims),
        Key::ed25519("def").signs(&claims),
    ] {
        messages.of(&with_token(&by_key_set, &token).await);
    }
    for (claim, value) in [
        ("exp", Value::Null),
        ("exp", json!("tomorrow")),
        ("exp", json!(now - 60)),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("iss", Value::Null),
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!(["one", "two"])),
        ("sub", Value::Null),
    ] {
        let mut claims = claims.clone();
        claims[claim] = value;
        messages.of(&with_token(&by_key_set, &key.signs(&without_nulls(claims))).await);
    }
    messages.of(&with_token(&by_secret, &key.signs(&claims)).await);
    let other =
        tokens::by_secret("another secret of at least 32 bytes", &json!({"alg": "HS256"}), &claims);
    messages.of(&with_token(&by_secret, &other).await);

    for (user, everywhere, iat) in
        [("ann", false, json!(now)), ("bea", true, json!(now - 1)), ("cleo", true, Value::Null)]
    {
        let token = |jti: &str| {
            let claims = json!({ "sub": user, "exp": now + 900, "iat": iat, "jti": jti });
            tokens::with(&without_nulls(claims))
        };
        let phone = by_secret.with_token(token("phone"));
        phone.does("signOut", json!({ "everywhere": everywhere }), "revokedBefore").await;
        messages
            .of(&with_token(&by_secret, &token(if everywhere { "laptop" } else { "phone" })).await);
    }

    issuer.answers(axum::http::StatusCode::NOT_FOUND, "");
    let without_keys = Api::start_with(Database::sqlite(), &flags).await;
    messages.of(&with_token(&without_keys, &key.signs(&claims)).await);

    for reason in [
        "TOKEN_MISSING",
        "TOKEN_MALFORMED",
        "ALGORITHM_NOT_ALLOWED",
        "UNKNOWN_KEY",
        "BAD_SIGNATURE",
        "TOKEN_EXPIRED",
        "TOKEN_NOT_YET_VALID",
        "WRONG_ISSUER",
        "WRONG_AUDIENCE",
        "SUBJECT_MISSING",
        "REVOKED",
    ] {
        assert!(messages.have(reason), "{reason}");
    }
    messages.are_those_of("refused_tokens");
}

#[tokio::test]
async fn whoever_asks_what_cannot_be_read_is_told_what_to_do() {
    let mut messages = Messages::default();
    let api = Api::start(Database::sqlite()).await;
    let post = async |content_type: &str, accept: &str, body: &str| {
        let request = Request::post("/graphql")
            .header("content-type", content_type)
            .header("accept", accept)
            .body(body.to_owned().into());
        api.alice.sends(request.unwrap()).await
    };
    for body in ["", "query", "[]", "1", r#"{"query": 1}"#, "{}"] {
        messages.of(&post("application/json", "*/*", body).await);
    }
    messages.of(&post("application/json", "text/html", "{}").await);
    messages.of(&post("text/plain", "*/*", "{}").await);
    messages.of(&post("application/json", "*/*", &" ".repeat(1_048_577)).await);
    for (method, query) in [
        ("PUT", ""),
        ("GET", "query=mutation%7BdeleteTag(input:%7Bid:1%7D)%7BdeletedIds%7D%7D"),
        ("GET", "query=%7B__typename%7D&variables=x"),
        ("GET", "query=%7B__typename%7D&variables=1"),
        ("GET", "query=subscription%7Bchanges%7Bcursor%7D%7D"),
    ] {
        let request = Request::builder().method(method).uri(format!("/graphql?{query}"));
        messages.of(&api.alice.sends(request.body(Body::empty()).unwrap()).await);
    }
    for document in [
        "",
        "{ tasks {",
        "{ nothing }",
        "{ tasks }",
        "query A { __typename } query B { __typename }",
        "{ task(id: null) { id } }",
        "{ tasks(first: \"1\") { totalCount } }",
        "query($id: ID!) { task(id: $id) { id } }",
        "{ ...F } fragment F on Query { ...F }",
        "subscription { a: changes { cursor } b: changes { cursor } }",
        "subscription { changes { cursor } }",
        "{ tasks(first: 100) { nodes { subtasks(first: 100) { nodes { subtasks(first: 2) { nodes { id } } } } } } }",
        &format!("{{ {} }}", "__typename ".repeat(31)),
        &format!("{{ {} }}", "a ".repeat(2000)),
        &format!("{}__typename{}", "{a".repeat(70), "}".repeat(70)),
    ] {
        messages.of(&api.alice.post(document, json!({})).await);
    }
    for (ty, value) in [
        ("DateTime", json!("tomorrow")),
        ("Date", json!("2026-02-30")),
        ("Duration", json!("a week")),
    ] {
        let field = match ty {
            "DateTime" => "createdAt: { gte: $value }",
            "Date" => "dueOn: { gte: $value }",
            _ => "dueOn: { within: $value }",
        };
        let query =
            format!("query($value: {ty}) {{ tasks(filter: {{ {field} }}) {{ totalCount }} }}");
        messages.of(&api.alice.post(&query, json!({ "value": value })).await);
    }
    let zone = "mutation($zone: TimeZone) { updateViewer(input: { timeZone: $zone }) { cursor } }";
    messages.of(&api.alice.post(zone, json!({ "zone": "Berlin" })).await);
    let update = "mutation($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }";
    for input in [json!({}), json!({ "id": "1", "priority": "HUGE", "colour": 1, "due": {} })] {
        messages.of(&api.alice.post(update, json!({ "input": input })).await);
    }

    let by_hash = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    for request in [
        json!({ "extensions": by_hash("ab") }),
        json!({ "query": "{ __typename }", "extensions": by_hash("ab") }),
        json!({ "extensions": { "persistedQuery": { "version": 2 } } }),
        json!({ "documentId": "ab" }),
        json!({ "documentId": "ab", "query": "{ __typename }" }),
        json!({ "documentId": "ab", "extensions": by_hash("ab") }),
    ] {
        messages.of(&api.alice.posts(&request).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("documents.json");
    std::fs::write(&file, r#"{"1": "{ __typename }"}"#).unwrap();
    let secret = format!("--better-auth-secret={SECRET}");
    let trusted = format!("--trusted-documents={}", file.display());
    let strict =
        Api::start_with(Database::sqlite(), &[&secret, &trusted, "--persisted-queries=0"]).await;
    messages.of(&strict.alice.post("{ viewer { id } }", json!({})).await);
    messages.of(&strict.alice.posts(&json!({ "extensions": by_hash("ab") })).await);
    let closed = Api::start_with(Database::sqlite(), &[&secret]).await;
    messages.of(&closed.alice.post("{ __schema { queryType { name } } }", json!({})).await);
    let local = Api::start_with(Database::sqlite(), &[]).await;
    messages.of(&local.anon.post("{ __typename }", json!({})).await);

    messages.are_those_of("refused_requests");
}

on_each_database! {
    async fn whoever_asks_for_what_cannot_be_is_told_what_to_do(api: Api) {
        let mut messages = Messages::default();
        what_is_refused(&api, &mut messages).await;
        messages.are_those_of("refused_inputs");
    }
}

async fn what_is_refused(api: &Api, messages: &mut Messages) {
    let alice = &api.alice;
    for arguments in [
        "first: 101",
        "first: -1",
        "first: 1, last: 1",
        "last: 101",
        "after: \"x\"",
        "before: \"x\"",
        "orderBy: [{ field: RELEVANCE }]",
        "filter: { and: { and: { and: { and: { completed: true } } } } }",
        "filter: { dueOn: { within: \"-P1D\" } }",
    ] {
        let query = format!("{{ tasks({arguments}) {{ nodes {{ id }} }} }}");
        messages.of(&alice.post(&query, json!({})).await);
    }
    let many = |count: usize| (0..count).map(|_| json!(Uuid::nil())).collect::<Vec<_>>();
    let words = |count: usize| "word ".repeat(count);
    for filter in [
        json!({ "search": words(60) }),
        json!({ "tags": { "anyOf": many(101) } }),
        json!({ "list": { "in": many(101) } }),
        json!({ "or": (0..60).map(|_| json!({ "completed": true })).collect::<Vec<_>>() }),
        json!({ "and": (0..20).map(|_| json!({ "search": words(20) })).collect::<Vec<_>>() }),
        json!({ "or": vec![json!({}); 300] }),
    ] {
        let query = "query($filter: TaskFilter) { tasks(filter: $filter) { nodes { id } } }";
        messages.of(&alice.post(query, json!({ "filter": filter })).await);
    }
    for arguments in ["since: \"x\"", "first: 501"] {
        let query = format!("{{ changes({arguments}) {{ cursor }} }}");
        messages.of(&alice.post(&query, json!({})).await);
    }

    let nothing = Uuid::nil();
    let parent = alice.creates("Parent").await;
    let child = alice.creates_with(json!({ "title": "Child", "parentId": parent })).await;
    let child = child["id"].as_str().unwrap();
    let list = alice.creates_list("List").await;
    let tag = alice.creates_tag("Tag").await;
    for input in [
        json!({ "title": " " }),
        json!({ "title": "x".repeat(501) }),
        json!({ "title": "a\u{0}" }),
        json!({ "title": "x", "description": "x".repeat(20_001) }),
        json!({ "title": "x", "id": "mine" }),
        json!({ "title": "x", "id": tag }),
        json!({ "title": "x", "tagIds": [nothing] }),
        json!({ "title": "x", "tagIds": many(51) }),
        json!({ "title": "x", "listId": nothing }),
        json!({ "title": "x", "parentId": nothing }),
        json!({ "title": "x", "parentId": parent, "listId": list }),
    ] {
        messages.of(&alice.create(input).await);
    }
    for input in [
        json!({ "id": nothing, "title": "x" }),
        json!({ "id": parent, "title": null }),
        json!({ "id": parent, "title": "x", "expectedVersion": 7 }),
    ] {
        messages.of(&alice.update(input).await);
    }
    for input in [
        json!({ "id": parent, "parentId": child }),
        json!({ "id": parent, "place": { "before": child } }),
        json!({ "id": parent, "place": { "after": nothing } }),
    ] {
        messages.of(&alice.tries("moveTask", input, "cursor").await);
    }
    let mut deepest = json!(child);
    for _ in 0..3 {
        let input = json!({ "title": "x", "parentId": deepest });
        deepest = alice.creates_with(input).await["id"].take();
    }
    messages.of(&alice.create(json!({ "title": "x", "parentId": deepest })).await);
    messages.of(&alice.tries("createTag", json!({ "name": "TAG" }), "tag { id }").await);
    messages
        .of(&alice.tries("createTag", json!({ "name": "x", "color": "red" }), "tag { id }").await);
    let operations = json!({ "operations": vec![json!({ "deleteTag": { "id": tag } }); 101] });
    messages.of(&alice.tries("batch", operations, "cursor").await);
    let operations = json!({ "operations": [
        { "deleteTag": { "id": nothing } },
        { "deleteTag": { "id": tag } },
    ] });
    let batch = alice.does("batch", operations, "results { error { code message } }").await;
    for result in batch["results"].as_array().unwrap() {
        let error = &result["error"];
        let error = json!({ "message": error["message"], "extensions": { "code": error["code"] } });
        messages.errors(&json!([error]));
    }
    let full = ["--max-tasks=1", "--max-tags=1", "--max-lists=1"];
    let (full, _app) = Api::start_to_serve(api.database.clone(), &full).await;
    messages.of(&full.alice.create(json!({ "title": "x" })).await);
    messages.of(&full.alice.tries("createTag", json!({ "name": "x" }), "tag { id }").await);
    messages.of(&full.alice.tries("createList", json!({ "name": "x" }), "list { id }").await);
}

on_each_database! {
    async fn whoever_meets_a_limit_or_a_fault_is_told_what_to_do(api: Api) {
        let mut messages = Messages::default();
        let now = api.clock.now().seconds();
        for (scope, document) in [
            ("tasks:read", "mutation { deleteTag(input: { id: 1 }) { cursor } }"),
            ("tasks:write", "{ viewer { id } }"),
        ] {
            let claims = json!({ "sub": "alice", "exp": now + 900, "scope": scope });
            let limited = api.with_token(tokens::with(&claims));
            messages.of(&limited.post(document, json!({})).await);
        }
        let served = Served::start(api.database.clone(), &["--request-timeout=1"]).await;
        let held = served.api.database.hold_writers().await;
        messages.of(&served.api.alice.create(json!({ "title": "x" })).await);
        held.rollback().await.unwrap();

        let served = Served::start(api.database.clone(), &["--max-socket-operations=1"]).await;
        let mut socket = served.socket_of("alice").await;
        let follow = "subscription { changes { cursor } }";
        socket.subscribes("1", follow, json!({})).await;
        socket.hears_next("1").await;
        socket.subscribes("2", follow, json!({})).await;
        messages.errors(&socket.hears().await["payload"]);

        let served = Served::start(api.database.clone(), &["--max-sockets-per-user=1"]).await;
        let mut socket = served.socket_of("alice").await;
        socket.is_up_to_date().await;
        messages.of(&opens_a_stream(&served.api.alice).await);

        let served = Served::start(api.database.clone(), &["--max-sockets=1"]).await;
        let mut socket = served.socket_of("alice").await;
        socket.is_up_to_date().await;
        messages.of(&opens_a_stream(&served.api.bob).await);

        api.database.execute("DROP TABLE task_tag; DROP TABLE task").await;
        messages.of(&of_request_seven(&api.alice).await);
        messages.are_those_of("limits_and_faults");
    }
}

/// An answer that names its request.
async fn of_request_seven(person: &Person) -> Reply {
    let request = Request::get("/graphql?query=%7Btasks%7Bnodes%7Bid%7D%7D%7D");
    person.sends(request.header("x-request-id", "7").body(Body::empty()).unwrap()).await
}

/// A stream that there is no room for.
async fn opens_a_stream(person: &Person) -> Reply {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(json!({ "query": "subscription { changes { cursor } }" }).to_string().into());
    person.sends(request.unwrap()).await
}

#[test]
fn no_code_is_without_a_message() {
    let met = [
        include_str!("snapshots/limits_and_faults.snap"),
        include_str!("snapshots/refused_inputs.snap"),
        include_str!("snapshots/refused_requests.snap"),
        include_str!("snapshots/refused_tokens.snap"),
    ]
    .concat();
    let sdl = taskward::graphql::sdl();
    let codes = sdl.split("enum ErrorCode {").nth(1).unwrap().split('}').next().unwrap();
    let is_code = |line: &&str| line.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let codes: Vec<_> =
        codes.lines().map(str::trim).filter(|line| !line.is_empty()).filter(is_code).collect();
    assert!(codes.len() >= 14, "{codes:?}");
    for code in codes {
        let is_told = met.lines().any(|line| line.split(' ').next() == Some(code));
        assert!(is_told, "{code}");
    }
}
