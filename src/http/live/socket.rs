//! One WebSocket, from its upgrade to its end.

use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, WebSocketUpgrade, ws::WebSocket},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use chrono::TimeDelta;
use futures_util::{
    FutureExt,
    future::{self, BoxFuture},
};
use serde_json::{Map, Value};
use tokio::{select, time::timeout};
use tracing::{Instrument, Span};

use super::{
    PING,
    close::Close,
    connections::Connection,
    message::{ClientMessage, PROTOCOL, ServerMessage},
    operations::Operations,
    wire::{Wire, say_goodbye},
};
use crate::{
    auth::{Refusal, UserId, Viewer},
    http::{
        Served, Shared,
        log::{self, RequestId},
        operation::Answer,
        reply::Refused,
    },
};

/// What is read at once, and kept as long as the socket is there: most messages are smaller.
const READ_BUFFER: usize = 2 * 1024;
/// How long a client has to introduce itself.
const INIT: TimeDelta = TimeDelta::seconds(10);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);

/// Whether a request is there to open a WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a WebSocket. Whatever is wrong from here on is told by the code with which it closes: a browser
/// hides the status of an upgrade from its page.
///
/// # Errors
/// When the upgrade itself is not understood.
pub async fn upgrade(served: &Served, parts: &mut Parts) -> Result<Response, Refused> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|_| {
        let message = "A WebSocket is opened by HTTP/1.1 and version 13 of its protocol.";
        Refused::input(StatusCode::BAD_REQUEST, message)
            .with(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    })?;
    let limit = served.settings.body_limit;
    let mut upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(limit)
        .max_frame_size(limit);
    let connection = if upgrade.selected_protocol().is_some() {
        served.connections.open().ok_or(Close::TOO_MANY)
    } else {
        // A client to which none of its protocols is confirmed does not listen to why.
        let theirs = upgrade.requested_protocols().next().cloned();
        if let Some(theirs) = theirs {
            upgrade.set_selected_protocol(theirs);
        }
        Err(Close::SUBPROTOCOL)
    };
    let (served, request_id) = (Arc::clone(served), RequestId::of(&parts.extensions));
    let credentials = credentials(&parts.headers);
    let serve = async move |wire| serve(served, wire, connection, credentials, request_id).await;
    Ok(upgrade.on_upgrade(|wire| serve(wire).instrument(Span::current())))
}

/// The headers that say who opens the socket.
fn credentials(headers: &HeaderMap) -> HeaderMap {
    let values = headers.get_all(header::AUTHORIZATION).iter().cloned();
    let mut credentials = HeaderMap::new();
    for value in values {
        credentials.append(header::AUTHORIZATION, value);
    }
    credentials
}

/// Serves a socket to its end, and logs that.
async fn serve(
    served: Served,
    mut wire: WebSocket,
    mut connection: Result<Connection, Close>,
    credentials: HeaderMap,
    request_id: RequestId,
) {
    let start = served.clock.now();
    let close = match &mut connection {
        Err(close) => *close,
        Ok(connection) => {
            let socket = Socket::new(&served, &mut wire, request_id.as_str());
            let talk = Box::pin(socket.talk(connection, credentials));
            let end = AssertUnwindSafe(talk).catch_unwind().await;
            end.map_or(Close::PANIC, |Err(close)| close)
        }
    };
    let Close { code, reason, .. } = close;
    let user = connection.as_ref().ok().and_then(Connection::user).map(UserId::as_str);
    let duration_ms = log::millis_since(start, &served.clock);
    tracing::info!(code, reason, user, duration_ms, "socket closed");
    let _ = timeout(GOODBYE, say_goodbye(wire, close)).await;
}

/// An open socket.
struct Socket<'a> {
    served: &'a Shared,
    wire: Wire<'a>,
    operations: Operations<'a>,
}

impl<'a> Socket<'a> {
    /// A socket whose client has to introduce itself soon.
    fn new(served: &'a Shared, socket: &'a mut WebSocket, request_id: &'a str) -> Self {
        let deadline = served.clock.now().after(INIT);
        let end = async move {
            select! {
                biased;
                () = served.draining.begun() => Close::RESTART,
                () = served.clock.reaches(deadline) => Close::NO_INIT,
            }
        };
        Self {
            served,
            wire: Wire::new(socket, &served.clock, end.boxed()),
            operations: Operations::new(served, request_id),
        }
    }

    /// Talks with the client until the end.
    async fn talk(
        mut self,
        connection: &mut Connection,
        credentials: HeaderMap,
    ) -> Result<Infallible, Close> {
        let viewer = self.meet(credentials).await?;
        connection.belongs_to(viewer.id())?;
        self.wire.ends_with(end_of(self.served, &viewer));
        self.say(&ServerMessage::ConnectionAck).await?;
        let Err(close) = self.converse(&viewer).await;
        if close.is_of_token() {
            self.wire.ends_with(future::pending().boxed());
            self.tell_what_is_ready().await?;
        }
        Err(close)
    }

    /// Runs what the client asks for.
    async fn converse(&mut self, viewer: &Viewer) -> Result<Infallible, Close> {
        let clock = &self.served.clock;
        let mut ping_at = clock.now().after(PING);
        loop {
            select! {
                biased;
                message = self.wire.hear() => self.heed(message?, viewer).await?,
                (id, answer) = self.operations.next() => self.tell(&id, answer).await?,
                () = clock.reaches(ping_at) => {
                    // The frame tells whether the client lives, the message shows it that we do.
                    self.wire.ping(self.operations.wait()).await?;
                    self.say(&ServerMessage::Ping).await?;
                    ping_at = clock.now().after(PING);
                }
            }
        }
    }

    /// Tells what was answered before the token was refused: `signOut` itself, for one.
    async fn tell_what_is_ready(&mut self) -> Result<(), Close> {
        const MOST: usize = 8;
        for _ in 0..MOST {
            let Some((id, answer)) = self.operations.next().now_or_never() else { break };
            self.tell(&id, answer).await?;
        }
        Ok(())
    }

    /// Waits until the client has introduced itself by a token, in its message or, without one there,
    /// in the headers of the upgrade.
    async fn meet(&mut self, credentials: HeaderMap) -> Result<Viewer, Close> {
        let parameters = loop {
            match self.wire.hear().await? {
                ClientMessage::ConnectionInit { payload } => break payload.unwrap_or_default(),
                ClientMessage::Ping { payload } => {
                    self.say(&ServerMessage::Pong { payload }).await?;
                }
                ClientMessage::Subscribe { .. } => return Err(Close::TOO_EARLY),
                ClientMessage::Pong | ClientMessage::Complete { .. } => {}
            }
        };
        let authenticator = &self.served.authenticator;
        let verified = async {
            if let Some(authorization) = authorization(&parameters) {
                return authenticator.verify_live(authorization).await;
            }
            let viewer = authenticator.authenticate(&credentials).await?;
            let viewer = viewer.ok_or_else(Refusal::missing)?;
            authenticator.admit_live(&viewer)?;
            Ok(viewer)
        };
        Ok(self.wire.until_end(verified).await??)
    }

    /// Does what a message says.
    async fn heed(&mut self, message: ClientMessage, viewer: &Viewer) -> Result<(), Close> {
        match message {
            ClientMessage::ConnectionInit { .. } => Err(Close::INIT_AGAIN),
            ClientMessage::Ping { payload } => self.say(&ServerMessage::Pong { payload }).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, .. } if self.operations.has(&id) => {
                Err(Close::ID_IN_USE)
            }
            ClientMessage::Subscribe { id, payload } => {
                match Box::pin(self.operations.start(&id, payload, viewer)).await {
                    Ok(()) => Ok(()),
                    Err(refused) => {
                        self.tell(&id, Some(Answer::Failed(refused.into_errors()))).await
                    }
                }
            }
            ClientMessage::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
        }
    }

    /// Tells what an operation answers.
    async fn tell(&mut self, id: &str, answer: Option<Answer>) -> Result<(), Close> {
        match answer {
            Some(Answer::Next(response)) => {
                self.say(&ServerMessage::Next { id, payload: &response }).await
            }
            Some(Answer::Failed(errors)) => {
                self.say(&ServerMessage::Error { id, payload: &errors }).await
            }
            None => self.say(&ServerMessage::Complete { id }).await,
        }
    }

    async fn say(&mut self, message: &ServerMessage<'_>) -> Result<(), Close> {
        self.wire.say(message, self.operations.wait()).await
    }
}

/// What ends the socket of somebody who was let in.
fn end_of<'a>(served: &'a Shared, viewer: &Viewer) -> BoxFuture<'a, Close> {
    let refused = served.authenticator.end_of(viewer);
    let end = async move {
        select! {
            biased;
            refusal = refused => refusal.into(),
            () = served.draining.begun() => Close::RESTART,
        }
    };
    end.boxed()
}

/// The token that an introduction brings.
fn authorization(parameters: &Map<String, Value>) -> Option<&str> {
    let mut named =
        parameters.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let (_, value) = named.find(|(_, value)| !value.is_null())?;
    // Anything but text is no token either.
    Some(value.as_str().unwrap_or_default())
}
