//! From a GraphQL request to the answers of its operation, whatever carries them.
//!
//! ```text
//! GraphqlRequest ─ read ─► Asked ─ check ─► Checked ─┬─ answer ──► one response     HTTP
//!                          its document,    it may   └─ answers ─► a stream of them  WebSocket, SSE
//!                          its kind         run
//! ```

use std::{mem, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{
    Request as Operation, Response as Executed, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use futures_util::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use tokio::time::timeout;

use super::{
    Shared,
    known::Known,
    log::{Entry, OperationLog},
    persisted::Found,
    reply::{self, Refused},
    request::GraphqlRequest,
};
use crate::{
    auth::{Refusal, Viewer},
    document::{Document, Shape},
    graphql::{
        context::RequestContext,
        error::{ApiError, ErrorCode},
    },
    plan::Answer as Answered,
};

/// A request whose document was read.
pub struct Asked {
    found: Found,
    known: Arc<Known>,
    /// Whether nothing was known of it before.
    is_new: bool,
    operation_name: Option<String>,
    variables: Variables,
    kind: OperationType,
}

impl Asked {
    /// Reads the document of a request, as far as which of its operations is asked for.
    ///
    /// # Errors
    /// When it has none, or it cannot be read.
    pub fn read(
        mut request: GraphqlRequest,
        served: &Shared,
        entry: &Entry,
    ) -> Result<Self, Refused> {
        let name = request.name()?;
        let GraphqlRequest { query, operation_name, variables, .. } = request;
        let found = served.persisted.find(query, name)?;
        let known = served.known.get(&found.text, operation_name.as_deref());
        let is_new = known.is_none();
        let known = if let Some(known) = known {
            known
        } else {
            let document = served.rules.parse(&found.text).map_err(refused)?;
            Arc::new(Known { document: Arc::new(document), plan: None })
        };
        let operation = known.document.operation(operation_name.as_deref()).map_err(refused)?;
        entry.operation(operation.name());
        let kind = operation.kind();
        Ok(Self { found, known, is_new, operation_name, variables, kind })
    }

    /// The answer by the operation's plan, if it has one and all goes well; where there is none,
    /// nothing was done.
    pub async fn answer_by_plan(
        &self,
        served: &Shared,
        viewer: Option<&Viewer>,
    ) -> Option<Answered> {
        let (settled, plan) = self.known.plan.as_ref()?;
        let context = context(served, viewer?);
        let operation = self.known.document.operation(self.operation_name.as_deref()).ok()?;
        let variables = served.rules.coerce_settled(&operation, settled, &self.variables)?;
        served.persisted.remember(&self.found);
        let answer = plan.run(&context, &variables).await?;
        tracing::debug!("answered by its plan");
        Some(answer)
    }

    /// Query, mutation or subscription.
    #[must_use]
    pub fn kind(&self) -> OperationType {
        self.kind
    }

    /// The operation, if it may run: its document within the limits, its variables of the right
    /// types, and with a viewer where it asks for anything of theirs.
    ///
    /// # Errors
    /// Says what is wrong: with the document itself first, then with the variables, then that the
    /// token is missing.
    pub async fn check(
        self,
        served: &Shared,
        viewer: Option<Viewer>,
        carrier: Carrier,
    ) -> Result<Checked<'_>, Refused> {
        let Self { found, known, is_new, operation_name, variables, kind } = self;
        let document = &known.document;
        let operation = document.operation(operation_name.as_deref()).map_err(refused)?;
        let measure = served.rules.measure(&operation, &variables).map_err(refused)?;
        operation.check_root().map_err(refused)?;
        let coerced = served.rules.coerce(&operation, variables);
        let token_missing = measure.needs_viewer && viewer.is_none();
        let has_to_be_valid_now = coerced.is_err()
            || token_missing
            || carrier == Carrier::Stream
            || document.has_others();
        if has_to_be_valid_now {
            // What is wrong with the document itself comes first, and only the operation that was
            // chosen goes on from here.
            validate(served, document.parsed().clone(), operation_name.clone(), kind).await?;
        }
        let variables = coerced.map_err(Refused::document)?;
        if token_missing {
            return Err(Refusal::missing().into());
        }
        served.persisted.remember(&found);
        let shape = served.rules.shape(&operation, &variables);
        let parsed = Document::clone(document);
        let parsed = parsed.into_parsed(&served.rules, operation_name.as_deref(), &variables);
        let document = Arc::clone(document);
        let new = is_new.then(|| (found.text, operation_name.clone(), document));
        let mut operation = ready(parsed, operation_name).variables(variables);
        if let Some(viewer) = viewer {
            operation = operation.data(context(served, &viewer));
        }
        Ok(Checked { served, operation, shape, kind, new })
    }
}

fn context(served: &Shared, viewer: &Viewer) -> RequestContext {
    let store = served.store.for_viewer(viewer);
    let (guard, clock) = (Arc::clone(&served.authenticator), served.clock.clone());
    RequestContext::new(viewer.clone(), store, guard, clock)
}

/// What brings the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// One response, whose status can still tell that the document was refused when it runs.
    Response,
    /// A stream, which is opened before the operation runs.
    Stream,
}

/// An operation that may run.
pub struct Checked<'a> {
    served: &'a Shared,
    operation: Operation,
    shape: Shape<'a>,
    kind: OperationType,
    /// What there is to be known of its document from now on.
    new: Option<(Arc<str>, Option<String>, Arc<Document>)>,
}

/// What an operation tells over a stream.
pub enum Answer {
    /// One of its responses.
    Next(Executed),
    /// Why it has none; it is the last that it tells.
    Failed(Vec<ServerError>),
}

impl<'a> Checked<'a> {
    /// Runs a query or mutation, which takes no longer than whoever waits for it.
    ///
    /// # Errors
    /// When the library refuses its document.
    pub async fn answer(self) -> Result<Executed, Refused> {
        let mut response = self.served.schema.execute(self.operation).await;
        if is_invalid(&response) {
            return Err(Refused::document(validation_errors(response.errors)));
        }
        if let Some((text, name, document)) = self.new {
            self.served.known.learn(&self.served.rules, text, name, document);
        }
        self.shape.complete(&mut response);
        Ok(response)
    }

    /// Whether it answers again and again.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.kind == OperationType::Subscription
    }

    /// Runs any operation: a query or mutation within the time of a request, a subscription for as
    /// long as it is listened to. It is logged when it is dropped.
    pub fn answers(self, log: OperationLog, request_id: &'a str) -> BoxStream<'a, Answer> {
        let is_followed = self.is_followed();
        let Self { served, operation, shape, .. } = self;
        let responses = AssertUnwindSafe(served.schema.execute_stream(operation)).catch_unwind();
        let mut responses =
            responses.map(|response| response.map_err(|_panic| reply::internal(request_id)));
        let responses = if is_followed {
            responses.boxed()
        } else {
            let limit = served.settings.timeout;
            let only = async move {
                timeout(limit, responses.next()).await.unwrap_or(Some(Err(too_slow(limit))))
            };
            stream::once(only).filter_map(future::ready).boxed()
        };
        let mut is_first = true;
        let answers = responses.map(move |response| {
            let is_first = mem::take(&mut is_first);
            let mut response = match response {
                Ok(response) => response,
                Err(error) => {
                    log.outcome(error.code());
                    return Answer::Failed(vec![error.at(None)]);
                }
            };
            shape.complete(&mut response);
            log.errors(&response.errors);
            reply::hide_internals(&mut response.errors, request_id);
            // A subscription that cannot be followed has no response at all.
            let is_refused = is_followed && is_first && response.data == Value::Null;
            if is_refused { Answer::Failed(response.errors) } else { Answer::Next(response) }
        });
        answers.boxed()
    }
}

fn ready(document: ExecutableDocument, operation_name: Option<String>) -> Operation {
    let mut operation = Operation::new(String::new());
    operation.set_parsed_query(document);
    operation.operation_name = operation_name;
    operation
}

/// Has the library look at a document without running anything of it: in its introspection mode no
/// resolver of ours is called, and without the values it looks at the document alone.
async fn validate(
    served: &Shared,
    document: ExecutableDocument,
    operation_name: Option<String>,
    kind: OperationType,
) -> Result<(), Refused> {
    let operation = ready(document, operation_name).only_introspection();
    let mut response = served.schema.execute(operation).await;
    if kind == OperationType::Subscription {
        // A valid one gets as far as the error that it cannot run here, which has no place in it.
        response.errors.retain(|error| !error.locations.is_empty());
    }
    if is_invalid(&response) {
        return Err(Refused::document(validation_errors(response.errors)));
    }
    Ok(())
}

/// Whether the library refused to run the operation: a field that fails has a path.
fn is_invalid(response: &Executed) -> bool {
    !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

fn validation_errors(errors: Vec<ServerError>) -> Vec<ServerError> {
    let coded = |error: ServerError| {
        let coded = ApiError::new(ErrorCode::GraphqlValidationFailed, error.message).at(None);
        ServerError { locations: error.locations, ..coded }
    };
    errors.into_iter().map(coded).collect()
}

fn refused(error: ServerError) -> Refused {
    Refused::document(vec![error])
}

/// What a client is told when its request took longer than the limit.
#[must_use]
pub fn too_slow(limit: Duration) -> ApiError {
    let message = format!(
        "The request took longer than {} s: ask for less at a time, or try again.",
        limit.as_secs()
    );
    ApiError::new(ErrorCode::Timeout, message)
}
