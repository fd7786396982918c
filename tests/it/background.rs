//! Background tasks under supervision: one that is aborted is restarted, and does its work again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    auth::who,
    harness::{Api, Database, Issuer, Person, Served, eventually, tokens::Key},
};

impl Served {
    /// Aborts a background task, as soon as it runs.
    async fn aborts(&self, task: &str) {
        eventually(async || self.background.names().contains(&task)).await;
        self.background.abort(task);
    }
}

#[tokio::test]
async fn each_task_runs_while_the_application_serves() {
    for database in Database::each().await {
        let expected: &[&str] = match database {
            Database::Sqlite(_) => &["maintenance", "sign-out polling"],
            Database::Postgres(_) => &["maintenance", "replication", "sign-out polling"],
        };
        let served = Served::start(database, &[]).await;
        eventually(async || served.background.names().len() >= expected.len()).await;
        let mut names = served.background.names();
        names.sort_unstable();
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_sign_out_at_another_replica_is_effective_after_the_polling_was_aborted() {
    for database in Database::each().await {
        let here = Served::start(database.clone(), &[]).await;
        let there = Api::start(database).await;
        let token = there.token("alice", &json!({ "sid": "phone" }));
        here.aborts("sign-out polling").await;
        assert_eq!(who(&here.api, &token).await, "alice");
        there.with_token(token.as_str()).does("signOut", json!({}), "revokedBefore").await;
        eventually(async || who(&here.api, &token).await == "REVOKED").await;
        assert_eq!(
            who(&here.api, &there.token("alice", &json!({ "sid": "laptop" }))).await,
            "alice"
        );
    }
}

#[tokio::test]
async fn what_was_deleted_30_days_ago_is_purged_after_the_maintenance_was_aborted() {
    async fn trashes(person: &Person, title: &str) {
        let id = person.creates(title).await;
        person.delete(json!({ "id": id })).await.data();
    }
    async fn all(api: &Api) -> Vec<String> {
        let alice = api.with_token(api.token("alice", &json!({})));
        alice.titles(json!({ "trash": "INCLUDE" })).await
    }
    for database in Database::each().await {
        trashes(&Api::start(database.clone()).await.alice, "first").await;
        let Served { api, background, serving, .. } = &Served::start(database, &[]).await;
        // The first round has not run yet; the second one would run ten minutes later.
        api.wait(TimeDelta::days(30));
        eventually(async || all(api).await.is_empty()).await;
        trashes(&api.with_token(api.token("alice", &json!({}))), "second").await;
        api.wait(TimeDelta::days(30));
        assert_eq!(all(api).await, ["second"]);

        background.abort("maintenance");
        eventually(async || all(api).await.is_empty()).await;
        assert!(!serving.is_finished());
    }
}

#[tokio::test]
async fn a_change_at_another_replica_reaches_a_subscriber_after_the_replication_was_aborted() {
    let Some(database) = Database::postgres().await else { return };
    let here = Served::start(database.clone(), &[]).await;
    let there = Served::start(database, &[]).await;
    let mut socket = here.socket_of("alice").await;
    let follow = "subscription { changes { changes { node { ... on Task { title } } } } }";
    socket.subscribes("1", follow, json!({})).await;
    assert_eq!(socket.hears_next("1").await["data"]["changes"]["changes"], json!([]));
    for title in ["before", "after"] {
        there.api.alice.creates(title).await;
        let page = socket.hears_next("1").await["data"]["changes"].take();
        assert_eq!(page["changes"], json!([{ "node": { "title": title } }]));
        here.aborts("replication").await;
    }
}

#[tokio::test]
async fn a_key_set_that_was_not_reachable_is_fetched_after_the_key_refresh_was_aborted() {
    for database in Database::each().await {
        let key = Key::ed25519("first");
        let issuer = Issuer::start(&[]).await;
        issuer.answers(StatusCode::SERVICE_UNAVAILABLE, "");
        let url = format!("--better-auth-url={}", issuer.origin);
        let served = Served::start(database, &[&url]).await;
        issuer.was_asked(1).await;
        assert_eq!(served.api.anon.gets("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);

        served.aborts("key refresh").await;
        issuer.publishes(&[key.jwk()]);
        eventually(async || served.api.anon.gets("/readyz").await.status == StatusCode::OK).await;
        let now = served.api.clock.now().seconds();
        let claims = json!({
            "sub": "ada", "iat": now, "exp": now + 900, "iss": issuer.origin, "aud": issuer.origin,
        });
        assert_eq!(who(&served.api, &key.signs(&claims)).await, "ada");
    }
}
