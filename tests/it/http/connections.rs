//! TCP connections: how many there are, and how long they may do nothing.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use taskward::app::ServerLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::shutdown::Connection;
use crate::{
    command_line::process::Folder,
    harness::{Database, Served, Socket, eventually, soon},
};

const SHORT: Duration = Duration::from_millis(50);
const BODY: &str = r#"{"query": "{ __typename }"}"#;

async fn limited(flags: &[&str], limit: impl FnOnce(&mut ServerLimits)) -> Served {
    Served::start_with(Database::sqlite(), flags, limit).await
}

/// A connection with an answer behind it, which waits for its next request.
async fn idle(address: SocketAddr) -> Connection {
    let mut connection = Connection::connect(address).await;
    assert!(is_answered(&mut connection).await);
    connection
}

/// A connection with a request that is executed, but for its body.
async fn busy(address: SocketAddr) -> Connection {
    let mut connection = Connection::connect(address).await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        BODY.len()
    );
    connection.says(&head).await;
    connection.hears("100 Continue\r\n\r\n").await;
    connection
}

/// Whether a request is answered, or else the connection is closed.
async fn is_answered(connection: &mut Connection) -> bool {
    // A write to a connection that the server has closed may fail.
    let _ = connection.0.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let mut status = [0; 12];
    match soon(connection.0.read_exact(&mut status)).await {
        Ok(_) => assert_eq!(&status, b"HTTP/1.1 200"),
        Err(_) => return false,
    }
    connection.hears("ok").await;
    true
}

/// Waits until the server closes the connection, on which it sends nothing more.
async fn is_closed(mut connection: Connection) {
    assert!(soon(connection.0.read_u8()).await.is_err(), "something was sent");
}

#[tokio::test]
async fn a_connection_that_does_nothing_is_closed() {
    let never = Duration::from_hours(1);
    let served = limited(&[], |limits| {
        (limits.head_timeout, limits.idle_timeout) = (SHORT, never);
    });
    let served = served.await;
    is_closed(Connection::connect(served.address).await).await;
    let mut half = Connection::connect(served.address).await;
    half.says("GET /healthz HTTP/1.1\r\n").await;
    is_closed(half).await;

    let served = limited(&[], |limits| {
        (limits.head_timeout, limits.idle_timeout) = (never, SHORT);
    });
    let served = served.await;
    is_closed(idle(served.address).await).await;
    let mut busy = busy(served.address).await;
    is_closed(idle(served.address).await).await;
    busy.says(BODY).await;
    assert!(busy.hears("}}").await.starts_with("HTTP/1.1 200 "), "it was not idle");
}

#[tokio::test]
async fn a_new_connection_takes_the_place_of_the_one_that_has_been_idle_the_longest() {
    let served = limited(&[], |limits| limits.connections = 3).await;
    let mut first_busy = busy(served.address).await;
    let first = idle(served.address).await;
    let second = Connection::connect(served.address).await;
    let third = idle(served.address).await;
    is_closed(first).await;
    let mut second_busy = busy(served.address).await;
    is_closed(second).await;
    let mut third_busy = busy(served.address).await;
    is_closed(third).await;

    is_closed(Connection::connect(served.address).await).await;
    for busy in [&mut first_busy, &mut second_busy, &mut third_busy] {
        busy.says(BODY).await;
        assert!(busy.hears("}}").await.starts_with("HTTP/1.1 200 "));
    }
    idle(served.address).await;
}

#[tokio::test]
async fn one_address_takes_no_place_of_the_others() {
    let served = limited(&[], |limits| limits.per_address = 1).await;
    let _busy = busy(served.address).await;
    assert!(!is_answered(&mut Connection::connect(served.address).await).await);
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = Connection(other.connect(served.address).await.unwrap());
    assert!(is_answered(&mut other).await);

    let behind_proxy =
        limited(&["--trusted-proxies=127.0.0.1"], |limits| limits.per_address = 1).await;
    let _busy = busy(behind_proxy.address).await;
    idle(behind_proxy.address).await;
}

#[tokio::test]
async fn a_websocket_keeps_its_place_until_it_is_closed() {
    let served = limited(&[], |limits| limits.connections = 1).await;
    let mut socket = served.socket_of("alice").await;
    assert!(!is_answered(&mut Connection::connect(served.address).await).await);
    socket.is_up_to_date().await;
    drop(socket);
    eventually(async || is_answered(&mut Connection::connect(served.address).await).await).await;
}

#[tokio::test]
async fn a_flood_of_connections_leaves_room_for_the_next() {
    let folder = Folder::new();
    let server = folder.serve_with_files(160);
    let address = server.address.parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(Connection::connect(address).await);
    }
    idle(address).await;
    let output = server.stops("TERM");
    output.succeeds();
    assert!(!output.stderr.contains("WARN"), "{}", output.stderr);
}

/// A request of Alice's on a connection that takes in little and then nothing.
async fn stalls(served: &Served, accept: &str, query: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    let body = json!({ "query": query }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        served.bearer("alice"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    soon(stream.read_exact(&mut status)).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

/// A socket of Alice's, as soon as she may have one more.
async fn socket_of_alice(served: &Served) -> Socket {
    let payload = json!({ "authorization": served.bearer("alice") });
    loop {
        let mut socket = served.socket().await;
        socket.says(json!({ "type": "connection_init", "payload": payload })).await;
        if socket.hears_or_ends().await.is_ok() {
            return socket;
        }
    }
}

/// A server on which Alice has 8 MB to read, which no buffer of the operating system holds; and the cursor
/// before that.
async fn with_much_to_read() -> (Served, Value) {
    // The server would wait that long for a connection when it stops.
    let flags = ["--max-body=16777216", "--max-sockets-per-user=2", "--request-timeout=3600"];
    let served = limited(&flags, |limits| limits.write_timeout = SHORT).await;
    let alice = &served.api.alice;
    let cursor = alice.asks("{ changes(first: 0) { cursor } }").await["changes"]["cursor"].take();
    let create = |_| json!({ "createTask": { "title": "x", "description": "🧺".repeat(20_000) } });
    let operations: Vec<_> = (0..100).map(create).collect();
    let input = json!({ "operations": operations });
    alice.does("batch", input, "results { __typename }").await;
    (served, cursor)
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_loses_its_connection() {
    let (served, _) = with_much_to_read().await;
    let tasks = "{ tasks(first: 100) { nodes { description } } }";
    let _answer = stalls(&served, "application/json", tasks).await;
    served.stop.send(()).unwrap();
    soon(served.serving).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_its_live_updates_loses_their_places() {
    let (served, cursor) = with_much_to_read().await;
    let changes = format!(
        "subscription {{ changes(since: {cursor}) {{ \
            changes {{ node {{ ... on Task {{ description }} }} }} }} }}"
    );
    let _stream = stalls(&served, "text/event-stream", &changes).await;
    let mut socket = served.socket_of("alice").await;
    socket.subscribes("1", &changes, json!({})).await;
    // Two are open already, and she may have two.
    let places = async { [socket_of_alice(&served).await, socket_of_alice(&served).await] };
    drop(soon(places).await);
}
