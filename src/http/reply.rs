//! GraphQL responses over HTTP: also every error is a well-formed GraphQL response.

use async_graphql::ServerError;
use async_graphql_axum::GraphQLResponse;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::negotiation::ResponseFormat;
use crate::{
    auth::AuthError,
    engine::{ExecutionResult, Message, RateLimited, RateStatus, RequestError, WINDOW_SECONDS},
    error::{ApiError, ErrorCode},
};

/// The seconds that a client should wait after a temporary failure.
pub const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// What is left of the client's points (draft-ietf-httpapi-ratelimit-headers §4).
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// How many there are, and in how many seconds they come back (§3 there).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Why a request is not executed, with the status of the response.
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// At least one.
    errors: Vec<ServerError>,
    /// Whether the document or its variables are invalid, see [`ResponseFormat::legacy_status_200`].
    is_document_error: bool,
}

impl HttpError {
    pub fn new(status: StatusCode, error: ApiError) -> Self {
        Self::with_errors(status, vec![error.at(None)])
    }

    fn with_errors(status: StatusCode, errors: Vec<ServerError>) -> Self {
        Self { status, headers: Vec::new(), errors, is_document_error: false }
    }

    pub fn bad_input(status: StatusCode, message: &'static str) -> Self {
        Self::new(status, ApiError::new(ErrorCode::BadUserInput, message))
    }

    pub fn unavailable(message: &'static str, retry_after: HeaderValue) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ApiError::new(ErrorCode::InternalServerError, message),
        )
        .with_header(header::RETRY_AFTER, retry_after)
    }

    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The code of the first error, for the log.
    pub fn code(&self) -> ErrorCode {
        self.errors.first().map_or(ErrorCode::InternalServerError, ErrorCode::of)
    }

    pub fn into_response(self, format: ResponseFormat) -> Response {
        let status = if self.is_document_error && format.legacy_status_200 {
            StatusCode::OK
        } else {
            self.status
        };
        let mut response =
            with_headers(status, format, to_json(&ErrorResponse { errors: self.errors }));
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A GraphQL response without `data`.
#[derive(Serialize)]
pub struct ErrorResponse {
    /// At least one.
    pub errors: Vec<ServerError>,
}

impl From<RequestError> for HttpError {
    fn from(error: RequestError) -> Self {
        let (status, is_document_error) = match error {
            RequestError::Unauthenticated(error) => return error.into(),
            RequestError::Timeout(_) => {
                let errors = error.into_errors();
                return Self::with_errors(StatusCode::SERVICE_UNAVAILABLE, errors)
                    .with_header(header::RETRY_AFTER, RETRY_AFTER);
            }
            RequestError::RateLimited(RateLimited { retry_after, .. }) => {
                let errors = error.into_errors();
                return Self::with_errors(StatusCode::TOO_MANY_REQUESTS, errors)
                    .with_header(header::RETRY_AFTER, retry_after.into());
            }
            RequestError::Document(_) => (StatusCode::BAD_REQUEST, true),
            RequestError::Malformed(_) => (StatusCode::BAD_REQUEST, false),
            RequestError::UnknownHash(_) => (StatusCode::OK, false),
            RequestError::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, false),
        };
        Self { is_document_error, ..Self::with_errors(status, error.into_errors()) }
    }
}

/// Every 401 has a `WWW-Authenticate` header (RFC 6750 §3).
impl From<AuthError> for HttpError {
    fn from(error: AuthError) -> Self {
        let challenge = error.www_authenticate();
        let (status, name, value) = match &error {
            AuthError::Unauthenticated { .. } => {
                (StatusCode::UNAUTHORIZED, header::WWW_AUTHENTICATE, challenge)
            }
            AuthError::Unavailable { retry_after, .. } => {
                let seconds = retry_after.as_secs().into();
                (StatusCode::SERVICE_UNAVAILABLE, header::RETRY_AFTER, Some(seconds))
            }
        };
        let http_error = Self::new(status, error.into());
        match value {
            Some(value) => http_error.with_header(name, value),
            None => http_error,
        }
    }
}

/// The response to an executed operation, whose fields may have errors.
pub fn from_result(result: ExecutionResult, format: ResponseFormat) -> Response {
    let (status, header) = if result.is_unavailable() {
        (StatusCode::SERVICE_UNAVAILABLE, Some((header::RETRY_AFTER, RETRY_AFTER)))
    } else if let Some(scope) = result.missing_scope() {
        (StatusCode::FORBIDDEN, Some((header::WWW_AUTHENTICATE, scope.www_authenticate())))
    } else {
        (StatusCode::OK, None)
    };
    let body = match result {
        ExecutionResult::Json(json) | ExecutionResult::Message(Message { json, .. }) => {
            Body::from(json)
        }
        ExecutionResult::Response(response) => {
            GraphQLResponse::from(response).into_response().into_body()
        }
    };
    let mut response = with_headers(status, format, body);
    response.headers_mut().extend(header);
    response
}

/// Tells the client what is left of its points.
pub fn tell_rate(headers: &mut HeaderMap, rate: RateStatus) {
    let RateStatus { policy, limit, remaining, resets_in, .. } = rate;
    for (name, value) in [
        (RATE_LIMIT_POLICY, format!("\"{policy}\";q={limit};w={WINDOW_SECONDS}")),
        (RATE_LIMIT, format!("\"{policy}\";r={remaining};t={resets_in}")),
    ] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
}

fn to_json(body: &impl Serialize) -> Body {
    Body::from(serde_json::to_vec(body).unwrap_or_default())
}

fn with_headers(status: StatusCode, format: ResponseFormat, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, format.media_type.header()),
        // The response is for one user.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
    ];
    (status, headers, body).into_response()
}
