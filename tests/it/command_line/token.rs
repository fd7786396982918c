//! `token`: prints a token for scripts and experiments.

use serde_json::{Value, json};

use super::process::{Folder, SECRET};
use crate::harness::{Api, Database, tokens};

/// The claims of a token.
fn claims(token: &str) -> Value {
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    rules.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::decode::<Value>(token.trim(), &key, &rules).unwrap().claims
}

#[test]
fn without_a_secret_there_is_no_token() {
    let folder = Folder::new();
    let output = folder.run(&["token", "--sub=alice"]);
    assert!(output.faults()[0].contains("BETTER_AUTH_SECRET"), "{output:#?}");
    assert!(!folder.path("data").exists(), "to ask for a token makes nothing");

    let folder = Folder::new().with("BETTER_AUTH_URL", "https://app.example.com");
    let output = folder.run(&["token", "--sub=alice"]);
    assert_eq!(output.faults().len(), 1, "only the issuer can sign: {output:#?}");
}

#[test]
fn a_token_has_the_claims_of_the_arguments() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", SECRET);
    let output = folder.run(&["token", "--sub=alice"]);
    output.succeeds();
    let short = claims(&output.stdout);
    let seconds = |name: &str| short[name].as_i64().unwrap();
    assert_eq!(short, json!({"sub": "alice", "iat": seconds("iat"), "exp": seconds("exp")}));
    assert_eq!(seconds("exp") - seconds("iat"), 3600);

    let email = "--email=alice@example.com";
    let output = folder.run(&["token", "--sub=alice", email, "--name=Alice", "--ttl=60"]);
    let long = claims(&output.stdout);
    assert_eq!(json!([long["email"], long["name"]]), json!(["alice@example.com", "Alice"]));
    assert_eq!(long["exp"].as_i64().unwrap() - long["iat"].as_i64().unwrap(), 60);
}

#[test]
fn the_first_of_several_secrets_signs() {
    let secrets = format!("2:{SECRET},1:an old secret of more than thirty-two bytes");
    let output = Folder::new().with("BETTER_AUTH_SECRETS", &secrets).run(&["token", "--sub=alice"]);
    assert_eq!(claims(&output.stdout)["sub"], "alice");
}

#[test]
fn a_user_id_has_1_to_255_bytes() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", SECRET);
    for (length, code) in [(0, 1), (1, 0), (255, 0), (256, 1)] {
        let sub = format!("--sub={}", "x".repeat(length));
        assert_eq!(folder.run(&["token", &sub]).code, Some(code), "{length}");
    }
}

#[tokio::test]
async fn a_server_with_the_same_secret_accepts_the_token() {
    let folder = Folder::new().with("BETTER_AUTH_SECRET", tokens::SECRET);
    let output = folder.run(&["token", "--sub=carol", "--ttl=1000000000"]);
    output.succeeds();
    let api = Api::start(Database::sqlite()).await;
    // The clock of the tests may be behind that of the machine, and never is ahead of the token.
    let behind = chrono::TimeDelta::days(3650);
    api.wait(behind);
    let carol = api.with_token(output.stdout.trim());
    assert_eq!(carol.asks("{ viewer { id } }").await, json!({"viewer": {"id": "carol"}}));
}
