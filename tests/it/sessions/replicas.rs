//! A sign-out at one replica is effective at each other one.
//!
//! A server that serves polls twice a second; here it polls when the test calls [`Api::learns`].

use std::future::pending;

use chrono::TimeDelta;
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use taskward::auth::{AuthError, AuthErrorReason};
use tokio::net::TcpListener;

use crate::{
    auth::who,
    harness::{Api, Database, eventually, on_each_database, soon},
};

on_each_database! {
    async fn another_server_learns_who_has_signed_out(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let [one, more] = ["1", "2"].map(|jti| api.token("alice", &json!({ "jti": jti })));
        let bobs = api.token("bob", &json!({ "sid": "s" }));
        for token in [&one, &more, &bobs] {
            assert_ne!(who(&other, token).await, "REVOKED");
        }
        api.with_token(one.as_str()).signs_out(false).await;
        assert_eq!(who(&other, &one).await, "alice", "it was not asked yet");
        other.learns().await;
        assert_eq!(who(&other, &one).await, "REVOKED");
        assert_eq!(who(&other, &more).await, "alice");

        other.with_token(more.as_str()).signs_out(true).await;
        api.with_token(bobs.as_str()).signs_out(false).await;
        for server in [&api, &other] {
            server.learns().await;
            for token in [&one, &more, &bobs] {
                assert_eq!(who(server, token).await, "REVOKED");
            }
        }
    }

    async fn a_connection_at_another_server_ends_with_its_session(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let alices = api.token("alice", &json!({ "sid": "s" }));
        let same_session = api.token("alice", &json!({ "sid": "s", "jti": "2" }));
        let another = api.token("alice", &json!({ "sid": "t" }));
        let mut ends = Vec::new();
        for token in [&alices, &same_session, &another] {
            let viewer = other.authenticator.authenticate_connection(&format!("Bearer {token}")).await.unwrap();
            ends.push(Box::pin(other.authenticator.expired_or_revoked(&viewer)));
        }
        api.with_token(alices.as_str()).signs_out(false).await;
        let mut ended = || ends.iter_mut().map(|end| end.now_or_never().is_some()).collect::<Vec<_>>();
        assert_eq!(ended(), [false, false, false]);
        other.learns().await;
        assert_eq!(ended(), [true, true, false]);
    }

    async fn a_server_that_serves_learns_it_by_itself(api: Api) {
        let (other, app) = Api::start_to_serve(api.database.clone(), &[]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = tokio::spawn(app.serve(listener, pending()));
        let token = api.token("alice", &json!({}));
        let viewer = other.authenticator.verify(&token).await.unwrap();
        let end = other.authenticator.expired_or_revoked(&viewer);
        api.with_token(token).signs_out(false).await;
        let end = soon(end).await;
        assert_eq!(end.reason(), Some(AuthErrorReason::Revoked));
        serving.abort();
    }

    async fn a_server_that_has_not_polled_for_5_seconds_asks_before_it_accepts_a_token(api: Api) {
        let other = Api::start(api.database.clone()).await;
        let [phone, laptop] = ["1", "2"].map(|jti| api.token("alice", &json!({ "jti": jti })));
        other.with_token(phone.as_str()).signs_out(false).await;
        api.wait(TimeDelta::seconds(5));
        assert_eq!(who(&api, &phone).await, "alice", "it was not asked yet");
        api.wait(TimeDelta::milliseconds(1));
        assert_eq!(who(&api, &phone).await, "REVOKED");
        assert_eq!(who(&api, &laptop).await, "alice");
    }

    async fn a_server_that_cannot_ask_accepts_no_token(api: Api) {
        let [phone, laptop] = ["1", "2"].map(|jti| api.token("alice", &json!({ "jti": jti })));
        api.with_token(phone.as_str()).signs_out(false).await;
        api.database.execute("ALTER TABLE revocation RENAME TO kept_revocation").await;
        assert_eq!(who(&api, &laptop).await, "alice");
        api.wait(TimeDelta::milliseconds(5_001));
        assert_eq!(who(&api, &laptop).await, "503");
        assert_eq!(who(&api, &phone).await, "REVOKED", "so much is known");
        assert_eq!(who(&api, "no token").await, "TOKEN_MALFORMED");
        assert_eq!(api.anon.asks("{ __typename }").await["__typename"], "Query");
        let viewer = api.authenticator.authenticate_connection(&format!("Bearer {laptop}")).await;
        assert!(matches!(viewer, Err(AuthError::Unavailable { .. })), "{viewer:?}");

        api.database.execute("ALTER TABLE kept_revocation RENAME TO revocation").await;
        assert_eq!(who(&api, &laptop).await, "alice");
    }

    async fn more_sign_outs_than_are_read_at_once_are_all_learned(api: Api) {
        let last = api.token("alice", &json!({ "sid": "last" }));
        let other = Api::start(api.database.clone()).await;
        api.alice.signs_out(false).await;
        let copies = "INSERT INTO revocation (user_no, session, until) \
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
            SELECT user_no, 'x' || i, until FROM revocation, n";
        api.database.execute(copies).await;
        api.with_token(last.as_str()).signs_out(false).await;
        other.learns().await;
        assert_eq!(who(&other, &last).await, "REVOKED");
    }
}

/// On PostgreSQL a number is given before its row can be seen. Alice's sign-out is held between the
/// two; Bob's must not become visible meanwhile, since who learned of it would take it for the last.
#[tokio::test]
async fn no_sign_out_is_overtaken_by_the_next() {
    let Some(database) = Database::postgres().await else { return };
    let api = Api::start(database).await;
    let other = Api::start(api.database.clone()).await;
    api.with_token(api.token("alice", &json!({ "jti": "1" }))).signs_out(true).await;
    api.wait(TimeDelta::seconds(10));

    // Signing out everywhere first adds the session, then replaces this row.
    let connection = api.database.connect().await;
    let hold = connection.begin().await.unwrap();
    hold.execute_unprepared("SELECT no FROM revocation FOR UPDATE").await.unwrap();
    let alices = api.token("alice", &json!({ "sid": "s" }));
    // By its time alone it is not refused.
    let later = json!({ "sid": "s", "iat": api.clock.now().seconds() + 15 });
    let same_session = api.token("alice", &later);
    let bobs = api.token("bob", &json!({}));
    let sign_out = |token: &str, everywhere| {
        let person = api.with_token(token);
        tokio::spawn(async move { person.signs_out(everywhere).await })
    };
    let alice = sign_out(&alices, true);
    eventually(async || api.database.lock_waiters().await == 1).await;
    let bob = sign_out(&bobs, false);
    eventually(async || bob.is_finished() || api.database.lock_waiters().await == 2).await;
    other.learns().await;
    hold.commit().await.unwrap();
    alice.await.unwrap();
    bob.await.unwrap();

    other.learns().await;
    assert_eq!(who(&other, &bobs).await, "REVOKED");
    assert_eq!(who(&other, &same_session).await, "REVOKED");
}
