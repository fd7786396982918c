//! Token settings: what the server refuses to start with, and the rotation of secrets.

use serde_json::json;

use super::who;
use crate::harness::{Api, Database, settings, tokens};

const NEW: &str = "the secret of today which is long enough";
const OLD: &str = "the secret of last year that is long enough";

const GOOD: &str = "--better-auth-secret=the secret of today which is long enough";
const BETTER_AUTH: &str = "--better-auth-url=https://auth.example";
const JWKS: &str = "--jwks-url=https://issuer.example/jwks";
const ISSUER: &str = "--jwt-issuer=https://issuer.example";
const AUDIENCE: &str = "--jwt-audience=tasks";
const PUBLISHED: &str = "better-auth-secret-12345678901234567890";

#[tokio::test]
async fn tokens_of_the_old_and_the_new_secret_are_accepted_during_rotation() {
    let list = format!("--better-auth-secrets=2:{NEW},1:{OLD}");
    let single = format!("--better-auth-secret={}", tokens::SECRET);
    let api = Api::start_with(Database::sqlite(), &[&list, &single]).await;
    let exp = api.clock.now().seconds() + 900;
    let by = |secret: &str, sub: &str| {
        let claims = json!({"sub": sub, "exp": exp});
        tokens::by_secret(secret, &json!({"alg": "HS256", "typ": "JWT"}), &claims)
    };
    for (secret, sub) in [(NEW, "ada"), (OLD, "bob"), (tokens::SECRET, "cyd")] {
        assert_eq!(who(&api, &by(secret, sub)).await, sub, "{secret}");
    }
    let third = format!("{NEW}.");
    for secret in [third.as_str(), &list, &format!("2:{NEW}"), PUBLISHED, ""] {
        assert_eq!(who(&api, &by(secret, "ada")).await, "BAD_SIGNATURE", "{secret}");
    }

    // After the rotation, the old secret is refused.
    let list = format!("--better-auth-secrets=2:{NEW}");
    let api = Api::start_with(Database::sqlite(), &[&list]).await;
    assert_eq!(who(&api, &by(NEW, "ada")).await, "ada");
    assert_eq!(who(&api, &by(OLD, "bob")).await, "BAD_SIGNATURE");
}

/// The faults with which the server refuses to start.
fn faults(flags: &[&str]) -> Vec<String> {
    settings(flags).check().err().unwrap_or_default()
}

#[test]
fn each_fault_names_its_setting_and_the_remedy() {
    let published = format!("--better-auth-secret={PUBLISHED}");
    let rotated = format!("--better-auth-secrets=2:{NEW},1:{PUBLISHED}");
    let table: &[(&[&str], &[&str])] = &[
        (&["--better-auth-secret=hush hush"], &["BETTER_AUTH_SECRET has fewer than 32 bytes"]),
        (&["--better-auth-secret=thirty-one bytes: one too few.."], &["BETTER_AUTH_SECRET has"]),
        (&[&published], &["BETTER_AUTH_SECRET is the default that Better Auth publishes"]),
        (&[&rotated], &["BETTER_AUTH_SECRETS: entry 2 is the default"]),
        (
            &["--better-auth-secrets=1:hush hush,x:hush hush"],
            &["BETTER_AUTH_SECRETS: entry 1 has fewer", "BETTER_AUTH_SECRETS: entry 2 must read"],
        ),
        (&["--better-auth-url=http://auth.example"], &["BETTER_AUTH_URL must begin with https"]),
        (&["--better-auth-url=http://auth:3000"], &["BETTER_AUTH_URL must begin with https"]),
        (
            &["--jwks-url=http://issuer.example/jwks", ISSUER, AUDIENCE],
            &["JWKS_URL must begin with https"],
        ),
        (&["--better-auth-url=auth.example"], &["BETTER_AUTH_URL is not a URL"]),
        (&[JWKS], &["JWT_ISSUER is not set", "JWT_AUDIENCE is not set"]),
        (&[JWKS, AUDIENCE], &["JWT_ISSUER is not set"]),
        (&[JWKS, ISSUER], &["JWT_AUDIENCE is not set"]),
        (
            &[JWKS, "--jwt-issuer=https://one.example,https://two.example", AUDIENCE],
            &["Tokens come from more than one issuer"],
        ),
        (&[JWKS, ISSUER, AUDIENCE, GOOD], &["Tokens come from more than one issuer"]),
        (&[BETTER_AUTH, "--jwt-issuer=a,b"], &["Tokens come from more than one issuer"]),
        (&[GOOD, "--token-leeway=301"], &["TASKWARD_TOKEN_LEEWAY must be at most 300"]),
        (&["--listen=0.0.0.0:4000"], &["TASKWARD_LISTEN: 0.0.0.0:4000 can be reached"]),
        // All at once, those of other settings too.
        (
            &[
                "--better-auth-secret=hush hush",
                "--better-auth-secrets=1:hush hush",
                "--jwks-url=http://issuer.example/jwks",
                "--jwt-issuer=a,b",
                "--token-leeway=900",
                "--database-url=mysql://hush",
            ],
            &[
                "BETTER_AUTH_SECRETS: entry 1 has fewer",
                "BETTER_AUTH_SECRET has fewer",
                "JWKS_URL must begin with https",
                "JWT_AUDIENCE is not set",
                "Tokens come from more than one issuer",
                "TASKWARD_TOKEN_LEEWAY",
                "DATABASE_URL",
            ],
        ),
    ];
    for (flags, expected) in table {
        let faults = faults(flags);
        let starts: Vec<_> = faults
            .iter()
            .zip(*expected)
            .map(|(fault, start)| fault.get(..start.len()).unwrap_or(fault))
            .collect();
        assert_eq!(starts, *expected, "{flags:?}: {faults:#?}");
        assert_eq!(faults.len(), expected.len(), "{flags:?}: {faults:#?}");
        for fault in faults {
            for secret in ["hush", NEW, OLD, PUBLISHED, "thirty-one"] {
                assert!(!fault.contains(secret), "{fault}");
            }
        }
    }
}

#[test]
fn safe_settings_are_accepted() {
    let table: &[&[&str]] = &[
        &[GOOD],
        &[GOOD, "--listen=0.0.0.0:4000"],
        &["--better-auth-secret=thirty-two bytes: just enough..."],
        &[BETTER_AUTH],
        &[BETTER_AUTH, GOOD],
        &[BETTER_AUTH, "--jwks-url=https://elsewhere.example/jwks"],
        &["--better-auth-url=http://localhost:3000"],
        &["--better-auth-url=http://127.0.0.1:3000"],
        &["--better-auth-url=http://[::1]:3000"],
        &["--better-auth-url=http://auth:3000", "--insecure-jwks"],
        &[JWKS, ISSUER, AUDIENCE],
        &[JWKS, "--jwt-issuer=https://issuer.example,https://issuer.example/", AUDIENCE],
        &[JWKS, "--jwt-issuer=a,b", AUDIENCE, "--shared-subjects"],
        &[JWKS, ISSUER, AUDIENCE, GOOD, "--shared-subjects"],
        &[GOOD, "--token-leeway=300"],
    ];
    for flags in table {
        assert_eq!(faults(flags), [""; 0], "{flags:?}");
    }
}

#[test]
fn effective_settings_are_shown_without_secrets() {
    let list = format!("--better-auth-secrets=2:{NEW},1:{OLD}");
    let jwks = "--jwks-url=https://user:hush@keys.example/jwks?key=hush";
    let flags = [list.as_str(), BETTER_AUTH, jwks];
    let config = settings(&flags).check().unwrap_or_else(|faults| panic!("{faults:?}"));
    let shown = config.to_string();
    for secret in [NEW, OLD, "hush"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for line in ["https://keys.example/jwks", "https://auth.example", "***, ***"] {
        assert!(shown.contains(line), "{shown}");
    }
}
