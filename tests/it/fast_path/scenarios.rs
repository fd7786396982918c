//! Errors, limits, authorization, introspection, persisted queries and transports behave the same for
//! a planned operation.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use axum::{
    body::Body,
    http::{self, Method, header},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{COMPLETE, CREATE, DELETE, ONE, Observed, PAGE, Request, Transport, seed};
use crate::harness::{
    Api, Database, Person, Served,
    ids::{tag_id, task_id},
    on_each_database, soon, tokens,
};

const INTROSPECTION: &str = "__schema { queryType { name } }";

/// Alice with further claims in her token.
fn with(api: &Api, claims: &Value) -> Person {
    api.with_token(api.token("alice", claims))
}

/// A request for a document, with the same body however it goes out.
fn http_request(method: Method, text: &str, headers: &[(&str, &str)]) -> http::Request<Body> {
    let body = json!({ "query": text, "variables": { "id": task_id(1) } }).to_string();
    let mut request =
        http::Request::builder().method(method).uri("/graphql").header("x-request-id", "r1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// The answer to a document by its digest, which is sent along or not.
async fn by_hash(person: &Person, document: Option<&str>, hashed: &str) -> Observed {
    let digest = digest::digest(&digest::SHA256, hashed.as_bytes());
    let hash = digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let body = json!({ "query": document, "extensions": extensions }).to_string();
    let request = http::Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    Observed::of(person, request.body(body.into()).unwrap()).await
}

on_each_database! {
    async fn of_an_object_one_may_ask_nothing(api: Api) {
        seed(&api, &api.alice).await;
        for query in [
            "{ tasks { nodes { ... on Node { ... on Tag { name } } } } }",
            "{ tasks { edges { node { ... on Node { ... on Tag { name } } } } } }",
            "query($id: ID!) { task(id: $id) { ... on Node { ... on Tag { name } } } }",
            "query($id: ID!) { task(id: $id) { id tags { ... on Node { ... on Task { title } } } } }",
            "mutation($id: ID!) { deleteTask(input: { id: $id }) { ... on Payload { ... on TaskPayload { cursor } } } }",
        ] {
            let request = Request::post(query, json!({ "id": task_id(1) }));
            request.send(&api.alice).await.reply.data();
            let observed = request.same(&api.alice).await;
            assert_eq!(observed.reply.json().get("errors"), None, "{request}");
        }
    }

    async fn a_payload_has_its_interface(api: Api) {
        seed(&api, &api.alice).await;
        for mutation in [
            "mutation($id: ID!) { updateTask(input: { id: $id }) { ... on Payload { __typename cursor } task { id } } }",
            "mutation($id: ID!) { updateTask(input: { id: $id }) { ...P } } fragment P on Payload { cursor ... on TaskPayload { task { id } } }",
        ] {
            let request = Request::post(mutation, json!({ "id": task_id(1) }));
            for _ in 0..2 {
                let observed = request.send(&api.alice).await.reply.data()["updateTask"].take();
                assert!(observed["cursor"].is_string() && observed["task"]["id"] == task_id(1), "{observed}");
            }
        }
        // What stands in it counts.
        let large = "tasks(first: 100) { nodes { id subtasks(first: 100) { nodes { id subtasks(first: 100) { nodes { id } } } } } }";
        for payload in [format!("query {{ {large} }}"), format!("... on Payload {{ query {{ {large} }} }}")] {
            let mutation = format!("mutation {{ updateTask(input: {{ id: 5 }}) {{ {payload} }} }}");
            let observed = Request::post(mutation, json!({})).send(&api.alice).await;
            assert_eq!(observed.reply.code(), "QUERY_TOO_COMPLEX", "{payload}");
        }
    }

    async fn an_error_stands_where_its_field_does(api: Api) {
        for mutation in [
            "mutation($id: ID!) {\n  gone: deleteTask(input: { id: $id }) { deletedIds } }",
            "mutation($id: ID!) {\n  gone  :  deleteTask(input: { id: $id }) { deletedIds }\n gone: deleteTask(input: { id: $id }) { cursor } }",
            "mutation($id: ID!) {\n\t... on Mutation { deleteTask(input: { id: $id }) { deletedIds } } }",
            "mutation($id: ID!) { ...M }\nfragment M on Mutation {\r\n a: deleteTask(input: { id: $id }) { deletedIds } }",
        ] {
            let observed = Request::post(mutation, json!({ "id": task_id(99) })).is_planned(&api.alice).await;
            assert_eq!(observed.reply.code(), "NOT_FOUND");
        }
    }

    async fn the_limits_hold(api: Api) {
        seed(&api, &api.alice).await;
        let list = "tasks(first: $first, last: $last) { nodes { id tags { id } } }";
        let head = "query($first: Int = 1, $last: Int)";
        for (query, code) in [
            (format!("{head} {{ {list} }}"), None),
            (format!("{head} {{ a: {list} b: {list} }}"), Some("QUERY_TOO_COMPLEX")),
        ] {
            let request = Request::post(query, json!({}));
            request.send(&api.alice).await.reply.data();
            for (name, count, refusal) in [
                ("first", json!(100), code),
                ("first", json!(101), code.or(Some("BAD_USER_INPUT"))),
                ("first", json!(i32::MAX), code.or(Some("BAD_USER_INPUT"))),
                ("first", json!(-1), Some("BAD_USER_INPUT")),
                ("first", json!(null), None),
                ("first", json!("1"), Some("BAD_USER_INPUT")),
                ("last", json!(2), Some("BAD_USER_INPUT")),
            ] {
                let observed = request.with(&json!({ name: count })).same(&api.alice).await;
                let errors = observed.reply.json()["errors"].take();
                let refused = errors[0]["extensions"]["code"].as_str().map(ToOwned::to_owned);
                assert_eq!(refused.as_deref(), refusal, "{request} {name} {count}");
            }
        }
        // What is refused is refused again.
        let deep = format!("{{ tasks {}id{} }}", "{ nodes { subtasks ".repeat(8), " } }".repeat(8));
        let many = format!("{{ tasks {{ nodes {{ {} }} }} }}", "a: id ".repeat(101));
        for query in [deep.replace("subtasks id", "id"), many] {
            let request = Request::post(query, json!({}));
            for _ in 0..2 {
                let observed = request.same(&api.alice).await;
                assert_eq!((observed.reply.status.as_u16(), observed.by_plan), (400, false), "{request}");
            }
        }
    }

    async fn a_token_is_asked_for(api: Api) {
        seed(&api, &api.alice).await;
        let (reader, writer) = (with(&api, &json!({ "scope": "tasks:read" })), with(&api, &json!({ "scope": "tasks:write" })));
        let nobody = with(&api, &json!({ "scope": "openid" }));
        let late = with(&api, &json!({ "exp": api.clock.now().seconds() - 60 }));
        let gone = with(&api, &json!({ "sid": "s1" }));
        gone.does("signOut", json!({}), "revokedBefore").await;
        for (text, variables, statuses) in [
            (PAGE, json!({}), [200, 200, 403, 403, 401, 401, 401]),
            (ONE, json!({ "id": task_id(1) }), [200, 200, 403, 403, 401, 401, 401]),
            (COMPLETE, json!({ "id": task_id(1) }), [200, 403, 200, 403, 401, 401, 401]),
            (DELETE, json!({ "id": task_id(99) }), [200, 403, 200, 403, 401, 401, 401]),
            ("{ __typename }", json!({}), [200, 200, 200, 200, 200, 401, 401]),
        ] {
            let request = Request::post(text, variables);
            request.is_planned(&api.alice).await;
            let people = [&api.bob, &reader, &writer, &nobody, &api.anon, &late, &gone];
            for (person, status) in people.into_iter().zip(statuses) {
                assert_eq!(request.same(person).await.reply.status, status, "{request}");
            }
        }
    }

    async fn nobody_else_is_shown_what_is_alices(api: Api) {
        seed(&api, &api.alice).await;
        let mut page = api.alice.asks("{ tasks(first: 2) { pageInfo { endCursor } } }").await;
        let cursor = page["tasks"]["pageInfo"]["endCursor"].take();
        for (request, nothing) in [
            (Request::post(ONE, json!({ "id": task_id(1) })), json!({ "task": null })),
            (
                Request::post("query($after: String, $ids: [ID!]) { tasks(after: $after, filter: { or: [{ tags: { anyOf: $ids } }, { parent: { in: $ids } }] }) { nodes { id } totalCount } }",
                    json!({ "after": cursor, "ids": [tag_id(0), task_id(2)] })),
                json!({ "tasks": { "nodes": [], "totalCount": 0 } }),
            ),
        ] {
            let alices = request.is_planned(&api.alice).await;
            let observed = request.same(&api.bob).await;
            assert!(observed.by_plan);
            assert_eq!(observed.reply.data(), nothing);
            assert_ne!(alices.reply.data(), nothing);
        }
        for mutation in [COMPLETE, DELETE] {
            let request = Request::post(mutation, json!({ "id": task_id(1) }));
            request.send(&api.bob).await;
            let (foreign, none) = (request.same(&api.bob).await, request.with(&json!({ "id": task_id(99) })).same(&api.bob).await);
            assert!(foreign.by_plan && none.by_plan);
            assert_eq!(foreign.reply.body, none.reply.body);
            assert_eq!(foreign.reply.code(), "NOT_FOUND");
        }
    }

    async fn each_operation_of_a_document_has_a_plan_of_its_own(api: Api) {
        seed(&api, &api.alice).await;
        let text = format!("{PAGE} {ONE} {COMPLETE} query Me {{ viewer {{ id }} }}").replace("$first: Int = 20", "$first: Int = 2");
        let variables = json!({ "id": task_id(1) });
        let request = |name| Request { text: text.clone(), name, variables: variables.clone(), transport: Transport::Post };
        let names = [("Page", true), ("One", true), ("Complete", true), ("Me", true)];
        for _ in 0..2 {
            for (name, _) in names {
                request(Some(name)).send(&api.alice).await.reply.data();
            }
        }
        for (name, is_planned) in names {
            let observed = request(Some(name)).same(&api.alice).await;
            assert_eq!(observed.by_plan, is_planned, "{name}");
            let root = observed.reply.data();
            let field = root.as_object().unwrap().keys().next().unwrap().clone();
            let expected = BTreeMap::from([("Page", "tasks"), ("One", "task"), ("Complete", "updateTask"), ("Me", "viewer")]);
            assert_eq!(field, expected[name]);
        }
        for name in [None, Some("Row"), Some("page"), Some("")] {
            assert_eq!(request(name).same(&api.alice).await.reply.status, 400, "{name:?}");
        }
        // Its only operation goes with its name and without.
        for name in [None, Some("One"), None, Some("One"), Some("Two")] {
            Request { text: ONE.to_owned(), ..request(name) }.same(&api.alice).await;
        }
    }

    async fn introspection_stands_beside_it(api: Api) {
        seed(&api, &api.alice).await;
        for query in [
            format!("{{ {INTROSPECTION} tasks {{ nodes {{ id }} }} }}"),
            format!("{{ tasks {{ nodes {{ id __typename }} }} ... on Query {{ {INTROSPECTION} }} __typename }}"),
            "{ __type(name: \"Task\") { fields { name } } task(id: 1) { id } }".to_owned(),
        ] {
            let request = Request::post(query, json!({}));
            request.send(&api.alice).await.reply.data();
            request.same(&api.alice).await.reply.data();
        }
        let secret = format!("--better-auth-secret={}", tokens::SECRET);
        let api = Api::start_with(api.database.clone(), &[&secret]).await;
        let request = Request::post(format!("{{ {INTROSPECTION} tasks {{ nodes {{ id }} }} }}"), json!({}));
        for _ in 0..2 {
            assert_eq!(request.same(&api.alice).await.reply.status, 400);
        }
    }

    async fn a_document_may_go_by_its_hash(api: Api) {
        seed(&api, &api.alice).await;
        let query = "{ tasks(first: 2) { nodes { title } } }";
        let request = Request { transport: Transport::LegacyPost, ..Request::post(query, json!({})) };
        let answer = request.is_planned(&api.alice).await.reply;
        assert_eq!(by_hash(&api.alice, None, query).await.reply.json()["errors"][0]["message"], "PersistedQueryNotFound");
        // It is a plan that answers, and the hash is remembered all the same.
        for document in [Some(query), None] {
            let observed = by_hash(&api.alice, document, query).await;
            assert!(observed.by_plan);
            assert_eq!((observed.reply.status, &observed.reply.body), (answer.status, &answer.body));
        }
        assert_eq!(by_hash(&api.anon, None, query).await.reply.status, 401);
        assert_eq!(by_hash(&api.alice, Some(query), "{ tasks }").await.reply.status, 400);
    }

    async fn a_request_is_refused_for_what_it_is(api: Api) {
        seed(&api, &api.alice).await;
        let json_ = ("content-type", "application/json");
        let get = |text: &str| {
            let mut query = url::form_urlencoded::Serializer::new(String::from("/graphql?"));
            query.append_pair("query", text).append_pair("variables", &json!({ "id": task_id(1) }).to_string());
            http::Request::get(query.finish()).header("x-request-id", "r1").body(Body::empty()).unwrap()
        };
        for text in [ONE, COMPLETE] {
            let request = Request::post(text, json!({ "id": task_id(1) }));
            request.send(&api.alice).await.reply.data();
            request.is_planned(&api.alice).await;
            for (method, headers, status) in [
                (Method::POST, vec![json_], 200),
                (Method::POST, vec![json_, ("origin", "https://app.example.com")], 200),
                (Method::POST, vec![json_, ("accept", "text/event-stream, application/json")], 200),
                (Method::POST, vec![json_, ("accept", "text/event-stream")], 200),
                (Method::POST, vec![json_, ("accept", "text/html")], 406),
                (Method::POST, vec![("content-type", "text/plain")], 415),
                (Method::PUT, vec![json_], 405),
                (Method::HEAD, vec![json_], 405),
                (Method::OPTIONS, vec![("origin", "https://app.example.com"), ("access-control-request-method", "POST")], 200),
            ] {
                let known = Observed::of(&api.alice, http_request(method.clone(), text, &headers)).await;
                let new = Observed::of_library(&api.alice, http_request(method.clone(), text, &headers)).await;
                assert_eq!(known.reply.status, status, "{method} {headers:?}");
                if !headers.contains(&("accept", "text/event-stream")) {
                    known.assert_same(&new, &request);
                }
                assert_eq!(known.reply.body, new.reply.body);
            }
            let (known, new) = (Observed::of(&api.alice, get(text)).await, Observed::of_library(&api.alice, get(text)).await);
            known.assert_same(&new, &request);
            assert_eq!((known.reply.status.as_u16(), known.by_plan), if text == ONE { (200, true) } else { (405, false) });
        }
    }

    async fn a_fault_of_the_server_is_told_the_same(api: Api) {
        seed(&api, &api.alice).await;
        let all: Vec<_> = [
            (PAGE, json!({})),
            (ONE, json!({ "id": task_id(1) })),
            (CREATE, json!({ "input": { "title": "x", "id": task_id(1) } })),
            (DELETE, json!({ "id": task_id(99) })),
        ]
        .map(|(text, variables)| Request::post(text, variables))
        .into();
        for request in &all {
            request.send(&api.alice).await;
            assert!(request.send(&api.alice).await.by_plan, "{request}");
        }
        api.database.execute("ALTER TABLE task RENAME TO lost").await;
        for request in &all {
            let observed = request.same(&api.alice).await;
            assert_eq!(observed.reply.code(), "INTERNAL_SERVER_ERROR", "{request}");
        }
        api.database.execute("ALTER TABLE lost RENAME TO task").await;
        for request in &all {
            assert!(request.send(&api.alice).await.by_plan, "{request}");
        }
    }

    async fn a_change_waits_no_longer_than_a_request(api: Api) {
        seed(&api, &api.alice).await;
        let secret = format!("--better-auth-secret={}", tokens::SECRET);
        let api = Api::start_with(api.database.clone(), &[&secret, "--request-timeout=1"]).await;
        let request = Request::post(COMPLETE, json!({ "id": task_id(1) }));
        request.send(&api.alice).await.reply.data();
        request.is_planned(&api.alice).await;
        let held = api.database.hold_writers_of("alice").await;
        let observed = soon(request.same(&api.alice)).await;
        assert_eq!(observed.reply.code(), "TIMEOUT");
        held.rollback().await.unwrap();
        api.wait(TimeDelta::milliseconds(1));
        request.with(&json!({ "id": task_id(1), "completed": false })).is_planned(&api.alice).await;
    }
}

#[tokio::test]
async fn what_goes_over_a_socket_is_the_same() {
    for database in Database::each().await {
        let served = Served::start(database, &["--introspection=true"]).await;
        seed(&served.api, &served.api.alice).await;
        let mut socket = served.socket_of("alice").await;
        for (text, variables) in [
            (PAGE, json!({ "first": 3 })),
            (PAGE, json!({ "first": 101 })),
            (ONE, json!({ "id": task_id(1) })),
            (COMPLETE, json!({ "id": task_id(1), "completed": true })),
            (DELETE, json!({ "id": task_id(99) })),
        ] {
            let request = Request::post(text, variables.clone());
            request.send(&served.api.alice).await;
            let over_http = request.send(&served.api.alice).await.reply.json();
            socket.subscribes("1", text, variables).await;
            assert_eq!(socket.hears_next("1").await, over_http, "{request}");
            assert_eq!(socket.hears().await, json!({ "id": "1", "type": "complete" }));
        }
    }
}
