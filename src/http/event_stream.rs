//! One stream of events, from the request to its end.

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
    reply::{self, Errors, HttpError},
    streaming::{PING, write_timeout},
};
use crate::{
    auth::Viewer,
    engine::{ParsedRequest, RequestError, ResultStream},
    error::{ApiError, ErrorCode},
};

/// A browser passes on no event that has no data at all.
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// What says that the server lives, and nothing else.
const COMMENT: &str = ":\n\n";

/// Opens a stream of the operation's answers.
///
/// # Errors
/// When the operation is refused, the token lives on by the leeway alone, or there are too many streams.
pub async fn open(
    state: &Arc<AppState>,
    request: ParsedRequest,
    viewer: Option<Viewer>,
    entry: &LogEntry,
    request_id: &str,
) -> Result<Response, HttpError> {
    if let Some(viewer) = &viewer {
        state.authenticator.check_unexpired(viewer)?;
    }
    let (events, mut told) = mpsc::channel(1);
    let (opened, is_open) = oneshot::channel();
    let connection = connection(state, viewer.as_ref())?;
    let stream = EventStream { state: Arc::clone(state), viewer, events };
    let entry = entry.clone();
    let id = request_id.to_owned();
    let run = async move { stream.run(request, entry, &id, opened).await };
    tokio::spawn(run.instrument(Span::current()));
    is_open.await.unwrap_or_else(|_panic| {
        Err(RequestError::Internal(ApiError::internal(request_id)).into())
    })?;
    let events = stream::poll_fn(move |context| {
        // It counts as long as the answer is there, which may be longer than anybody writes to it.
        let _counted = &connection;
        told.poll_recv(context)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, HeaderValue::from_static("accept, authorization")),
        // A proxy that collects the answer would keep the events from the client.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(events.map(Ok::<_, Infallible>))).into_response())
}

fn connection(
    state: &Arc<AppState>,
    viewer: Option<&Viewer>,
) -> Result<ConnectionPermit, HttpError> {
    let full = || {
        let message = "The server has too many streams: try again.";
        HttpError::unavailable(message, reply::RETRY_AFTER)
    };
    let Some(viewer) = viewer else { return state.connections.open().ok_or_else(full) };
    match state.connections.open_for(viewer.id()) {
        Ok(connection) => Ok(connection),
        Err(LimitReached::OfAll) => Err(full()),
        Err(LimitReached::OfUser) => {
            let most = state.connections.limits.sockets_per_user;
            let message = format!("You may have {most} sockets and streams: close one.");
            let error = ApiError::new(ErrorCode::RateLimited, message);
            Err(HttpError::new(StatusCode::TOO_MANY_REQUESTS, error)
                .with(header::RETRY_AFTER, reply::RETRY_AFTER))
        }
    }
}

/// An open stream.
struct EventStream {
    state: Arc<AppState>,
    viewer: Option<Viewer>,
    /// To the client, who has at most one event waiting.
    events: mpsc::Sender<String>,
}

impl EventStream {
    /// Tells all answers of an operation, once it has been `opened`. A stream that the server cuts ends
    /// without `complete`, so that the client comes back.
    async fn run(
        self,
        request: ParsedRequest,
        entry: LogEntry,
        request_id: &str,
        opened: oneshot::Sender<Result<(), HttpError>>,
    ) {
        let Self { state, viewer, events } = &self;
        let results = match state.engine.stream(request, viewer.clone(), request_id).await {
            Ok(results) => results,
            Err(error) => {
                // A client that has left needs no refusal.
                let _ = opened.send(Err(error.into()));
                return;
            }
        };
        if opened.send(Ok(())).is_err() {
            return;
        }
        let log = OperationLog::begin(entry, &state.clock);
        let is_complete = select! {
            biased;
            () = events.closed() => false,
            () = state.shutdown.cancelled() => false,
            () = self.refused() => true,
            is_complete = self.send_results(results, log) => is_complete,
        };
        if is_complete && let Some(place) = self.reserve(0).await {
            place.send(COMPLETE.to_owned());
        }
    }

    /// Waits until the viewer's token is no longer good.
    async fn refused(&self) {
        match &self.viewer {
            Some(viewer) => drop(self.state.authenticator.expired_or_revoked(viewer).await),
            None => future::pending().await,
        }
    }

    /// Tells the answers, and in between that the server lives; whether the client took them all.
    async fn send_results(&self, mut results: ResultStream<'_>, log: OperationLog) -> bool {
        let clock = &self.state.clock;
        let mut bytes = 0;
        let mut ping_at = clock.now().after(PING);
        while let Some(place) = self.reserve(bytes).await {
            let result = select! {
                biased;
                result = results.next() => result,
                () = clock.sleep_until(ping_at) => {
                    place.send(COMMENT.to_owned());
                    ping_at = clock.now().after(PING);
                    continue;
                }
            };
            let payload = match result {
                Some(Ok(result)) => {
                    log.set_result(&result);
                    json(&result)
                }
                Some(Err(error)) => {
                    let errors = error.into_errors();
                    log.set_errors(&errors);
                    json(&Errors { errors })
                }
                None => return true,
            };
            bytes = payload.len();
            place.send(format!("event: next\ndata: {payload}\n\n"));
        }
        false
    }

    /// Waits until the client has taken the event before, of so many bytes; `None` when it is too slow,
    /// or has left.
    async fn reserve(&self, bytes: usize) -> Option<mpsc::Permit<'_, String>> {
        let clock = &self.state.clock;
        let too_late = clock.now().after(write_timeout(bytes));
        select! {
            biased;
            place = self.events.reserve() => place.ok(),
            () = clock.sleep_until(too_late) => None,
        }
    }
}

fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).unwrap_or_default()
}
