//! Event streams: GraphQL over SSE, in its mode of distinct connections.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::CHANGES;
use crate::harness::{Database, Served, soon, tokens};

/// An answer to a request, line by line.
pub(super) struct Stream {
    lines: BufReader<TcpStream>,
    pub(super) status: u16,
    pub(super) headers: Vec<String>,
}

impl Stream {
    pub(super) async fn open(served: &Served, bearer: &str, accept: &str, body: &Value) -> Self {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: {accept}\r\n\
             content-type: application/json\r\nauthorization: {bearer}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream);
        let status = line(&mut lines).await.unwrap();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            match line(&mut lines).await.unwrap() {
                end if end.is_empty() => break,
                header => headers.push(header.to_lowercase()),
            }
        }
        Self { lines, status, headers }
    }

    /// Follows Alice's changes.
    pub(super) async fn of_alice(served: &Served, since: Option<&str>) -> Self {
        let body = json!({ "query": CHANGES, "variables": { "since": since } });
        let stream = Self::open(served, &served.bearer("alice"), "text/event-stream", &body).await;
        assert_eq!(stream.status, 200);
        stream
    }

    /// The next event with its data; a comment has no name. `None` when the stream has ended.
    async fn event(&mut self) -> Option<(String, String)> {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            // The lines between chunks are sizes, and an empty one after each.
            let line = line(&mut self.lines).await?;
            if let Some(value) = line.strip_prefix("event: ") {
                value.clone_into(&mut name);
            } else if let Some(value) = line.strip_prefix("data:") {
                value.trim().clone_into(&mut data);
                return Some((name, data));
            } else if line.starts_with(':') {
                return Some((name, data));
            } else if line == "0" {
                return None;
            }
        }
    }

    /// The payload of the next event, which must be an answer.
    pub(super) async fn hears_next(&mut self) -> Value {
        let (name, data) = self.event().await.expect("the stream has ended");
        assert_eq!(name, "next", "{data}");
        serde_json::from_str(&data).unwrap()
    }

    /// Asserts that the stream completes.
    pub(super) async fn completes(mut self) {
        assert_eq!(self.event().await, Some(("complete".to_owned(), String::new())));
        assert_eq!(self.event().await, None);
    }
}

async fn line(lines: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match soon(lines.read_line(&mut line)).await {
        Ok(1..) => Some(line.trim_end().to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn alice_follows_her_changes() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut stream = Stream::of_alice(&served, None).await;
        for header in
            ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"]
        {
            assert!(stream.headers.iter().any(|it| it == header), "{:?}", stream.headers);
        }
        assert!(stream.headers.iter().any(|it| it.starts_with("x-request-id: ")));
        let first = stream.hears_next().await["data"]["changes"].take();
        assert_eq!(first["changes"], json!([]));
        served.api.alice.creates("Milk").await;
        let page = stream.hears_next().await["data"]["changes"].take();
        assert_eq!(page["changes"][0]["node"]["title"], "Milk");

        let mut later = Stream::of_alice(&served, first["cursor"].as_str()).await;
        assert_eq!(later.hears_next().await["data"]["changes"], page);
    }
}

#[tokio::test]
async fn queries_and_mutations_are_one_event() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let alice = served.bearer("alice");
    for (query, data) in [
        (
            "mutation { createTask(input: {title: \"Milk\"}) { task { title } } }",
            json!({ "createTask": { "task": { "title": "Milk" } } }),
        ),
        ("{ tasks { totalCount } }", json!({ "tasks": { "totalCount": 1 } })),
    ] {
        let body = json!({ "query": query });
        let mut stream = Stream::open(&served, &alice, "text/event-stream", &body).await;
        assert_eq!(stream.hears_next().await, json!({ "data": data }));
        stream.completes().await;
    }
    // What urql sends with each query.
    let accept = "application/graphql-response+json, application/graphql+json, \
                  application/json, text/event-stream, multipart/mixed";
    let body = json!({ "query": "{ tasks { totalCount } }" });
    let answer = Stream::open(&served, &alice, accept, &body).await;
    let content_type = "content-type: application/graphql-response+json; charset=utf-8";
    assert!(answer.headers.iter().any(|it| it == content_type), "{:?}", answer.headers);
    let body = json!({ "query": CHANGES });
    let mut stream = Stream::open(&served, &alice, accept, &body).await;
    stream.hears_next().await;
}

#[tokio::test]
async fn what_is_refused_before_the_stream_is_an_answer_as_usual() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let now = served.api.clock.now().seconds();
    let in_leeway = tokens::with(&json!({ "sub": "alice", "iat": now - 60, "exp": now - 1 }));
    let (alice, in_leeway) = (served.bearer("alice"), format!("Bearer {in_leeway}"));
    let events = "text/event-stream";
    for (bearer, accept, query, status, code) in [
        (&alice, events, "{", 400, "GRAPHQL_PARSE_FAILED"),
        (&alice, events, "subscription { nothing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        (
            &alice,
            events,
            "subscription { changes(since: 1) { cursor } }",
            400,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (&in_leeway, events, CHANGES, 401, "UNAUTHENTICATED"),
        (&alice, "application/json", CHANGES, 406, "BAD_USER_INPUT"),
        (&alice, "*/*", CHANGES, 406, "BAD_USER_INPUT"),
    ] {
        let body = json!({ "query": query });
        let mut answer = Stream::open(&served, bearer, accept, &body).await;
        assert_eq!(answer.status, status, "{query}");
        let body: Value = serde_json::from_str(&line(&mut answer.lines).await.unwrap()).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], code, "{body}");
        assert_eq!(body.get("data"), None);
    }
    let reply = served.api.anon.post(CHANGES, json!({})).await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_cursor_that_is_none_is_told_and_ends_the_stream() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut stream = Stream::of_alice(&served, Some("garbage")).await;
    let payload = stream.hears_next().await;
    assert_eq!(payload["errors"][0]["extensions"]["field"], "since");
    assert_eq!(payload.get("data"), None);
    stream.completes().await;
}

#[tokio::test]
async fn a_stream_lives_as_long_as_its_token() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut stream = Stream::of_alice(&served, None).await;
        stream.hears_next().await;
        served.api.wait(TimeDelta::seconds(25));
        assert_eq!(stream.event().await, Some((String::new(), String::new())));
        served.api.wait(TimeDelta::hours(24));
        stream.completes().await;
    }
}

#[tokio::test]
async fn a_stream_that_the_server_cuts_is_not_complete() {
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut stream = Stream::of_alice(&served, None).await;
    stream.hears_next().await;
    served.stop.send(()).unwrap();
    assert_eq!(stream.event().await, None);
    soon(served.serving).await.unwrap();
}
