//! How a request without a good token is refused, whatever it contains.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::json;

use super::{Deployment, reason, verdict, with, without};
use crate::harness::{
    Person,
    tokens::{self, Key},
};

/// A token for each reason to refuse one.
fn refused_tokens(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let claims = |more| with(deployment.claims("ada"), more);
    let now = deployment.api.clock.now().seconds();
    let elsewhere = "https://elsewhere.example";
    let signs = |claims| deployment.key.signs(&claims);
    vec![
        ("TOKEN_MALFORMED", "opaque".to_owned()),
        ("ALGORITHM_NOT_ALLOWED", tokens::with(&deployment.claims("ada"))),
        ("UNKNOWN_KEY", Key::ed25519("unheard of").signs(&deployment.claims("ada"))),
        ("BAD_SIGNATURE", Key::ed25519("first").signs(&deployment.claims("ada"))),
        ("TOKEN_EXPIRED", signs(claims(json!({"exp": now - 60})))),
        ("TOKEN_NOT_YET_VALID", signs(claims(json!({"nbf": now + 60})))),
        ("WRONG_ISSUER", signs(claims(json!({"iss": elsewhere})))),
        ("WRONG_AUDIENCE", signs(claims(json!({"aud": elsewhere})))),
        ("SUBJECT_MISSING", signs(without(deployment.claims("ada"), "sub"))),
    ]
}

fn get(query: &str) -> Request<Body> {
    Request::get(format!("/graphql?query={query}")).body(Body::empty()).unwrap()
}

fn post(accept: &str, body: &str) -> Request<Body> {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(body.to_owned().into())
        .unwrap()
}

/// Requests of all kinds, each of which is refused for its token first.
fn requests() -> Vec<Request<Body>> {
    let newer = "application/graphql-response+json";
    vec![
        post(newer, r#"{"query": "{ viewer { id } }"}"#),
        post(newer, r#"{"query": "mutation { deleteTask(input: {id: \"x\"}) { deletedIds } }"}"#),
        // What needs no token at all.
        post(newer, r#"{"query": "{ __typename }"}"#),
        post(newer, r#"{"query": "{ __schema { queryType { name } } }"}"#),
        post(newer, r#"{"query": "{ __type(name: \"Task\") { name } }"}"#),
        // Old clients, that want 200 for a bad document, still see a 401.
        post("application/json", r#"{"query": "{ viewer { id } }"}"#),
        post("*/*", r#"{"query": "{ viewer { id } }"}"#),
        // What is no good request, which nobody is told who has no good token.
        post(newer, "no JSON"),
        post(newer, "[]"),
        post(newer, r#"{"query": "{"}"#),
        post(newer, r#"{"query": "{ nothing }"}"#),
        get("%7Bviewer%7Bid%7D%7D"),
        get("%7B__schema%7BqueryType%7Bname%7D%7D%7D"),
        get("mutation%7Bx%7D"),
        get(""),
    ]
}

#[tokio::test]
async fn each_reason_is_told_with_status_code_and_challenge_whatever_was_asked() {
    let deployment = Deployment::start_with(&["--introspection=true"]).await;
    // The bucket lets an unknown key be looked for, which is not the point here.
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    for (expected, token) in refused_tokens(&deployment) {
        let person = deployment.api.with_token(token);
        for request in requests() {
            let asked = format!("{request:?}");
            let reply = person.sends(request).await;
            assert_eq!(reason(&reply), expected, "{asked}");
        }
    }
}

#[tokio::test]
async fn somebody_without_a_token_is_told_that_one_is_missing() {
    let deployment = Deployment::with_secret().await;
    let anon = &deployment.api.anon;
    let newer = "application/graphql-response+json";
    let requests = [
        post(newer, r#"{"query": "{ viewer { id } }"}"#),
        post("application/json", r#"{"query": "{ __typename tasks { totalCount } }"}"#),
        post(newer, r#"{"query": "mutation { deleteTask(input: {id: \"x\"}) { deletedIds } }"}"#),
        get("%7Bviewer%7Bid%7D%7D"),
    ];
    for request in requests {
        assert_eq!(reason(&anon.sends(request).await), "TOKEN_MISSING");
    }
}

#[tokio::test]
async fn what_belongs_to_nobody_needs_no_token() {
    let deployment = Deployment::start_with(&["--introspection=true"]).await;
    let anon = &deployment.api.anon;
    assert_eq!(anon.asks("{ __typename }").await["__typename"], "Query");
    let schema = anon.asks("{ __schema { queryType { name } } }").await;
    assert_eq!(schema["__schema"]["queryType"]["name"], "Query");
    let reply = anon.sends(get("%7B__typename%7D")).await;
    assert_eq!(reply.data()["__typename"], "Query");
    assert_eq!(deployment.issuer.fetches(), 0);
}

#[tokio::test]
async fn a_refusal_quotes_little_and_only_what_is_harmless() {
    let deployment = Deployment::start().await;
    let evil = "\"\\\r\n<script>\u{202e}\u{fc}".repeat(50);
    let header = json!({"alg": "EdDSA", "kid": evil});
    let mut replies = Vec::new();
    let person = |token: String| -> Person { deployment.api.with_token(token) };
    let claims = with(deployment.claims("ada"), json!({"iss": evil}));
    for token in [
        deployment.key.signs_as(&header, &claims),
        deployment.key.signs(&claims),
        deployment.key.signs_as(&json!({"alg": evil}), &claims),
        deployment.key.signs(&with(deployment.claims("ada"), json!({"aud": evil}))),
    ] {
        replies.push(person(token).post("{ viewer { id } }", json!({})).await);
    }
    let reasons: Vec<_> = replies.iter().map(verdict).collect();
    let expected = ["UNKNOWN_KEY", "WRONG_ISSUER", "ALGORITHM_NOT_ALLOWED", "WRONG_AUDIENCE"];
    assert_eq!(reasons, expected);
    for reply in replies {
        let challenge = reply.header("www-authenticate");
        assert!(challenge.len() < 350, "{challenge}");
        assert!(!challenge.contains(['<', '>', '\\']), "{challenge}");
        assert_eq!(challenge.matches('"').count(), 6, "{challenge}");
        let message = reply.error()["message"].as_str().unwrap().to_owned();
        assert!(message.is_ascii() && !message.contains('<'), "{message}");
    }
}

#[tokio::test]
async fn a_user_who_is_let_in_sees_no_challenge() {
    let deployment = Deployment::start().await;
    let reply = deployment
        .api
        .with_token(deployment.token("ada"))
        .post("{ viewer { id } }", json!({}))
        .await;
    assert_eq!((reply.status, reply.header("www-authenticate")), (StatusCode::OK, ""));
    assert_eq!(reply.header("cache-control"), "no-store", "the answer is for one user only");
}
