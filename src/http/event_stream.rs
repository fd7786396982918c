//! GraphQL over SSE: an event stream with the results of one operation.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, future, stream};
use serde::Serialize;
use tokio::{
    select,
    sync::{mpsc, oneshot},
};
use tracing::{Instrument, Span};

use super::{
    AppState,
    connection_limits::{ConnectionPermit, LimitReached},
    log::{LogEntry, OperationLog},
    reply::{self, ErrorResponse, HttpError},
    streaming::{PING, write_timeout},
};
use crate::{
    engine::{Client, ParsedRequest, RequestError, ResultStream},
    error::{ApiError, ErrorCode},
};

/// Browsers ignore an event without a `data` line.
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// A comment (HTML Living Standard, "Server-sent events"): it only keeps the connection alive.
const COMMENT: &str = ":\n\n";

/// Opens an event stream with the results of an operation.
///
/// # Errors
/// When the operation is refused, the token is valid only within the clock tolerance, or there are too
/// many connections.
pub async fn open(
    state: &Arc<AppState>,
    request: ParsedRequest,
    client: &Client,
    entry: &LogEntry,
    request_id: &str,
) -> Result<Response, HttpError> {
    if let Some(viewer) = &client.viewer {
        state.authenticator.check_unexpired(viewer)?;
    }
    let permit = connection_permit(state, client)?;
    let (events, mut receiver) = mpsc::channel(1);
    let (opened, is_open) = oneshot::channel();
    let stream = EventStream { state: Arc::clone(state), client: client.clone(), events };
    let entry = entry.clone();
    let id = request_id.to_owned();
    let run = async move { stream.run(request, entry, &id, opened).await };
    tokio::spawn(run.instrument(Span::current()));
    is_open.await.unwrap_or_else(|_panic| {
        Err(RequestError::Internal(ApiError::internal(request_id)).into())
    })?;
    let events = stream::poll_fn(move |context| {
        // The connection counts until the body is dropped, which may be after the task has ended.
        let _permit = &permit;
        receiver.poll_recv(context)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
        // A proxy that buffers the response would delay the events.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(events.map(Ok::<_, Infallible>))).into_response())
}

fn connection_permit(
    state: &AppState,
    Client { viewer, address }: &Client,
) -> Result<ConnectionPermit, HttpError> {
    let full = || {
        let message = "The server has too many streams: try again.";
        HttpError::unavailable(message, reply::RETRY_AFTER)
    };
    let Some(viewer) = viewer else { return Ok(state.connections.open(*address)) };
    state.connections.open_for(viewer.id()).map_err(|limit| match limit {
        LimitReached::Total => full(),
        LimitReached::PerUser => {
            let most = state.connections.limits.sockets_per_user;
            let message = format!("You may have {most} sockets and streams: close one.");
            let error = ApiError::new(ErrorCode::RateLimited, message);
            HttpError::new(StatusCode::TOO_MANY_REQUESTS, error)
                .with_header(header::RETRY_AFTER, reply::RETRY_AFTER)
        }
    })
}

struct EventStream {
    state: Arc<AppState>,
    client: Client,
    /// To the response body. At most one event waits there.
    events: mpsc::Sender<String>,
}

impl EventStream {
    /// Starts the operation, reports that by `opened`, and sends the results. A stream that the server
    /// cuts has no `complete` event, so that the client reconnects.
    async fn run(
        self,
        request: ParsedRequest,
        entry: LogEntry,
        request_id: &str,
        opened: oneshot::Sender<Result<(), HttpError>>,
    ) {
        let Self { state, client, events } = &self;
        let results = match state.engine.stream(request, client, request_id) {
            Ok(results) => results,
            Err(error) => {
                // Nobody waits for the error when the client has disconnected.
                let _ = opened.send(Err(error.into()));
                return;
            }
        };
        if opened.send(Ok(())).is_err() {
            return;
        }
        let log = OperationLog::new(entry, &state.clock);
        let is_complete = select! {
            biased;
            () = events.closed() => false,
            () = state.shutdown.cancelled() => false,
            () = self.token_refused() => true,
            is_complete = self.send_results(results, log) => is_complete,
        };
        if is_complete && let Some(permit) = self.reserve(0).await {
            permit.send(COMPLETE.to_owned());
        }
    }

    /// Waits until the viewer's token expires or is revoked.
    async fn token_refused(&self) {
        match &self.client.viewer {
            Some(viewer) => drop(self.state.authenticator.expired_or_revoked(viewer).await),
            None => future::pending().await,
        }
    }

    /// Sends the results, with pings in between. Returns whether the client has read all of them.
    async fn send_results(&self, mut results: ResultStream<'_>, log: OperationLog) -> bool {
        let clock = &self.state.clock;
        let mut bytes = 0;
        let mut unread = None;
        let mut ping_at = clock.now().after(PING);
        while let Some(permit) = self.reserve(bytes).await {
            drop(unread.take());
            let result = select! {
                biased;
                result = results.next() => result,
                () = clock.sleep_until(ping_at) => {
                    permit.send(COMMENT.to_owned());
                    ping_at = clock.now().after(PING);
                    continue;
                }
            };
            let Some(result) = result else { return true };
            let payload = match log.record(result) {
                Ok(result) => json(unread.insert(result)),
                Err(errors) => json(&ErrorResponse { errors }),
            };
            bytes = payload.len();
            permit.send(format!("event: next\ndata: {payload}\n\n"));
        }
        false
    }

    /// Waits until the client has read the previous event, of so many bytes. `None` when it reads too
    /// slowly or has disconnected.
    async fn reserve(&self, bytes: usize) -> Option<mpsc::Permit<'_, String>> {
        select! {
            biased;
            permit = self.events.reserve() => permit.ok(),
            () = write_timeout(&self.state.clock, bytes) => None,
        }
    }
}

fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).unwrap_or_default()
}
