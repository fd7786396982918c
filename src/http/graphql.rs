//! `/graphql`: GraphQL over HTTP.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::FutureExt;

use super::{
    AppState, client_address, event_stream,
    log::{LogEntry, RequestId},
    negotiation::{self, ResponseFormat},
    reply::{self, HttpError},
    request, websocket,
};
use crate::{
    auth::AuthError,
    engine::{Client, OperationType, RequestError},
    error::ApiError,
};

/// Responds within the time limit, also after a panic.
pub async fn graphql(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let entry = LogEntry::default();
    let format = ResponseFormat::accepted(request.headers());
    let id = RequestId::of(request.extensions());
    let id = id.as_str();
    let client = OnceLock::new();
    let response = respond(&state, request, format, &entry, &client, id);
    let response = AssertUnwindSafe(response).catch_unwind();
    let limit = state.settings.timeout;
    let response = match tokio::time::timeout(limit, response).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Err(RequestError::Internal(ApiError::internal(id)).into()),
        Err(_elapsed) => Err(RequestError::Timeout(limit).into()),
    };
    let mut response = response.unwrap_or_else(|error| {
        entry.set_error(error.code());
        error.into_response(format.unwrap_or(ResponseFormat::PLAIN))
    });
    response.extensions_mut().insert(entry);
    if let Some(rate) = client.get().and_then(|client| state.engine.rate_status(client)) {
        reply::tell_rate(response.headers_mut(), rate);
    }
    response
}

/// Checks a request in the order of cost: method and headers, size of the body, token, then the document.
/// That a token is missing is an error only if the operation needs one. [`websocket`] and [`event_stream`]
/// take over a connection that outlives the request.
async fn respond(
    state: &Arc<AppState>,
    request: Request,
    format: Option<ResponseFormat>,
    entry: &LogEntry,
    client: &OnceLock<Client>,
    request_id: &str,
) -> Result<Response, HttpError> {
    if state.shutdown.is_cancelled() {
        let message = "The server is shutting down: try again.";
        return Err(HttpError::unavailable(message, reply::RETRY_AFTER));
    }
    let (mut parts, body) = request.into_parts();
    let is_get = is_get(&parts.method)?;
    if is_get && websocket::is_upgrade(&parts.headers) {
        let address = client_address::of(&parts, &state.settings.trusted_proxies);
        return websocket::upgrade(state, &mut parts, address).await;
    }
    let accepted = media_types(&parts.headers, format, is_get)?;
    let body = request::read_body(body, state.settings.body_limit).await?;
    let address = client_address::of(&parts, &state.settings.trusted_proxies);
    let identified = state.authenticator.authenticate(&parts.headers).await;
    let (viewer, refused) = match identified {
        Ok(viewer) => (viewer, None),
        Err(error) => (None, Some(error)),
    };
    let client = client.get_or_init(|| Client { viewer, address });
    match refused {
        Some(error @ AuthError::Unauthenticated { .. }) => {
            return Err(state.engine.refuse(client, RequestError::Unauthenticated(error)).into());
        }
        Some(error) => return Err(error.into()),
        None => {}
    }
    entry.set_user(client.viewer.as_ref());
    let request = if is_get { request::from_query(&parts.uri) } else { request::from_json(&body) }?;

    let parsed = state.engine.parse(request, client)?;
    entry.set_operation(parsed.operation_name());
    match accepted.for_operation(parsed.operation_type(), is_get)? {
        Some(format) => {
            let result = state.engine.execute(parsed, client, request_id).await?;
            entry.set_result(&result);
            Ok(reply::from_result(result, format))
        }
        None => event_stream::open(state, parsed, client, entry, request_id).await,
    }
}

fn is_get(method: &Method) -> Result<bool, HttpError> {
    match *method {
        Method::GET => Ok(true),
        Method::POST => Ok(false),
        _ => Err(not_allowed("GraphQL is asked by GET or POST.", "GET, POST")),
    }
}

/// What `Accept` allows.
struct Accepted {
    /// The format of a single response.
    format: Option<ResponseFormat>,
    event_stream: bool,
}

fn media_types(
    headers: &HeaderMap,
    format: Option<ResponseFormat>,
    is_get: bool,
) -> Result<Accepted, HttpError> {
    let event_stream = !is_get && negotiation::accepts_event_stream(headers);
    if format.is_none() && !event_stream {
        let message = "Accept must allow application/graphql-response+json or application/json.";
        return Err(HttpError::bad_input(StatusCode::NOT_ACCEPTABLE, message));
    }
    if is_get || negotiation::is_json(headers) {
        Ok(Accepted { format, event_stream })
    } else {
        let message = "The body must be application/json, in UTF-8.";
        Err(HttpError::bad_input(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    }
}

impl Accepted {
    /// The format of the response to such an operation; `None` for an event stream. Queries and mutations
    /// get one only if nothing else is accepted, because some clients list it in every request.
    fn for_operation(
        self,
        kind: OperationType,
        is_get: bool,
    ) -> Result<Option<ResponseFormat>, HttpError> {
        match kind {
            OperationType::Mutation | OperationType::Subscription if is_get => {
                Err(not_allowed("Only queries go by GET: send this by POST.", "POST"))
            }
            OperationType::Subscription if self.event_stream => Ok(None),
            OperationType::Subscription => Err(HttpError::bad_input(
                StatusCode::NOT_ACCEPTABLE,
                "A subscription has many answers: open a WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.",
            )),
            OperationType::Query | OperationType::Mutation => Ok(self.format),
        }
    }
}

fn not_allowed(message: &'static str, allow: &'static str) -> HttpError {
    HttpError::bad_input(StatusCode::METHOD_NOT_ALLOWED, message)
        .with_header(header::ALLOW, HeaderValue::from_static(allow))
}
