//! One stream of events, from the request to its end.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use serde::Serialize;
use tokio::{
    select,
    sync::{mpsc, oneshot},
};
use tracing::{Instrument, Span};

use super::{
    PING,
    connections::{Connection, TooMany},
    patience,
};
use crate::{
    auth::Viewer,
    graphql::error::{ApiError, ErrorCode},
    http::{
        Served,
        log::{Entry, OperationLog},
        operation::{Answer, Asked, Carrier},
        reply::{self, Errors, Refused},
    },
};

/// A browser passes on no event that has no data at all.
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// What says that the server lives, and nothing else.
const COMMENT: &str = ":\n\n";

/// Opens a stream of the operation's answers.
///
/// # Errors
/// When the operation is refused, the token lives on by the leeway alone, or there are too many streams.
pub async fn events(
    served: &Served,
    asked: Asked,
    viewer: Option<Viewer>,
    entry: &Entry,
    request_id: &str,
) -> Result<Response, Refused> {
    if let Some(viewer) = &viewer {
        served.authenticator.admit_live(viewer)?;
    }
    let (events, mut told) = mpsc::channel(1);
    let (opened, is_open) = oneshot::channel();
    let connection = connection(served, viewer.as_ref())?;
    let stream = EventStream { served: Arc::clone(served), viewer, events };
    let entry = entry.clone();
    let id = request_id.to_owned();
    let run = async move { stream.run(asked, entry, &id, opened).await };
    tokio::spawn(run.instrument(Span::current()));
    is_open.await.unwrap_or_else(|_panic| {
        Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, reply::internal(request_id)))
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

fn connection(served: &Served, viewer: Option<&Viewer>) -> Result<Connection, Refused> {
    let full = || {
        let message = "The server has too many streams: try again.";
        Refused::unavailable(message, reply::RETRY_AFTER)
    };
    let Some(viewer) = viewer else { return served.connections.open().ok_or_else(full) };
    match served.connections.open_for(viewer.id()) {
        Ok(connection) => Ok(connection),
        Err(TooMany::OfAll) => Err(full()),
        Err(TooMany::OfUser) => {
            let most = served.connections.limits.sockets_per_user;
            let message = format!("You may have {most} sockets and streams: close one.");
            let error = ApiError::new(ErrorCode::RateLimited, message);
            Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, error)
                .with(header::RETRY_AFTER, reply::RETRY_AFTER))
        }
    }
}

/// An open stream.
struct EventStream {
    served: Served,
    viewer: Option<Viewer>,
    /// To the client, who has at most one event waiting.
    events: mpsc::Sender<String>,
}

impl EventStream {
    /// Tells all answers of an operation, once it has been `opened`. A stream that the server cuts ends
    /// without `complete`, so that the client comes back.
    async fn run(
        self,
        asked: Asked,
        entry: Entry,
        request_id: &str,
        opened: oneshot::Sender<Result<(), Refused>>,
    ) {
        let Self { served, viewer, events } = &self;
        let checked = match asked.check(served, viewer.clone(), Carrier::Stream).await {
            Ok(checked) => checked,
            Err(refused) => {
                // Who has left needs no refusal.
                let _ = opened.send(Err(refused));
                return;
            }
        };
        if opened.send(Ok(())).is_err() {
            return;
        }
        let log = OperationLog::begin(entry, &served.clock);
        let answers = checked.answers(log, request_id);
        let is_complete = select! {
            biased;
            () = events.closed() => false,
            () = served.draining.begun() => false,
            () = self.refused() => true,
            is_complete = self.tell(answers) => is_complete,
        };
        if is_complete && let Some(place) = self.place(0).await {
            place.send(COMPLETE.to_owned());
        }
    }

    /// Waits until the viewer's token is no longer good.
    async fn refused(&self) {
        match &self.viewer {
            Some(viewer) => drop(self.served.authenticator.end_of(viewer).await),
            None => future::pending().await,
        }
    }

    /// Tells the answers, and in between that the server lives; whether the client took them all.
    async fn tell(&self, mut answers: BoxStream<'_, Answer>) -> bool {
        let clock = &self.served.clock;
        let mut bytes = 0;
        let mut ping_at = clock.now().after(PING);
        while let Some(place) = self.place(bytes).await {
            let answer = select! {
                biased;
                answer = answers.next() => answer,
                () = clock.reaches(ping_at) => {
                    place.send(COMMENT.to_owned());
                    ping_at = clock.now().after(PING);
                    continue;
                }
            };
            let payload = match answer {
                Some(Answer::Next(response)) => json(&response),
                Some(Answer::Failed(errors)) => json(&Errors { errors }),
                None => return true,
            };
            bytes = payload.len();
            place.send(format!("event: next\ndata: {payload}\n\n"));
        }
        false
    }

    /// Waits until the client has taken the event before, of so many bytes; `None` when it is too slow,
    /// or has left.
    async fn place(&self, bytes: usize) -> Option<mpsc::Permit<'_, String>> {
        let clock = &self.served.clock;
        let too_late = clock.now().after(patience(bytes));
        select! {
            biased;
            place = self.events.reserve() => place.ok(),
            () = clock.reaches(too_late) => None,
        }
    }
}

fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).unwrap_or_default()
}
