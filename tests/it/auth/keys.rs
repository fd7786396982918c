//! The key set as tokens need it: which keys are usable, and when it is fetched again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Deployment, UNAVAILABLE, settle, who};
use crate::harness::{
    Api, Database,
    databases::free_port,
    tokens::{self, Key, SECRET, part},
};

/// A deployment whose server has fetched the key set once.
async fn settled() -> Deployment {
    let deployment = Deployment::start().await;
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    assert_eq!(deployment.issuer.fetches(), 1);
    deployment
}

impl Deployment {
    /// A token with an unknown key.
    fn junk(&self, kid: &str) -> String {
        Key::ed25519(kid).signs(&self.claims("mallory"))
    }
}

#[tokio::test]
async fn a_user_comes_in_by_the_first_token_after_a_rotation() {
    let deployment = settled().await;
    let second = Key::ed25519("second");
    deployment.issuer.publishes(&[deployment.key.jwk_with(&json!({"alg": "EdDSA"})), second.jwk()]);
    assert_eq!(deployment.who(&second.signs(&deployment.claims("bob"))).await, "bob");
    assert_eq!(deployment.issuer.fetches(), 2);
    // The old key stays in the set for a while, and its tokens stay good.
    assert_eq!(deployment.who(&deployment.token("cyd")).await, "cyd");
    assert_eq!(deployment.issuer.fetches(), 2, "known keys need no fetch");
}

#[tokio::test]
async fn twenty_users_with_a_fresh_key_wait_for_one_fetch() {
    let deployment = settled().await;
    let second = Key::ed25519("second");
    deployment.issuer.publishes(&[second.jwk()]);
    deployment.issuer.holds();
    let tokens: Vec<_> =
        (0..20).map(|user| second.signs(&deployment.claims(&user.to_string()))).collect();
    let answers = join_all(tokens.iter().map(|token| deployment.who(token)));
    let release = async {
        deployment.issuer.was_asked(2).await;
        settle().await;
        deployment.issuer.releases();
    };
    let (answers, ()) = tokio::join!(answers, release);
    assert_eq!(answers, (0..20).map(|user| user.to_string()).collect::<Vec<_>>());
    assert_eq!(deployment.issuer.fetches(), 2);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_break_off_what_others_wait_for() {
    let deployment = settled().await;
    let second = Key::ed25519("second");
    deployment.issuer.publishes(&[second.jwk()]);
    deployment.issuer.holds();
    let person = deployment.api.with_token(second.signs(&deployment.claims("hasty")));
    let hasty = tokio::spawn(async move { person.asks("{ viewer { id } }").await });
    deployment.issuer.was_asked(2).await;
    hasty.abort();
    assert!(hasty.await.unwrap_err().is_cancelled());

    let patient = second.signs(&deployment.claims("patient"));
    let release = async {
        settle().await;
        deployment.issuer.releases();
    };
    let (answer, ()) = tokio::join!(deployment.who(&patient), release);
    assert_eq!(answer, "patient");
    assert_eq!(deployment.issuer.fetches(), 2, "the first fetch went on");
}

#[tokio::test]
async fn made_up_keys_flood_no_issuer_and_keep_nobody_out_for_long() {
    let deployment = Deployment::start().await;
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    // The bucket had three drops, of which the first fetch took one.
    for place in 0..20 {
        assert_eq!(deployment.who(&deployment.junk(&format!("junk {place}"))).await, "UNKNOWN_KEY");
    }
    assert_eq!(deployment.issuer.fetches(), 3);
    assert_eq!(
        deployment.who(&deployment.token("bob")).await,
        "bob",
        "known keys are not concerned"
    );

    let second = Key::ed25519("second");
    let fresh = second.signs(&deployment.claims("cyd"));
    deployment.issuer.publishes(&[deployment.key.jwk(), second.jwk()]);
    assert_eq!(deployment.who(&fresh).await, "UNKNOWN_KEY");
    deployment.api.wait(TimeDelta::milliseconds(29_999));
    assert_eq!(deployment.who(&fresh).await, "UNKNOWN_KEY");
    assert_eq!(deployment.issuer.fetches(), 3);
    deployment.api.wait(TimeDelta::milliseconds(1));
    // The drop may go to junk, which then brings the fresh key along.
    assert_eq!(deployment.who(&deployment.junk("one more")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.who(&fresh).await, "cyd");
    assert_eq!(deployment.who(&deployment.junk("and one")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.issuer.fetches(), 4);

    // However long it was quiet, there are never more than three.
    deployment.api.wait(TimeDelta::hours(5));
    for place in 0..20 {
        assert_eq!(deployment.who(&deployment.junk(&format!("late {place}"))).await, "UNKNOWN_KEY");
    }
    assert_eq!(deployment.issuer.fetches(), 7);
}

#[tokio::test]
async fn fifty_tokens_with_made_up_keys_at_once_make_one_fetch() {
    let deployment = settled().await;
    let junk: Vec<_> = (0..50).map(|place| deployment.junk(&format!("junk {place}"))).collect();
    let answers = join_all(junk.iter().map(|token| deployment.who(token))).await;
    assert_eq!(answers, ["UNKNOWN_KEY"; 50]);
    assert_eq!(
        deployment.issuer.fetches(),
        2,
        "a fetch that began after they came is enough for all"
    );
}

#[tokio::test]
async fn users_stay_while_the_issuer_is_ill() {
    let empty = r#"{"keys": []}"#;
    let large = format!(r#"{{"keys": [], "pad": "{}"}}"#, "x".repeat(256 * 1024));
    let answers = [
        (StatusCode::INTERNAL_SERVER_ERROR, "out of order"),
        (StatusCode::SERVICE_UNAVAILABLE, empty),
        (StatusCode::NOT_FOUND, empty),
        (StatusCode::FOUND, empty),
        (StatusCode::OK, ""),
        (StatusCode::OK, "<html>Maintenance</html>"),
        (StatusCode::OK, "[]"),
        (StatusCode::OK, "{}"),
        (StatusCode::OK, r#"{"keys": null}"#),
        (StatusCode::OK, r#"{"keys": {}}"#),
        (StatusCode::OK, r#"{"keys": []"#),
        (StatusCode::OK, &large),
    ];
    let deployment = settled().await;
    for (status, body) in answers {
        deployment.api.wait(TimeDelta::seconds(30));
        let before = deployment.issuer.fetches();
        deployment.issuer.answers(status, body);
        assert_eq!(deployment.who(&deployment.junk("junk")).await, "UNKNOWN_KEY");
        assert_eq!(deployment.issuer.fetches(), before + 1);
        // A remembered token, and one that is new.
        assert_eq!(deployment.who(&deployment.token("ada")).await, "ada", "{status} {body}");
        assert_eq!(
            deployment.who(&deployment.token(&before.to_string())).await,
            before.to_string()
        );
    }
}

#[tokio::test]
async fn a_server_that_never_reached_its_issuer_asks_for_patience() {
    let port = free_port();
    let url = format!("--better-auth-url=http://127.0.0.1:{port}");
    let api = Api::start_with(Database::sqlite(), &[&url]).await;
    let now = api.clock.now().seconds();
    let token = Key::ed25519("k").signs(&json!({"sub": "ada", "exp": now + 900}));
    for _ in 0..5 {
        assert_eq!(who(&api, &token).await, UNAVAILABLE);
    }
    // What is wrong in itself is refused at once.
    assert_eq!(who(&api, "opaque").await, "TOKEN_MALFORMED");
    assert_eq!(who(&api, &tokens::with(&json!({"sub": "ada"}))).await, "ALGORITHM_NOT_ALLOWED");
    assert_eq!(api.anon.asks("{ __typename }").await["__typename"], "Query");
}

/// The status of `/readyz`, and its state of the keys.
async fn readiness(api: &Api) -> (StatusCode, Value) {
    let reply = api.anon.gets("/readyz").await;
    (reply.status, reply.json()["keys"].take())
}

#[tokio::test]
async fn users_come_in_once_the_issuer_is_up() {
    let deployment = Deployment::with_secret().await;
    deployment.issuer.answers(StatusCode::BAD_GATEWAY, "");
    let token = deployment.token("ada");
    for _ in 0..5 {
        assert_eq!(deployment.who(&token).await, UNAVAILABLE);
    }
    assert_eq!(deployment.issuer.fetches(), 3, "it is not flooded while it is down either");
    let missing = json!("The key set could not be fetched yet.");
    assert_eq!(readiness(&deployment.api).await, (StatusCode::SERVICE_UNAVAILABLE, missing));
    // Who needs no key set is served meanwhile.
    assert_eq!(deployment.who(&tokens::with(&deployment.claims("bob"))).await, "bob");

    deployment.issuer.publishes(&[deployment.key.jwk()]);
    deployment.api.wait(TimeDelta::seconds(30));
    assert_eq!(deployment.who(&token).await, "ada");
    assert_eq!(readiness(&deployment.api).await, (StatusCode::OK, json!("ok")));
}

#[tokio::test]
async fn a_server_that_needs_no_key_set_is_ready_at_once() {
    let flag = format!("--better-auth-secret={SECRET}");
    let api = Api::start_with(Database::sqlite(), &[&flag]).await;
    assert_eq!(readiness(&api).await, (StatusCode::OK, json!("ok")));
}

#[tokio::test]
async fn a_token_that_names_no_key_needs_exactly_one_that_fits() {
    let deployment = Deployment::start().await;
    let rsa = Key::rsa("rsa");
    let nameless = deployment.key.signs_as(&json!({"alg": "EdDSA"}), &deployment.claims("ada"));
    deployment.issuer.publishes(&[deployment.key.jwk(), rsa.jwk()]);
    assert_eq!(deployment.who(&nameless).await, "ada", "the other key is of another kind");
    // Nor needs a key a name where a token gives none.
    let mut unnamed = deployment.key.jwk();
    unnamed.as_object_mut().unwrap().remove("kid");
    deployment.issuer.publishes(&[unnamed.clone(), rsa.jwk()]);
    assert_eq!(deployment.who(&deployment.junk("fetch")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.who(&nameless).await, "ada");
    assert_eq!(deployment.who(&deployment.token("ada")).await, "UNKNOWN_KEY", "that name is gone");

    deployment.api.wait(TimeDelta::minutes(2));
    deployment.issuer.publishes(&[unnamed, Key::ed25519("second").jwk(), rsa.jwk()]);
    assert_eq!(deployment.who(&deployment.junk("fetch")).await, "UNKNOWN_KEY");
    let fresh = deployment.key.signs_as(&json!({"alg": "EdDSA"}), &deployment.claims("bob"));
    assert_eq!(deployment.who(&fresh).await, "UNKNOWN_KEY", "two fit");
    let by_rsa = rsa.signs_as(&json!({"alg": "PS512"}), &deployment.claims("ada"));
    assert_eq!(deployment.who(&by_rsa).await, "ada");
    let none =
        Key::ec("p256", "P-256").signs_as(&json!({"alg": "ES256"}), &deployment.claims("ada"));
    assert_eq!(deployment.who(&none).await, "UNKNOWN_KEY", "none fits");
}

#[tokio::test]
async fn a_key_that_nobody_can_use_does_no_harm_to_the_one_beside_it() {
    let deployment = Deployment::start().await;
    let wide = Key::ec("wide", "P-521");
    let encrypts = Key::ed25519("encrypts");
    let broken = Key::ed25519("broken");
    deployment.issuer.publishes(&[
        wide.jwk_with(&json!({"alg": "ES512"})),
        wide.jwk_with(&json!({"kid": "wide without alg"})),
        encrypts.jwk_with(&json!({"use": "enc"})),
        json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": part(SECRET)}),
        json!({"kty": "AKP", "kid": "of tomorrow", "alg": "ML-DSA-65", "pub": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": part([1; 32])}),
        broken.jwk_with(&json!({"x": "too short"})),
        json!({"kid": "nothing else"}),
        json!("a string"),
        json!(null),
        json!([]),
        deployment.key.jwk_with(&json!({"ext": true, "x5c": [], "iat": 1, "kid2": {"deep": []}})),
    ]);
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    let by = |key: &Key, alg: &str| {
        let header = json!({"alg": alg, "kid": key.kid});
        key.signs_as(&header, &deployment.claims("ada"))
    };
    assert_eq!(deployment.who(&by(&wide, "ES512")).await, "ALGORITHM_NOT_ALLOWED");
    for token in [by(&wide, "ES384"), by(&encrypts, "EdDSA"), by(&broken, "EdDSA")] {
        assert_eq!(deployment.who(&token).await, "UNKNOWN_KEY");
    }
    let header = json!({"alg": "HS256", "kid": "oct"});
    let by_oct = tokens::by_secret(SECRET, &header, &deployment.claims("ada"));
    assert_eq!(deployment.who(&by_oct).await, "ALGORITHM_NOT_ALLOWED");
    // Neither does it fit a token that names no key.
    let nameless = deployment.key.signs_as(&json!({"alg": "EdDSA"}), &deployment.claims("ada"));
    assert_eq!(deployment.who(&nameless).await, "ada");
}

#[tokio::test]
async fn a_token_is_good_as_long_as_its_key_stands_in_the_set_unchanged() {
    let deployment = Deployment::start().await;
    let other = Key::ed25519("other");
    deployment.issuer.publishes(&[deployment.key.jwk(), other.jwk()]);
    let (by_first, by_other) = (deployment.token("ada"), other.signs(&deployment.claims("bob")));
    assert_eq!(deployment.who(&by_first).await, "ada");
    assert_eq!(deployment.who(&by_other).await, "bob");

    // The same set, fetched anew and written otherwise, takes nothing away.
    deployment.issuer.publishes(&[other.jwk(), deployment.key.jwk()]);
    assert_eq!(deployment.who(&deployment.junk("fetch")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.who(&by_first).await, "ada");

    // Now another key has the first one's name, and the other is gone.
    let usurper = Key::ed25519("first");
    deployment.issuer.publishes(&[usurper.jwk()]);
    assert_eq!(deployment.who(&deployment.junk("fetch")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.issuer.fetches(), 3);
    assert_eq!(deployment.who(&by_first).await, "BAD_SIGNATURE");
    assert_eq!(deployment.who(&by_other).await, "UNKNOWN_KEY");
    assert_eq!(deployment.who(&usurper.signs(&deployment.claims("cyd"))).await, "cyd");
    assert_eq!(deployment.issuer.fetches(), 3);
}

#[tokio::test]
async fn an_empty_set_lets_nobody_in() {
    let deployment = settled().await;
    let token = deployment.token("ada");
    deployment.issuer.publishes(&[]);
    assert_eq!(deployment.who(&deployment.junk("fetch")).await, "UNKNOWN_KEY");
    assert_eq!(deployment.who(&token).await, "UNKNOWN_KEY", "it was fetched, so this is for good");
}
