//! The messages of `graphql-transport-ws`.

use async_graphql::{ServerError, http::WebSocketProtocols};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::{ExecutionResult, GraphqlRequest};

pub(super) const PROTOCOL: WebSocketProtocols = WebSocketProtocols::GraphQLWS;

/// The longest operation id, in bytes: every result repeats it.
const MAX_ID_LENGTH: usize = 256;

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
    /// `None` when the text is not a message of the protocol.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(text).ok()?;
        // serde also accepts an array of an object's values in their order.
        if message.is_array() || message.get("payload").is_some_and(Value::is_array) {
            return None;
        }
        let message = serde_json::from_value(message).ok()?;
        let is_valid = match &message {
            Self::Subscribe { id, payload } => {
                (1..=MAX_ID_LENGTH).contains(&id.len()) && payload.has_document()
            }
            _ => true,
        };
        is_valid.then_some(message)
    }
}

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
