//! Refused tokens.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use super::Messages;
use crate::harness::{
    Api, Database, Issuer, Reply,
    tokens::{self, Key},
};

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
    messages.assert_snapshot("refused_tokens");
}
