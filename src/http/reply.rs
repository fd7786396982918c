//! The answer to a GraphQL request: a well-formed GraphQL response, whatever happened.

use std::sync::Arc;

use async_graphql::{Response as GraphqlResponse, ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::negotiation::Form;
use crate::{
    auth::{Refusal, Scope},
    graphql::error::{ApiError, ErrorCode},
    store::StoreError,
};

/// How long a client waits before it tries again what was refused for a passing reason, in seconds.
pub const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// A request that is not executed.
#[derive(Debug)]
pub struct Refused {
    /// For a client that reads statuses.
    status: StatusCode,
    /// Headers that belong to the status.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What is wrong, at least one sentence.
    errors: Vec<ServerError>,
    /// Whether the document is at fault, or its variables: some clients want 200 then.
    document: bool,
}

impl Refused {
    /// One error with its status.
    #[must_use]
    pub fn new(status: StatusCode, error: ApiError) -> Self {
        let errors = vec![error.at(None)];
        Self { status, headers: Vec::new(), errors, document: false }
    }

    /// A request whose document or variables are refused.
    #[must_use]
    pub fn document(errors: Vec<ServerError>) -> Self {
        let (status, headers) = (StatusCode::BAD_REQUEST, Vec::new());
        Self { status, headers, errors, document: true }
    }

    /// One error of what the client sent, with its status.
    pub fn input(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, ApiError::new(ErrorCode::BadUserInput, message))
    }

    /// A part of the request that is refused, by its path.
    pub fn field(field: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ApiError::bad_input(field, message))
    }

    /// A fault of the server that may be over in so many seconds.
    #[must_use]
    pub fn unavailable(message: &'static str, retry_after: HeaderValue) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ApiError::new(ErrorCode::InternalServerError, message),
        )
        .with(header::RETRY_AFTER, retry_after)
    }

    /// Adds a header, one of each name.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What is wrong, for a client to which no status can be told.
    #[must_use]
    pub fn into_errors(self) -> Vec<ServerError> {
        self.errors
    }

    /// The code of the first error, for the log.
    #[must_use]
    pub fn outcome(&self) -> ErrorCode {
        self.errors.first().map_or(ErrorCode::InternalServerError, code)
    }

    /// The answer in that form.
    #[must_use]
    pub fn reply(self, form: Form) -> Response {
        let status = if self.document && form.always_ok { StatusCode::OK } else { self.status };
        let mut reply = write(status, form, &Errors { errors: self.errors });
        reply.headers_mut().extend(self.headers);
        reply
    }
}

/// A response without data.
#[derive(Serialize)]
pub struct Errors {
    /// At least one.
    pub errors: Vec<ServerError>,
}

/// RFC 6750 §3: the challenge goes with each 401.
impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let challenge = refusal.www_authenticate();
        match refusal {
            Refusal::Unauthenticated { reason, message } => {
                let error = ApiError::new(ErrorCode::Unauthenticated, message);
                let refused = Self::new(StatusCode::UNAUTHORIZED, error.reason(reason.as_str()));
                match challenge {
                    Some(challenge) => refused.with(header::WWW_AUTHENTICATE, challenge),
                    None => refused,
                }
            }
            Refusal::KeysUnavailable { retry_after } => {
                let message =
                    "The key set of the token's issuer could not be fetched yet: try again.";
                Self::unavailable(message, retry_after.as_secs().into())
            }
        }
    }
}

/// The answer to an operation that was executed, with or without errors of its fields.
#[must_use]
pub fn executed(mut response: GraphqlResponse, form: Form, request_id: &str) -> Response {
    if hide_internals(&mut response.errors, request_id) {
        let mut reply = write(StatusCode::SERVICE_UNAVAILABLE, form, &response);
        reply.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        return reply;
    }
    if let Some(scope) = missing_scope(&response) {
        let mut reply = write(StatusCode::FORBIDDEN, form, &response);
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, scope.www_authenticate());
        return reply;
    }
    write(StatusCode::OK, form, &response)
}

/// Logs what a client may not see, once, within the span of the request, and takes it out of the
/// errors; tells whether the same request may work in a moment.
pub fn hide_internals(errors: &mut [ServerError], request_id: &str) -> bool {
    let mut logged = Vec::new();
    let mut unavailable = false;
    for error in errors {
        unavailable |= hide_internal(error, request_id, &mut logged);
    }
    unavailable
}

/// The scope that was missing for all that was asked. An error further down tells of a field above it
/// that was run.
fn missing_scope(response: &GraphqlResponse) -> Option<Scope> {
    let nothing = match &response.data {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        _ => false,
    };
    let lacks = |error: &ServerError| {
        let at_the_root = error.path.len() == 1;
        error.source::<ApiError>().and_then(ApiError::lacks).filter(|_| at_the_root)
    };
    let missing: Option<Vec<_>> = response.errors.iter().map(lacks).collect();
    missing?.first().copied().filter(|_| nothing)
}

/// Logs what is behind an internal error, unless it was `logged` for another field that waited for
/// the same, and leaves the client an id to report; tells whether the same request may work in a
/// moment.
fn hide_internal(
    error: &mut ServerError,
    request_id: &str,
    logged: &mut Vec<Arc<StoreError>>,
) -> bool {
    let cause = error.source::<ApiError>().map(ApiError::cause);
    let unavailable = match cause {
        Some(None) => return false,
        Some(Some(cause)) => {
            if !logged.iter().any(|before| Arc::ptr_eq(before, cause)) {
                tracing::error!(path = ?error.path, ?cause, "the store failed");
                logged.push(Arc::clone(cause));
            }
            cause.is_unavailable()
        }
        // Ours all carry their source, so this one comes from the library.
        None => {
            tracing::error!(path = ?error.path, message = error.message, "a resolver failed");
            false
        }
    };
    let internal = internal(request_id).at(None);
    error.message = internal.message;
    error.extensions = internal.extensions;
    unavailable
}

/// What a client is told of a fault of the server, which the log tells in full.
#[must_use]
pub fn internal(request_id: &str) -> ApiError {
    let message = format!("Internal error: report it with the request id {request_id}.");
    ApiError::new(ErrorCode::InternalServerError, message)
}

/// The code that an error carries.
#[must_use]
pub fn code(error: &ServerError) -> ErrorCode {
    error.source::<ApiError>().map_or(ErrorCode::InternalServerError, ApiError::code)
}

fn write(status: StatusCode, form: Form, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, form.media_type.header()),
        // The answer belongs to the bearer of one token.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
    ];
    (status, headers, Body::from(body)).into_response()
}
