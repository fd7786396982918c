//! The operations that run over one socket.

use std::{
    convert::Infallible,
    future::poll_fn,
    task::{Context, Poll},
};

use axum::http::StatusCode;
use futures_util::{StreamExt, stream::BoxStream};

use crate::{
    auth::Viewer,
    graphql::error::{ApiError, ErrorCode},
    http::{
        Shared,
        log::{Entry, OperationLog},
        operation::{Answer, Asked, Carrier},
        reply::Refused,
        request::GraphqlRequest,
    },
};

/// How many queries and mutations are worked on at a time, or have been answered and not told.
const AT_ONCE: usize = 4;

/// The operations that run over one socket.
///
/// Each has at most one answer waiting, and reads no further before that is told. Until then it has to
/// go on even while the client is slow: it may hold a connection to the database. Queries and mutations,
/// whose answers may be large, begin only when few others are there before them.
pub(super) struct Operations<'a> {
    served: &'a Shared,
    request_id: &'a str,
    /// In the order in which they are heard.
    running: Vec<Running<'a>>,
}

struct Running<'a> {
    id: String,
    answers: BoxStream<'a, Answer>,
    /// Whether it answers again and again.
    is_followed: bool,
    /// What it has to tell next: nothing more, perhaps.
    waiting: Option<Option<Answer>>,
}

impl<'a> Operations<'a> {
    /// None yet.
    pub(super) fn new(served: &'a Shared, request_id: &'a str) -> Self {
        Self { served, request_id, running: Vec::new() }
    }

    /// Whether one of that id runs.
    pub(super) fn has(&self, id: &str) -> bool {
        self.running.iter().any(|running| running.id == id)
    }

    /// Starts an operation, which is logged when it has ended or is refused.
    ///
    /// # Errors
    /// When it may not run, or not beside so many others.
    pub(super) async fn start(
        &mut self,
        id: &str,
        request: GraphqlRequest,
        viewer: &Viewer,
    ) -> Result<(), Refused> {
        let log = OperationLog::begin(Entry::default(), &self.served.clock);
        log.user(Some(viewer));
        let checked = match self.asked(request, &log) {
            Ok(asked) => asked.check(self.served, Some(viewer.clone()), Carrier::Stream).await,
            Err(refused) => Err(refused),
        };
        match checked {
            Ok(checked) => {
                let is_followed = checked.is_followed();
                let answers = checked.answers(log, self.request_id);
                let id = id.to_owned();
                self.running.push(Running { id, answers, is_followed, waiting: None });
                Ok(())
            }
            Err(refused) => {
                log.outcome(refused.outcome());
                Err(refused)
            }
        }
    }

    /// What a request asks for, if there is room for it.
    fn asked(&self, request: GraphqlRequest, entry: &Entry) -> Result<Asked, Refused> {
        let asked = Asked::read(request, self.served, entry)?;
        let most = self.served.connections.limits.operations;
        if self.running.len() < most {
            return Ok(asked);
        }
        let message = format!("A socket runs {most} operations at a time: complete one first.");
        let error = ApiError::new(ErrorCode::RateLimited, message);
        Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, error))
    }

    /// Drops an operation, if it runs.
    pub(super) fn stop(&mut self, id: &str) {
        self.running.retain(|running| running.id != id);
    }

    /// Waits for the next answer of any of them, `None` for one that has no more; who is followed goes
    /// behind the others then, and who has ended is gone.
    pub(super) async fn next(&mut self) -> (String, Option<Answer>) {
        poll_fn(|context| {
            self.go_on(context);
            let Some(at) = self.running.iter().position(|it| it.waiting.is_some()) else {
                return Poll::Pending;
            };
            let mut running = self.running.remove(at);
            let id = running.id.clone();
            let answer = running.waiting.take().flatten();
            if let Some(Answer::Next(_)) = &answer {
                let place = if running.is_followed { self.running.len() } else { at };
                self.running.insert(place, running);
            }
            Poll::Ready((id, answer))
        })
        .await
    }

    /// Lets them go on until each has an answer waiting, and then waits for whatever else ends this.
    pub(super) async fn wait(&mut self) -> Infallible {
        poll_fn(|context| {
            self.go_on(context);
            Poll::Pending
        })
        .await
    }

    fn go_on(&mut self, context: &mut Context<'_>) {
        let mut begun = 0;
        for running in &mut self.running {
            begun += usize::from(!running.is_followed);
            let may_go_on = running.is_followed || begun <= AT_ONCE;
            if may_go_on
                && running.waiting.is_none()
                && let Poll::Ready(answer) = running.answers.poll_next_unpin(context)
            {
                running.waiting = Some(answer);
            }
        }
    }
}
