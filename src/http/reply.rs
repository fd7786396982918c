//! The answer to a GraphQL request: a well-formed GraphQL response, whatever happened.

use async_graphql::ServerError;
use async_graphql_axum::GraphQLResponse;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::negotiation::ResponseFormat;
use crate::{
    auth::AuthError,
    engine::{ExecutionResult, RequestError},
    error::{ApiError, ErrorCode},
};

/// How long a client waits before it tries again what was refused for a passing reason, in seconds.
pub const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// A request that is answered without being executed.
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    /// Headers that belong to the status.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// At least one.
    errors: Vec<ServerError>,
    /// Whether the document or its variables are at fault: clients from before GraphQL over HTTP expect
    /// 200 then.
    is_document_error: bool,
}

impl HttpError {
    /// One error with its status.
    #[must_use]
    pub fn new(status: StatusCode, error: ApiError) -> Self {
        Self::all(status, vec![error.at(None)])
    }

    fn all(status: StatusCode, errors: Vec<ServerError>) -> Self {
        Self { status, headers: Vec::new(), errors, is_document_error: false }
    }

    /// One error of what the client sent, with its status.
    pub fn input(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, ApiError::new(ErrorCode::BadUserInput, message))
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

    /// The code of the first error, for the log.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.errors.first().map_or(ErrorCode::InternalServerError, ErrorCode::of)
    }

    /// The response in that format.
    #[must_use]
    pub fn into_response(self, format: ResponseFormat) -> Response {
        let status = if self.is_document_error && format.legacy_status_200 {
            StatusCode::OK
        } else {
            self.status
        };
        let mut response = with_headers(status, format, to_json(&Errors { errors: self.errors }));
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A response without data.
#[derive(Serialize)]
pub struct Errors {
    /// At least one.
    pub errors: Vec<ServerError>,
}

/// The status of each reason why the engine executes nothing.
impl From<RequestError> for HttpError {
    fn from(error: RequestError) -> Self {
        let (status, is_document_error) = match error {
            RequestError::Unauthenticated(error) => return error.into(),
            RequestError::Timeout(_) => {
                let errors = error.into_errors();
                return Self::all(StatusCode::SERVICE_UNAVAILABLE, errors)
                    .with(header::RETRY_AFTER, RETRY_AFTER);
            }
            RequestError::Document(_) => (StatusCode::BAD_REQUEST, true),
            RequestError::Malformed(_) => (StatusCode::BAD_REQUEST, false),
            RequestError::UnknownHash(_) => (StatusCode::OK, false),
            RequestError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, false),
        };
        Self { is_document_error, ..Self::all(status, error.into_errors()) }
    }
}

/// RFC 6750 §3: the challenge goes with each 401.
impl From<AuthError> for HttpError {
    fn from(error: AuthError) -> Self {
        let challenge = error.www_authenticate();
        let (status, name, value) = match &error {
            AuthError::Unauthenticated { .. } => {
                (StatusCode::UNAUTHORIZED, header::WWW_AUTHENTICATE, challenge)
            }
            AuthError::KeysUnavailable { retry_after } => {
                let seconds = retry_after.as_secs().into();
                (StatusCode::SERVICE_UNAVAILABLE, header::RETRY_AFTER, Some(seconds))
            }
        };
        let http_error = Self::new(status, error.into());
        match value {
            Some(value) => http_error.with(name, value),
            None => http_error,
        }
    }
}

/// The answer to an operation that was executed, with or without errors of its fields.
#[must_use]
pub fn executed(result: ExecutionResult, format: ResponseFormat) -> Response {
    let (status, extra) = if result.is_unavailable() {
        (StatusCode::SERVICE_UNAVAILABLE, Some((header::RETRY_AFTER, RETRY_AFTER)))
    } else if let Some(scope) = result.missing_scope() {
        (StatusCode::FORBIDDEN, Some((header::WWW_AUTHENTICATE, scope.www_authenticate())))
    } else {
        (StatusCode::OK, None)
    };
    let body = match result {
        ExecutionResult::Json(json) => Body::from(json),
        ExecutionResult::Response(response) => {
            GraphQLResponse::from(response).into_response().into_body()
        }
    };
    let mut response = with_headers(status, format, body);
    response.headers_mut().extend(extra);
    response
}

fn to_json(body: &impl Serialize) -> Body {
    Body::from(serde_json::to_vec(body).unwrap_or_default())
}

fn with_headers(status: StatusCode, format: ResponseFormat, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, format.media_type.header()),
        // The answer belongs to the bearer of one token.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
    ];
    (status, headers, body).into_response()
}
