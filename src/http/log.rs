//! One line in the log for each request, and the id that ties it to the answer.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use async_graphql::ServerError;
use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use super::AppState;
use crate::{
    auth::{UserId, Viewer},
    engine::ExecutionResult,
    error::ErrorCode,
    time::{Clock, Timestamp},
};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most characters of an id that is taken over from a proxy, or of a name that is logged.
const LONGEST: usize = 128;

/// The id of a request: the proxy's, or one of our own.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    fn new(request: &Request) -> Self {
        let proxys = request.headers().get(HEADER).filter(|id| {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
            (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(plain)
        });
        // A UUID is plain ASCII, so the other branch is never taken.
        let ours = || HeaderValue::from_str(&Uuid::new_v4().to_string());
        Self(proxys.cloned().map_or_else(ours, Ok).unwrap_or(HeaderValue::from_static("-")))
    }

    /// The id of the request with these extensions.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or(Self(HeaderValue::from_static("-")))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// What the log says of a GraphQL request: never a token, a variable or a document.
#[derive(Clone, Debug, Default)]
pub struct LogEntry {
    operation: OnceLock<String>,
    user: OnceLock<UserId>,
    outcome: OnceLock<ErrorCode>,
}

impl LogEntry {
    /// The name of the operation. Only the first one counts, as for the others.
    pub fn set_operation(&self, name: Option<&str>) {
        if let Some(name) = name {
            self.operation.get_or_init(|| name.chars().take(LONGEST).collect());
        }
    }

    /// Its name, and who asks, for the log.
    fn names(&self) -> (Option<&str>, Option<&str>) {
        (self.operation.get().map(String::as_str), self.user.get().map(UserId::as_str))
    }

    /// How it went, for the log.
    fn outcome_name(&self) -> &'static str {
        self.outcome.get().map_or("OK", |code| code.name())
    }

    /// Who asks.
    pub fn set_user(&self, viewer: Option<&Viewer>) {
        if let Some(viewer) = viewer {
            self.user.get_or_init(|| viewer.id().clone());
        }
    }

    /// Why it failed.
    pub fn set_error(&self, code: ErrorCode) {
        self.outcome.get_or_init(|| code);
    }

    /// How the operation went, as far as its first field that failed tells it.
    pub fn set_result(&self, result: &ExecutionResult) {
        if let Some(code) = result.error_code() {
            self.set_error(code);
        }
    }

    /// Why the operation was not executed.
    pub fn set_errors(&self, errors: &[ServerError]) {
        if let Some(first) = errors.first() {
            self.set_error(ErrorCode::of(first));
        }
    }
}

/// One line in the log for an operation over a connection that lasts, however it ends.
pub struct OperationLog {
    entry: LogEntry,
    clock: Clock,
    start: Timestamp,
}

impl OperationLog {
    /// What there is to tell of an operation that begins now.
    #[must_use]
    pub fn begin(entry: LogEntry, clock: &Clock) -> Self {
        Self { entry, clock: clock.clone(), start: clock.now() }
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
        let (operation, user) = self.entry.names();
        let outcome = self.entry.outcome_name();
        tracing::info!(operation, user, duration_ms, outcome, "operation ended");
    }
}

/// Gives the request its id, and logs it when it is answered.
pub async fn log(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = id.as_str());

    let start = state.clock.now();
    let mut reply = next.run(request).instrument(span.clone()).await;
    let duration_ms = millis_since(start, &state.clock);

    let entry = reply.extensions_mut().remove::<LogEntry>();
    let status = reply.status().as_u16();
    let (operation, user) = entry.as_ref().map(LogEntry::names).unwrap_or_default();
    let outcome = entry.as_ref().map(LogEntry::outcome_name);
    span.in_scope(
        || tracing::info!(%method, path, status, operation, user, duration_ms, outcome, "answered"),
    );
    reply.headers_mut().insert(HEADER, id.0);
    reply
}

/// How long something took, by a clock that may have been set back meanwhile.
pub fn millis_since(start: Timestamp, clock: &Clock) -> i64 {
    (clock.now().millis() - start.millis()).max(0)
}
