//! The form of a token, and of the `Authorization` header.

use serde_json::{Value, json};

use super::{Deployment, who_by, with};
use crate::harness::tokens::{self, Key, SECRET, part};

const MALFORMED: &str = "TOKEN_MALFORMED";

#[tokio::test]
async fn a_token_comes_in_one_header_by_the_bearer_scheme() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.token("ada"), deployment.token("bob"));
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "] {
        assert_eq!(who_by(&deployment.api, &[&format!("{scheme} {ada}")]).await, "ada", "{scheme}");
    }
    let [basic, digest, other] =
        [format!("Basic {ada}"), format!("DPoP {ada}"), format!("Token {ada}")];
    let [one, two] = [format!("Bearer {ada}"), format!("Bearer {bob}")];
    let [comma, space] = [format!("Bearer {ada}, Bearer {bob}"), format!("Bearer {ada} {bob}")];
    let [quotes, tab, glued] =
        [format!("Bearer \"{ada}\""), format!("Bearer\t{ada}"), format!("Bearer{ada}")];
    let table: [&[&str]; 18] = [
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["bearer ="],
        &[&ada],
        &[&basic],
        &[&digest],
        &[&other],
        &["Basic YWRhOnNlY3JldA=="],
        &["Bearer null"],
        &["Bearer undefined"],
        &[&one, &one],
        &[&one, &two],
        &[&one, "Basic YWRhOnNlY3JldA=="],
        &[&comma],
        &[&space],
        &[&quotes],
        &[&tab],
    ];
    for values in table {
        assert_eq!(who_by(&deployment.api, values).await, MALFORMED, "{values:?}");
    }
    assert_eq!(who_by(&deployment.api, &[&glued]).await, MALFORMED);
    assert_eq!(who_by(&deployment.api, &[]).await, "TOKEN_MISSING");
}

/// A good token that is so many bytes long.
fn sized(deployment: &Deployment, size: usize) -> String {
    // Base64 skips every fourth length, which another byte in the header makes up for.
    for more in ["", "x", "xx"] {
        let header = json!({"alg": "HS256", "more": more});
        let token = |pad: usize| {
            let claims = with(deployment.claims("ada"), json!({"pad": "x".repeat(pad)}));
            tokens::by_secret(SECRET, &header, &claims)
        };
        let missing = size - token(0).len();
        let fitting = (missing * 3 / 4 - 2..=missing * 3 / 4 + 2).map(token);
        if let Some(token) = fitting.into_iter().find(|token| token.len() == size) {
            return token;
        }
    }
    panic!("no token of {size} bytes")
}

#[tokio::test]
async fn a_token_may_have_8_kib() {
    let deployment = Deployment::with_secret().await;
    assert_eq!(deployment.who(&sized(&deployment, 8192)).await, "ada");
    assert_eq!(deployment.who(&sized(&deployment, 8193)).await, MALFORMED);
    assert_eq!(deployment.who(&sized(&deployment, 100_000)).await, MALFORMED);
}

#[tokio::test]
async fn a_token_has_three_parts() {
    let deployment = Deployment::with_secret().await;
    let token = deployment.token("ada");
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("{token}") };
    let table = [
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{header}.{claims}.{signature}.{signature}"),
        format!("{header}..{claims}.{signature}"),
        format!("..{signature}"),
        "..".to_owned(),
        ".".to_owned(),
    ];
    for token in table {
        assert_eq!(deployment.who(&token).await, MALFORMED, "{token}");
    }
}

#[tokio::test]
async fn a_header_is_a_json_object() {
    let deployment = Deployment::with_secret().await;
    let sign = |header: &str| {
        tokens::signed(&header, &deployment.claims("ada"), |bytes| {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
            aws_lc_rs::hmac::sign(&key, bytes).as_ref().to_vec()
        })
    };
    assert_eq!(deployment.who(&sign(r#"{"alg":"HS256"}"#)).await, "ada");
    assert_eq!(deployment.who(&sign(" { \"alg\" : \"HS256\" } ")).await, "ada");
    let table = [
        "",
        "HS256",
        "\"HS256\"",
        "null",
        "[]",
        "{}",
        r#"[{"alg":"HS256"}]"#,
        r#"{"alg":"HS256""#,
        r#"{"alg":"HS256"}}"#,
        r#"{"alg":"HS256"}{}"#,
        r"{'alg':'HS256'}",
    ];
    for header in table {
        assert_eq!(deployment.who(&sign(header)).await, MALFORMED, "{header}");
    }
    let token = sign(r#"{"alg":"HS256"}"#);
    let (_, rest) = token.split_once('.').unwrap();
    // Not base64url: the other alphabet, padding, and bytes that are no UTF-8.
    for header in ["eyJhbGciOiJIUzI1NiJ9==", "+/+/", "eyJhbGciOiJIUzI1NiJ", &part([0xff, 0xfe])] {
        assert_eq!(deployment.who(&format!("{header}.{rest}")).await, MALFORMED, "{header}");
    }
}

#[tokio::test]
async fn a_token_is_of_a_type_that_gives_access() {
    let deployment = Deployment::start().await;
    let token = |more: Value| {
        let header = with(json!({"alg": "EdDSA", "kid": "first"}), more);
        deployment.key.signs_as(&header, &deployment.claims("ada"))
    };
    let accepted =
        ["JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "application/at+jwt"].map(|typ| json!(typ));
    for typ in accepted {
        assert_eq!(deployment.who(&token(json!({"typ": typ}))).await, "ada", "{typ}");
    }
    assert_eq!(deployment.who(&token(json!({}))).await, "ada", "Better Auth writes no type");
    let refused = [
        json!("logout+jwt"),
        json!("secevent+jwt"),
        json!("better-auth.session-cache+jwt"),
        json!("application/logout+jwt"),
        json!("dpop+jwt"),
        json!("id+jwt"),
        json!("JOSE"),
        json!("JWE"),
        json!(" JWT"),
        json!(""),
        json!(null),
        json!(["JWT"]),
        json!(1),
    ];
    for typ in refused {
        assert_eq!(deployment.who(&token(json!({"typ": typ}))).await, MALFORMED, "{typ}");
    }
}

#[tokio::test]
async fn a_token_that_needs_an_extension_is_refused() {
    let deployment = Deployment::start().await;
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!("exp"), json!(null)] {
        let header = json!({"alg": "EdDSA", "kid": "first", "crit": crit, "b64": true, "exp": 9e9});
        let token = deployment.key.signs_as(&header, &deployment.claims("ada"));
        assert_eq!(deployment.who(&token).await, MALFORMED, "{crit}");
    }
    for kid in [json!(1), json!(null), json!(["first"]), json!({"kid": "first"})] {
        let token = deployment
            .key
            .signs_as(&json!({"alg": "EdDSA", "kid": kid}), &deployment.claims("ada"));
        assert_eq!(deployment.who(&token).await, MALFORMED, "{kid}");
    }
}

#[tokio::test]
async fn a_token_may_say_more_in_its_header_than_anybody_reads() {
    let deployment = Deployment::start().await;
    let mallory = Key::ed25519("mallory");
    let header = json!({
        "alg": "EdDSA",
        "kid": "first",
        "cty": "JWT",
        "jwk": mallory.jwk(),
        "jku": "https://elsewhere.example/jwks",
        "x5u": "https://elsewhere.example/chain",
        "x5c": ["AAAA"],
        "x5t": "AAAA",
        "zip": "DEF",
        "ppt": {"deep": [1, 2, 3]},
    });
    assert_eq!(
        deployment.who(&deployment.key.signs_as(&header, &deployment.claims("ada"))).await,
        "ada"
    );
    assert_eq!(
        deployment.who(&mallory.signs_as(&header, &deployment.claims("ada"))).await,
        "BAD_SIGNATURE"
    );
}
