//! The messages of `graphql-transport-ws`.

use async_graphql::{ServerError, http::WebSocketProtocols};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::{ExecutionResult, GraphqlRequest};

/// The name of the protocol, which a client offers when it opens a socket.
pub(super) const PROTOCOL: WebSocketProtocols = WebSocketProtocols::GraphQLWS;

/// How long the id of an operation may be: each of its answers repeats it.
const LONGEST_ID: usize = 256;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Map<String, Value>> },
    Pong,
    Subscribe { id: String, payload: GraphqlRequest },
    Complete { id: String },
}

impl ClientMessage {
    /// Reads a message; `None` when it is not one of the protocol.
    pub(super) fn read(text: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(text).ok()?;
        // To serde, the values of an object alone, in their order, would be one as well.
        if message.is_array() || message.get("payload").is_some_and(Value::is_array) {
            return None;
        }
        let message = serde_json::from_value(message).ok()?;
        let is_whole = match &message {
            Self::Subscribe { id, payload } => {
                (1..=LONGEST_ID).contains(&id.len()) && payload.has_document()
            }
            _ => true,
        };
        is_whole.then_some(message)
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    Next {
        id: &'a str,
        payload: &'a ExecutionResult,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}
