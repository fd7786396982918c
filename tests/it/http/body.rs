//! Request bodies: their form and size.

use std::io;

use axum::{body::Body, http::header};
use futures_util::stream;
use serde_json::json;

use super::{post, refusal};
use crate::harness::{Api, Database, tokens};

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
async fn by_default_a_body_may_have_one_mebibyte() {
    let api = Api::start(Database::sqlite()).await;
    for (length, status) in [(1 << 20, 200), ((1 << 20) + 1, 413)] {
        let reply = api.anon.sends(post().body(of_length(length).into()).unwrap()).await;
        assert_eq!(reply.status, status, "{length}");
    }
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
