use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::{
    Router,
    http::{HeaderValue, StatusCode},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::{
    auth::{
        NewToken,
        claims::{AcceptedValues, Leeway},
        revocations::Revocation,
    },
    time::Timestamp,
};

const START: i64 = 1_800_000_000;

/// An issuer with replaceable keys that counts the requests for its JWKS.
#[derive(Clone, Default)]
struct Issuer {
    jwks: Arc<Mutex<Option<Value>>>,
    requests: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(&self) -> Url {
        let issuer = self.clone();
        let handler = get(async move || {
            issuer.requests.fetch_add(1, Ordering::SeqCst);
            let jwks = issuer.jwks.lock().unwrap().as_ref().map(Value::to_string);
            jwks.ok_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, Router::new().route("/jwks", handler)).await });
        Url::parse(&url).unwrap()
    }

    fn publish(&self, keys: &[(&str, u8)]) {
        let jwk = |(kid, seed): &(&str, u8)| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(key_pair(*seed).public_key());
            json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
        };
        *self.jwks.lock().unwrap() =
            Some(json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()}));
    }

    fn fail(&self) {
        *self.jwks.lock().unwrap() = None;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn key_pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// A token like those of Better Auth, without `typ`.
fn token(kid: &str, seed: u8, claims: &Value) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signing_input =
        format!("{}.{}", encode(&json!({"alg": "EdDSA", "kid": kid})), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key_pair(seed).sign(signing_input.as_bytes()));
    format!("{signing_input}.{signature}")
}

fn alice() -> Value {
    json!({"sub": "alice", "iat": START, "exp": START + 900, "email": "a@x.example", "name": 7})
}

struct Fixture {
    issuer: Issuer,
    clock: Clock,
    authenticator: Arc<Authenticator>,
}

fn sources(key_set: Option<Url>) -> TokenSources {
    let any = AcceptedValues { accepted: Vec::new(), lenient: true };
    let validation = Validation { issuers: any.clone(), audiences: any, leeway: Leeway(30_000) };
    TokenSources { secrets: Vec::new(), key_set, validation, cache: 100 }
}

/// No replica has revoked anything.
struct Nothing;

impl RevocationLog for Nothing {
    fn revocations_after(&self, _: i64) -> BoxFuture<'_, Result<Vec<Revocation>, BoxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

async fn fixture() -> Fixture {
    let issuer = Issuer::default();
    let clock = Clock::manual(Timestamp::from_seconds(START).unwrap());
    let authenticator =
        Authenticator::new(sources(Some(issuer.start().await)), Nothing, clock.clone());
    Fixture { issuer, clock, authenticator }
}

impl Fixture {
    /// The user of a token, or the reason why it is rejected.
    async fn user_or_reason(&self, token: &str) -> String {
        match self.authenticator.verify(token).await {
            Ok(viewer) => viewer.id().as_str().to_owned(),
            Err(AuthError::Unauthenticated { reason, .. }) => reason.as_str().to_owned(),
            Err(AuthError::Unavailable { .. }) => "503".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_viewer_has_the_claims_of_the_token() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let viewer = fixture.authenticator.verify(&token("k", 1, &alice())).await.unwrap();
    assert_eq!((viewer.email(), viewer.name(), viewer.image()), (Some("a@x.example"), None, None));
    let session = viewer.session();
    assert_eq!((session.id().len(), session.issuer()), (22, None));
    assert_eq!(session.issued_at().seconds(), START);
    assert_eq!(session.expires_at().seconds(), START + 900);

    let named = json!({"sub": "a", "sid": "", "jti": "j", "exp": 1e300, "iss": "i"});
    let viewer = fixture.authenticator.verify(&token("k", 1, &named)).await.unwrap();
    let session = viewer.session();
    assert_eq!((session.id(), session.issuer()), ("j", Some("i")));
    assert_eq!(session.issued_at(), fixture.clock.now());
    assert_eq!(session.expires_at().to_string(), "9999-12-31T23:59:59.999Z");
}

#[tokio::test]
async fn before_the_first_jwks_requests_are_answered_with_503() {
    let fixture = fixture().await;
    let alice = token("k", 1, &alice());
    assert!(fixture.authenticator.ready().is_err());
    for _ in 0..5 {
        assert_eq!(fixture.user_or_reason(&alice).await, "503");
    }
    assert_eq!(fixture.issuer.requests(), 3, "the bucket is empty");
    fixture.issuer.publish(&[("k", 1)]);
    fixture.clock.advance(TimeDelta::seconds(30));
    assert_eq!(fixture.user_or_reason(&alice).await, "alice");
    assert!(fixture.authenticator.ready().is_ok());
}

#[tokio::test]
async fn many_tokens_with_a_new_key_make_one_fetch() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let alice = token("k", 1, &alice());
    let users = join_all((0..20).map(|_| fixture.user_or_reason(&alice))).await;
    assert_eq!(users, ["alice"; 20]);
    assert_eq!(fixture.issuer.requests(), 1);
}

#[tokio::test]
async fn unknown_kids_empty_the_bucket_for_30_seconds_at_most() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    assert_eq!(fixture.user_or_reason(&token("k", 1, &alice())).await, "alice");
    for junk in ["j1", "j2", "j3", "j4"] {
        assert_eq!(fixture.user_or_reason(&token(junk, 9, &alice())).await, "UNKNOWN_KEY");
    }
    assert_eq!(fixture.issuer.requests(), 3);
    fixture.issuer.publish(&[("k", 1), ("fresh", 2)]);
    assert_eq!(fixture.user_or_reason(&token("fresh", 2, &alice())).await, "UNKNOWN_KEY");
    fixture.clock.advance(TimeDelta::seconds(30));
    assert_eq!(fixture.user_or_reason(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(
        fixture.user_or_reason(&token("fresh", 2, &alice())).await,
        "alice",
        "the previous fetch brought the key"
    );
    assert_eq!(fixture.issuer.requests(), 4);
}

#[tokio::test]
async fn a_failed_fetch_keeps_the_keys_and_a_successful_one_replaces_them() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1), ("l", 2)]);
    let (by_k, by_l) = (token("k", 1, &alice()), token("l", 2, &alice()));
    assert_eq!(fixture.user_or_reason(&by_k).await, "alice");
    assert_eq!(fixture.user_or_reason(&by_l).await, "alice");

    fixture.issuer.fail();
    assert_eq!(fixture.user_or_reason(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(fixture.user_or_reason(&by_k).await, "alice");

    // `k` is another key now, and `l` is removed.
    fixture.issuer.publish(&[("k", 3)]);
    assert_eq!(fixture.user_or_reason(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(fixture.user_or_reason(&by_k).await, "BAD_SIGNATURE");
    assert_eq!(fixture.user_or_reason(&by_l).await, "UNKNOWN_KEY");
}

#[tokio::test]
async fn a_cached_token_expires_like_any_other() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let alice = token("k", 1, &alice());
    assert_eq!(fixture.user_or_reason(&alice).await, "alice");
    fixture.clock.advance(TimeDelta::milliseconds(929_999));
    assert_eq!(fixture.user_or_reason(&alice).await, "alice");
    fixture.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(fixture.user_or_reason(&alice).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_signed_token_is_accepted_by_the_sources_that_signed_it() {
    let mut sources = sources(None).with_secret("0123456789abcdef0123456789abcdef".into());
    sources.validation.issuers =
        AcceptedValues { accepted: vec!["https://i.example".into()], lenient: false };
    let clock = Clock::manual(Timestamp::from_seconds(START).unwrap());
    let new = NewToken {
        sub: "bob".into(),
        email: None,
        name: Some("Bob".into()),
        ttl: TimeDelta::hours(1),
    };
    let token = sources.sign(&new, clock.now()).unwrap();
    let authenticator = Authenticator::new(sources, Nothing, clock);
    let viewer = authenticator.verify(&token).await.unwrap();
    assert_eq!((viewer.id().as_str(), viewer.name()), ("bob", Some("Bob")));
    assert_eq!(viewer.session().issuer(), Some("https://i.example"));
}

#[tokio::test]
async fn the_header_is_one_bearer_token() {
    let authenticator = Authenticator::new(
        sources(None).with_secret("0123456789abcdef0123456789abcdef".into()),
        Nothing,
        Clock::manual(Timestamp::from_seconds(START).unwrap()),
    );
    assert!(authenticator.authenticate(&HeaderMap::new()).await.unwrap().is_none());
    let table: &[&[&[u8]]] = &[
        &[b"Bearer"],
        &[b"Bearer "],
        &[b"Bearer ="],
        &[b"Basic YTpi"],
        &[b"Bearer a b"],
        &[b"Bearer\ta.b.c"],
        &[b"Bearer \xc3\xbc"],
        &[b"Bearer a.b.c", b"Bearer a.b.c"],
        &[b"a.b.c"],
    ];
    for values in table {
        let headers = values
            .iter()
            .map(|value| (AUTHORIZATION, HeaderValue::from_bytes(value).unwrap()))
            .collect();
        let error = authenticator.authenticate(&headers).await.unwrap_err();
        assert_eq!(error.reason(), Some(AuthErrorReason::TokenMalformed), "{values:?}");
    }
}

#[tokio::test]
async fn a_connection_ends_when_its_token_expires_or_is_revoked() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let header = format!("bearer {}", token("k", 1, &alice()));
    let viewer = fixture.authenticator.authenticate_connection(&header).await.unwrap();
    let mut expires = Box::pin(fixture.authenticator.expired_or_revoked(&viewer));
    assert!(expires.as_mut().now_or_never().is_none());
    fixture.clock.advance(TimeDelta::milliseconds(899_999));
    assert!(expires.as_mut().now_or_never().is_none());
    fixture.authenticator.authenticate_connection(&header).await.unwrap();

    let mut revoked = Box::pin(fixture.authenticator.expired_or_revoked(&viewer));
    assert!(revoked.as_mut().now_or_never().is_none());
    let sign_out = Revoked::by_sign_out(viewer.session(), false, fixture.clock.now());
    fixture.authenticator.revoke(viewer.id(), sign_out);
    assert_eq!(revoked.now_or_never().unwrap().reason(), Some(AuthErrorReason::Revoked));
    assert_eq!(
        fixture.authenticator.authenticate_connection(&header).await.unwrap_err().reason(),
        Some(AuthErrorReason::Revoked)
    );

    fixture.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(expires.now_or_never().unwrap().reason(), Some(AuthErrorReason::TokenExpired));
}

#[tokio::test]
async fn the_leeway_does_not_apply_to_connections() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let token = token("k", 1, &alice());
    fixture.clock.advance(TimeDelta::seconds(900));
    assert_eq!(fixture.user_or_reason(&token).await, "alice");
    let error = fixture
        .authenticator
        .authenticate_connection(&format!("Bearer {token}"))
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Some(AuthErrorReason::TokenExpired));
    let error = fixture.authenticator.authenticate_connection(&token).await.unwrap_err();
    assert_eq!(error.reason(), Some(AuthErrorReason::TokenMalformed));
}

#[tokio::test]
async fn a_cached_token_is_rejected_once_it_is_revoked() {
    let fixture = fixture().await;
    fixture.issuer.publish(&[("k", 1)]);
    let alices = token("k", 1, &alice());
    let viewer = fixture.authenticator.verify(&alices).await.unwrap();
    let sign_out = Revoked::by_sign_out(viewer.session(), false, fixture.clock.now());
    fixture.authenticator.revoke(viewer.id(), sign_out);
    assert_eq!(fixture.user_or_reason(&alices).await, "REVOKED");
    assert_eq!(fixture.user_or_reason(&alices).await, "REVOKED");
}
