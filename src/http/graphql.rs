//! `/graphql`: GraphQL over HTTP.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
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

/// The largest body without a token, in bytes: it is read before anything tells what it is for.
const MAX_ANONYMOUS_BODY: usize = 64 * 1024;

/// Responds within the time limit, also after a panic.
pub async fn graphql(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let entry = LogEntry::default();
    let format = ResponseFormat::accepted(&parts.headers);
    // Then the client sends its body only when the server begins to read it (RFC 9110 §10.1.1).
    let waits_to_send = parts.headers.contains_key(header::EXPECT);
    let id = RequestId::of(&parts.extensions);
    let id = id.as_str();
    let client = OnceLock::new();
    let response = respond(&state, parts, &mut body, format, &entry, &client, id);
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
    if !body.is_end_stream() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        if !waits_to_send {
            let unread = request::discard(body, state.settings.body_limit);
            tokio::spawn(tokio::time::timeout(limit, unread));
        }
    }
    response
}

/// Checks a request in the order of cost: method and headers, size of the body, token, then the body and its
/// document. That a token is missing is an error only if the operation needs one. [`websocket`] and
/// [`event_stream`] take over a connection that outlives the request.
async fn respond(
    state: &Arc<AppState>,
    mut parts: Parts,
    body: &mut Body,
    format: Option<ResponseFormat>,
    entry: &LogEntry,
    client: &OnceLock<Client>,
    request_id: &str,
) -> Result<Response, HttpError> {
    if state.shutdown.is_cancelled() {
        let message = "The server is shutting down: try again.";
        return Err(HttpError::unavailable(message, reply::RETRY_AFTER));
    }
    let is_get = is_get(&parts.method)?;
    let address = client_address::of(&parts, &state.settings.trusted_proxies);
    if is_get && websocket::is_upgrade(&parts.headers) {
        return websocket::upgrade(state, &mut parts, address).await;
    }
    let accepted = media_types(&parts.headers, format, is_get)?;
    let body_limit = if parts.headers.contains_key(header::AUTHORIZATION) {
        state.settings.body_limit
    } else {
        state.settings.body_limit.min(MAX_ANONYMOUS_BODY)
    };
    request::check_length(body, body_limit)?;
    let authenticate = async || match state.authenticator.authenticate(&parts.headers).await {
        Ok(viewer) => Ok(Client { viewer, address }),
        Err(error @ AuthError::Unauthenticated { .. }) => {
            let client = client.get_or_init(|| Client { viewer: None, address });
            let error = state.engine.refuse(client, RequestError::Unauthenticated(error));
            Err(HttpError::from(error))
        }
        Err(error) => Err(error.into()),
    };
    authenticate().await?;
    let body = request::read_body(body, body_limit).await?;
    // Once more, because a body can be sent until its token has expired or is revoked.
    let viewer_now = authenticate().await?;
    let client = client.get_or_init(|| viewer_now);
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
