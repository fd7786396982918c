//! What whoever runs the server asks it.

use axum::{body::Body, http::Request};
use serde_json::json;

use crate::harness::{Api, Reply, on_each_database};

pub async fn asks(api: &Api, uri: &str) -> Reply {
    api.anon.sends(Request::get(uri).body(Body::empty()).unwrap()).await
}

on_each_database! {
    async fn the_server_lives_and_is_ready(api: Api) {
        let reply = asks(&api, "/healthz").await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &b"ok"[..]));

        let reply = asks(&api, "/readyz").await;
        assert_eq!(reply.status, 200);
        let ready = json!({"database": "ok", "migrations": "ok", "keys": "ok", "sign_outs": "ok", "shutting_down": false});
        assert_eq!(reply.json(), ready);
    }

    async fn a_server_whose_tables_are_behind_is_not_ready(api: Api) {
        api.database.execute("DELETE FROM seaql_migrations").await;
        let reply = asks(&api, "/readyz").await;
        assert_eq!(reply.status, 503);
        let migrations = reply.json()["migrations"].clone();
        assert!(migrations.as_str().unwrap().contains("taskward migrate"), "{migrations}");
        assert_eq!(reply.json()["database"], "ok");

        assert_eq!(asks(&api, "/healthz").await.status, 200, "it lives all the same");
    }
}

/// The keys have been promised by a server that nobody runs.
#[tokio::test]
async fn a_server_without_keys_is_not_ready() {
    let port = crate::harness::databases::free_port();
    let url = format!("--better-auth-url=http://127.0.0.1:{port}");
    let api = Api::start_with(crate::harness::Database::sqlite(), &[&url]).await;
    let reply = asks(&api, "/readyz").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["database"], "ok");
    assert_ne!(reply.json()["keys"], "ok");
    assert_eq!(asks(&api, "/healthz").await.status, 200);
}
