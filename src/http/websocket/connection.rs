//! The frames of one WebSocket.

use std::convert::Infallible;

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use futures_util::{SinkExt, StreamExt, future::BoxFuture};
use tokio::select;
use tungstenite::{Error, error::ProtocolError};

use super::{
    close::Close,
    message::{ClientMessage, ServerMessage},
};
use crate::{http::streaming::write_timeout, time::Clock};

/// A socket whose end may come at any time.
pub(super) struct Connection<'a> {
    socket: &'a mut WebSocket,
    clock: &'a Clock,
    /// What ends it, whatever else happens: once it has come, it is over.
    end: BoxFuture<'a, Close>,
    /// Whether the client has sent anything since the last ping.
    seen_since_ping: bool,
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        socket: &'a mut WebSocket,
        clock: &'a Clock,
        end: BoxFuture<'a, Close>,
    ) -> Self {
        Self { socket, clock, end, seen_since_ping: true }
    }

    /// From now on this ends it.
    pub(super) fn ends_with(&mut self, end: BoxFuture<'a, Close>) {
        self.end = end;
    }

    /// Waits for something, unless the end comes first.
    pub(super) async fn until_end<T>(&mut self, what: impl Future<Output = T>) -> Result<T, Close> {
        select! {
            biased;
            close = &mut self.end => Err(close),
            outcome = what => Ok(outcome),
        }
    }

    /// The next message of the client.
    pub(super) async fn recv(&mut self) -> Result<ClientMessage, Close> {
        loop {
            let frame = select! {
                biased;
                close = &mut self.end => return Err(close),
                frame = self.socket.next() => frame.ok_or(Close::ABNORMAL_CLOSURE)?,
            };
            self.seen_since_ping = true;
            match frame.map_err(close_for)? {
                Message::Text(text) => {
                    return ClientMessage::read(&text).ok_or(Close::BAD_MESSAGE);
                }
                Message::Binary(_) => return Err(Close::BAD_MESSAGE),
                Message::Close(frame) => return Err(Close::by_client(frame.as_ref())),
                Message::Ping(_) => self.flush().await?,
                Message::Pong(_) => {}
            }
        }
    }

    /// Reads nothing more before the answer to a ping is on its way: the library writes answers into a
    /// buffer that has no end.
    async fn flush(&mut self) -> Result<(), Close> {
        let too_late = self.clock.now().after(write_timeout(0));
        select! {
            biased;
            close = &mut self.end => Err(close),
            flushed = self.socket.flush() => flushed.map_err(|_| Close::ABNORMAL_CLOSURE),
            () = self.clock.sleep_until(too_late) => Err(Close::SLOW),
        }
    }

    /// Sends a message, and lets others go on `meanwhile`.
    pub(super) async fn send(
        &mut self,
        message: &ServerMessage<'_>,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        let text = serde_json::to_string(message).unwrap_or_default();
        let bytes = text.len();
        self.send_frame(Message::text(text), bytes, meanwhile).await
    }

    /// Asks whether the client lives: every library answers such a frame by itself. Who has sent nothing
    /// since the last one does not.
    pub(super) async fn ping(
        &mut self,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        if !std::mem::take(&mut self.seen_since_ping) {
            return Err(Close::SLOW);
        }
        self.send_frame(Message::Ping(Bytes::new()), 0, meanwhile).await
    }

    /// Sends a frame of so many bytes; it is sent when the system has taken all of it, which comes
    /// before the end if it can be done at once.
    async fn send_frame(
        &mut self,
        frame: Message,
        bytes: usize,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        let too_late = self.clock.now().after(write_timeout(bytes));
        select! {
            biased;
            sent = self.socket.send(frame) => sent.map_err(|_| Close::ABNORMAL_CLOSURE),
            close = &mut self.end => Err(close),
            () = self.clock.sleep_until(too_late) => Err(Close::SLOW),
            never = meanwhile => match never {},
        }
    }
}

/// Whether the client has left, or sends what is no message: too large a one, for example.
fn close_for(error: axum::Error) -> Close {
    match error.into_inner().downcast_ref() {
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_))
        | None => Close::ABNORMAL_CLOSURE,
        Some(_) => Close::BAD_MESSAGE,
    }
}

/// Says why the socket ends, and waits until the client has heard it.
pub(super) async fn close_connection(mut socket: WebSocket, close: Close) {
    if let Some(message) = close.message()
        && socket.send(message).await.is_err()
    {
        return;
    }
    while let Some(Ok(_)) = socket.next().await {}
}
