//! Liveness and readiness: `/healthz` and `/readyz`.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Api, Database, databases::free_port, on_each_database};

on_each_database! {
    async fn the_server_lives_and_is_ready(api: Api) {
        let reply = api.anon.gets("/healthz").await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &b"ok"[..]));

        let reply = api.anon.gets("/readyz").await;
        assert_eq!(reply.status, 200);
        let ready = json!({"database": "ok", "migrations": "ok", "keys": "ok", "sign_outs": "ok", "shutting_down": false});
        assert_eq!(reply.json(), ready);
    }

    async fn a_server_whose_tables_are_behind_is_not_ready(api: Api) {
        api.database.execute("DELETE FROM seaql_migrations").await;
        let reply = api.anon.gets("/readyz").await;
        assert_eq!(reply.status, 503);
        let migrations = reply.json()["migrations"].clone();
        assert!(migrations.as_str().unwrap().contains("taskward migrate"), "{migrations}");
        assert_eq!(reply.json()["database"], "ok");

        assert_eq!(api.anon.gets("/healthz").await.status, 200, "it lives all the same");
    }

    async fn a_server_goes_on_after_a_newer_version_has_migrated_its_database(api: Api) {
        api.database.execute("INSERT INTO seaql_migrations VALUES ('m29990101_000001_newer', 0)").await;
        let reply = api.anon.gets("/readyz").await;
        assert_eq!(reply.status, 200, "{}", reply.json());
        assert_eq!(reply.json()["migrations"], "ok: newer schema");
        api.alice.creates("Milk").await;

        let own = "DELETE FROM seaql_migrations WHERE version < 'm2999'";
        api.database.execute(own).await;
        assert_eq!(api.anon.gets("/readyz").await.status, 503, "its own migrations are missing");
    }

    async fn a_server_that_does_not_learn_of_sign_outs_is_not_ready(api: Api) {
        api.wait(TimeDelta::seconds(30));
        assert_eq!(api.anon.gets("/readyz").await.status, 200);

        api.wait(TimeDelta::milliseconds(1));
        let reply = api.anon.gets("/readyz").await;
        assert_eq!(reply.status, 503);
        let mut parts = reply.json();
        assert_ne!(parts["sign_outs"].take(), "ok");
        let others = json!({"database": "ok", "migrations": "ok", "keys": "ok", "sign_outs": null, "shutting_down": false});
        assert_eq!(parts, others);

        api.learns().await;
        assert_eq!(api.anon.gets("/readyz").await.status, 200);
    }
}

/// The configured issuer does not run.
#[tokio::test]
async fn a_server_without_keys_is_not_ready() {
    let port = free_port();
    let url = format!("--better-auth-url=http://127.0.0.1:{port}");
    let api = Api::start_with(Database::sqlite(), &[&url]).await;
    let reply = api.anon.gets("/readyz").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["database"], "ok");
    assert_ne!(reply.json()["keys"], "ok");
    assert_eq!(api.anon.gets("/healthz").await.status, 200);
}
