//! Signature algorithms: which are accepted, and with which keys.

use serde_json::{Value, json};

use super::{Deployment, who};
use crate::harness::tokens::{self, Key, SECRET};

const RSA: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// A key for each algorithm that a key set can be for.
fn keys() -> Vec<(Key, &'static str)> {
    let mut keys = vec![
        (Key::ed25519("ed"), "EdDSA"),
        (Key::ec("p256", "P-256"), "ES256"),
        (Key::ec("p384", "P-384"), "ES384"),
    ];
    keys.extend(RSA.map(|algorithm| (Key::rsa(algorithm), algorithm)));
    keys
}

#[tokio::test]
async fn a_user_of_any_issuer_comes_in_by_its_key_set() {
    let deployment = Deployment::start().await;
    let keys = keys();
    let bare = |(key, _): &(Key, &str)| key.jwk();
    let bound = |(key, algorithm): &(Key, &str)| {
        key.jwk_with(&json!({"alg": algorithm, "use": "sig", "key_ops": ["verify"]}))
    };
    for set in [keys.iter().map(bare).collect::<Vec<_>>(), keys.iter().map(bound).collect()] {
        deployment.issuer.publishes(&set);
        for (key, algorithm) in &keys {
            let header = json!({"alg": algorithm, "kid": key.kid});
            let token = key.signs_as(&header, &deployment.claims(algorithm));
            assert_eq!(deployment.who(&token).await, *algorithm);
        }
    }
}

#[tokio::test]
async fn a_user_comes_in_by_a_shared_secret_with_hs256_only() {
    let deployment = Deployment::with_secret().await;
    for (algorithm, expected) in
        [("HS256", "ada"), ("HS384", "ALGORITHM_NOT_ALLOWED"), ("HS512", "ALGORITHM_NOT_ALLOWED")]
    {
        let header = json!({"alg": algorithm, "typ": "JWT"});
        let token = tokens::by_secret(SECRET, &header, &deployment.claims("ada"));
        assert_eq!(deployment.who(&token).await, expected, "{algorithm}");
    }
}

#[tokio::test]
async fn a_token_of_any_other_algorithm_is_refused_by_its_name_alone() {
    let deployment = Deployment::with_secret().await;
    let wide = Key::ec("wide", "P-521");
    deployment.issuer.publishes(&[deployment.key.jwk(), wide.jwk_with(&json!({"alg": "ES512"}))]);
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");

    let really_signed = wide.signs(&deployment.claims("ada"));
    assert_eq!(deployment.who(&really_signed).await, "ALGORITHM_NOT_ALLOWED");
    let reply = deployment.api.with_token(really_signed).post("{ viewer { id } }", json!({})).await;
    let message = reply.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("ES512") && message.contains("EdDSA, ES256"), "{message}");

    let names = [
        "none", "None", "NONE", "nOnE", "", " ", "hs256", "HS256 ", "eddsa", "EDDSA", "Ed25519",
        "Ed448", "ES256K", "ES521", "RS1", "RSA-OAEP", "dir", "A256GCM", "XX256", "null",
    ];
    for name in names {
        for kid in [None, Some("first"), Some("unheard of")] {
            let header = json!({"alg": name, "kid": kid});
            let header = if kid.is_none() { json!({"alg": name}) } else { header };
            let claims = deployment.claims("ada");
            let by_key = deployment.key.signs_as(&header, &claims);
            let by_secret = tokens::by_secret(SECRET, &header, &claims);
            let unsigned = tokens::signed(&header, &claims, |_| Vec::new());
            for token in [by_key, by_secret, unsigned] {
                assert_eq!(deployment.who(&token).await, "ALGORITHM_NOT_ALLOWED", "{header}");
            }
        }
    }
    assert_eq!(deployment.issuer.fetches(), 1, "for none of these a key is looked for");
}

#[tokio::test]
async fn a_token_without_the_name_of_an_algorithm_is_malformed() {
    let deployment = Deployment::with_secret().await;
    for alg in [Value::Null, json!(256), json!(["EdDSA"]), json!({"alg": "EdDSA"}), json!(true)] {
        let token = deployment
            .key
            .signs_as(&json!({"alg": alg, "kid": "first"}), &deployment.claims("ada"));
        assert_eq!(deployment.who(&token).await, "TOKEN_MALFORMED", "{alg}");
    }
    let token = deployment.key.signs_as(&json!({"kid": "first"}), &deployment.claims("ada"));
    assert_eq!(deployment.who(&token).await, "TOKEN_MALFORMED");
}

#[tokio::test]
async fn a_key_is_good_for_its_own_algorithm_only() {
    let deployment = Deployment::start().await;
    let (rsa, ec) = (Key::rsa("rsa"), Key::ec("p256", "P-256"));
    deployment.issuer.publishes(&[
        deployment.key.jwk(),
        rsa.jwk_with(&json!({"alg": "PS256"})),
        ec.jwk_with(&json!({"alg": "ES256"})),
    ]);
    let by = |key: &Key, algorithm: &str, kid: &str| {
        key.signs_as(&json!({"alg": algorithm, "kid": kid}), &deployment.claims("ada"))
    };
    assert_eq!(deployment.who(&by(&rsa, "PS256", "rsa")).await, "ada");
    assert_eq!(deployment.who(&by(&ec, "ES256", "p256")).await, "ada");
    let confused = [
        by(&rsa, "RS256", "rsa"),
        by(&rsa, "PS384", "rsa"),
        by(&rsa, "RS256", "p256"),
        by(&ec, "ES384", "p256"),
        by(&ec, "ES256", "rsa"),
        by(&deployment.key, "EdDSA", "rsa"),
        by(&deployment.key, "EdDSA", "p256"),
        by(&deployment.key, "ES256", "first"),
    ];
    for token in confused {
        assert_eq!(deployment.who(&token).await, "ALGORITHM_NOT_ALLOWED", "{token}");
    }
    assert_eq!(deployment.issuer.fetches(), 1);
}

#[tokio::test]
async fn an_algorithm_whose_keys_are_not_configured_is_refused() {
    let keys_only = Deployment::start().await;
    let token = tokens::by_secret(SECRET, &json!({"alg": "HS256"}), &keys_only.claims("ada"));
    assert_eq!(keys_only.who(&token).await, "ALGORITHM_NOT_ALLOWED");
    assert_eq!(keys_only.issuer.fetches(), 0);

    let flag = format!("--better-auth-secret={SECRET}");
    let secret_only =
        crate::harness::Api::start_with(crate::harness::Database::sqlite(), &[&flag]).await;
    for (key, algorithm) in keys() {
        let header = json!({"alg": algorithm, "kid": key.kid});
        let token = key.signs_as(&header, &keys_only.claims("ada"));
        assert_eq!(who(&secret_only, &token).await, "ALGORITHM_NOT_ALLOWED", "{algorithm}");
    }
}
