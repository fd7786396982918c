//! One WebSocket, from its upgrade to its end.

mod close;
mod connection;
mod message;
mod operations;

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

use self::{
    close::Close,
    connection::{Connection, close_connection},
    message::{ClientMessage, PROTOCOL, ServerMessage},
    operations::{OperationResult, Operations},
};
use super::{
    AppState,
    connection_limits::ConnectionPermit,
    log::{self, RequestId},
    reply::HttpError,
    streaming::PING,
};
use crate::auth::{AuthError, UserId, Viewer};

/// What is read at once, and kept as long as the socket is there: most messages are smaller.
const READ_BUFFER: usize = 2 * 1024;
/// How long a client has to introduce itself.
const INIT_TIMEOUT: TimeDelta = TimeDelta::seconds(10);
/// How long the goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

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
pub async fn upgrade(state: &Arc<AppState>, parts: &mut Parts) -> Result<Response, HttpError> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|_| {
        let message = "A WebSocket is opened by HTTP/1.1 and version 13 of its protocol.";
        HttpError::input(StatusCode::BAD_REQUEST, message)
            .with(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    })?;
    let limit = state.settings.body_limit;
    let mut upgrade = upgrade
        .protocols([PROTOCOL.sec_websocket_protocol()])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(limit)
        .max_frame_size(limit);
    let permit = if upgrade.selected_protocol().is_some() {
        state.connections.open().ok_or(Close::TOO_MANY)
    } else {
        // A client to which none of its protocols is confirmed does not listen to why.
        let theirs = upgrade.requested_protocols().next().cloned();
        if let Some(theirs) = theirs {
            upgrade.set_selected_protocol(theirs);
        }
        Err(Close::SUBPROTOCOL)
    };
    let (state, request_id) = (Arc::clone(state), RequestId::of(&parts.extensions));
    let credentials = credentials(&parts.headers);
    let serve = async move |socket| serve(state, socket, permit, credentials, request_id).await;
    Ok(upgrade.on_upgrade(|socket| serve(socket).instrument(Span::current())))
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
    state: Arc<AppState>,
    mut socket: WebSocket,
    mut permit: Result<ConnectionPermit, Close>,
    credentials: HeaderMap,
    request_id: RequestId,
) {
    let start = state.clock.now();
    let close = match &mut permit {
        Err(close) => *close,
        Ok(permit) => {
            let connection = SocketSession::new(&state, &mut socket, request_id.as_str());
            let talk = Box::pin(connection.run(permit, credentials));
            let end = AssertUnwindSafe(talk).catch_unwind().await;
            end.map_or(Close::PANIC, |Err(close)| close)
        }
    };
    let Close { code, reason, .. } = close;
    let user = permit.as_ref().ok().and_then(ConnectionPermit::user).map(UserId::as_str);
    let duration_ms = log::millis_since(start, &state.clock);
    tracing::info!(code, reason, user, duration_ms, "socket closed");
    let _ = timeout(CLOSE_TIMEOUT, close_connection(socket, close)).await;
}

/// An open socket.
struct SocketSession<'a> {
    state: &'a AppState,
    connection: Connection<'a>,
    operations: Operations<'a>,
}

impl<'a> SocketSession<'a> {
    /// A socket whose client has to introduce itself soon.
    fn new(state: &'a AppState, socket: &'a mut WebSocket, request_id: &'a str) -> Self {
        let deadline = state.clock.now().after(INIT_TIMEOUT);
        let end = async move {
            select! {
                biased;
                () = state.shutdown.cancelled() => Close::SERVICE_RESTART,
                () = state.clock.sleep_until(deadline) => Close::NO_INIT,
            }
        };
        Self {
            state,
            connection: Connection::new(socket, &state.clock, end.boxed()),
            operations: Operations::new(state, request_id),
        }
    }

    /// Talks with the client until the end.
    async fn run(
        mut self,
        permit: &mut ConnectionPermit,
        credentials: HeaderMap,
    ) -> Result<Infallible, Close> {
        let viewer = self.handshake(credentials).await?;
        permit.belongs_to(viewer.id())?;
        self.connection.ends_with(end_of(self.state, &viewer));
        self.send(&ServerMessage::ConnectionAck).await?;
        let Err(close) = self.run_operations(&viewer).await;
        if close.is_of_token() {
            self.connection.ends_with(future::pending().boxed());
            self.send_ready_results().await?;
        }
        Err(close)
    }

    /// Runs what the client asks for.
    async fn run_operations(&mut self, viewer: &Viewer) -> Result<Infallible, Close> {
        let clock = &self.state.clock;
        let mut ping_at = clock.now().after(PING);
        loop {
            select! {
                biased;
                message = self.connection.recv() => self.handle(message?, viewer).await?,
                (id, result) = self.operations.next() => self.send_result(&id, result).await?,
                () = clock.sleep_until(ping_at) => {
                    // The frame tells whether the client lives, the message shows it that we do.
                    self.connection.ping(self.operations.wait()).await?;
                    self.send(&ServerMessage::Ping).await?;
                    ping_at = clock.now().after(PING);
                }
            }
        }
    }

    /// Tells what was answered before the token was refused: `signOut` itself, for one.
    async fn send_ready_results(&mut self) -> Result<(), Close> {
        const MOST: usize = 8;
        for _ in 0..MOST {
            let Some((id, result)) = self.operations.next().now_or_never() else { break };
            self.send_result(&id, result).await?;
        }
        Ok(())
    }

    /// Waits until the client has introduced itself by a token, in its message or, without one there,
    /// in the headers of the upgrade.
    async fn handshake(&mut self, credentials: HeaderMap) -> Result<Viewer, Close> {
        let parameters = loop {
            match self.connection.recv().await? {
                ClientMessage::ConnectionInit { payload } => break payload.unwrap_or_default(),
                ClientMessage::Ping { payload } => {
                    self.send(&ServerMessage::Pong { payload }).await?;
                }
                ClientMessage::Subscribe { .. } => return Err(Close::TOO_EARLY),
                ClientMessage::Pong | ClientMessage::Complete { .. } => {}
            }
        };
        let authenticator = &self.state.authenticator;
        let verified = async {
            if let Some(authorization) = authorization(&parameters) {
                return authenticator.authenticate_connection(authorization).await;
            }
            let viewer = authenticator.authenticate(&credentials).await?;
            let viewer = viewer.ok_or_else(AuthError::missing)?;
            authenticator.check_unexpired(&viewer)?;
            Ok(viewer)
        };
        Ok(self.connection.until_end(verified).await??)
    }

    /// Does what a message says.
    async fn handle(&mut self, message: ClientMessage, viewer: &Viewer) -> Result<(), Close> {
        match message {
            ClientMessage::ConnectionInit { .. } => Err(Close::TOO_MANY_INIT),
            ClientMessage::Ping { payload } => self.send(&ServerMessage::Pong { payload }).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, .. } if self.operations.has(&id) => {
                Err(Close::ID_IN_USE)
            }
            ClientMessage::Subscribe { id, payload } => {
                match Box::pin(self.operations.start(&id, payload, viewer)).await {
                    Ok(()) => Ok(()),
                    Err(errors) => self.send_result(&id, Some(Err(errors))).await,
                }
            }
            ClientMessage::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
        }
    }

    /// Sends a result of an operation, or that it has no more.
    async fn send_result(
        &mut self,
        id: &str,
        result: Option<OperationResult>,
    ) -> Result<(), Close> {
        match result {
            Some(Ok(result)) => self.send(&ServerMessage::Next { id, payload: &result }).await,
            Some(Err(errors)) => self.send(&ServerMessage::Error { id, payload: &errors }).await,
            None => self.send(&ServerMessage::Complete { id }).await,
        }
    }

    async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), Close> {
        self.connection.send(message, self.operations.wait()).await
    }
}

/// What ends the socket of somebody who was let in.
fn end_of<'a>(state: &'a AppState, viewer: &Viewer) -> BoxFuture<'a, Close> {
    let refused = state.authenticator.expired_or_revoked(viewer);
    let end = async move {
        select! {
            biased;
            refusal = refused => refusal.into(),
            () = state.shutdown.cancelled() => Close::SERVICE_RESTART,
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
