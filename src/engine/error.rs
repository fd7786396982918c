//! Errors of requests that are not executed.

use std::time::Duration;

use async_graphql::ServerError;

use super::rate_limit::RateLimited;
use crate::{
    auth::AuthError,
    error::{ApiError, ErrorCode},
};

/// Why a request is not executed. The transport chooses the status.
#[derive(Debug)]
pub enum RequestError {
    /// The request is not well-formed, its document is not found or not allowed, or it is one too many.
    Malformed(ApiError),
    /// The hash of an automatic persisted query is not known: the client sends the document too then.
    UnknownHash(ApiError),
    /// The document or its variables are invalid: at least one error.
    Document(Vec<ServerError>),
    /// The operation needs a viewer, and the request has no token.
    Unauthenticated(AuthError),
    /// The client has asked for too much of late.
    RateLimited(RateLimited),
    /// The request took longer than this.
    Timeout(Duration),
    /// An error of the server; the message contains the request id.
    Internal(ApiError),
}

impl RequestError {
    /// An invalid part of the request, by its path.
    pub(super) fn field(field: &'static str, message: &'static str) -> Self {
        Self::Malformed(ApiError::bad_input(field, message))
    }

    /// The errors for a client.
    #[must_use]
    pub fn into_errors(self) -> Vec<ServerError> {
        let error = match self {
            Self::Document(errors) => return errors,
            Self::Malformed(error) | Self::UnknownHash(error) | Self::Internal(error) => error,
            Self::Unauthenticated(error) => error.into(),
            Self::RateLimited(limited) => rate_limited(limited),
            Self::Timeout(limit) => timeout(limit),
        };
        vec![error.at(None)]
    }
}

impl From<RateLimited> for RequestError {
    fn from(limited: RateLimited) -> Self {
        Self::RateLimited(limited)
    }
}

impl From<ServerError> for RequestError {
    fn from(error: ServerError) -> Self {
        Self::Document(vec![error])
    }
}

impl From<Vec<ServerError>> for RequestError {
    fn from(errors: Vec<ServerError>) -> Self {
        Self::Document(errors)
    }
}

fn rate_limited(RateLimited { limit, retry_after }: RateLimited) -> ApiError {
    let message = format!(
        "That is more than {limit} points a minute allow: try again in {retry_after} s, or ask for less at a time."
    );
    ApiError::new(ErrorCode::RateLimited, message)
}

fn timeout(limit: Duration) -> ApiError {
    let message = format!(
        "The request took longer than {} s: ask for less at a time, or try again.",
        limit.as_secs()
    );
    ApiError::new(ErrorCode::Timeout, message)
}
