//! `/graphql`: from an HTTP request to an operation that is executed, or to the refusal that comes first.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::parser::types::OperationType;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::FutureExt;

use super::{
    AppState, event_stream,
    log::{LogEntry, RequestId},
    negotiation::{self, ResponseFormat},
    reply::{self, HttpError},
    request, websocket,
};
use crate::{engine::RequestError, error::ApiError};

/// Answers a request within the time that the server allows, whatever happens meanwhile.
pub async fn graphql(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let entry = LogEntry::default();
    let format = ResponseFormat::accepted(request.headers());
    let id = RequestId::of(request.extensions());
    let id = id.as_str();
    let answer = AssertUnwindSafe(answer(&state, request, format, &entry, id)).catch_unwind();
    let limit = state.settings.timeout;
    let answer = match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(RequestError::Internal(ApiError::internal(id)).into()),
        Err(_elapsed) => Err(RequestError::Timeout(limit).into()),
    };
    let mut response = answer.unwrap_or_else(|error| {
        entry.set_error(error.code());
        error.into_response(format.unwrap_or(ResponseFormat::PLAIN))
    });
    response.extensions_mut().insert(entry);
    response
}

/// The order of refusal: what a client can see of a request without reading it, then its token, then its
/// document, and only then whether the operation needs a token that is not there. A connection that
/// outlives the request is opened here, and goes on in [`websocket`] or [`event_stream`].
async fn answer(
    state: &Arc<AppState>,
    request: Request,
    format: Option<ResponseFormat>,
    entry: &LogEntry,
    request_id: &str,
) -> Result<Response, HttpError> {
    if state.shutdown.is_cancelled() {
        let message = "The server is shutting down: try again.";
        return Err(HttpError::unavailable(message, reply::RETRY_AFTER));
    }
    let (mut parts, body) = request.into_parts();
    let is_get = is_get(&parts.method)?;
    if is_get && websocket::is_upgrade(&parts.headers) {
        return websocket::upgrade(state, &mut parts).await;
    }
    let accepted = media_types(&parts.headers, format, is_get)?;
    let body = request::body(body, state.settings.body_limit).await?;
    let viewer = state.authenticator.authenticate(&parts.headers).await?;
    entry.set_user(viewer.as_ref());
    let request = if is_get { request::from_query(&parts.uri) } else { request::from_json(&body) }?;

    let parsed = state.engine.parse(request)?;
    entry.set_operation(parsed.operation_name());
    match accepted.for_operation(parsed.operation_type(), is_get)? {
        Some(format) => {
            let result = state.engine.execute(parsed, viewer, request_id).await?;
            entry.set_result(&result);
            Ok(reply::executed(result, format))
        }
        None => event_stream::open(state, parsed, viewer, entry, request_id).await,
    }
}

fn is_get(method: &Method) -> Result<bool, HttpError> {
    match *method {
        Method::GET => Ok(true),
        Method::POST => Ok(false),
        _ => Err(not_allowed("GraphQL is asked by GET or POST.", "GET, POST")),
    }
}

/// What `Accept` allows an answer to be.
struct Accepted {
    /// The format of a single response.
    format: Option<ResponseFormat>,
    /// Whether it may be an event stream.
    events: bool,
}

fn media_types(
    headers: &HeaderMap,
    format: Option<ResponseFormat>,
    is_get: bool,
) -> Result<Accepted, HttpError> {
    let events = !is_get && negotiation::takes_events(headers);
    if format.is_none() && !events {
        let message = "Accept must allow application/graphql-response+json or application/json.";
        return Err(HttpError::input(StatusCode::NOT_ACCEPTABLE, message));
    }
    if is_get || negotiation::is_json(headers) {
        Ok(Accepted { format, events })
    } else {
        let message = "The body must be application/json, in UTF-8.";
        Err(HttpError::input(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    }
}

impl Accepted {
    /// The format of the answer to such an operation; `None` for an event stream, which is for
    /// subscriptions and for clients that accept nothing else: many a client names it with every request.
    fn for_operation(
        self,
        kind: OperationType,
        is_get: bool,
    ) -> Result<Option<ResponseFormat>, HttpError> {
        match kind {
            OperationType::Mutation | OperationType::Subscription if is_get => {
                Err(not_allowed("Only queries go by GET: send this by POST.", "POST"))
            }
            OperationType::Subscription if self.events => Ok(None),
            OperationType::Subscription => Err(HttpError::input(
                StatusCode::NOT_ACCEPTABLE,
                "A subscription has many answers: open a WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.",
            )),
            OperationType::Query | OperationType::Mutation => Ok(self.format),
        }
    }
}

fn not_allowed(message: &'static str, allow: &'static str) -> HttpError {
    HttpError::input(StatusCode::METHOD_NOT_ALLOWED, message)
        .with(header::ALLOW, HeaderValue::from_static(allow))
}
