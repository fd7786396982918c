//! Request bodies: their form and size.

use std::io;

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{post, refusal};
use crate::harness::{Api, Database, Served, soon, tokens};

const LARGEST: usize = 1000;

async fn small() -> Api {
    let secret = format!("--better-auth-secret={}", tokens::SECRET);
    Api::start_with(Database::sqlite(), &[&secret, &format!("--max-body={LARGEST}")]).await
}

/// A good request of that many bytes.
fn of_length(bytes: usize) -> String {
    let mut body = r#"{"query": "{ __typename }"}"#.to_owned();
    body += &" ".repeat(bytes - body.len());
    body
}

/// A body that does not say how long it is.
fn in_parts(body: String) -> Body {
    let parts: Vec<_> =
        body.into_bytes().chunks(64).map(|part| Ok::<_, io::Error>(part.to_vec())).collect();
    Body::from_stream(stream::iter(parts))
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let api = small().await;
    for (length, status) in [(LARGEST - 1, 200), (LARGEST, 200), (LARGEST + 1, 413)] {
        let announced = post().header(header::CONTENT_LENGTH, length);
        let announced = announced.body(of_length(length).into()).unwrap();
        let chunked = post().body(in_parts(of_length(length))).unwrap();
        for request in [announced, chunked] {
            let reply = api.anon.sends(request).await;
            assert_eq!(reply.status, status, "{length}");
            if status == 413 {
                assert_eq!(refusal(&reply), (413, "BAD_USER_INPUT".to_owned()));
                assert_eq!(reply.header("connection"), "close", "the rest is not read");
            }
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let api = small().await;
    let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, io::Error>("x".repeat(64))));
    let reply = api.anon.sends(post().body(endless).unwrap()).await;
    assert_eq!(refusal(&reply), (413, "BAD_USER_INPUT".to_owned()));
}

#[tokio::test]
async fn by_default_a_body_may_have_one_mebibyte_and_a_stranger_s_a_sixteenth_of_it() {
    let api = Api::start(Database::sqlite()).await;
    for (person, limit) in [(&api.alice, 1 << 20), (&api.anon, 1 << 16)] {
        for (length, status) in [(limit, 200), (limit + 1, 413)] {
            for body in [Body::from(of_length(length)), in_parts(of_length(length))] {
                let reply = person.sends(post().body(body).unwrap()).await;
                assert_eq!(reply.status, status, "{length}");
            }
        }
    }
}

/// A body that must not be read.
fn unreadable() -> Body {
    Body::from_stream(stream::poll_fn(|_| -> std::task::Poll<Option<io::Result<Vec<u8>>>> {
        panic!("it was read")
    }))
}

#[tokio::test]
async fn what_the_headers_decide_is_answered_before_the_body_is_read() {
    let api = small().await;
    let refused = post().header(header::AUTHORIZATION, "Bearer nonsense");
    let too_long = post().header(header::CONTENT_LENGTH, LARGEST + 1);
    let other_type = Request::post("/graphql").header(header::CONTENT_TYPE, "text/plain");
    for (request, status) in [
        (refused.body(unreadable()).unwrap(), 401),
        (too_long.body(of_length(LARGEST + 1).into()).unwrap(), 413),
        (other_type.body(of_length(LARGEST).into()).unwrap(), 415),
    ] {
        let reply = api.anon.sends(request).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("connection"), "close", "the body is not read");
    }
    let reply = api.alice.sends(post().body(of_length(LARGEST).into()).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.header("connection")), (200, ""));
}

#[tokio::test]
async fn a_token_must_be_good_until_the_body_has_come_in() {
    let api = Api::start(Database::sqlite()).await;
    // It expires, with the tolerance for the clocks, or is revoked by another request meanwhile.
    for (minutes, reason) in [(61, "TOKEN_EXPIRED"), (0, "REVOKED")] {
        let person = api.with_token(api.token("alice", &json!({})));
        let (clock, other) = (api.clock.clone(), person.clone());
        let meanwhile = stream::once(async move {
            clock.advance(TimeDelta::minutes(minutes));
            if minutes == 0 {
                other.does("signOut", json!({ "everywhere": true }), "revokedBefore").await;
            }
            Ok::<_, io::Error>(String::new())
        });
        let query = stream::iter([Ok(r#"{"query": "{ viewer { id } }"}"#.to_owned())]);
        let request = post().body(Body::from_stream(meanwhile.chain(query))).unwrap();
        let reply = person.sends(request).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.error()["extensions"]["reason"], reason);
    }
}

#[tokio::test]
async fn a_client_that_is_still_sending_gets_the_answer() {
    const LENGTH: usize = 1 << 20;
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut connection = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         authorization: Bearer nonsense\r\ncontent-length: {LENGTH}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    soon(connection.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    // Whoever sends all of it first is not interrupted.
    soon(connection.write_all(of_length(LENGTH).as_bytes())).await.unwrap();
    let mut rest = String::new();
    soon(connection.read_to_string(&mut rest)).await.unwrap();
    let (head, body) = rest.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("connection: close"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["reason"], "TOKEN_MALFORMED");
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_not_to() {
    let served = Served::start(Database::sqlite(), &["--request-timeout=3600"]).await;
    let mut connection = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        authorization: Bearer nonsense\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(connection.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let api = small().await;
    let parts = [Ok("{\"query\":"), Err(io::Error::other("the client has gone"))];
    let request = post().body(Body::from_stream(stream::iter(parts))).unwrap();
    let reply = api.anon.sends(request).await;
    assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()));
}

#[tokio::test]
async fn what_is_not_json_cannot_be_parsed() {
    let api = Api::start(Database::sqlite()).await;
    // What is too deep for the parser is as bad as what is not JSON.
    let lists = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep = format!(r#"{{"query": "{{ __typename }}", "variables": {{"x": {lists}}}}}"#);
    for body in [
        &b""[..],
        b"{",
        b"{ __typename }",
        b"query={ __typename }",
        b"{'query': '{ __typename }'}",
        br#"{"query": "{ __typename }"} {}"#,
        br#"{"query": "{ __typename }",}"#,
        b"{\"query\": \"\xff\"}",
        deep.as_bytes(),
    ] {
        let reply = api.anon.sends(post().body(body.to_vec().into()).unwrap()).await;
        assert_eq!(refusal(&reply), (400, "GRAPHQL_PARSE_FAILED".to_owned()));
    }
}

#[tokio::test]
async fn json_that_is_no_graphql_request_is_bad_input() {
    let api = Api::start(Database::sqlite()).await;
    let query = "{ __typename }";
    for body in [
        json!(null),
        json!(true),
        json!(1),
        json!(query),
        json!([]),
        json!([query]),
        json!([query, null, {}, {}]),
        json!([{"query": query}]),
        json!([{"query": query}, {"query": query}]),
        json!({}),
        json!({"query": null}),
        json!({"query": 1}),
        json!({"query": [query]}),
        json!({"query": {"query": query}}),
        json!({"query": query, "operationName": 1}),
        json!({"query": query, "operationName": ["Q"]}),
        json!({"query": query, "variables": []}),
        json!({"query": query, "variables": "{}"}),
        json!({"query": query, "variables": 1}),
        json!({"query": query, "extensions": []}),
        json!({"query": query, "extensions": "{}"}),
        json!({"query": query, "extensions": false}),
    ] {
        let reply = api.anon.posts(&body).await;
        assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "{body}");
    }
    let twice = r#"{"query": "{ __typename }", "query": "{ __schema { description } }"}"#;
    let reply = api.anon.sends(post().body(twice.into()).unwrap()).await;
    assert_eq!(refusal(&reply), (400, "BAD_USER_INPUT".to_owned()), "which of the two?");
}

#[tokio::test]
async fn a_missing_document_is_named() {
    let api = Api::start(Database::sqlite()).await;
    for body in [json!({}), json!({"query": null})] {
        assert_eq!(api.anon.posts(&body).await.field(), "query");
    }
}

#[tokio::test]
async fn null_is_as_good_as_nothing_beside_the_document() {
    let api = Api::start(Database::sqlite()).await;
    let query = "{ __typename }";
    for body in [
        json!({"query": query}),
        json!({"query": query, "operationName": null, "variables": null, "extensions": null}),
        json!({"query": query, "variables": {}, "extensions": {}}),
        json!({"query": query, "extensions": {"clientLibrary": {"name": "x", "version": null}}}),
        json!({"query": query, "id": "what a client adds of its own", "doc_id": [1]}),
    ] {
        assert_eq!(api.anon.posts(&body).await.data(), json!({"__typename": "Query"}), "{body}");
    }
}
