//! The result of an operation that was executed, without anything that a client may not see.

use std::sync::Arc;

use async_graphql::{Response, ServerError, Value};
use serde::{Serialize, Serializer};

use crate::{
    auth::Scope,
    error::{ApiError, ErrorCode},
    store::StoreError,
};

/// A GraphQL response (specification §7.1) with `data`, whose fields may have failed.
#[derive(Debug)]
pub enum ExecutionResult {
    /// The whole response as JSON: no field of it has failed.
    Json(Vec<u8>),
    /// The library's response.
    Response(Response),
}

impl ExecutionResult {
    /// The library's response, once internal errors are logged and hidden.
    pub(super) fn of(mut response: Response, request_id: &str) -> Self {
        hide_internals(&mut response.errors, request_id);
        Self::Response(response)
    }

    fn errors(&self) -> &[ServerError] {
        match self {
            Self::Json(_) => &[],
            Self::Response(response) => &response.errors,
        }
    }

    /// The code of the first field that failed, for the log.
    #[must_use]
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.errors().first().map(ErrorCode::of)
    }

    /// Whether the database is away, so that the same request may succeed in a moment.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let causes = self.errors().iter().filter_map(cause);
        causes.into_iter().any(|cause| cause.is_unavailable())
    }

    /// The scope that was missing for every root field. An error further down belongs to a root field
    /// that did run.
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
            error.source::<ApiError>()?.scope_missing().filter(|_| is_at_root)
        };
        let missing: Option<Vec<_>> = response.errors.iter().map(missing).collect();
        missing?.first().copied().filter(|_| is_empty)
    }
}

impl Serialize for ExecutionResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Response(response) => response.serialize(serializer),
            Self::Json(json) => {
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

/// Logs what a client may not see, once, within the span of the request, and replaces it by an error that
/// names the request. A fault that several fields waited for is logged once.
fn hide_internals(errors: &mut [ServerError], request_id: &str) {
    let mut logged: Vec<Arc<StoreError>> = Vec::new();
    for error in errors {
        match (error.source::<ApiError>().is_some(), cause(error)) {
            (true, None) => continue,
            (_, Some(cause)) => {
                if !logged.iter().any(|before| Arc::ptr_eq(before, cause)) {
                    tracing::error!(path = ?error.path, ?cause, "the store failed");
                    logged.push(Arc::clone(cause));
                }
            }
            // Ours all have a source, so this one is the library's.
            (false, None) => {
                tracing::error!(path = ?error.path, message = error.message, "a resolver failed");
            }
        }
        let internal = ApiError::internal(request_id).at(None);
        error.message = internal.message;
        error.extensions = internal.extensions;
    }
}
