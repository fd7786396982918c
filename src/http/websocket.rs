//! `graphql-transport-ws`: GraphQL over a WebSocket.

mod close;
mod connection;
mod message;
mod operations;

use std::{convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

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
    operations::Operations,
};
use super::{
    AppState,
    connection_limits::ConnectionPermit,
    log::{self, OperationResult, RequestId},
    reply::HttpError,
    streaming::PING,
};
use crate::{
    auth::{AuthError, UserId, Viewer},
    engine::Client,
};

/// Allocated for each socket, for as long as it is open: most messages are smaller.
const READ_BUFFER: usize = 2 * 1024;
/// How long a client has to send `connection_init` with a valid token.
const INIT_TIMEOUT: TimeDelta = TimeDelta::seconds(10);
/// How long the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a request asks for a WebSocket (RFC 6455 §4.2.1).
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens a WebSocket. An error after the upgrade is reported by a close code, because browsers hide the
/// HTTP status of an upgrade from the page.
///
/// # Errors
/// When the upgrade request is invalid.
pub async fn upgrade(
    state: &Arc<AppState>,
    parts: &mut Parts,
    address: IpAddr,
) -> Result<Response, HttpError> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.map_err(|_| {
        let message = "A WebSocket is opened by HTTP/1.1 and version 13 of its protocol.";
        HttpError::bad_input(StatusCode::BAD_REQUEST, message)
            .with_header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    })?;
    let limit = state.settings.body_limit;
    let mut upgrade = upgrade
        .protocols([PROTOCOL.sec_websocket_protocol()])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(limit)
        .max_frame_size(limit);
    let caller = Caller { address, credentials: credentials(&parts.headers) };
    let permit = if upgrade.selected_protocol().is_some() {
        permit(state, &caller).await
    } else {
        // A browser shows the close code only if the server has selected one of the protocols offered.
        let offered = upgrade.requested_protocols().next().cloned();
        if let Some(offered) = offered {
            upgrade.set_selected_protocol(offered);
        }
        Err(Close::SUBPROTOCOL)
    };
    let (state, request_id) = (Arc::clone(state), RequestId::of(&parts.extensions));
    // The callback runs in a new task, outside of the request's span.
    let span = Span::current();
    Ok(upgrade
        .on_upgrade(|socket| serve(state, socket, permit, caller, request_id).instrument(span)))
}

/// A token in the headers of the upgrade request makes the connection one of its user from the beginning. That
/// it is bad matters only if no other one follows.
async fn permit(state: &AppState, caller: &Caller) -> Result<ConnectionPermit, Close> {
    match state.authenticator.authenticate(&caller.credentials).await {
        Ok(Some(viewer)) => Ok(state.connections.open_for(viewer.id())?),
        Ok(None) | Err(_) => Ok(state.connections.open(caller.address)),
    }
}

/// What the upgrade request says of who sends it.
struct Caller {
    address: IpAddr,
    credentials: HeaderMap,
}

/// The headers that authenticate the upgrade request.
fn credentials(headers: &HeaderMap) -> HeaderMap {
    let values = headers.get_all(header::AUTHORIZATION);
    values.iter().map(|value| (header::AUTHORIZATION, value.clone())).collect()
}

/// Serves a WebSocket until it closes, and logs that.
async fn serve(
    state: Arc<AppState>,
    mut socket: WebSocket,
    mut permit: Result<ConnectionPermit, Close>,
    caller: Caller,
    request_id: RequestId,
) {
    let start = state.clock.now();
    let close = match &mut permit {
        Err(close) => *close,
        Ok(permit) => {
            let displaced = permit.displaced();
            let session = SocketSession::new(&state, &mut socket, request_id.as_str(), displaced);
            let run = Box::pin(session.run(permit, caller));
            let closed = AssertUnwindSafe(run).catch_unwind().await;
            closed.map_or(Close::PANIC, |Err(close)| close)
        }
    };
    let Close { code, reason, .. } = close;
    let user = permit.as_ref().ok().and_then(ConnectionPermit::user).map(UserId::as_str);
    let duration_ms = log::millis_since(start, &state.clock);
    tracing::info!(code, reason, user, duration_ms, "socket closed");
    let _ = timeout(CLOSE_TIMEOUT, close_connection(socket, close)).await;
}

struct SocketSession<'a> {
    state: &'a AppState,
    connection: Connection<'a>,
    operations: Operations<'a>,
}

impl<'a> SocketSession<'a> {
    /// A session that ends soon unless the client authenticates.
    fn new(
        state: &'a AppState,
        socket: &'a mut WebSocket,
        request_id: &'a str,
        displaced: impl Future<Output = ()> + Send + 'a,
    ) -> Self {
        let deadline = state.clock.now().after(INIT_TIMEOUT);
        let end = async move {
            select! {
                biased;
                () = state.shutdown.cancelled() => Close::SERVICE_RESTART,
                () = displaced => Close::TOO_MANY,
                () = state.clock.sleep_until(deadline) => Close::NO_INIT,
            }
        };
        Self {
            state,
            connection: Connection::new(socket, &state.clock, end.boxed()),
            operations: Operations::new(state, request_id),
        }
    }

    async fn run(
        mut self,
        permit: &mut ConnectionPermit,
        Caller { address, credentials }: Caller,
    ) -> Result<Infallible, Close> {
        let viewer = self.handshake(credentials).await?;
        permit.assign_to(viewer.id())?;
        self.connection.set_end(session_end(self.state, &viewer));
        self.send(&ServerMessage::ConnectionAck).await?;
        let client = Client { viewer: Some(viewer), address };
        let Err(close) = self.run_operations(&client).await;
        if close.is_forbidden() {
            self.connection.set_end(future::pending().boxed());
            self.send_ready_results().await?;
        }
        Err(close)
    }

    /// Handles messages and sends results until the connection ends.
    async fn run_operations(&mut self, client: &Client) -> Result<Infallible, Close> {
        let clock = &self.state.clock;
        let mut ping_at = clock.now().after(PING);
        loop {
            select! {
                biased;
                message = self.connection.recv() => self.handle(message?, client).await?,
                (id, result) = self.operations.next() => self.send_result(&id, result).await?,
                () = clock.sleep_until(ping_at) => {
                    // The frame checks the client's connection; the message lets the client check ours.
                    self.connection.ping(self.operations.wait()).await?;
                    self.send(&ServerMessage::Ping).await?;
                    ping_at = clock.now().after(PING);
                }
            }
        }
    }

    /// Sends the results that were ready before the token was refused, such as that of `signOut`.
    async fn send_ready_results(&mut self) -> Result<(), Close> {
        const MAX_RESULTS: usize = 8;
        for _ in 0..MAX_RESULTS {
            let Some((id, result)) = self.operations.next().now_or_never() else { break };
            self.send_result(&id, result).await?;
        }
        Ok(())
    }

    /// Waits for `connection_init`, and verifies the token in its payload or, if there is none, in the
    /// headers of the upgrade request.
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

    async fn handle(&mut self, message: ClientMessage, client: &Client) -> Result<(), Close> {
        match message {
            ClientMessage::ConnectionInit { .. } => Err(Close::TOO_MANY_INIT),
            ClientMessage::Ping { payload } => self.send(&ServerMessage::Pong { payload }).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, .. } if self.operations.has(&id) => {
                Err(Close::ID_IN_USE)
            }
            ClientMessage::Subscribe { id, payload } => {
                match self.operations.start(&id, payload, client) {
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

    /// Sends a result of an operation; `None` completes it.
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

/// Resolves when the session of this viewer has to end.
fn session_end<'a>(state: &'a AppState, viewer: &Viewer) -> BoxFuture<'a, Close> {
    let token_refused = state.authenticator.expired_or_revoked(viewer);
    let end = async move {
        select! {
            biased;
            error = token_refused => error.into(),
            () = state.shutdown.cancelled() => Close::SERVICE_RESTART,
        }
    };
    end.boxed()
}

/// The value of `authorization` in the payload of `connection_init`.
fn authorization(parameters: &Map<String, Value>) -> Option<&str> {
    let (_, value) = parameters
        .iter()
        .find(|(name, value)| name.eq_ignore_ascii_case("authorization") && !value.is_null())?;
    // A value that is not a string is refused as a malformed token.
    Some(value.as_str().unwrap_or_default())
}
