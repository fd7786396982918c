//! The operations of one WebSocket.

use std::{
    convert::Infallible,
    future::poll_fn,
    task::{Context, Poll},
};

use async_graphql::ServerError;
use futures_util::StreamExt;

use crate::{
    engine::{Client, GraphqlRequest, OperationType, RequestError, ResultStream},
    error::{ApiError, ErrorCode},
    http::{
        AppState,
        log::{LogEntry, OperationLog, OperationResult},
    },
};

/// How many queries and mutations run at a time, or have a result that is not sent yet.
const MAX_CONCURRENT: usize = 4;

/// The operations of one WebSocket.
///
/// Each holds at most one result, and produces the next one after that has been sent. Until then it has to
/// be polled even while the client reads slowly, because it may hold a database connection. Queries and
/// mutations, which may have large results, wait until fewer than [`MAX_CONCURRENT`] are before them.
pub(super) struct Operations<'a> {
    state: &'a AppState,
    request_id: &'a str,
    /// In the order in which their results are sent.
    running: Vec<RunningOperation<'a>>,
}

struct RunningOperation<'a> {
    id: String,
    results: ResultStream<'a>,
    log: OperationLog,
    is_subscription: bool,
    /// The result to send next; `Some(None)` when there are no more.
    pending: Option<Option<OperationResult>>,
}

impl<'a> Operations<'a> {
    pub(super) fn new(state: &'a AppState, request_id: &'a str) -> Self {
        Self { state, request_id, running: Vec::new() }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.running.iter().any(|running| running.id == id)
    }

    /// Starts an operation. It is logged when it has ended or is refused.
    ///
    /// # Errors
    /// When the operation is refused, or too many others run.
    pub(super) fn start(
        &mut self,
        id: &str,
        request: GraphqlRequest,
        client: &Client,
    ) -> Result<(), Vec<ServerError>> {
        let log = OperationLog::new(LogEntry::default(), &self.state.clock);
        log.set_user(client.viewer.as_ref());
        match self.stream(request, client, &log) {
            Ok((results, is_subscription)) => {
                let id = id.to_owned();
                self.running.push(RunningOperation {
                    id,
                    results,
                    log,
                    is_subscription,
                    pending: None,
                });
                Ok(())
            }
            Err(error) => Err(log.record_error(error)),
        }
    }

    /// The results of an operation, and whether it is a subscription.
    fn stream(
        &mut self,
        request: GraphqlRequest,
        client: &Client,
        entry: &LogEntry,
    ) -> Result<(ResultStream<'a>, bool), RequestError> {
        let Self { state, request_id, running } = self;
        let parsed = state.engine.parse(request, client)?;
        entry.set_operation(parsed.operation_name());
        let most = state.connections.limits.operations;
        if running.len() >= most {
            let message = format!("A socket runs {most} operations at a time: complete one first.");
            return Err(RequestError::Malformed(ApiError::new(ErrorCode::RateLimited, message)));
        }
        let is_subscription = parsed.operation_type() == OperationType::Subscription;
        let results = state.engine.stream(parsed, client, request_id)?;
        Ok((results, is_subscription))
    }

    /// Drops the operation of that id, if it runs.
    pub(super) fn stop(&mut self, id: &str) {
        self.running.retain(|running| running.id != id);
    }

    /// Waits for the next result of any operation; `None` is the end of its results.
    pub(super) async fn next(&mut self) -> (String, Option<OperationResult>) {
        poll_fn(|context| {
            self.poll_operations(context);
            let ready = self.running.iter().position(|running| running.pending.is_some());
            ready.map_or(Poll::Pending, |index| Poll::Ready(self.take_result(index)))
        })
        .await
    }

    /// Takes the pending result of an operation. A subscription then moves behind the others, so that each
    /// gets its turn; an operation that has ended is removed.
    fn take_result(&mut self, index: usize) -> (String, Option<OperationResult>) {
        let mut running = self.running.remove(index);
        let id = running.id.clone();
        let result = running.pending.take().flatten();
        if let Some(Ok(_)) = &result {
            let index = if running.is_subscription { self.running.len() } else { index };
            self.running.insert(index, running);
        }
        (id, result)
    }

    /// Polls the operations until each has a result pending, and never returns.
    pub(super) async fn wait(&mut self) -> Infallible {
        poll_fn(|context| {
            self.poll_operations(context);
            Poll::Pending
        })
        .await
    }

    fn poll_operations(&mut self, context: &mut Context<'_>) {
        let mut started = 0;
        for running in &mut self.running {
            started += usize::from(!running.is_subscription);
            let may_run = running.is_subscription || started <= MAX_CONCURRENT;
            if may_run
                && running.pending.is_none()
                && let Poll::Ready(result) = running.results.poll_next_unpin(context)
            {
                running.pending = Some(result.map(|result| running.log.record(result)));
            }
        }
    }
}
