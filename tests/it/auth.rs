//! Bearer-token authentication: which tokens are accepted, and how others are refused.
//!
//! A token is verified before the database is read, so these tests run on SQLite alone, except those
//! about the rows of its subject: see [`subjects`].

mod algorithms;
mod better_auth;
mod claims;
mod forgeries;
mod headers;
mod key_refresh;
mod keys;
mod refusals;
mod settings;
mod subjects;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::harness::{
    Api, Database, Issuer, Reply,
    tokens::{Key, SECRET},
};

/// The verdict while the server has no key set.
const UNAVAILABLE: &str = "503";

/// Lets all other tasks run that do not wait for anything outside this process.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// The id of the viewer with this token, or the reason of the refusal.
pub async fn who(api: &Api, token: &str) -> String {
    verdict(&api.with_token(token).post("{ viewer { id } }", json!({})).await)
}

/// The same for requests that bring just these `Authorization` headers.
async fn who_by(api: &Api, authorization: &[&str]) -> String {
    let mut request = Request::get("/graphql?query=%7Bviewer%7Bid%7D%7D");
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    verdict(&api.anon.sends(request.body(Body::empty()).unwrap()).await)
}

/// The viewer's id, or the reason of the refusal, which must be complete.
fn verdict(reply: &Reply) -> String {
    match reply.status {
        StatusCode::OK => reply.data()["viewer"]["id"].as_str().unwrap().to_owned(),
        StatusCode::SERVICE_UNAVAILABLE => {
            assert_eq!(reply.code(), "INTERNAL_SERVER_ERROR");
            let waits: Vec<_> = reply.headers.get_all(header::RETRY_AFTER).iter().collect();
            assert_eq!(waits, ["5"]);
            assert_eq!(reply.header("www-authenticate"), "");
            UNAVAILABLE.to_owned()
        }
        _ => reason(reply),
    }
}

/// The reason of a 401, after a look at all that belongs to one: code, sentence, and the challenge
/// of RFC 6750.
pub fn reason(reply: &Reply) -> String {
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{:?}", reply.body);
    let error = reply.error();
    assert_eq!(error["extensions"]["code"], "UNAUTHENTICATED", "{error}");
    assert_eq!(reply.json().get("data"), None, "{error}");
    let reason = error["extensions"]["reason"].as_str().unwrap().to_owned();
    let message = error["message"].as_str().unwrap().replace(['"', '`'], "'");
    let challenge = if reason == "TOKEN_MISSING" {
        "Bearer realm=\"tasks\"".to_owned()
    } else {
        format!("Bearer realm=\"tasks\", error=\"invalid_token\", error_description=\"{message}\"")
    };
    let challenges: Vec<_> = reply.headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
    assert_eq!(challenges, [&challenge]);
    reason
}

/// A server and its issuer, a Better Auth with one key.
struct Deployment {
    api: Api,
    issuer: Issuer,
    key: Key,
}

impl Deployment {
    /// A server that trusts the key set alone.
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server that also shares a secret with its Better Auth.
    async fn with_secret() -> Self {
        Self::start_with(&[&format!("--better-auth-secret={SECRET}")]).await
    }

    async fn start_with(flags: &[&str]) -> Self {
        Self::start_on(Database::sqlite(), flags).await
    }

    async fn start_on(database: Database, flags: &[&str]) -> Self {
        let key = Key::ed25519("first");
        let issuer = Issuer::start(&[key.jwk_with(&json!({"alg": "EdDSA"}))]).await;
        let url = format!("--better-auth-url={}", issuer.origin);
        let flags: Vec<_> = [url.as_str()].into_iter().chain(flags.iter().copied()).collect();
        let api = Api::start_with(database, &flags).await;
        Self { api, issuer, key }
    }

    /// The claims that Better Auth issues for that user, in short.
    fn claims(&self, sub: &str) -> Value {
        let now = self.api.clock.now().seconds();
        let origin = &self.issuer.origin;
        json!({"sub": sub, "iat": now, "exp": now + 900, "iss": origin, "aud": origin})
    }

    /// A good token of that user.
    fn token(&self, sub: &str) -> String {
        self.key.signs(&self.claims(sub))
    }

    async fn who(&self, token: &str) -> String {
        who(&self.api, token).await
    }
}

/// An object with members more, or other ones.
fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("no object: {more}") };
    object.as_object_mut().unwrap().extend(more);
    object
}

/// An object without that member.
fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}
