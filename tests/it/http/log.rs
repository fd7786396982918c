//! The request log: one line for each request, and no secret.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use futures_util::stream;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use super::post;
use crate::harness::{Api, Database, tokens};

/// The log of one test. Each test has a thread of its own, so that no other test writes into it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens to everything, also to what is never logged in earnest.
    fn listen(json: bool) -> (Self, DefaultGuard) {
        let log = Self::default();
        let builder = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("trace"))
            .with_ansi(false)
            .with_writer(log.clone());
        let guard = if json {
            tracing::subscriber::set_default(builder.json().finish())
        } else {
            tracing::subscriber::set_default(builder.finish())
        };
        (log, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of answers, with the id of their request.
    fn answers(&self) -> Vec<Value> {
        self.lines("answered")
    }

    fn lines(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["fields"]["message"] == message)
            .map(|mut line| {
                line["fields"]["id"] = line["span"]["id"].take();
                line["fields"].take()
            })
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn each_request_is_one_line() {
    let api = Api::start(Database::sqlite()).await;
    let (log, _guard) = Log::listen(true);
    let body = json!({
        "query": "mutation Buy($title: String!) { createTask(input: {title: $title}) { __typename } }",
        "operationName": "Buy",
        "variables": {"title": "Milk"},
    });
    let clock = api.clock.clone();
    // It takes 25 ms to come in.
    let slow = stream::once(async move {
        clock.advance(TimeDelta::milliseconds(25));
        Ok::<_, io::Error>(body.to_string())
    });
    let request = post().header("x-request-id", "r1").body(Body::from_stream(slow)).unwrap();
    api.alice.sends(request).await;
    assert_eq!(
        log.answers(),
        [json!({
            "message": "answered",
            "id": "r1",
            "method": "POST",
            "path": "/graphql",
            "status": 200,
            "operation": "Buy",
            "user": "alice",
            "duration_ms": 25,
            "outcome": "OK",
        })]
    );
}

#[tokio::test]
async fn the_line_tells_why_a_request_failed() {
    let api = Api::start(Database::sqlite()).await;
    let (log, _guard) = Log::listen(true);
    let query = "query Q { viewer { id } }";
    api.anon.post(query, json!({})).await;
    api.with_token("nonsense").post(query, json!({})).await;
    api.alice.post("query Q { nothing }", json!({})).await;
    api.alice.post("query Q { tasks(first: 101) { totalCount } }", json!({})).await;
    api.alice.post("{", json!({})).await;
    let request = Request::delete("/graphql").body(Body::empty()).unwrap();
    api.alice.sends(request).await;

    let told: Vec<_> = log
        .answers()
        .iter()
        .map(|line| json!([line["status"], line["operation"], line["user"], line["outcome"]]))
        .collect();
    let expected = json!([
        [401, "Q", null, "UNAUTHENTICATED"],
        [401, null, null, "UNAUTHENTICATED"],
        [400, "Q", "alice", "GRAPHQL_VALIDATION_FAILED"],
        [200, "Q", "alice", "BAD_USER_INPUT"],
        [400, null, "alice", "GRAPHQL_PARSE_FAILED"],
        [405, null, null, "BAD_USER_INPUT"],
    ]);
    assert_eq!(json!(told), expected);
}

#[tokio::test]
async fn a_failure_is_logged_once_however_many_fields_wait_for_it() {
    let api = Api::start(Database::sqlite()).await;
    let list = api.alice.creates_list("Errands").await;
    for title in ["a", "b", "c"] {
        api.alice.creates_with(json!({"title": title, "listId": list})).await;
    }
    api.database.execute("ALTER TABLE task_list RENAME TO gone").await;
    let (log, _guard) = Log::listen(true);
    let reply = api.alice.post("{ tasks { nodes { list { name } } } }", json!({})).await.json();
    assert_eq!(reply["data"]["tasks"]["nodes"], json!(vec![json!({"list": null}); 3]));
    let errors = reply["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    for error in errors {
        assert_eq!(error["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    }
    assert_eq!(log.lines("the store failed").len(), 1);
}

#[tokio::test]
async fn what_is_no_graphql_has_no_outcome() {
    let api = Api::start(Database::sqlite()).await;
    let (log, _guard) = Log::listen(true);
    let request = Request::get("/healthz?token=secret").body(Body::empty()).unwrap();
    let reply = api.anon.sends(request).await;
    assert_eq!(
        log.answers(),
        [json!({
            "message": "answered",
            "id": reply.header("x-request-id"),
            "method": "GET",
            "path": "/healthz",
            "status": 200,
            "duration_ms": 0,
        })]
    );
}

#[tokio::test]
async fn of_a_path_the_line_has_the_beginning() {
    let api = Api::start(Database::sqlite()).await;
    let (log, _guard) = Log::listen(true);
    let longest = format!("/{}", "a".repeat(127));
    for path in [longest.clone(), longest.clone() + "b", longest.clone() + &"b".repeat(60_000)] {
        api.anon.gets(&path).await;
        assert_eq!(log.answers().last().unwrap()["path"], longest);
    }
    // A character is not cut.
    api.anon.gets(&format!("/{}é", "a".repeat(126))).await;
    assert_eq!(log.answers().last().unwrap()["path"], longest[..127]);
}

#[tokio::test]
async fn nothing_that_a_client_keeps_to_itself_is_logged() {
    let api = Api::start(Database::sqlite()).await;
    let token = tokens::of("alice", api.clock.now());
    let signature = token.rsplit('.').next().unwrap();
    let (log, _guard) = Log::listen(true);

    let title = "a title that is nobody's business";
    api.alice.create(json!({"title": title})).await;
    api.alice.create(json!({"title": title, "due": {"on": title}})).await;
    api.alice.create(json!({"title": title.repeat(100)})).await;
    api.alice
        .post(&format!("{{ tasks(filter: {{search: \"{title}\"}}) {{ totalCount }} }}"), json!({}))
        .await;
    let query =
        format!("/graphql?query=%7B__typename%7D&variables=%7B%22x%22%3A%22{signature}%22%7D");
    api.alice.sends(Request::get(query).body(Body::empty()).unwrap()).await;
    let half = &token[..token.len() - 1];
    api.with_token(half).post("{ viewer { id } }", json!({})).await;

    assert_eq!(log.answers().len(), 6);
    let text = log.text();
    for secret in
        [signature, &signature[..20], "nobody's business", "totalCount", "alice@example.com"]
    {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn nobody_writes_lines_of_their_own_into_the_log() {
    let api = Api::start(Database::sqlite()).await;
    let now = api.clock.now().seconds();
    let sub = "eve\n2026-11-21T09:30:00Z INFO answered user=\"alice\"\x1b[2J";
    let token = tokens::with(&json!({"sub": sub, "iat": now, "exp": now + 60}));
    let (log, _guard) = Log::listen(false);
    let request = post()
        .uri("/graphql?%0Aanswered")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(r#"{"query": "{ viewer { id } }"}"#.into());
    assert_eq!(api.anon.sends(request.unwrap()).await.status, 200);
    let text = log.text();
    let answers: Vec<_> = text.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(answers.len(), 1, "{text}");
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[tokio::test]
async fn what_is_behind_an_internal_error_is_logged_once() {
    let api = Api::start(Database::sqlite()).await;
    api.alice.creates("Milk").await;
    api.database.execute("DROP TABLE task").await;
    let (log, _guard) = Log::listen(true);
    let request = post().header("x-request-id", "r1");
    let body = r#"{"query": "{ tasks { nodes { id } } }"}"#;
    let reply = api.alice.sends(request.body(body.into()).unwrap()).await;
    assert_eq!(reply.code(), "INTERNAL_SERVER_ERROR");

    let causes = log.lines("the store failed");
    assert_eq!(causes.len(), 1, "{}", log.text());
    assert_eq!(causes[0]["id"], "r1");
    assert!(causes[0]["cause"].to_string().contains("no such table"), "{causes:?}");
    assert_eq!(log.answers()[0]["outcome"], "INTERNAL_SERVER_ERROR");
}
