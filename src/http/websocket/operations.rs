//! The operations that run over one socket.

use std::{
    convert::Infallible,
    future::poll_fn,
    task::{Context, Poll},
};

use async_graphql::{ServerError, parser::types::OperationType};
use futures_util::StreamExt;

use crate::{
    auth::Viewer,
    engine::{ExecutionResult, GraphqlRequest, ParsedRequest, RequestError, ResultStream},
    error::{ApiError, ErrorCode},
    http::{
        AppState,
        log::{LogEntry, OperationLog},
    },
};

/// How many queries and mutations are worked on at a time, or have been answered and not told.
const MAX_CONCURRENT: usize = 4;

/// The operations that run over one socket.
///
/// Each has at most one answer waiting, and reads no further before that is told. Until then it has to
/// go on even while the client is slow: it may hold a connection to the database. Queries and mutations,
/// whose answers may be large, begin only when few others are there before them.
pub(super) struct Operations<'a> {
    state: &'a AppState,
    request_id: &'a str,
    /// In the order in which they are heard.
    running: Vec<Running<'a>>,
}

struct Running<'a> {
    id: String,
    results: ResultStream<'a>,
    log: OperationLog,
    /// Whether it answers again and again.
    is_subscription: bool,
    /// What it has to tell next: nothing more, perhaps.
    waiting: Option<Option<OperationResult>>,
}

/// A result as it goes to the client: errors are the end of the operation.
pub(super) type OperationResult = Result<ExecutionResult, Vec<ServerError>>;

impl Running<'_> {
    fn finish(&self, result: Result<ExecutionResult, RequestError>) -> OperationResult {
        match result {
            Ok(result) => {
                self.log.set_result(&result);
                Ok(result)
            }
            Err(error) => {
                let errors = error.into_errors();
                self.log.set_errors(&errors);
                Err(errors)
            }
        }
    }
}

impl<'a> Operations<'a> {
    /// None yet.
    pub(super) fn new(state: &'a AppState, request_id: &'a str) -> Self {
        Self { state, request_id, running: Vec::new() }
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
    ) -> Result<(), Vec<ServerError>> {
        let log = OperationLog::begin(LogEntry::default(), &self.state.clock);
        log.set_user(Some(viewer));
        let results = match self.parse(request, &log) {
            Ok(parsed) => {
                let is_subscription = parsed.operation_type() == OperationType::Subscription;
                let results =
                    self.state.engine.stream(parsed, Some(viewer.clone()), self.request_id);
                results.await.map(|results| (results, is_subscription))
            }
            Err(error) => Err(error),
        };
        match results {
            Ok((results, is_subscription)) => {
                let id = id.to_owned();
                self.running.push(Running { id, results, log, is_subscription, waiting: None });
                Ok(())
            }
            Err(error) => {
                let errors = error.into_errors();
                log.set_errors(&errors);
                Err(errors)
            }
        }
    }

    /// Parses a request, if there is room for one more operation.
    fn parse(
        &self,
        request: GraphqlRequest,
        entry: &LogEntry,
    ) -> Result<ParsedRequest, RequestError> {
        let parsed = self.state.engine.parse(request)?;
        entry.set_operation(parsed.operation_name());
        let most = self.state.connections.limits.operations;
        if self.running.len() < most {
            return Ok(parsed);
        }
        let message = format!("A socket runs {most} operations at a time: complete one first.");
        Err(RequestError::Malformed(ApiError::new(ErrorCode::RateLimited, message)))
    }

    /// Drops an operation, if it runs.
    pub(super) fn stop(&mut self, id: &str) {
        self.running.retain(|running| running.id != id);
    }

    /// Waits for the next answer of any of them, `None` for one that has no more; who is followed goes
    /// behind the others then, and who has ended is gone.
    pub(super) async fn next(&mut self) -> (String, Option<OperationResult>) {
        poll_fn(|context| {
            self.poll_operations(context);
            let Some(at) = self.running.iter().position(|it| it.waiting.is_some()) else {
                return Poll::Pending;
            };
            let mut running = self.running.remove(at);
            let id = running.id.clone();
            let result = running.waiting.take().flatten();
            if let Some(Ok(_)) = &result {
                let place = if running.is_subscription { self.running.len() } else { at };
                self.running.insert(place, running);
            }
            Poll::Ready((id, result))
        })
        .await
    }

    /// Lets them go on until each has an answer waiting, and then waits for whatever else ends this.
    pub(super) async fn wait(&mut self) -> Infallible {
        poll_fn(|context| {
            self.poll_operations(context);
            Poll::Pending
        })
        .await
    }

    fn poll_operations(&mut self, context: &mut Context<'_>) {
        let mut begun = 0;
        for running in &mut self.running {
            begun += usize::from(!running.is_subscription);
            let may_go_on = running.is_subscription || begun <= MAX_CONCURRENT;
            if may_go_on
                && running.waiting.is_none()
                && let Poll::Ready(result) = running.results.poll_next_unpin(context)
            {
                running.waiting = Some(result.map(|result| running.finish(result)));
            }
        }
    }
}
