//! How a WebSocket ends, and how the client is told.
//!
//! The code decides what a client does: after 4400, 4401, 4406, 4409, 4429 and 4500, which tell of a
//! fault, graphql-ws gives up; after 4403, 4408, 1012 and 1013 it comes back by itself.

use axum::extract::ws::{self, CloseFrame, Message};

use crate::{auth::AuthError, http::connection_limits::LimitReached};

/// The token is missing or no longer good.
const FORBIDDEN: ws::CloseCode = 4403;

/// The code and the reason of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: ws::CloseCode,
    pub(super) reason: &'static str,
    /// Whether the client has ended it, and need not be told.
    by_client: bool,
}

impl Close {
    /// The server is stopping; another replica takes the client.
    pub(super) const SERVICE_RESTART: Self = Self::new(1012, "The server is stopping");
    /// What was sent is not taken, or pings are not answered.
    pub(super) const SLOW: Self = Self::new(1013, "The client reads too slowly");
    /// The process or the user has as many as are allowed.
    pub(super) const TOO_MANY: Self = Self::new(1013, "Too many sockets");
    /// The issuer's keys could not be fetched yet.
    pub(super) const NO_KEYS: Self = Self::new(1013, "The keys of the issuer are not known yet");
    /// No message of the protocol.
    pub(super) const BAD_MESSAGE: Self = Self::new(4400, "Invalid message");
    /// An operation before the acknowledgement.
    pub(super) const TOO_EARLY: Self = Self::new(4401, "Unauthorized");
    /// None of the subprotocols offered is ours.
    pub(super) const SUBPROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    /// The client did not introduce itself.
    pub(super) const NO_INIT: Self = Self::new(4408, "Connection initialisation timeout");
    /// Two operations under one id.
    pub(super) const ID_IN_USE: Self = Self::new(4409, "Subscriber already exists");
    /// A second introduction.
    pub(super) const TOO_MANY_INIT: Self = Self::new(4429, "Too many initialisation requests");
    /// A panic of ours.
    pub(super) const PANIC: Self = Self::new(4500, "Internal server error");
    /// The client has gone without a word. The code is never sent (RFC 6455, section 7.1.5).
    pub(super) const ABNORMAL_CLOSURE: Self = Self { code: 1006, reason: "", by_client: true };

    const fn new(code: ws::CloseCode, reason: &'static str) -> Self {
        Self { code, reason, by_client: false }
    }

    /// The client has said goodbye.
    pub(super) fn by_client(frame: Option<&CloseFrame>) -> Self {
        const NO_STATUS: ws::CloseCode = 1005;
        let code = frame.map_or(NO_STATUS, |frame| frame.code);
        Self { code, reason: "", by_client: true }
    }

    /// Whether it ends because the token is no longer good.
    pub(super) fn is_of_token(self) -> bool {
        self.code == FORBIDDEN
    }

    /// What the client is told.
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

/// 4403 with the reason as in `extensions.reason`: the client then gets a new token.
impl From<AuthError> for Close {
    fn from(refusal: AuthError) -> Self {
        match refusal {
            AuthError::Unauthenticated { reason, .. } => Self::new(FORBIDDEN, reason.as_str()),
            AuthError::KeysUnavailable { .. } => Self::NO_KEYS,
        }
    }
}
