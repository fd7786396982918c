//! The frames of one WebSocket (RFC 6455).

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

/// A WebSocket that a future may end at any time.
pub(super) struct Connection<'a> {
    socket: &'a mut WebSocket,
    clock: &'a Clock,
    /// Resolves when the server has to close the socket, whatever else happens. It is not polled again
    /// then.
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

    pub(super) fn set_end(&mut self, end: BoxFuture<'a, Close>) {
        self.end = end;
    }

    /// Waits for a future, unless the connection ends first.
    pub(super) async fn until_end<T>(
        &mut self,
        future: impl Future<Output = T>,
    ) -> Result<T, Close> {
        select! {
            biased;
            close = &mut self.end => Err(close),
            output = future => Ok(output),
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
                    return ClientMessage::parse(&text).ok_or(Close::BAD_MESSAGE);
                }
                Message::Binary(_) => return Err(Close::BAD_MESSAGE),
                Message::Close(frame) => return Err(Close::by_client(frame.as_ref())),
                Message::Ping(_) => self.flush().await?,
                Message::Pong(_) => {}
            }
        }
    }

    /// Waits until the pong is written. Otherwise a client that only sends pings would fill the library's
    /// write buffer, which has no limit.
    async fn flush(&mut self) -> Result<(), Close> {
        select! {
            biased;
            close = &mut self.end => Err(close),
            flushed = self.socket.flush() => flushed.map_err(|_| Close::ABNORMAL_CLOSURE),
            () = write_timeout(self.clock, 0) => Err(Close::SLOW),
        }
    }

    /// Sends a message, and polls `meanwhile` until that is done.
    pub(super) async fn send(
        &mut self,
        message: &ServerMessage<'_>,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        let text = serde_json::to_string(message).unwrap_or_default();
        let bytes = text.len();
        self.send_frame(Message::text(text), bytes, meanwhile).await
    }

    /// Sends a ping frame, which every WebSocket library answers by itself. A client that has sent nothing
    /// since the previous ping is considered dead.
    pub(super) async fn ping(
        &mut self,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        if !std::mem::take(&mut self.seen_since_ping) {
            return Err(Close::SLOW);
        }
        self.send_frame(Message::Ping(Bytes::new()), 0, meanwhile).await
    }

    /// Sends a frame of so many bytes, and waits until the operating system has accepted all of it. A frame
    /// that it accepts at once is sent even if the connection has to end.
    async fn send_frame(
        &mut self,
        frame: Message,
        bytes: usize,
        meanwhile: impl Future<Output = Infallible>,
    ) -> Result<(), Close> {
        select! {
            biased;
            sent = self.socket.send(frame) => sent.map_err(|_| Close::ABNORMAL_CLOSURE),
            close = &mut self.end => Err(close),
            () = write_timeout(self.clock, bytes) => Err(Close::SLOW),
            never = meanwhile => match never {},
        }
    }
}

/// Whether the client has disconnected, or has sent an invalid message, for example one that is too large.
fn close_for(error: axum::Error) -> Close {
    match error.into_inner().downcast_ref() {
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_))
        | None => Close::ABNORMAL_CLOSURE,
        Some(_) => Close::BAD_MESSAGE,
    }
}

/// Sends the close frame, and waits for that of the client.
pub(super) async fn close_connection(mut socket: WebSocket, close: Close) {
    if let Some(message) = close.message()
        && socket.send(message).await.is_err()
    {
        return;
    }
    while let Some(Ok(_)) = socket.next().await {}
}
