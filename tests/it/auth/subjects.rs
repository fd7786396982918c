//! The subject of a token and its rows. These tests run on both databases, which store and compare the
//! subjects.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Deployment, with};
use crate::harness::{Api, Database, Issuer, on_each_database, tokens};

on_each_database! {
    async fn a_user_who_calls_themselves_like_another_does_not_become_that_other(api: Api) {
        api.alice.creates("Alice's own").await;
        let now = api.clock.now().seconds();
        let mallory = api.with_token(tokens::with(&json!({
            "sub": "mallory", "iat": now, "exp": now + 3600,
            "email": "alice", "name": "alice", "id": "alice", "userId": "alice", "sid": "alice",
        })));
        assert_eq!(mallory.titles(json!({})).await, [""; 0]);
        mallory.creates("Mallory's own").await;
        assert_eq!(mallory.titles(json!({})).await, ["Mallory's own"]);
        assert_eq!(api.alice.titles(json!({})).await, ["Alice's own"]);
    }

    async fn subjects_that_look_alike_are_different_people(api: Api) {
        // Case, blanks, accents in two forms, numbers written differently, what SQL reads otherwise.
        let long = "\u{e9}".repeat(127);
        let subs = [
            "alice", "Alice", "ALICE", " alice", "alice ", "al%", "al_ce", "alice'--", "1", "01",
            "1.0", "null", "caf\u{e9}", "cafe\u{301}", "cafe", "stra\u{df}e", "strasse",
            "\u{430}lice", "a\u{200b}lice", "alice\n", &long, &format!("{long}x"),
        ];
        let now = api.clock.now();
        for sub in subs {
            let person = api.with_token(tokens::of(sub, now));
            assert_eq!(person.titles(json!({})).await, [""; 0], "{sub:?}");
            person.creates(sub.trim()).await;
        }
        for sub in subs {
            let person = api.with_token(tokens::of(sub, now));
            assert_eq!(person.titles(json!({})).await.len(), 1, "{sub:?}");
        }
    }

    async fn the_viewer_is_who_the_token_says(api: Api) {
        let claims = json!({
            "sub": "Ünïcödé 🍮", "email": "a@example.com", "name": "A", "image": "https://example.com/a.png",
            "iss": "https://auth.example.com", "sid": "session-1", "iat": api.clock.now().seconds() - 60,
            "exp": api.clock.now().seconds() + 840,
        });
        let somebody = api.with_token(tokens::with(&claims));
        api.wait(TimeDelta::milliseconds(500));
        let query = "{ viewer { id email name image session { id issuer issuedAt expiresAt expiresIn } } }";
        let viewer = somebody.asks(query).await["viewer"].clone();
        assert_eq!(viewer, json!({
            "id": "Ünïcödé 🍮", "email": "a@example.com", "name": "A", "image": "https://example.com/a.png",
            "session": {
                "id": "session-1", "issuer": "https://auth.example.com",
                "issuedAt": "2026-11-21T09:29:00.000Z", "expiresAt": "2026-11-21T09:44:00.000Z", "expiresIn": 839,
            },
        }));
        let bare = json!({ "sub": "b", "exp": api.clock.now().seconds() + 840, "email": 1, "name": null });
        let viewer = api.with_token(tokens::with(&bare)).asks(query).await["viewer"].clone();
        assert_eq!([&viewer["email"], &viewer["name"], &viewer["image"]], [&Value::Null; 3]);
        assert_eq!(viewer["session"]["issuer"], Value::Null);
    }

    async fn a_user_of_255_bytes_has_tasks_like_any_other(api: Api) {
        let sub = "\u{1f36e}".repeat(63) + "abc";
        assert_eq!(sub.len(), 255);
        let somebody = api.with_token(tokens::of(&sub, api.clock.now()));
        let id = somebody.creates("x").await;
        assert_eq!(somebody.asks("{ tasks { nodes { id } } }").await["tasks"]["nodes"], json!([{ "id": id }]));
    }
}

#[tokio::test]
async fn two_users_of_one_better_auth_come_in_each_to_their_own() {
    for database in Database::each().await {
        let deployment = Deployment::start_on(database, &[]).await;
        let (ada, bob) = (deployment.token("ada"), deployment.token("bob"));
        let (ada, bob) = (deployment.api.with_token(ada), deployment.api.with_token(bob));
        let task = ada.creates("Write the first program").await;
        assert_eq!(ada.titles(json!({})).await, ["Write the first program"]);
        assert_eq!(bob.titles(json!({})).await, [""; 0]);
        assert_eq!(bob.delete(json!({"id": task})).await.code(), "NOT_FOUND");

        // The next token, the next session and another kind of token: still the same user.
        deployment.api.wait(TimeDelta::minutes(16));
        assert_eq!(ada.post("{ tasks { totalCount } }", json!({})).await.status, 401);
        let renewed =
            deployment.key.signs(&with(deployment.claims("ada"), json!({"sid": "another"})));
        assert_eq!(
            deployment.api.with_token(renewed).titles(json!({})).await,
            ["Write the first program"]
        );
    }
}

#[tokio::test]
async fn a_user_is_the_same_one_by_key_set_and_by_secret() {
    let deployment = Deployment::with_secret().await;
    let by_key = deployment.api.with_token(deployment.token("ada"));
    let by_secret = deployment.api.with_token(tokens::with(&deployment.claims("ada")));
    by_key.creates("Mine").await;
    assert_eq!(by_secret.titles(json!({})).await, ["Mine"]);
}

#[tokio::test]
async fn the_users_of_two_issuers_are_one_where_that_was_promised() {
    let key = tokens::Key::ed25519("theirs");
    let issuer = Issuer::start(&[key.jwk()]).await;
    let jwks = format!("--jwks-url={}", issuer.jwks_url());
    let flags = [
        jwks.as_str(),
        "--jwt-issuer=https://one.example,https://two.example",
        "--jwt-audience=tasks",
        "--shared-subjects",
    ];
    let api = Api::start_with(Database::sqlite(), &flags).await;
    let now = api.clock.now().seconds();
    let by = |iss: &str| {
        let claims = json!({"sub": "ada", "exp": now + 900, "iss": iss, "aud": "tasks"});
        api.with_token(key.signs(&claims))
    };
    by("https://one.example").creates("Mine").await;
    assert_eq!(by("https://two.example/").titles(json!({})).await, ["Mine"]);
}
