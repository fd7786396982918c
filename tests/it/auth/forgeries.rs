//! Forged tokens: of an attacker who has everything that is public (the keys, the address of the key
//! set) and good tokens of their own.

use serde_json::{Value, json};

use super::{Deployment, with};
use crate::harness::{
    Issuer,
    tokens::{self, Key, part},
};

const BAD_SIGNATURE: &str = "BAD_SIGNATURE";

/// The three parts of a token.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// A deployment with two more keys in its set.
async fn deployment(secret: bool) -> (Deployment, Key, Key) {
    let deployment =
        if secret { Deployment::with_secret().await } else { Deployment::start().await };
    let (rsa, ec) = (Key::rsa("rsa"), Key::ec("p256", "P-256"));
    deployment.issuer.publishes(&[deployment.key.jwk(), rsa.jwk(), ec.jwk()]);
    (deployment, rsa, ec)
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let (deployment, rsa, ec) = deployment(true).await;
    let claims = deployment.claims("ada");
    for alg in ["none", "None", "NONE"] {
        for header in [json!({"alg": alg}), json!({"alg": alg, "kid": "first", "typ": "JWT"})] {
            let token = tokens::signed(&header, &claims, |_| Vec::new());
            assert_eq!(deployment.who(&token).await, "ALGORITHM_NOT_ALLOWED", "{header}");
        }
    }
    // The signature cut off, or made of nothing.
    let by_secret = tokens::with(&claims);
    let stripped = [deployment.token("ada"), rsa.signs(&claims), ec.signs(&claims), by_secret];
    for token in stripped {
        let [header, claims, signature] = parts(&token);
        for nothing in ["", "AA", &part([0; 32]), &part([0; 64]), &part([0; 256])] {
            let token = format!("{header}.{claims}.{nothing}");
            assert_eq!(deployment.who(&token).await, BAD_SIGNATURE, "{token}");
        }
        let short = format!("{header}.{claims}.{}", &signature[..signature.len() - 2]);
        assert_eq!(deployment.who(&short).await, BAD_SIGNATURE);
        let padded = format!("{token}=");
        assert_eq!(deployment.who(&padded).await, BAD_SIGNATURE);
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    let (with_secret, rsa, ec) = deployment(true).await;
    let (keys_only, ..) = deployment(false).await;
    let text = |jwk: Value| jwk.to_string().into_bytes();
    for key in [&with_secret.key, &rsa, &ec] {
        let jwk = key.jwk();
        let number = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
        let raw = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, number).unwrap();
        let set = json!({"keys": [with_secret.key.jwk(), rsa.jwk(), ec.jwk()]});
        let secrets = [
            key.public_pem().into_bytes(),
            key.public_pem().trim_end().as_bytes().to_vec(),
            key.public_der(),
            number.as_bytes().to_vec(),
            raw,
            text(jwk.clone()),
            text(set),
            key.kid.as_bytes().to_vec(),
            Vec::new(),
        ];
        for secret in &secrets {
            for header in [json!({"alg": "HS256", "kid": key.kid}), json!({"alg": "HS256"})] {
                let token = tokens::by_secret(secret, &header, &with_secret.claims("ada"));
                assert_eq!(with_secret.who(&token).await, BAD_SIGNATURE, "{secret:?}");
                let token = tokens::by_secret(secret, &header, &keys_only.claims("ada"));
                assert_eq!(keys_only.who(&token).await, "ALGORITHM_NOT_ALLOWED", "{secret:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_in_the_set_that_is_a_secret_is_none() {
    let deployment = Deployment::with_secret().await;
    let published = "this is a symmetric key that somebody published";
    let oct = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": part(published)});
    deployment.issuer.publishes(&[deployment.key.jwk(), oct]);
    assert_eq!(deployment.who(&deployment.token("ada")).await, "ada");
    let header = json!({"alg": "HS256", "kid": "oct"});
    let token = tokens::by_secret(published, &header, &deployment.claims("ada"));
    assert_eq!(deployment.who(&token).await, BAD_SIGNATURE);
}

#[tokio::test]
async fn a_token_is_refused_under_the_name_of_another_key() {
    let (deployment, rsa, ec) = deployment(false).await;
    let second = Key::ed25519("second");
    deployment.issuer.publishes(&[deployment.key.jwk(), second.jwk(), rsa.jwk(), ec.jwk()]);
    let claims = deployment.claims("ada");
    let by =
        |key: &Key, kid: &str| key.signs_as(&json!({"alg": key.algorithm(), "kid": kid}), &claims);
    assert_eq!(deployment.who(&by(&deployment.key, "first")).await, "ada");
    assert_eq!(deployment.who(&by(&second, "second")).await, "ada");
    assert_eq!(deployment.who(&by(&deployment.key, "second")).await, BAD_SIGNATURE);
    assert_eq!(deployment.who(&by(&second, "first")).await, BAD_SIGNATURE);
    assert_eq!(deployment.who(&by(&deployment.key, "rsa")).await, "ALGORITHM_NOT_ALLOWED");
    assert_eq!(deployment.who(&by(&rsa, "first")).await, "ALGORITHM_NOT_ALLOWED");
    // A `kid` is a name and nothing else: not a path, not a query, not a piece of the real one.
    for kid in ["", "FIRST", "firs", "first ", "../../dev/null", "' OR 1=1 --", "first\0", "*"] {
        assert_eq!(deployment.who(&by(&deployment.key, kid)).await, "UNKNOWN_KEY", "{kid}");
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let (deployment, rsa, ec) = deployment(true).await;
    let [mine, hers] = [deployment.claims("mallory"), deployment.claims("ada")];
    let pairs = [
        [deployment.key.signs(&mine), deployment.key.signs(&hers)],
        [rsa.signs(&mine), rsa.signs(&hers)],
        [ec.signs(&mine), ec.signs(&hers)],
        [tokens::with(&mine), tokens::with(&hers)],
    ];
    for [mine, hers] in pairs {
        assert_eq!(deployment.who(&mine).await, "mallory");
        let ([header, _, my_signature], [_, her_claims, _]) = (parts(&mine), parts(&hers));
        // My signature under her claims.
        let swapped = format!("{header}.{her_claims}.{my_signature}");
        assert_eq!(deployment.who(&swapped).await, BAD_SIGNATURE);
        // The same claims, written otherwise.
        let longer = with(deployment.claims("mallory"), json!({"exp": 9_999_999_999_u64}));
        let longer = format!("{header}.{}.{my_signature}", part(longer.to_string()));
        assert_eq!(deployment.who(&longer).await, BAD_SIGNATURE);
    }
    // The header is signed too.
    let token = deployment.key.signs(&hers);
    let [_, claims, signature] = parts(&token);
    let header = part(json!({"alg": "EdDSA", "kid": "first", "typ": "JWT"}).to_string());
    assert_eq!(deployment.who(&format!("{header}.{claims}.{signature}")).await, BAD_SIGNATURE);
}

#[tokio::test]
async fn a_signature_counts_in_the_form_of_its_algorithm_only() {
    let (deployment, ..) = deployment(false).await;
    let pair = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    )
    .unwrap();
    let point = aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref()[1..].to_vec();
    let (x, y) = point.split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "asn1", "x": part(x), "y": part(y)});
    deployment.issuer.publishes(&[deployment.key.jwk(), jwk]);
    let token = tokens::signed(
        &json!({"alg": "ES256", "kid": "asn1"}),
        &deployment.claims("ada"),
        |bytes| {
            let random = aws_lc_rs::rand::SystemRandom::new();
            pair.sign(&random, bytes).unwrap().as_ref().to_vec()
        },
    );
    assert_eq!(deployment.who(&token).await, BAD_SIGNATURE, "RFC 7518 has two numbers, not ASN.1");
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_counts_for_nothing() {
    let (deployment, ..) = deployment(false).await;
    let mallory = Key::ed25519("mallory");
    let elsewhere =
        Issuer::start(&[mallory.jwk(), mallory.jwk_with(&json!({"kid": "first"}))]).await;
    let brought = json!({
        "jwk": mallory.jwk(),
        "jku": elsewhere.jwks_url(),
        "x5u": elsewhere.jwks_url(),
        "x5c": [base64::Engine::encode(&base64::prelude::BASE64_STANDARD, mallory.public_der())],
    });
    let claims = with(deployment.claims("ada"), json!({"iss": deployment.issuer.origin}));
    for (kid, expected) in [
        (json!({"kid": "first"}), BAD_SIGNATURE),
        (json!({"kid": "mallory"}), "UNKNOWN_KEY"),
        (json!({}), BAD_SIGNATURE),
    ] {
        let header = with(with(json!({"alg": "EdDSA"}), brought.clone()), kid);
        assert_eq!(deployment.who(&mallory.signs_as(&header, &claims)).await, expected, "{header}");
    }
    assert_eq!(elsewhere.fetches(), 0, "nobody goes where a token points");
}

#[tokio::test]
async fn a_good_token_of_another_issuer_is_refused() {
    let (ours, theirs) = (Deployment::start().await, Deployment::start().await);
    let token = theirs.token("ada");
    assert_eq!(theirs.who(&token).await, "ada");
    assert_eq!(ours.who(&token).await, BAD_SIGNATURE);
    // Not even where both use the same key.
    ours.issuer.publishes(&[theirs.key.jwk_with(&json!({"kid": "theirs"}))]);
    let header = json!({"alg": "EdDSA", "kid": "theirs"});
    let token = theirs.key.signs_as(&header, &theirs.claims("ada"));
    assert_eq!(ours.who(&token).await, "WRONG_ISSUER");
}
