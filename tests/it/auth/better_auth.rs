//! Everything that Better Auth issues and a front end may send: what authenticates its user, and what
//! does not.

use serde_json::{Value, json};

use super::{Deployment, who, who_by, with, without};
use crate::harness::tokens::{self, SECRET};

/// The user row that the `jwt()` plugin puts into its tokens.
fn user_row(deployment: &Deployment, sub: &str) -> Value {
    let row = json!({
        "id": sub,
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "emailVerified": true,
        "image": "https://example.com/ada.png",
        "createdAt": "2026-11-01T08:00:00.000Z",
        "updatedAt": "2026-11-01T08:00:00.000Z",
    });
    with(row, deployment.claims(sub))
}

#[tokio::test]
async fn a_token_of_the_jwt_plugin_lets_its_user_in_and_tells_who_it_is() {
    let deployment = Deployment::start().await;
    let sub = "kq3V0hXcV0pX9sWmW7v4eN2rT1yB8uZa";
    let token = deployment.key.signs(&user_row(&deployment, sub));
    let query =
        "{ viewer { id email name image session { id issuer issuedAt expiresAt expiresIn } } }";
    let mut viewer = deployment.api.with_token(token).asks(query).await["viewer"].take();

    let session = viewer["session"].take();
    assert_eq!(session["id"].as_str().unwrap().len(), 22, "a digest: the token names no session");
    assert_eq!(
        without(session, "id"),
        json!({
            "issuer": deployment.issuer.origin,
            "issuedAt": "2026-11-21T09:30:00.000Z",
            "expiresAt": "2026-11-21T09:45:00.000Z",
            "expiresIn": 900,
        })
    );
    assert_eq!(
        without(viewer, "session"),
        json!({
            "id": sub,
            "email": "ada@example.com",
            "name": "Ada Lovelace",
            "image": "https://example.com/ada.png",
        })
    );
}

#[tokio::test]
async fn a_user_whose_issuer_tells_little_is_let_in_all_the_same() {
    let deployment = Deployment::start().await;
    for sub in ["1", "0b7f6f0e-6a0a-4a0e-9a55-3f6a5f3c1c55", "kq3V0hXcV0pX9sWmW7v4eN2rT1yB8uZa"] {
        let claims = with(deployment.claims(sub), json!({"sid": "session of today"}));
        let query = "{ viewer { id email name image session { id } } }";
        let viewer = deployment.api.with_token(deployment.key.signs(&claims)).asks(query).await;
        assert_eq!(
            viewer["viewer"],
            json!({
                "id": sub,
                "email": null,
                "name": null,
                "image": null,
                "session": {"id": "session of today"},
            })
        );
    }
}

#[tokio::test]
async fn a_session_token_is_told_where_to_get_a_jwt() {
    let deployment = Deployment::with_secret().await;
    let opaque = "S4t6ZbQ1mVh0cYx9LwNe3RkUo7PiGd2A";
    let signed = format!("{opaque}.c2lnbmF0dXJlIG9mIDMyIGJ5dGVzLCBhcyBiYXNlNjQ=");
    let encoded = signed.replace('=', "%3D");
    for token in [opaque, &signed, &encoded] {
        assert_eq!(deployment.who(token).await, "TOKEN_MALFORMED", "{token}");
    }
    let reply = deployment.api.with_token(opaque).post("{ viewer { id } }", json!({})).await;
    let message = reply.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("GET /api/auth/token"), "{message}");
}

#[tokio::test]
async fn the_cookie_in_which_a_session_is_cached_lets_nobody_in() {
    let deployment = Deployment::with_secret().await;
    let now = deployment.api.clock.now().seconds();
    let user = user_row(&deployment, "ada");
    let by_secret = json!({
        "session": {"id": "s", "userId": "ada", "token": "S4t6ZbQ1mVh0cYx9LwNe3RkUo7PiGd2A"},
        "user": user,
        "updatedAt": now * 1000,
        "version": "1",
        "iat": now,
        "exp": now + 300,
    });
    assert_eq!(deployment.who(&tokens::with(&by_secret)).await, "SUBJECT_MISSING");

    let header = json!({
        "alg": "EdDSA",
        "kid": deployment.key.kid,
        "typ": "better-auth.session-cache+jwt",
    });
    let more = json!({"sid": "s", "aud": "better-auth:session-cache"});
    let by_key = deployment.key.signs_as(&header, &with(deployment.claims("ada"), more));
    assert_eq!(deployment.who(&by_key).await, "TOKEN_MALFORMED");
    // Its type is enough, also where the audience would do.
    let by_key = deployment.key.signs_as(&header, &deployment.claims("ada"));
    assert_eq!(deployment.who(&by_key).await, "TOKEN_MALFORMED");
}

#[tokio::test]
async fn a_token_signed_by_hand_lets_its_user_in_where_the_secret_is_shared() {
    let deployment = Deployment::with_secret().await;
    let full = user_row(&deployment, "ada");
    let short = without(without(full.clone(), "iss"), "aud");
    for claims in [&full, &short] {
        assert_eq!(deployment.who(&tokens::with(claims)).await, "ada", "{claims}");
    }
    assert_eq!(deployment.issuer.fetches(), 0, "a secret needs no key set");

    // What it does claim has to be right, though.
    let foreign = with(full.clone(), json!({"iss": "https://elsewhere.example"}));
    assert_eq!(deployment.who(&tokens::with(&foreign)).await, "WRONG_ISSUER");
    let foreign = with(full.clone(), json!({"aud": "https://elsewhere.example"}));
    assert_eq!(deployment.who(&tokens::with(&foreign)).await, "WRONG_AUDIENCE");

    let keys_only = Deployment::start().await;
    assert_eq!(keys_only.who(&tokens::with(&full)).await, "ALGORITHM_NOT_ALLOWED");
}

#[tokio::test]
async fn a_mailed_link_logs_nobody_in() {
    let deployment = Deployment::with_secret().await;
    let now = deployment.api.clock.now().seconds();
    let link = json!({"email": "ada@example.com", "userId": "ada", "iat": now, "exp": now + 3600});
    assert_eq!(deployment.who(&tokens::with(&link)).await, "SUBJECT_MISSING");
    let changed = with(link, json!({"updateTo": "eve@example.com", "id": "ada", "name": "Ada"}));
    assert_eq!(deployment.who(&tokens::with(&changed)).await, "SUBJECT_MISSING");
}

#[tokio::test]
async fn an_oauth_access_token_lets_in_where_its_issuer_and_audience_are_ours() {
    let api = "https://tasks.example";
    let deployment = Deployment::start_with(&["--jwt-audience", api]).await;
    let header = json!({"alg": "EdDSA", "kid": deployment.key.kid, "typ": "at+jwt"});
    let more =
        json!({"client_id": "c", "azp": "c", "scope": "openid tasks:read", "sid": "s", "jti": "j"});
    let claims = with(deployment.claims("ada"), more);
    let token = |change: Value| deployment.key.signs_as(&header, &with(claims.clone(), change));

    assert_eq!(deployment.who(&token(json!({"aud": api}))).await, "ada");
    let both = json!([format!("{}/api/auth/oauth2/userinfo", deployment.issuer.origin), api]);
    assert_eq!(deployment.who(&token(json!({"aud": both}))).await, "ada");
    assert_eq!(deployment.who(&token(json!({}))).await, "WRONG_AUDIENCE", "the issuer's own");
    let foreign = token(json!({"aud": api, "iss": "https://elsewhere.example"}));
    assert_eq!(deployment.who(&foreign).await, "WRONG_ISSUER");
    let nobody = deployment.key.signs_as(&header, &without(claims.clone(), "aud"));
    assert_eq!(deployment.who(&nobody).await, "WRONG_AUDIENCE");
}

#[tokio::test]
async fn the_token_in_a_cookie_or_in_the_address_lets_nobody_in() {
    let deployment = Deployment::start().await;
    let token = deployment.token("ada");
    let address = format!("/graphql?access_token={token}&query=%7Bviewer%7Bid%7D%7D");
    let cookie = format!("better-auth.session_token={token}; token={token}");
    let request = axum::http::Request::get(address).header("cookie", cookie);
    let reply = deployment.api.anon.sends(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(super::verdict(&reply), "TOKEN_MISSING");
    assert_eq!(who_by(&deployment.api, &[&format!("Bearer {token}")]).await, "ada");
}

#[tokio::test]
async fn the_secret_is_taken_as_it_is_written() {
    // As `openssl rand -base64 32` makes it: its characters are the key, not what they encode.
    let secret = "3q2+7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
    let deployment = Deployment::start_with(&[&format!("--better-auth-secret={secret}")]).await;
    let header = json!({"alg": "HS256"});
    let claims = deployment.claims("ada");
    let token = tokens::by_secret(secret, &header, &claims);
    assert_eq!(who(&deployment.api, &token).await, "ada");
    let decoded = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, secret).unwrap();
    let token = tokens::by_secret(decoded, &header, &claims);
    assert_eq!(who(&deployment.api, &token).await, "BAD_SIGNATURE");
    let token = tokens::by_secret(SECRET, &header, &claims);
    assert_eq!(who(&deployment.api, &token).await, "BAD_SIGNATURE");
}
