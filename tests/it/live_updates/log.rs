//! The log of long-lived connections.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::{CHANGES, event_stream::Stream};
use crate::harness::{Database, Served, soon};

/// The log of one test, which runs on a thread of its own with the server.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The fields of the log lines with that message.
    pub(super) fn lines(&self, message: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|mut line| line["fields"].take())
            .filter(|fields| fields["message"] == message)
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn each_operation_is_a_line_when_it_has_ended_and_so_is_each_socket() {
    let (log, _guard) = Log::listen();
    let served = Served::start(Database::sqlite(), &[]).await;
    let mut socket = served.socket_of("alice").await;
    socket.subscribes("1", &CHANGES.replacen('(', " Follow(", 1), json!({})).await;
    socket.hears_next("1").await;
    socket.subscribes("2", "query Me { viewer { id } }", json!({})).await;
    socket.hears_next("2").await;
    socket.hears().await;
    socket.subscribes("3", "query Wrong { nothing }", json!({})).await;
    socket.hears().await;
    socket.says(json!({ "id": "1", "type": "complete" })).await;
    socket.is_up_to_date().await;
    let mut stream = Stream::of_alice(&served, None).await;
    stream.hears_next().await;
    drop((socket, stream));
    soon(async {
        while log.lines("operation ended").len() < 4 || log.lines("socket closed").is_empty() {
            served.api.alice.asks("{ tasks(first: 0) { totalCount } }").await;
        }
    })
    .await;

    let told = |name: &str, outcome: &str| {
        json!({
            "message": "operation ended", "operation": name, "user": "alice", "outcome": outcome,
            "duration_ms": 0,
        })
    };
    let lines = log.lines("operation ended");
    assert_eq!(lines[0], told("Me", "OK"));
    assert_eq!(lines[1], told("Wrong", "GRAPHQL_VALIDATION_FAILED"));
    assert_eq!(lines[2], told("Follow", "OK"));
    assert_eq!((&lines[3]["user"], &lines[3]["outcome"]), (&json!("alice"), &json!("OK")));
    let closed = json!({
        "message": "socket closed", "code": 1006, "reason": "", "user": "alice", "duration_ms": 0,
    });
    assert_eq!(log.lines("socket closed"), [closed]);
}
