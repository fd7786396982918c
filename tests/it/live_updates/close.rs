//! How the server closes sockets.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CHANGES, log::Log};
use crate::harness::{Database, Served, Socket, soon, tokens};

#[tokio::test]
async fn a_socket_ends_with_its_token_at_the_very_second() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut alice = served.socket_of("alice").await;
        alice.subscribes("1", CHANGES, json!({})).await;
        alice.hears_next("1").await;
        served.api.wait(TimeDelta::milliseconds(3_599_999));
        assert_eq!(alice.hears().await, json!({ "type": "ping" }));
        let mut bob = served.socket_of("bob").await;
        alice.is_up_to_date().await;

        served.api.wait(TimeDelta::milliseconds(1));
        assert_eq!(alice.ends().await, (4403, "TOKEN_EXPIRED".to_owned()));
        bob.is_up_to_date().await;
    }
}

#[tokio::test]
async fn a_socket_ends_when_its_user_signs_out() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let alice = served.socket_of("alice").await;
        let mut bob = served.socket_of("bob").await;
        served.api.alice.does("signOut", json!({ "everywhere": true }), "revokedBefore").await;
        assert_eq!(alice.ends().await, (4403, "REVOKED".to_owned()));
        bob.is_up_to_date().await;

        let mut socket = served.socket().await;
        let payload = json!({ "authorization": served.bearer("alice") });
        socket.says(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.ends().await, (4403, "REVOKED".to_owned()));
    }
}

#[tokio::test]
async fn who_signs_out_over_a_socket_is_told_that_it_is_done() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut alice = served.socket_of("alice").await;
        let sign_out = "mutation { signOut(input: {}) { revokedBefore } }";
        alice.subscribes("1", sign_out, json!({})).await;
        let answer = alice.hears_next("1").await;
        assert_eq!(answer["data"], json!({ "signOut": { "revokedBefore": null } }));
        assert_eq!(alice.hears().await, json!({ "id": "1", "type": "complete" }));
        assert_eq!(alice.ends().await, (4403, "REVOKED".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_stops_sends_everybody_elsewhere() {
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let mut stranger = served.socket().await;
        stranger.says(json!({ "type": "ping" })).await;
        stranger.hears().await;
        let mut alice = served.socket_of("alice").await;
        alice.subscribes("1", CHANGES, json!({})).await;
        alice.hears_next("1").await;
        let bob = served.socket_of("bob").await;

        served.stop.send(()).unwrap();
        for socket in [stranger, alice, bob] {
            assert_eq!(socket.ends().await.0, 1012);
        }
        soon(served.serving).await.unwrap();
    }
}

const FOLLOW: &str = "subscription($since: String) {
    changes(since: $since) { changes { id node { ... on Task { title description } } } cursor hasMore }
}";

#[tokio::test]
async fn a_slow_reader_is_left_and_resumes_without_loss() {
    const TASKS: usize = 120;
    for database in Database::each().await {
        let served = Served::start(database, &[]).await;
        let alice = &served.api.alice;
        let start =
            alice.asks("{ changes(first: 0) { cursor } }").await["changes"]["cursor"].take();
        let description = "long ".repeat(4_000);
        for batch in 0..TASKS / 10 {
            let create = |at: usize| {
                let title = (batch * 10 + at).to_string();
                json!({ "createTask": { "title": title, "description": description } })
            };
            let operations: Vec<_> = (0..10).map(create).collect();
            alice.does("batch", json!({ "operations": operations }), "cursor").await;
        }

        let (log, guard) = Log::listen();
        let day = served.api.clock.now().seconds() + 86_400;
        let token = tokens::with(&json!({ "sub": "alice", "exp": day }));
        let bearer = format!("Bearer {token}");
        let mut slow = Socket::open(served.address, &[("authorization", &bearer)]).await;
        slow.says(json!({ "type": "connection_init" })).await;
        slow.hears().await;
        let all = 20;
        for id in 0..all {
            slow.subscribes(&id.to_string(), FOLLOW, json!({ "since": start })).await;
        }
        let mut pages = vec![slow.hears().await["payload"]["data"]["changes"].take()];
        // Alice reads no more: time enough for the server to send as much as the system takes.
        let alice = served.api.with_token(token);
        for _ in 0..100 {
            alice.asks("{ tasks(first: 0) { totalCount } }").await;
        }
        soon(async {
            while log.lines("socket closed").is_empty() {
                served.api.wait(TimeDelta::minutes(3));
                alice.asks("{ tasks(first: 0) { totalCount } }").await;
            }
        })
        .await;
        drop(guard);

        let code = loop {
            match slow.hears_or_ends().await {
                Ok(message) if message["type"] == "next" => {
                    pages.push(message["payload"]["data"]["changes"].clone());
                }
                Ok(_) => {}
                Err((code, _)) => break code,
            }
        };
        assert_eq!(code, 1013);
        assert!((1..all).contains(&pages.len()), "{} of {all} answers", pages.len());

        let mut seen: Vec<Value> = pages[0]["changes"].as_array().unwrap().clone();
        let mut socket = Socket::open(served.address, &[("authorization", &bearer)]).await;
        socket.says(json!({ "type": "connection_init" })).await;
        socket.hears().await;
        socket.subscribes("1", FOLLOW, json!({ "since": pages[0]["cursor"] })).await;
        let page = socket.hears_next("1").await["data"]["changes"].take();
        seen.extend(page["changes"].as_array().unwrap().clone());
        let mut titles: Vec<usize> = seen
            .iter()
            .map(|change| change["node"]["title"].as_str().unwrap().parse().unwrap())
            .collect();
        titles.sort_unstable();
        assert_eq!(titles, (0..TASKS).collect::<Vec<_>>());
    }
}
