//! Executes operations (specification §6).
//!
//! An operation with a compiled [plan](super::plan) is executed by it. The library executes all others, and
//! those for which the plan gives no result:
//!
//! ```text
//! ParsedRequest ──┬── plan ──────────────────────────────────► ExecutionResult
//!                 └── prepare ──► PreparedOperation ──┬─ run ──► ExecutionResult
//!                     limits, variables, viewer       └─ stream ► stream of ExecutionResult
//! ```

use std::{mem, panic::AssertUnwindSafe, sync::Arc, sync::atomic::Ordering};

use async_graphql::{
    Request, Response, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use futures_util::{
    StreamExt, future,
    stream::{self, BoxStream},
};
use tokio::time::timeout;

use super::{
    Engine, ExecutionResult, GraphqlRequest, RequestError,
    document::{Document, ResponseShape},
    document_cache::CachedDocument,
    persisted::FoundDocument,
    plan::PlanResult,
};
use crate::{
    auth::{AuthError, Viewer},
    error::{ApiError, ErrorCode},
};

/// The results of an operation. An error is the last one.
pub type ResultStream<'a> = BoxStream<'a, Result<ExecutionResult, RequestError>>;

/// A request with its parsed document and the operation to execute.
pub struct ParsedRequest {
    found: FoundDocument,
    document: Arc<CachedDocument>,
    /// Whether the document is from the document cache.
    is_cached: bool,
    operation_name: Option<String>,
    variables: Variables,
    operation_type: OperationType,
}

impl ParsedRequest {
    /// Query, mutation or subscription.
    #[must_use]
    pub fn operation_type(&self) -> OperationType {
        self.operation_type
    }

    /// The name of the operation, unless it is anonymous.
    #[must_use]
    pub fn operation_name(&self) -> Option<&str> {
        self.document.document.operation(self.operation_name.as_deref()).ok()?.name()
    }
}

/// How results are delivered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// One result. The document is validated when the operation is executed.
    Single,
    /// A stream. It is opened before the operation is executed, so the document is validated before.
    Stream,
}

impl Engine {
    /// Finds and parses the document of a request, and chooses its operation.
    ///
    /// # Errors
    /// When the request has no document, or one that cannot be parsed or does not have the operation.
    pub fn parse(&self, mut request: GraphqlRequest) -> Result<ParsedRequest, RequestError> {
        let document_id = request.take_document_id()?;
        let GraphqlRequest { query, operation_name, variables, .. } = request;
        let found = self.persisted.find(query, document_id)?;
        let cached = self.documents.get(&found.text, operation_name.as_deref());
        let is_cached = cached.is_some();
        let document = if let Some(cached) = cached {
            cached
        } else {
            let document = Arc::new(self.validator.parse(&found.text)?);
            Arc::new(CachedDocument { document, plans: None })
        };
        let operation_type = document.document.operation(operation_name.as_deref())?.kind();
        Ok(ParsedRequest { found, document, is_cached, operation_name, variables, operation_type })
    }

    /// Executes a query or mutation.
    ///
    /// # Errors
    /// When the operation is not executed, because of its document, its variables or a missing token, in this
    /// order.
    pub async fn execute(
        &self,
        request: ParsedRequest,
        viewer: Option<Viewer>,
        request_id: &str,
    ) -> Result<ExecutionResult, RequestError> {
        if let Some(result) = self.execute_plan(&request, viewer.as_ref(), request_id).await {
            return Ok(result);
        }
        let response = self.prepare(request, viewer, Delivery::Single).await?.run().await?;
        Ok(ExecutionResult::of(response, request_id))
    }

    /// Executes any operation.
    ///
    /// # Errors
    /// See [`Engine::execute`].
    pub async fn stream<'a>(
        &'a self,
        request: ParsedRequest,
        viewer: Option<Viewer>,
        request_id: &'a str,
    ) -> Result<ResultStream<'a>, RequestError> {
        Ok(self.prepare(request, viewer, Delivery::Stream).await?.stream(request_id))
    }

    /// Executes the operation by its plan. `None` if it has no plan, or the plan gives no result; nothing has
    /// been changed then.
    async fn execute_plan(
        &self,
        request: &ParsedRequest,
        viewer: Option<&Viewer>,
        request_id: &str,
    ) -> Option<ExecutionResult> {
        let CachedDocument { document, plans } = &*request.document;
        let (statically_valid, plans) = plans.as_ref()?;
        let context = self.context(viewer?);
        let operation = document.operation(request.operation_name.as_deref()).ok()?;
        let variables = &request.variables;
        let variables =
            self.validator.coerce_statically_valid(&operation, statically_valid, variables)?;
        let plan = plans.get(&self.validator, &operation, &variables)?;
        self.persisted.insert(&request.found);
        let result = plan.run(&context, &variables).await?;
        self.planned.fetch_add(1, Ordering::Relaxed);
        Some(match result {
            PlanResult::Json(json) => ExecutionResult::Json(json),
            PlanResult::Failed(response) => ExecutionResult::of(response, request_id),
        })
    }

    /// Checks the document against the limits, coerces the variables, and checks that there is a viewer if the
    /// operation needs one.
    async fn prepare(
        &self,
        request: ParsedRequest,
        viewer: Option<Viewer>,
        delivery: Delivery,
    ) -> Result<PreparedOperation<'_>, RequestError> {
        let ParsedRequest { found, document, is_cached, operation_name, variables, operation_type } =
            request;
        let document = &document.document;
        let operation = document.operation(operation_name.as_deref())?;
        let complexity = self.validator.complexity(&operation, &variables)?;
        operation.check_single_root_field()?;
        let coerced = self.validator.coerce(&operation, variables);
        let is_token_missing = complexity.needs_viewer && viewer.is_none();
        let validate_now = coerced.is_err()
            || is_token_missing
            || delivery == Delivery::Stream
            || document.has_multiple_operations();
        if validate_now {
            // Errors of the document are reported before those of the variables and the token. Also, only
            // the operation to execute is kept below.
            self.validate(document.parsed().clone(), operation_name.clone(), operation_type)
                .await?;
        }
        let variables = coerced.map_err(RequestError::Document)?;
        if is_token_missing {
            return Err(RequestError::Unauthenticated(AuthError::missing()));
        }
        self.persisted.insert(&found);
        let shape = self.validator.response_shape(&operation, &variables);
        let parsed = Document::clone(document);
        let parsed = parsed.into_parsed(&self.validator, operation_name.as_deref(), &variables);
        let document = Arc::clone(document);
        let to_cache = (!is_cached).then(|| (found.text, operation_name.clone(), document));
        let mut request = library_request(parsed, operation_name).variables(variables);
        if let Some(viewer) = viewer {
            request = request.data(self.context(&viewer));
        }
        Ok(PreparedOperation { engine: self, request, shape, operation_type, to_cache })
    }

    /// Has the library validate a document without executing it: in its introspection mode it calls none of
    /// our resolvers. There are no variables here, so it validates only the document.
    async fn validate(
        &self,
        document: ExecutableDocument,
        operation_name: Option<String>,
        operation_type: OperationType,
    ) -> Result<(), RequestError> {
        let request = library_request(document, operation_name).only_introspection();
        let mut response = self.schema.execute(request).await;
        if operation_type == OperationType::Subscription {
            // A valid subscription causes only the error that it cannot be executed here, which has no
            // location.
            response.errors.retain(|error| !error.locations.is_empty());
        }
        if is_refusal(&response) {
            return Err(RequestError::Document(validation_errors(response.errors)));
        }
        Ok(())
    }
}

/// An operation that passed all checks.
struct PreparedOperation<'a> {
    engine: &'a Engine,
    request: Request,
    shape: ResponseShape<'a>,
    operation_type: OperationType,
    /// The entry for the document cache, to insert after the operation was executed.
    to_cache: Option<(Arc<str>, Option<String>, Arc<Document>)>,
}

impl<'a> PreparedOperation<'a> {
    /// Executes a query or mutation.
    async fn run(self) -> Result<Response, RequestError> {
        let Engine { schema, documents, validator, .. } = self.engine;
        let mut response = schema.execute(self.request).await;
        if is_refusal(&response) {
            return Err(RequestError::Document(validation_errors(response.errors)));
        }
        if let Some((text, name, document)) = self.to_cache {
            documents.insert(validator, text, name, document);
        }
        self.shape.complete_value(&mut response);
        Ok(response)
    }

    /// Executes any operation. A query or mutation has the time limit of a request, a subscription none.
    fn stream(self, request_id: &'a str) -> ResultStream<'a> {
        let Self { engine, request, shape, operation_type, .. } = self;
        let is_subscription = operation_type == OperationType::Subscription;
        let responses = AssertUnwindSafe(engine.schema.execute_stream(request)).catch_unwind();
        let internal = |_panic| RequestError::Internal(ApiError::internal(request_id));
        let mut responses = responses.map(move |response| response.map_err(internal));
        let responses = if is_subscription {
            responses.boxed()
        } else {
            let limit = engine.timeout;
            let first = async move {
                let first = timeout(limit, responses.next()).await;
                first.unwrap_or(Some(Err(RequestError::Timeout(limit))))
            };
            stream::once(first).filter_map(future::ready).boxed()
        };
        let mut is_first = true;
        let results = responses.map(move |response| {
            let is_first = mem::take(&mut is_first);
            let mut response = response?;
            shape.complete_value(&mut response);
            let result = ExecutionResult::of(response, request_id);
            match result {
                // If the source stream cannot be created, the operation has errors and no results
                // (specification §6.2.3.1).
                ExecutionResult::Response(response)
                    if is_subscription && is_first && response.data == Value::Null =>
                {
                    Err(RequestError::Document(response.errors))
                }
                result => Ok(result),
            }
        });
        results.boxed()
    }
}

fn library_request(document: ExecutableDocument, operation_name: Option<String>) -> Request {
    let mut request = Request::new(String::new());
    request.set_parsed_query(document);
    request.operation_name = operation_name;
    request
}

/// Whether the library did not execute the operation: an error of a field has a path.
fn is_refusal(response: &Response) -> bool {
    !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

fn validation_errors(errors: Vec<ServerError>) -> Vec<ServerError> {
    let coded = |error: ServerError| {
        let coded = ApiError::new(ErrorCode::GraphqlValidationFailed, error.message).at(None);
        ServerError { locations: error.locations, ..coded }
    };
    errors.into_iter().map(coded).collect()
}
