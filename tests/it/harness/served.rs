//! A server on a port of its own, for tests that need more than one request and its response.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::http::HeaderValue;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use taskward::app::{BackgroundTasks, ServerLimits};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Api, Database, tokens};

/// Waits for a future, for half a minute at most.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it takes too long")
}

/// Waits until a condition holds.
pub async fn eventually(holds: impl AsyncFn() -> bool) {
    let polling = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    soon(polling).await;
}

/// A server on a port of its own.
pub struct Served {
    pub api: Api,
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub serving: JoinHandle<()>,
    pub background: BackgroundTasks,
}

impl Served {
    pub async fn start(database: Database, flags: &[&str]) -> Self {
        Self::start_with(database, flags, |_| ()).await
    }

    /// The same with other limits on connections.
    pub async fn start_with(
        database: Database,
        flags: &[&str],
        limit: impl FnOnce(&mut ServerLimits),
    ) -> Self {
        let (api, mut app) = Api::start_to_serve(database, flags).await;
        limit(&mut app.limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let background = app.background_tasks();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(app.serve(listener, async {
            stopped.await.unwrap();
        }));
        Self { api, address, stop, serving, background }
    }

    /// The value of an `Authorization` header of that user.
    pub fn bearer(&self, sub: &str) -> String {
        format!("Bearer {}", tokens::of(sub, self.api.clock.now()))
    }

    /// A WebSocket before its first message.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address, &[]).await
    }

    /// A WebSocket of that user, which was acknowledged.
    pub async fn socket_of(&self, sub: &str) -> Socket {
        let mut socket = self.socket().await;
        let payload = json!({ "authorization": self.bearer(sub) });
        socket.says(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hears().await, json!({ "type": "connection_ack" }));
        socket
    }
}

/// The client's end of a WebSocket, which does not know the protocol.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a socket with further headers.
    pub async fn open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
        Self::connect(address, [&[protocol], headers].concat()).await
    }

    /// Opens a socket that offers another protocol, or none.
    pub async fn offer(address: SocketAddr, protocol: Option<&str>) -> Self {
        let header = protocol.map(|protocol| ("sec-websocket-protocol", protocol));
        Self::connect(address, header.into_iter().collect()).await
    }

    async fn connect(address: SocketAddr, headers: Vec<(&'static str, &str)>) -> Self {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        Self(client_async(request, stream).await.unwrap().0)
    }

    /// Sends a message.
    pub async fn says(&mut self, message: Value) {
        self.sends(Message::text(message.to_string())).await;
    }

    /// Sends any frame.
    pub async fn sends(&mut self, frame: Message) {
        soon(self.0.send(frame)).await.unwrap();
    }

    /// Starts an operation.
    pub async fn subscribes(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.says(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Message {
        soon(self.0.next()).await.expect("the socket has ended").unwrap()
    }

    /// The next message, or the code and the reason of the server's close frame.
    pub async fn hears_or_ends(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match self.frame().await {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(Some(frame)) => {
                    return Err((frame.code.into(), frame.reason.as_str().to_owned()));
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message.
    pub async fn hears(&mut self) -> Value {
        self.hears_or_ends().await.unwrap()
    }

    /// Waits until the server has processed all messages, and sends nothing more.
    pub async fn is_up_to_date(&mut self) {
        self.says(json!({ "type": "ping" })).await;
        assert_eq!(self.hears().await, json!({ "type": "pong" }));
    }

    /// The payload of the next message, which must be an answer of that operation.
    pub async fn hears_next(&mut self, id: &str) -> Value {
        let mut message = self.hears().await;
        assert_eq!(message["type"], "next", "{message}");
        assert_eq!(message["id"], id, "{message}");
        message["payload"].take()
    }

    /// The code and the reason of the close frame, which must be the next that the server sends.
    pub async fn ends(mut self) -> (u16, String) {
        self.hears_or_ends().await.unwrap_err()
    }
}
