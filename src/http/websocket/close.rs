//! Close codes.
//!
//! The code decides what a client does. The library graphql-ws treats 4400, 4401, 4406, 4409, 4429 and
//! 4500 as fatal; after 4403, 4408, 1012 and 1013 it reconnects.

use axum::extract::ws::{self, CloseFrame, Message};

use crate::{auth::AuthError, http::connection_limits::LimitReached};

const FORBIDDEN: ws::CloseCode = 4403;

/// The code and the reason with which a WebSocket closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: ws::CloseCode,
    pub(super) reason: &'static str,
    /// Whether the client has closed it, so that the server sends no close frame of its own.
    by_client: bool,
}

impl Close {
    /// The client reconnects, to another replica if there is one.
    pub(super) const SERVICE_RESTART: Self = Self::new(1012, "The server is stopping");
    /// A write timed out, or a ping was not answered.
    pub(super) const SLOW: Self = Self::new(1013, "The client reads too slowly");
    /// The process or the user has reached its limit.
    pub(super) const TOO_MANY: Self = Self::new(1013, "Too many sockets");
    /// The token cannot be verified at present.
    pub(super) const UNVERIFIED: Self = Self::new(1013, "The token cannot be verified yet");
    pub(super) const BAD_MESSAGE: Self = Self::new(4400, "Invalid message");
    /// `subscribe` before `connection_ack`.
    pub(super) const TOO_EARLY: Self = Self::new(4401, "Unauthorized");
    pub(super) const SUBPROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    /// No `connection_init` in time.
    pub(super) const NO_INIT: Self = Self::new(4408, "Connection initialisation timeout");
    /// `subscribe` with the id of an operation that runs.
    pub(super) const ID_IN_USE: Self = Self::new(4409, "Subscriber already exists");
    /// A second `connection_init`.
    pub(super) const TOO_MANY_INIT: Self = Self::new(4429, "Too many initialisation requests");
    /// The server panicked.
    pub(super) const PANIC: Self = Self::new(4500, "Internal server error");
    /// The client has disconnected without a close frame. This code is never sent (RFC 6455 §7.1.5).
    pub(super) const ABNORMAL_CLOSURE: Self = Self { code: 1006, reason: "", by_client: true };

    const fn new(code: ws::CloseCode, reason: &'static str) -> Self {
        Self { code, reason, by_client: false }
    }

    /// The client has sent a close frame.
    pub(super) fn by_client(frame: Option<&CloseFrame>) -> Self {
        const NO_STATUS: ws::CloseCode = 1005;
        let code = frame.map_or(NO_STATUS, |frame| frame.code);
        Self { code, reason: "", by_client: true }
    }

    /// Whether the socket closes because its token is missing, invalid, expired or revoked.
    pub(super) fn is_forbidden(self) -> bool {
        self.code == FORBIDDEN
    }

    /// The close frame for the client, unless the client has closed the socket.
    pub(super) fn message(self) -> Option<Message> {
        let frame = CloseFrame { code: self.code, reason: self.reason.into() };
        (!self.by_client).then_some(Message::Close(Some(frame)))
    }
}

impl From<LimitReached> for Close {
    fn from(_: LimitReached) -> Self {
        Self::TOO_MANY
    }
}

/// 4403 has the reason of `extensions.reason`: the client should get a new token.
impl From<AuthError> for Close {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated { reason, .. } => Self::new(FORBIDDEN, reason.as_str()),
            AuthError::Unavailable { .. } => Self::UNVERIFIED,
        }
    }
}
