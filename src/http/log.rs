//! One log line for each request, with the request id that the response also has.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use async_graphql::ServerError;
use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use super::AppState;
use crate::{
    auth::{UserId, Viewer},
    engine::{ExecutionResult, RequestError},
    error::ErrorCode,
    time::{Clock, Timestamp},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id accepted from a proxy, and the longest operation name and path logged.
const MAX_LENGTH: usize = 128;

/// The id of a request: from the proxy, or else a new one.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    fn new(request: &Request) -> Self {
        let from_proxy = request.headers().get(X_REQUEST_ID).filter(|id| {
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
            (1..=MAX_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(is_plain)
        });
        // A UUID is ASCII and therefore always a valid header value.
        let new = || HeaderValue::from_str(&Uuid::new_v4().to_string());
        Self(from_proxy.cloned().map_or_else(new, Ok).unwrap_or(HeaderValue::from_static("-")))
    }

    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or(Self(HeaderValue::from_static("-")))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// The log fields of a GraphQL request: never a token, a variable or a document. The first value set is
/// kept.
#[derive(Clone, Debug, Default)]
pub struct LogEntry {
    operation: OnceLock<String>,
    user: OnceLock<UserId>,
    outcome: OnceLock<ErrorCode>,
}

impl LogEntry {
    pub fn set_operation(&self, name: Option<&str>) {
        if let Some(name) = name {
            self.operation.get_or_init(|| name.chars().take(MAX_LENGTH).collect());
        }
    }

    fn operation_and_user(&self) -> (Option<&str>, Option<&str>) {
        (self.operation.get().map(String::as_str), self.user.get().map(UserId::as_str))
    }

    fn outcome_name(&self) -> &'static str {
        self.outcome.get().map_or("OK", |code| code.name())
    }

    pub fn set_user(&self, viewer: Option<&Viewer>) {
        if let Some(viewer) = viewer {
            self.user.get_or_init(|| viewer.id().clone());
        }
    }

    pub fn set_error(&self, code: ErrorCode) {
        self.outcome.get_or_init(|| code);
    }

    /// Sets the outcome of an executed operation: the code of its first error, if any.
    pub fn set_result(&self, result: &ExecutionResult) {
        if let Some(code) = result.error_code() {
            self.set_error(code);
        }
    }
}

/// A result to send to the client; errors end the operation.
pub type OperationResult = Result<ExecutionResult, Vec<ServerError>>;

/// Logs an operation of a long-lived connection when it is dropped, that is, however the operation ends.
pub struct OperationLog {
    entry: LogEntry,
    clock: Clock,
    start: Timestamp,
}

impl OperationLog {
    pub fn new(entry: LogEntry, clock: &Clock) -> Self {
        Self { entry, clock: clock.clone(), start: clock.now() }
    }

    /// Records the outcome of a result.
    pub fn record(&self, result: Result<ExecutionResult, RequestError>) -> OperationResult {
        result.inspect(|result| self.set_result(result)).map_err(|error| self.record_error(error))
    }

    /// Records why the operation failed, and returns its errors.
    pub fn record_error(&self, error: RequestError) -> Vec<ServerError> {
        let errors = error.into_errors();
        if let Some(first) = errors.first() {
            self.set_error(ErrorCode::of(first));
        }
        errors
    }
}

impl Deref for OperationLog {
    type Target = LogEntry;

    fn deref(&self) -> &LogEntry {
        &self.entry
    }
}

impl Drop for OperationLog {
    fn drop(&mut self) {
        let duration_ms = millis_since(self.start, &self.clock);
        let (operation, user) = self.entry.operation_and_user();
        let outcome = self.entry.outcome_name();
        tracing::info!(operation, user, duration_ms, outcome, "operation ended");
    }
}

/// Gives the request its id, logs it with the status of the response, and gives every response the headers
/// with which browsers neither guess its media type nor tell other sites its URL.
pub async fn log(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(&request);
    let (method, path) = (request.method().clone(), request.uri().path());
    let path = path[..path.floor_char_boundary(MAX_LENGTH)].to_owned();
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = id.as_str());

    let start = state.clock.now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration_ms = millis_since(start, &state.clock);

    let entry = response.extensions_mut().remove::<LogEntry>();
    let status = response.status().as_u16();
    let (operation, user) = entry.as_ref().map(LogEntry::operation_and_user).unwrap_or_default();
    let outcome = entry.as_ref().map(LogEntry::outcome_name);
    span.in_scope(
        || tracing::info!(%method, path, status, operation, user, duration_ms, outcome, "answered"),
    );
    response.headers_mut().extend([
        (X_REQUEST_ID, id.0),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]);
    response
}

/// The milliseconds since `start`, or 0 if the clock was set back.
pub fn millis_since(start: Timestamp, clock: &Clock) -> i64 {
    (clock.now().millis() - start.millis()).max(0)
}
