//! The result of an executed operation. It contains no internal errors.

use std::sync::Arc;

use async_graphql::{Response, ServerError, Value};
use serde::{Serialize, Serializer};

use crate::{
    auth::Scope,
    error::{ApiError, ErrorCode},
    store::{Messages, StoreError, Undelivered},
};

/// A GraphQL response with `data`, whose fields may have errors (specification §7.1).
#[derive(Debug)]
pub enum ExecutionResult {
    /// The whole response as JSON, without errors.
    Json(Vec<u8>),
    /// The library's response.
    Response(Response),
    /// A result of a subscription.
    Message(Message),
}

/// A result of a subscription as JSON, which counts as undelivered until it is dropped.
#[derive(Debug)]
pub struct Message {
    /// All of it.
    pub json: Vec<u8>,
    error: Option<ErrorCode>,
    _undelivered: Option<Undelivered>,
}

impl ExecutionResult {
    /// Logs and hides the internal errors of a response.
    pub(super) fn of(mut response: Response, request_id: &str) -> Self {
        hide_internals(&mut response.errors, request_id);
        Self::Response(response)
    }

    /// The same as a message, when it has room beside those that the user's clients have not read yet.
    pub(super) async fn into_message(self, messages: Option<&Messages>) -> Self {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        let error = self.error_code();
        drop(self);
        let undelivered = match messages {
            Some(messages) => Some(messages.end(json.len()).await),
            None => None,
        };
        Self::Message(Message { json, error, _undelivered: undelivered })
    }

    fn errors(&self) -> &[ServerError] {
        match self {
            Self::Json(_) | Self::Message(_) => &[],
            Self::Response(response) => &response.errors,
        }
    }

    /// The code of the first error, for the log.
    #[must_use]
    pub fn error_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Message(message) => message.error,
            Self::Json(_) | Self::Response(_) => self.errors().first().map(ErrorCode::of),
        }
    }

    /// Whether a field failed because the database is unavailable, so that the client should retry.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.errors().iter().filter_map(cause).any(|cause| cause.is_unavailable())
    }

    /// The scope that the token lacks, if no root field was executed for that reason. An error at a deeper
    /// path belongs to a root field that was executed.
    #[must_use]
    pub fn missing_scope(&self) -> Option<Scope> {
        let Self::Response(response) = self else { return None };
        let is_empty = match &response.data {
            Value::Null => true,
            Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
            _ => false,
        };
        let missing = |error: &ServerError| {
            let is_at_root = error.path.len() == 1;
            error.source::<ApiError>()?.required_scope().filter(|_| is_at_root)
        };
        let missing: Option<Vec<_>> = response.errors.iter().map(missing).collect();
        missing?.first().copied().filter(|_| is_empty)
    }
}

impl Serialize for ExecutionResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Response(response) => response.serialize(serializer),
            Self::Json(json) | Self::Message(Message { json, .. }) => {
                let json: &serde_json::value::RawValue =
                    serde_json::from_slice(json).map_err(serde::ser::Error::custom)?;
                json.serialize(serializer)
            }
        }
    }
}

fn cause(error: &ServerError) -> Option<&Arc<StoreError>> {
    error.source::<ApiError>()?.cause()
}

/// Logs internal errors, and replaces them by one that contains the request id. A cause that several fields
/// share is logged once.
fn hide_internals(errors: &mut [ServerError], request_id: &str) {
    let mut logged: Vec<Arc<StoreError>> = Vec::new();
    for error in errors {
        let is_passing = cause(error).is_some_and(|cause| cause.is_unavailable());
        match (error.source::<ApiError>().is_some(), cause(error)) {
            (true, None) => continue,
            (_, Some(cause)) => {
                if !logged.iter().any(|logged| Arc::ptr_eq(logged, cause)) {
                    tracing::error!(path = ?error.path, ?cause, "the store failed");
                    logged.push(Arc::clone(cause));
                }
            }
            // An error without a source is the library's: all of ours have one.
            (false, None) => {
                tracing::error!(path = ?error.path, message = error.message, "a resolver failed");
            }
        }
        let shown = if is_passing { ApiError::unavailable } else { ApiError::internal };
        let shown = shown(request_id).at(None);
        error.message = shown.message;
        error.extensions = shown.extensions;
    }
}
