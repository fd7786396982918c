//! The id that ties an answer to the log.

use axum::http::Request;
use uuid::Uuid;

use super::{harmless, post};
use crate::harness::{Api, Database};

#[tokio::test]
async fn each_answer_has_an_id_of_its_own() {
    let api = Api::start(Database::sqlite()).await;
    let mut ids = Vec::new();
    for uri in ["/graphql", "/healthz", "/readyz", "/nowhere"] {
        let reply = api.anon.sends(Request::get(uri).body(String::new().into()).unwrap()).await;
        ids.push(Uuid::parse_str(reply.header("x-request-id")).unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn the_id_of_a_proxy_is_kept_when_it_is_harmless() {
    let api = Api::start(Database::sqlite()).await;
    let longest = "a".repeat(128);
    for id in ["0af7651916cd43dd", "a-B_9.z", &longest] {
        let request = post().header("x-request-id", id).body(harmless()).unwrap();
        assert_eq!(api.anon.sends(request).await.header("x-request-id"), id);
    }
    let longer = "a".repeat(129);
    for id in ["", "a b", "a\tb", "<script>", "a;b", "ü", "a\"b", "${jndi:ldap}", &longer] {
        let request = post().header("x-request-id", id.as_bytes()).body(harmless()).unwrap();
        let reply = api.anon.sends(request).await;
        assert!(Uuid::parse_str(reply.header("x-request-id")).is_ok(), "{id:?}");
    }
}
