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
use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::{
    auth::{
        NewToken,
        claims::{AcceptedValues, Leeway},
    },
    time::Timestamp,
};

const START: i64 = 1_800_000_000;

/// An issuer with keys that can be changed, and a count of how often they were asked for.
#[derive(Clone, Default)]
struct Issuer {
    answer: Arc<Mutex<Option<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(&self) -> Url {
        let issuer = self.clone();
        let keys = get(async move || {
            issuer.asked.fetch_add(1, Ordering::SeqCst);
            let answer = issuer.answer.lock().unwrap().as_ref().map(Value::to_string);
            answer.ok_or(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, Router::new().route("/jwks", keys)).await });
        Url::parse(&url).unwrap()
    }

    fn publish(&self, keys: &[(&str, u8)]) {
        let jwk = |(kid, seed): &(&str, u8)| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(pair(*seed).public_key());
            json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
        };
        *self.answer.lock().unwrap() =
            Some(json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()}));
    }

    fn fail(&self) {
        *self.answer.lock().unwrap() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// A token as Better Auth signs it: no `typ`.
fn token(kid: &str, seed: u8, claims: &Value) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({"alg": "EdDSA", "kid": kid})), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(pair(seed).sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn alice() -> Value {
    json!({"sub": "alice", "iat": START, "exp": START + 900, "email": "a@x.example", "name": 7})
}

struct House {
    issuer: Issuer,
    clock: Clock,
    guard: Arc<Authenticator>,
}

fn sources(key_set: Option<Url>) -> TokenSources {
    let free = AcceptedValues { accepted: Vec::new(), lenient: true };
    let validation = Validation { issuers: free.clone(), audiences: free, leeway: Leeway(30_000) };
    TokenSources { secrets: Vec::new(), key_set, validation, cache: 100 }
}

async fn house() -> House {
    let issuer = Issuer::default();
    let clock = Clock::manual(Timestamp::from_seconds(START).unwrap());
    let guard = Authenticator::new(sources(Some(issuer.start().await)), clock.clone());
    House { issuer, clock, guard }
}

impl House {
    /// Who it is, or why not.
    async fn ask(&self, token: &str) -> String {
        match self.guard.verify(token).await {
            Ok(viewer) => viewer.id().as_str().to_owned(),
            Err(AuthError::Unauthenticated { reason, .. }) => reason.as_str().to_owned(),
            Err(AuthError::KeysUnavailable { .. }) => "503".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_viewer_is_what_the_claims_say() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let viewer = house.guard.verify(&token("k", 1, &alice())).await.unwrap();
    assert_eq!((viewer.email(), viewer.name(), viewer.image()), (Some("a@x.example"), None, None));
    let session = viewer.session();
    assert_eq!((session.id().len(), session.issuer()), (22, None));
    assert_eq!(session.issued_at().seconds(), START);
    assert_eq!(session.expires_at().seconds(), START + 900);

    let named = json!({"sub": "a", "sid": "", "jti": "j", "exp": 1e300, "iss": "i"});
    let viewer = house.guard.verify(&token("k", 1, &named)).await.unwrap();
    let session = viewer.session();
    assert_eq!((session.id(), session.issuer()), ("j", Some("i")));
    assert_eq!(session.issued_at(), house.clock.now());
    assert_eq!(session.expires_at().to_string(), "9999-12-31T23:59:59.999Z");
}

#[tokio::test]
async fn before_the_first_key_set_nobody_is_refused_for_good() {
    let house = house().await;
    let alice = token("k", 1, &alice());
    assert!(house.guard.ready().is_err());
    for _ in 0..5 {
        assert_eq!(house.ask(&alice).await, "503");
    }
    assert_eq!(house.issuer.asked(), 3, "the bucket is empty");
    house.issuer.publish(&[("k", 1)]);
    house.clock.advance(TimeDelta::seconds(30));
    assert_eq!(house.ask(&alice).await, "alice");
    assert!(house.guard.ready().is_ok());
}

#[tokio::test]
async fn many_tokens_with_a_new_key_make_one_fetch() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let alice = token("k", 1, &alice());
    let answers = join_all((0..20).map(|_| house.ask(&alice))).await;
    assert_eq!(answers, ["alice"; 20]);
    assert_eq!(house.issuer.asked(), 1);
}

#[tokio::test]
async fn junk_empties_the_bucket_for_30_seconds_at_most() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    assert_eq!(house.ask(&token("k", 1, &alice())).await, "alice");
    for junk in ["j1", "j2", "j3", "j4"] {
        assert_eq!(house.ask(&token(junk, 9, &alice())).await, "UNKNOWN_KEY");
    }
    assert_eq!(house.issuer.asked(), 3);
    house.issuer.publish(&[("k", 1), ("fresh", 2)]);
    assert_eq!(house.ask(&token("fresh", 2, &alice())).await, "UNKNOWN_KEY");
    house.clock.advance(TimeDelta::seconds(30));
    assert_eq!(house.ask(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(house.ask(&token("fresh", 2, &alice())).await, "alice", "the junk fetched its key");
    assert_eq!(house.issuer.asked(), 4);
}

#[tokio::test]
async fn a_failed_fetch_keeps_the_keys_and_a_good_one_drops_what_is_gone() {
    let house = house().await;
    house.issuer.publish(&[("k", 1), ("l", 2)]);
    let (by_k, by_l) = (token("k", 1, &alice()), token("l", 2, &alice()));
    assert_eq!(house.ask(&by_k).await, "alice");
    assert_eq!(house.ask(&by_l).await, "alice");

    house.issuer.fail();
    assert_eq!(house.ask(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(house.ask(&by_k).await, "alice");

    // `k` now names another key, and `l` is gone.
    house.issuer.publish(&[("k", 3)]);
    assert_eq!(house.ask(&token("junk", 9, &alice())).await, "UNKNOWN_KEY");
    assert_eq!(house.ask(&by_k).await, "BAD_SIGNATURE");
    assert_eq!(house.ask(&by_l).await, "UNKNOWN_KEY");
}

#[tokio::test]
async fn a_remembered_token_expires_like_any_other() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let alice = token("k", 1, &alice());
    assert_eq!(house.ask(&alice).await, "alice");
    house.clock.advance(TimeDelta::milliseconds(929_999));
    assert_eq!(house.ask(&alice).await, "alice");
    house.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(house.ask(&alice).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn our_own_token_is_accepted_by_the_sources_that_signed_it() {
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
    let guard = Authenticator::new(sources, clock);
    let viewer = guard.verify(&token).await.unwrap();
    assert_eq!((viewer.id().as_str(), viewer.name()), ("bob", Some("Bob")));
    assert_eq!(viewer.session().issuer(), Some("https://i.example"));
}

#[tokio::test]
async fn one_header_one_scheme_one_token() {
    let guard = Authenticator::new(
        sources(None).with_secret("0123456789abcdef0123456789abcdef".into()),
        Clock::manual(Timestamp::from_seconds(START).unwrap()),
    );
    assert!(guard.authenticate(&HeaderMap::new()).await.unwrap().is_none());
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
        let refusal = guard.authenticate(&headers).await.unwrap_err();
        assert_eq!(refusal.reason(), Some(AuthErrorReason::TokenMalformed), "{values:?}");
    }
}

#[tokio::test]
async fn a_connection_ends_with_the_token_or_when_the_user_signs_out() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let header = format!("bearer {}", token("k", 1, &alice()));
    let viewer = house.guard.verify_live(&header).await.unwrap();
    let mut expires = Box::pin(house.guard.end_of(&viewer));
    assert!(expires.as_mut().now_or_never().is_none());
    house.clock.advance(TimeDelta::milliseconds(899_999));
    assert!(expires.as_mut().now_or_never().is_none());
    house.guard.verify_live(&header).await.unwrap();

    let mut signed_out = Box::pin(house.guard.end_of(&viewer));
    assert!(signed_out.as_mut().now_or_never().is_none());
    let revoked = Revoked::by_sign_out(viewer.session(), false, house.clock.now());
    house.guard.revoke(viewer.id(), revoked);
    assert_eq!(signed_out.now_or_never().unwrap().reason(), Some(AuthErrorReason::Revoked));
    assert_eq!(
        house.guard.verify_live(&header).await.unwrap_err().reason(),
        Some(AuthErrorReason::Revoked)
    );

    house.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(expires.now_or_never().unwrap().reason(), Some(AuthErrorReason::TokenExpired));
}

#[tokio::test]
async fn the_leeway_is_for_single_requests_only() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let token = token("k", 1, &alice());
    house.clock.advance(TimeDelta::seconds(900));
    assert_eq!(house.ask(&token).await, "alice");
    let refusal = house.guard.verify_live(&format!("Bearer {token}")).await.unwrap_err();
    assert_eq!(refusal.reason(), Some(AuthErrorReason::TokenExpired));
    let refusal = house.guard.verify_live(&token).await.unwrap_err();
    assert_eq!(refusal.reason(), Some(AuthErrorReason::TokenMalformed));
}

#[tokio::test]
async fn a_remembered_token_is_refused_like_any_other_once_its_user_has_signed_out() {
    let house = house().await;
    house.issuer.publish(&[("k", 1)]);
    let alices = token("k", 1, &alice());
    let viewer = house.guard.verify(&alices).await.unwrap();
    let revoked = Revoked::by_sign_out(viewer.session(), false, house.clock.now());
    house.guard.revoke(viewer.id(), revoked);
    assert_eq!(house.ask(&alices).await, "REVOKED");
    assert_eq!(house.ask(&alices).await, "REVOKED");
}
