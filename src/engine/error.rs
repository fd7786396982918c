//! Why a request is not executed.

use std::time::Duration;

use async_graphql::ServerError;

use crate::{
    auth::AuthError,
    error::{ApiError, ErrorCode},
};

/// Why a request is not executed. The transport chooses the status.
#[derive(Debug)]
pub enum RequestError {
    /// It is no GraphQL request: it has no document or two of them, or names one in no known way.
    Malformed(ApiError),
    /// It names a document by a hash that is not known here; the client sends the document then
    /// (Apollo's automatic persisted queries).
    UnknownHash(ApiError),
    /// Its document or its variables are refused: at least one error.
    Document(Vec<ServerError>),
    /// Its operation needs a viewer, and no token was sent.
    Unauthenticated(AuthError),
    /// It took longer than this.
    Timeout(Duration),
    /// A fault of the server; the error names the request.
    Internal(ApiError),
}

impl RequestError {
    /// A part of the request that is refused, by its path.
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
            Self::Timeout(limit) => too_slow(limit),
        };
        vec![error.at(None)]
    }
}

impl From<ServerError> for RequestError {
    fn from(error: ServerError) -> Self {
        Self::Document(vec![error])
    }
}

fn too_slow(limit: Duration) -> ApiError {
    let message = format!(
        "The request took longer than {} s: ask for less at a time, or try again.",
        limit.as_secs()
    );
    ApiError::new(ErrorCode::Timeout, message)
}
