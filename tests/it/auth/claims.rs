//! The registered claims: `exp`, `nbf`, `iat`, `iss`, `aud` and `sub`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Deployment, who, with, without};
use crate::harness::{
    Api, Database,
    tokens::{self, Key, SECRET, part},
};

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "https://tasks.example";

/// A server that takes tokens by a secret, and binds every claim.
async fn server() -> Api {
    let secret = format!("--better-auth-secret={SECRET}");
    let flags = [secret.as_str(), "--jwt-issuer=https://auth.example/", "--jwt-audience", AUDIENCE];
    Api::start_with(Database::sqlite(), &flags).await
}

fn now(api: &Api) -> i64 {
    api.clock.now().seconds()
}

/// The claims of a good token.
fn good(api: &Api) -> Value {
    let now = now(api);
    json!({"sub": "ada", "iat": now, "nbf": now, "exp": now + 100, "iss": ISSUER, "aud": AUDIENCE})
}

async fn who_claims(api: &Api, more: Value) -> String {
    who(api, &tokens::with(&with(good(api), more))).await
}

#[tokio::test]
async fn a_token_ends_with_its_exp_and_the_leeway() {
    let api = server().await;
    let tokens: Vec<_> = (0..3)
        .map(|place| tokens::with(&with(good(&api), json!({"jti": place.to_string()}))))
        .collect();
    let millisecond = TimeDelta::milliseconds(1);
    // The first token is remembered, and asked for again each time; the others are new.
    assert_eq!(who(&api, &tokens[0]).await, "ada");
    api.wait(TimeDelta::seconds(130) - millisecond);
    for token in &tokens[..2] {
        assert_eq!(who(&api, token).await, "ada");
    }
    for _ in 0..2 {
        api.wait(millisecond);
        for token in &tokens {
            assert_eq!(who(&api, token).await, "TOKEN_EXPIRED");
        }
    }
}

#[tokio::test]
async fn the_leeway_is_what_was_configured() {
    let secret = format!("--better-auth-secret={SECRET}");
    for (leeway, seconds) in [("--token-leeway=0", 0), ("--token-leeway=300", 300)] {
        for cache in ["--token-cache=0", "--token-cache=1"] {
            let api = Api::start_with(Database::sqlite(), &[&secret, leeway, cache]).await;
            let token = tokens::with(&good(&api));
            let early = json!({"nbf": now(&api) + seconds, "iat": now(&api) + seconds});
            assert_eq!(who_claims(&api, early).await, "ada");
            let early = json!({"iat": now(&api) + seconds + 1});
            assert_eq!(who_claims(&api, early).await, "TOKEN_NOT_YET_VALID");
            api.wait(TimeDelta::milliseconds((100 + seconds) * 1000 - 1));
            assert_eq!(who(&api, &token).await, "ada");
            api.wait(TimeDelta::milliseconds(1));
            assert_eq!(who(&api, &token).await, "TOKEN_EXPIRED");
        }
    }
}

#[tokio::test]
async fn a_token_without_a_good_end_is_malformed() {
    let api = server().await;
    let endless = tokens::with(&without(good(&api), "exp"));
    assert_eq!(who(&api, &endless).await, "TOKEN_MALFORMED");
    for claim in ["exp", "nbf", "iat"] {
        for value in
            [json!(null), json!("2026-11-21"), json!("9999999999"), json!([1]), json!(true)]
        {
            let told = who_claims(&api, json!({claim: value})).await;
            assert_eq!(told, "TOKEN_MALFORMED", "{claim}: {value}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_becomes_so() {
    let api = server().await;
    for claim in ["nbf", "iat"] {
        let start = now(&api);
        let at_leeway = json!({claim: start + 30});
        let token = tokens::with(&with(good(&api), json!({claim: start + 31})));
        assert_eq!(who_claims(&api, at_leeway).await, "ada", "{claim}");
        assert_eq!(who(&api, &token).await, "TOKEN_NOT_YET_VALID", "{claim}");
        api.wait(TimeDelta::milliseconds(999));
        assert_eq!(who(&api, &token).await, "TOKEN_NOT_YET_VALID", "{claim}");
        api.wait(TimeDelta::milliseconds(1));
        assert_eq!(who(&api, &token).await, "ada", "a refusal is not remembered");
    }
}

#[tokio::test]
async fn a_date_may_be_a_fraction_or_beyond_any_calendar() {
    let api = server().await;
    let start = now(&api);
    let table = [
        ("exp", json!(start - 30), "TOKEN_EXPIRED"),
        ("exp", json!(f64::from(i32::try_from(start).unwrap()) - 29.5), "ada"),
        ("exp", json!(0), "TOKEN_EXPIRED"),
        ("exp", json!(-1), "TOKEN_EXPIRED"),
        ("exp", json!(i64::MIN), "TOKEN_EXPIRED"),
        ("exp", json!(-1e300), "TOKEN_EXPIRED"),
        ("exp", json!(253_402_300_800_i64), "ada"),
        ("exp", json!(i64::MAX), "ada"),
        ("exp", json!(u64::MAX), "ada"),
        ("exp", json!(1e300), "ada"),
        ("nbf", json!(-1e300), "ada"),
        ("nbf", json!(1e300), "TOKEN_NOT_YET_VALID"),
        ("nbf", json!(f64::from(i32::try_from(start).unwrap()) + 30.5), "TOKEN_NOT_YET_VALID"),
        ("iat", json!(0.5), "ada"),
        ("iat", json!(i64::MIN), "ada"),
        ("iat", json!(i64::MAX), "TOKEN_NOT_YET_VALID"),
    ];
    for (claim, date, expected) in table {
        let told = who_claims(&api, json!({claim: date})).await;
        assert_eq!(told, expected, "{claim}: {date}");
    }
    // What no number can hold is no JSON that we read.
    let claims = format!(r#"{{"sub":"ada","iss":"{ISSUER}","aud":"{AUDIENCE}","exp":1e999}}"#);
    let token = tokens::by_secret(SECRET, &json!({"alg": "HS256"}), &claims);
    assert_eq!(who(&api, &token).await, "TOKEN_MALFORMED");

    let token = tokens::with(&with(good(&api), json!({"exp": u64::MAX, "iat": -1})));
    let query = "{ viewer { session { issuedAt expiresAt expiresIn } } }";
    let session = api.with_token(token).asks(query).await["viewer"]["session"].take();
    assert_eq!(
        session,
        json!({
            "issuedAt": "1970-01-01T00:00:00.000Z",
            "expiresAt": "9999-12-31T23:59:59.999Z",
            "expiresIn": i32::MAX,
        })
    );
}

#[tokio::test]
async fn a_token_without_iat_or_nbf_is_as_good() {
    let api = server().await;
    let token = tokens::with(&without(without(good(&api), "iat"), "nbf"));
    assert_eq!(who(&api, &token).await, "ada");
}

#[tokio::test]
async fn claims_are_a_json_object() {
    let api = server().await;
    let header = json!({"alg": "HS256"});
    for claims in ["", "ada", "\"ada\"", "null", "[]", "[{}]", "{", r#"{"sub":"ada"}}"#] {
        let token = tokens::by_secret(SECRET, &header, &claims);
        assert_eq!(who(&api, &token).await, "TOKEN_MALFORMED", "{claims}");
    }
}

#[tokio::test]
async fn a_token_must_be_by_an_issuer_that_is_trusted() {
    let api = server().await;
    for iss in ["https://auth.example", "https://auth.example/"] {
        assert_eq!(who_claims(&api, json!({"iss": iss})).await, "ada", "{iss}");
    }
    let foreign = [
        json!("https://auth.example.evil.example"),
        json!("https://auth.example//"),
        json!("https://auth.example/api/auth"),
        json!("https://AUTH.example"),
        json!("http://auth.example"),
        json!(" https://auth.example"),
        json!(AUDIENCE),
        json!(""),
        json!(null),
        json!(1),
        json!([ISSUER]),
    ];
    for iss in foreign {
        assert_eq!(who_claims(&api, json!({"iss": iss})).await, "WRONG_ISSUER", "{iss}");
    }
    // What is configured binds tokens by a secret too.
    let token = tokens::with(&without(good(&api), "iss"));
    assert_eq!(who(&api, &token).await, "WRONG_ISSUER");
}

#[tokio::test]
async fn a_token_must_be_for_this_server() {
    let api = server().await;
    let ours = [
        json!(AUDIENCE),
        json!("https://tasks.example/"),
        json!([AUDIENCE]),
        json!(["https://elsewhere.example", 1, null, AUDIENCE]),
    ];
    for aud in ours {
        assert_eq!(who_claims(&api, json!({"aud": aud})).await, "ada", "{aud}");
    }
    let foreign = [
        json!("https://elsewhere.example"),
        json!("https://tasks.example.evil.example"),
        json!("tasks.example"),
        json!(ISSUER),
        json!([]),
        json!(["https://elsewhere.example", ISSUER]),
        json!([[AUDIENCE]]),
        json!({"0": AUDIENCE}),
        json!(format!("{AUDIENCE} https://elsewhere.example")),
        json!(""),
        json!(null),
        json!(1),
    ];
    for aud in foreign {
        assert_eq!(who_claims(&api, json!({"aud": aud})).await, "WRONG_AUDIENCE", "{aud}");
    }
    let token = tokens::with(&without(good(&api), "aud"));
    assert_eq!(who(&api, &token).await, "WRONG_AUDIENCE");
}

#[tokio::test]
async fn a_token_by_the_key_set_must_name_issuer_and_audience_also_by_default() {
    let deployment = Deployment::with_secret().await;
    for (claim, expected) in [("iss", "WRONG_ISSUER"), ("aud", "WRONG_AUDIENCE")] {
        let claims = without(deployment.claims("ada"), claim);
        assert_eq!(deployment.who(&deployment.key.signs(&claims)).await, expected);
        assert_eq!(deployment.who(&tokens::with(&claims)).await, "ada", "by the secret it may");
        let slash = json!({claim: format!("{}/", deployment.issuer.origin)});
        let claims = with(deployment.claims("ada"), slash);
        assert_eq!(deployment.who(&deployment.key.signs(&claims)).await, "ada");
    }
}

#[tokio::test]
async fn nobody_is_known_by_anything_but_the_subject() {
    let api = server().await;
    let names = json!({
        "id": "ada", "userId": "ada", "user_id": "ada", "uid": "ada", "email": "ada@example.com",
        "name": "ada", "username": "ada", "preferred_username": "ada", "client_id": "ada",
    });
    let claims = with(good(&api), names);
    assert_eq!(who(&api, &tokens::with(&claims)).await, "ada");
    assert_eq!(who(&api, &tokens::with(&without(claims.clone(), "sub"))).await, "SUBJECT_MISSING");
    for sub in [json!(""), json!(7), json!(0), json!(null), json!(["ada"]), json!({"sub": "ada"})] {
        let token = tokens::with(&with(claims.clone(), json!({"sub": sub})));
        assert_eq!(who(&api, &token).await, "SUBJECT_MISSING", "{sub}");
    }
}

#[tokio::test]
async fn a_subject_has_at_most_255_bytes() {
    let api = server().await;
    // Bytes, not characters.
    let wide = "\u{e9}".repeat(127);
    for sub in ["s".repeat(255), format!("{wide}s"), "s".to_owned(), " ".to_owned()] {
        assert_eq!(who_claims(&api, json!({"sub": sub})).await, sub);
    }
    for sub in ["s".repeat(256), format!("{wide}ss"), "s".repeat(4000), "a\0b".to_owned()] {
        assert_eq!(who_claims(&api, json!({"sub": sub})).await, "SUBJECT_MISSING", "{sub:?}");
    }
}

#[tokio::test]
async fn of_several_faults_the_first_is_told() {
    let deployment = Deployment::with_secret().await;
    let start = now(&deployment.api);
    let mallory = Key::ed25519("first");
    let elsewhere = "https://elsewhere.example";
    let mut header = json!({"alg": "none", "kid": "unheard of", "typ": "logout+jwt"});
    let mut claims = json!({
        "exp": start - 60, "nbf": start + 60, "iat": start + 60,
        "iss": elsewhere, "aud": elsewhere, "userId": "ada",
    });
    // Each step repairs what the one before it was refused for.
    let forged = |header: &Value, claims: &Value| mallory.signs_as(header, claims);
    let signed = |header: &Value, claims: &Value| deployment.key.signs_as(header, claims);
    let too_long = format!("{}{}", forged(&header, &claims), part([0; 8192]));
    assert_eq!(deployment.who(&too_long).await, "TOKEN_MALFORMED");
    assert_eq!(deployment.who(&forged(&header, &claims)).await, "TOKEN_MALFORMED");
    header["typ"] = json!("JWT");
    assert_eq!(deployment.who(&forged(&header, &claims)).await, "ALGORITHM_NOT_ALLOWED");
    header["alg"] = json!("EdDSA");
    assert_eq!(deployment.who(&forged(&header, &claims)).await, "UNKNOWN_KEY");
    header["kid"] = json!("first");
    assert_eq!(deployment.who(&forged(&header, &claims)).await, "BAD_SIGNATURE");
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "TOKEN_EXPIRED");
    claims["exp"] = json!(start + 60);
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "TOKEN_NOT_YET_VALID");
    claims["nbf"] = json!(start);
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "TOKEN_NOT_YET_VALID", "`iat`");
    claims["iat"] = json!(start);
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "WRONG_ISSUER");
    claims["iss"] = json!(deployment.issuer.origin);
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "WRONG_AUDIENCE");
    claims["aud"] = json!(deployment.issuer.origin);
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "SUBJECT_MISSING");
    claims["sub"] = json!("ada");
    assert_eq!(deployment.who(&signed(&header, &claims)).await, "ada");
    // The end comes before all that could not be trusted of it.
    let endless = with(without(good(&deployment.api), "exp"), json!({"iss": elsewhere, "sub": ""}));
    assert_eq!(deployment.who(&deployment.key.signs(&endless)).await, "TOKEN_MALFORMED");
}
