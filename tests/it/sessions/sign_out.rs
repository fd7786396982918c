//! Signing out: of a token, of a session, and everywhere.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    auth::{reason, who},
    harness::{
        Api, Database, Issuer, on_each_database,
        tokens::{self, Key},
    },
};

const REVOKED: &str = "REVOKED";

/// How many revocations the database holds.
async fn rows(api: &Api) -> i64 {
    api.database.number("SELECT count(*) FROM revocation").await
}

on_each_database! {
    async fn alice_signs_out_of_one_token(api: Api) {
        let (phone, laptop) = (api.token("alice", &json!({ "jti": "1" })), api.token("alice", &json!({})));
        assert_eq!(api.with_token(phone.as_str()).signs_out(false).await, Value::Null);

        assert_eq!(who(&api, &phone).await, REVOKED);
        let again = api.with_token(phone.as_str()).tries("signOut", json!({}), "revokedBefore").await;
        assert_eq!(reason(&again), REVOKED);
        assert_eq!(who(&api, &laptop).await, "alice");
        assert_eq!(who(&api, &api.token("bob", &json!({ "jti": "1" }))).await, "bob");
        assert_eq!(api.alice.post("{ viewer { id } }", json!({})).await.status, 200);
    }

    async fn a_refused_token_gets_not_even_to_the_schema(api: Api) {
        api.alice.signs_out(false).await;
        assert_eq!(reason(&api.alice.post("{ __typename }", json!({})).await), REVOKED);
        assert_eq!(reason(&api.alice.post("not a document", json!({})).await), REVOKED);
    }

    async fn alices_tasks_outlive_her_sessions(api: Api) {
        let id = api.alice.creates("Still here").await;
        api.alice.signs_out(true).await;
        api.wait(TimeDelta::seconds(1));
        let alice = api.with_token(tokens::of("alice", api.clock.now()));
        assert_eq!(alice.asks("{ tasks { nodes { id } } }").await["tasks"]["nodes"], json!([{ "id": id }]));
    }

    async fn a_session_ends_with_all_its_tokens(api: Api) {
        let long = "s".repeat(4_000);
        for sid in ["sid", "with\0nul", "caf\u{e9} \u{1f9e6}", &long] {
            let of = |sub: &str, jti: u32| api.token(sub, &json!({ "sid": sid, "jti": jti.to_string() }));
            let [first, second, third] = [1, 2, 3].map(|jti| of("alice", jti));
            assert_eq!(who(&api, &second).await, "alice");
            assert_eq!(api.with_token(first.as_str()).signs_out(false).await, Value::Null);
            // The second one had been seen before, the third comes only now.
            for token in [first, second, third] {
                assert_eq!(who(&api, &token).await, REVOKED, "{sid:?}");
            }
            assert_eq!(who(&api, &of("bob", 1)).await, "bob");
            let other = api.token("alice", &json!({ "sid": format!("{sid} 2") }));
            assert_eq!(who(&api, &other).await, "alice");
            // A token's own name is not that of a session.
            assert_eq!(who(&api, &api.token("alice", &json!({ "jti": sid }))).await, "alice");
        }
    }

    async fn everywhere_is_up_to_the_end_of_the_present_second(api: Api) {
        let start = api.clock.now().seconds();
        api.wait(TimeDelta::milliseconds(5_300));
        let issued = |sub: &str, iat: Value| api.token(sub, &json!({ "iat": iat, "exp": start + 7200 }));
        let same_second = issued("alice", json!(start + 5));
        assert_eq!(who(&api, &same_second).await, "alice");
        let revoked_before = api.with_token(same_second.as_str()).signs_out(true).await;
        assert_eq!(revoked_before, "2026-11-21T09:30:06.000Z");

        for (iat, expected) in [
            (json!(start - 86_400), REVOKED),
            (json!(start), REVOKED),
            (json!(start + 5), REVOKED),
            (json!(start + 6), "alice"),
            (json!(start + 29), "alice"),
            (Value::Null, REVOKED),
        ] {
            assert_eq!(who(&api, &issued("alice", iat.clone())).await, expected, "{iat}");
            assert_eq!(who(&api, &issued("bob", iat.clone())).await, "bob", "{iat}");
        }
    }

    async fn everywhere_is_by_the_clock_of_an_issuer_that_is_ahead(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let start = api.clock.now().seconds();
        let issued = |after: i64| api.token("alice", &json!({ "iat": start + after }));
        let [phone, laptop, login] = [issued(20), issued(-600), issued(21)];
        assert_eq!(who(&api, &phone).await, "alice");
        let revoked_before = api.with_token(laptop.as_str()).signs_out(true).await;
        assert_eq!(revoked_before, "2026-11-21T09:30:21.000Z");

        other.learns().await;
        let restarted = Api::start(api.database.clone()).await;
        for server in [&api, &other, &restarted] {
            for token in [&phone, &laptop] {
                assert_eq!(who(server, token).await, REVOKED);
            }
            assert_eq!(who(server, &login).await, "alice", "a second later by the issuer's clock");
        }
    }

    async fn a_session_has_one_row(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let of_session = |exp: i64| api.token("alice", &json!({ "sid": "s", "exp": exp }));
        let token = of_session(api.clock.now().seconds() + 10 * 86_400);
        let again = (0..10).map(|n| format!("s{n}: signOut(input: {{}}) {{ revokedBefore }}")).collect::<Vec<_>>().join(" ");
        api.with_token(token.as_str()).asks(&format!("mutation {{ {again} }}")).await;
        assert_eq!(rows(&api).await, 1);
        api.learns().await;

        // The other server has not learned it yet.
        other.wait(TimeDelta::seconds(4));
        other.with_token(token.as_str()).signs_out(false).await;
        assert_eq!(rows(&api).await, 1);
        api.learns().await;
        api.wait(TimeDelta::days(30) + TimeDelta::seconds(3));
        assert_eq!(who(&api, &of_session(9_999_999_999)).await, REVOKED, "the later end counts");

        // One that ends earlier changes nothing.
        let number = "SELECT max(no) FROM revocation";
        let last = api.database.number(number).await;
        api.database.execute("UPDATE revocation SET session = 'x' || session").await;
        let behind = Api::start(api.database.clone()).await;
        api.database.execute("UPDATE revocation SET session = substr(session, 2)").await;
        behind.with_token(token.as_str()).signs_out(false).await;
        assert_eq!((rows(&api).await, api.database.number(number).await), (1, last));
    }

    async fn the_last_time_everywhere_counts(api: Api) {
        for _ in 0..3 {
            api.with_token(api.token("alice", &json!({}))).signs_out(true).await;
            api.wait(TimeDelta::seconds(10));
        }
        let between = api.token("alice", &json!({ "iat": api.clock.now().seconds() - 15 }));
        assert_eq!(who(&api, &between).await, REVOKED);
        assert_eq!(who(&api, &api.token("alice", &json!({}))).await, "alice");
        let times = "SELECT count(*) FROM revocation WHERE issued_before IS NOT NULL";
        assert_eq!(api.database.number(times).await, 1);
    }

    async fn what_is_refused_stays_so_after_a_restart(api: Api) {
        let [one, session, by_time] = [json!({}), json!({ "sid": "s" }), json!({})];
        let one = api.token("alice", &one);
        let session = api.token("bob", &session);
        let by_time = api.token("carol", &by_time);
        for (token, everywhere) in [(&one, false), (&session, false), (&by_time, true)] {
            assert_eq!(api.with_token(token.as_str()).signs_out(everywhere).await.is_null(), !everywhere);
        }
        let restarted = Api::start(api.database.clone()).await;
        for token in [one, session, by_time] {
            assert_eq!(who(&restarted, &token).await, REVOKED);
        }
        let others = api.token("bob", &json!({ "sid": "t" }));
        assert_eq!(who(&restarted, &others).await, "bob");
    }

    async fn a_token_that_has_expired_is_forgotten(api: Api) {
        api.alice.signs_out(false).await;
        api.wait(TimeDelta::seconds(3600 + 299));
        api.system.purge().await.unwrap();
        assert_eq!(rows(&api).await, 1, "with the leeway that any server may have");
        api.wait(TimeDelta::seconds(1));
        api.system.purge().await.unwrap();
        assert_eq!(rows(&api).await, 0);
    }

    async fn a_session_is_remembered_for_30_days(api: Api) {
        let session = json!({ "sid": "s" });
        api.with_token(api.token("alice", &session)).signs_out(false).await;
        api.wait(TimeDelta::days(30) - TimeDelta::seconds(1));
        api.authenticator.purge_revocations();
        api.system.purge().await.unwrap();
        assert_eq!((who(&api, &api.token("alice", &session)).await.as_str(), rows(&api).await), (REVOKED, 1));
        api.wait(TimeDelta::seconds(1));
        api.authenticator.purge_revocations();
        api.system.purge().await.unwrap();
        assert_eq!((who(&api, &api.token("alice", &session)).await.as_str(), rows(&api).await), ("alice", 0));
    }

    async fn everywhere_is_never_forgotten(api: Api) {
        let for_ever = api.token("alice", &json!({ "exp": 9_999_999_999_i64 }));
        assert_eq!(who(&api, &for_ever).await, "alice");
        api.alice.signs_out(true).await;
        api.wait(TimeDelta::days(1_000));
        api.authenticator.purge_revocations();
        api.system.purge().await.unwrap();
        assert_eq!((who(&api, &for_ever).await.as_str(), rows(&api).await), (REVOKED, 1));
        assert_eq!(who(&Api::start(api.database.clone()).await, &for_ever).await, REVOKED);
    }
}

/// Whoever has an ECDSA signature can write it in another way without the key, and so
/// come back with another text.
#[tokio::test]
async fn a_token_with_another_good_signature_is_the_same_token() {
    let key = Key::ec("k", "P-256");
    let issuer = Issuer::start(&[key.jwk()]).await;
    let origin = &issuer.origin;
    let api = Api::start_with(Database::sqlite(), &[&format!("--better-auth-url={origin}")]).await;
    let now = api.clock.now().seconds();
    let claims =
        json!({"sub": "alice", "iat": now, "exp": now + 900, "iss": origin, "aud": origin});
    let (one, other) = (key.signs(&claims), key.signs(&claims));
    assert_ne!(one, other);
    assert_eq!(who(&api, &other).await, "alice");
    api.with_token(one).signs_out(false).await;
    assert_eq!(who(&api, &other).await, REVOKED);
}
