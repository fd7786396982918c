//! Executes operations (specification §6).
//!
//! An operation with a compiled [plan](super::plan) is executed by it. The library executes all others, and
//! those for which the plan gives no result:
//!
//! ```text
//! ParsedRequest ── check ──► CheckedRequest ──┬── plan ────► ExecutionResult
//!                  limits, validity,          └── library ─► ExecutionResult, or a stream of them
//!                  variables, viewer
//! ```

use std::{
    mem,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
};

use async_graphql::{Request, Value, Variables};
use futures_util::{
    FutureExt, StreamExt, future,
    stream::{self, BoxStream},
};
use tokio::time::timeout;

use super::{
    Client, Engine, ExecutionResult, GraphqlRequest, RequestError,
    document::{Complexity, ObjectFields, Operation, OperationType, execution_document},
    operation_cache::{CheckedOperation, Plans, Points},
    persisted::FoundDocument,
    plan::PlanResult,
};
use crate::{
    auth::AuthError,
    error::ApiError,
    graphql::context::RequestContext,
    store::{Budget, TooLarge},
};

/// The results of an operation. An error is the last one.
pub type ResultStream<'a> = BoxStream<'a, Result<ExecutionResult, RequestError>>;

/// A request with the operation to execute.
pub struct ParsedRequest {
    found: FoundDocument,
    operation_name: Option<String>,
    variables: Variables,
    operation: ParsedOperation,
}

enum ParsedOperation {
    /// From the cache.
    Checked(Arc<CheckedOperation>),
    /// From the text.
    New(Box<Operation>),
}

impl ParsedRequest {
    /// Query, mutation or subscription.
    #[must_use]
    pub fn operation_type(&self) -> OperationType {
        match &self.operation {
            ParsedOperation::Checked(operation) => operation.kind,
            ParsedOperation::New(operation) => operation.kind(),
        }
    }

    /// The name of the operation, unless it is anonymous.
    #[must_use]
    pub fn operation_name(&self) -> Option<&str> {
        match &self.operation {
            ParsedOperation::Checked(operation) => operation.name.as_deref(),
            ParsedOperation::New(operation) => operation.name(),
        }
    }
}

impl Engine {
    /// Finds and parses the document of a request, and chooses its operation.
    ///
    /// # Errors
    /// When the request has no document, or one that cannot be parsed or does not have the operation.
    pub fn parse(
        &self,
        request: GraphqlRequest,
        client: &Client,
    ) -> Result<ParsedRequest, RequestError> {
        self.parse_request(request).map_err(|error| self.refuse(client, error))
    }

    fn parse_request(&self, mut request: GraphqlRequest) -> Result<ParsedRequest, RequestError> {
        let document_id = request.take_document_id()?;
        let GraphqlRequest { query, operation_name, variables, .. } = request;
        // Some clients cannot leave it out.
        let operation_name = operation_name.filter(|name| !name.is_empty());
        let found = self.persisted.find(query, document_id)?;
        let name = operation_name.as_deref();
        let operation = if let Some(checked) = self.operations.get(&found.text, name) {
            ParsedOperation::Checked(checked)
        } else {
            ParsedOperation::New(Box::new(self.validator.parse(&found.text, name)?))
        };
        Ok(ParsedRequest { found, operation_name, variables, operation })
    }

    /// Executes a query or mutation.
    ///
    /// # Errors
    /// When the operation is not executed, because of its document, its variables, a missing token or the rate
    /// limit, in this order.
    pub async fn execute(
        &self,
        request: ParsedRequest,
        client: &Client,
        request_id: &str,
    ) -> Result<ExecutionResult, RequestError> {
        // Its future takes kilobytes, which each layer of the transport would move.
        Box::pin(self.check(request, client)?.execute(request_id)).await
    }

    /// Executes any operation. A query or mutation has the time limit of a request, a subscription none.
    ///
    /// # Errors
    /// See [`Engine::execute`].
    pub fn stream<'a>(
        &'a self,
        request: ParsedRequest,
        client: &Client,
        request_id: &'a str,
    ) -> Result<ResultStream<'a>, RequestError> {
        let request = self.check(request, client)?;
        if request.operation.kind == OperationType::Subscription {
            return request.subscribe(request_id);
        }
        let result = async move {
            let result = AssertUnwindSafe(request.execute(request_id)).catch_unwind();
            match timeout(self.timeout, result).await {
                Ok(Ok(result)) => result,
                Ok(Err(_panic)) => Err(RequestError::Internal(ApiError::internal(request_id))),
                Err(_elapsed) => Err(RequestError::Timeout(self.timeout)),
            }
        };
        Ok(stream::once(result).boxed())
    }

    /// Checks a request, and takes its points.
    fn check(
        &self,
        request: ParsedRequest,
        client: &Client,
    ) -> Result<CheckedRequest<'_>, RequestError> {
        let checked = self.check_request(request, client);
        let (request, points) = checked.map_err(|error| self.refuse(client, error))?;
        let rate = self.rates.take(client, points)?;
        let viewer = client.viewer.as_ref();
        let context = viewer.map(|viewer| self.context(viewer, points, rate));
        Ok(CheckedRequest { context, ..request })
    }

    /// Checks the document against the limits and the schema, coerces the variables, and checks that there is a
    /// viewer if the operation needs one. Gives back the points that the request costs as well.
    fn check_request(
        &self,
        request: ParsedRequest,
        client: &Client,
    ) -> Result<(CheckedRequest<'_>, u32), RequestError> {
        let ParsedRequest { found, operation_name, variables, operation } = request;
        let name = operation_name.as_deref();
        let (operation, variables, fields, points) = match operation {
            ParsedOperation::Checked(checked) => {
                let variables = self.coerce(&checked, variables)?;
                let points = checked.points.get(&variables, || {
                    let operation = self.validator.parse(&found.text, name)?;
                    let complexity = self.validator.complexity(&operation, &variables)?;
                    Ok::<_, RequestError>(operation.points(&complexity, &variables))
                })?;
                (checked, variables, None, points)
            }
            ParsedOperation::New(parsed) => {
                let (checked, parsed, complexity) = self.check_operation(*parsed, &variables)?;
                let variables = self.coerce(&checked, variables)?;
                let fields = self.validator.collect_fields(&parsed, &variables)?;
                let points = parsed.points(&complexity, &variables);
                (Arc::new(checked), variables, Some(Arc::new(fields)), points)
            }
        };
        if operation.needs_viewer && client.viewer.is_none() {
            return Err(RequestError::Unauthenticated(AuthError::missing()));
        }
        self.persisted.insert(&found);
        let is_new = fields.is_some();
        if is_new && client.viewer.is_some() {
            self.operations.insert(&found.text, name, &operation);
        }
        let FoundDocument { text, .. } = found;
        let request = CheckedRequest {
            engine: self,
            text,
            operation_name,
            operation,
            fields,
            variables,
            context: None,
        };
        Ok((request, points))
    }

    fn coerce(
        &self,
        operation: &CheckedOperation,
        variables: Variables,
    ) -> Result<Variables, RequestError> {
        let CheckedOperation { variables: definitions, literals, .. } = operation;
        Ok(self.validator.coerce(definitions, *literals, variables)?)
    }

    fn check_operation(
        &self,
        operation: Operation,
        variables: &Variables,
    ) -> Result<(CheckedOperation, Operation, Complexity), RequestError> {
        let complexity = self.validator.complexity(&operation, variables)?;
        let operation = self.validator.validate(operation)?;
        let literals = self.validator.literals(&operation, variables)?;
        let is_always_valid =
            literals.are_static && self.validator.greatest_complexity(&operation).is_ok();
        let checked = CheckedOperation {
            kind: operation.kind(),
            name: operation.name().map(str::to_owned),
            variables: operation.variables(),
            literals: literals.count,
            needs_viewer: complexity.needs_viewer,
            selections: complexity.selections,
            is_always_valid,
            points: Points::new(operation.size_variables()),
            plans: Plans::new(operation.conditions()),
        };
        Ok((checked, operation, complexity))
    }
}

/// A request that has passed all checks.
struct CheckedRequest<'a> {
    engine: &'a Engine,
    text: Arc<str>,
    operation_name: Option<String>,
    operation: Arc<CheckedOperation>,
    /// The fields that the operation selects, unless it is from the cache: those have to be collected then.
    fields: Option<Arc<ObjectFields>>,
    variables: Variables,
    context: Option<RequestContext>,
}

impl<'a> CheckedRequest<'a> {
    /// Executes a query or mutation.
    async fn execute(self, request_id: &str) -> Result<ExecutionResult, RequestError> {
        if let Some(result) = self.execute_plan(request_id).await? {
            return Ok(result);
        }
        let schema = &self.engine.schema;
        let kind = self.operation.kind;
        let budget = self.budget();
        // What a plan has read before it gave no result is read again.
        if let Some(budget) = &budget {
            budget.renew();
        }
        let (fields, request) = self.library_request()?;
        let mut response = schema.execute(request).await;
        fields.complete_response(&mut response);
        if let Some(Err(error)) = budget.map(|budget| budget.check()) {
            if kind == OperationType::Query {
                return Err(too_large(error));
            }
            fields.refuse_large_payloads(&mut response);
        }
        Ok(ExecutionResult::of(response, request_id))
    }

    /// Executes the operation by its plan. `None` if it has no plan, or the plan gives no result; nothing has
    /// been changed then.
    async fn execute_plan(
        &self,
        request_id: &str,
    ) -> Result<Option<ExecutionResult>, RequestError> {
        let Self { engine, operation, variables, .. } = self;
        let Some(context) = &self.context else { return Ok(None) };
        let plan = operation.plans.get(operation.kind, variables, || self.fields())?;
        let Some(plan) = plan.filter(|_| engine.uses_plans.load(Ordering::Relaxed)) else {
            return Ok(None);
        };
        let Some(result) = plan.run(context, variables).await else { return Ok(None) };
        engine.planned.fetch_add(1, Ordering::Relaxed);
        Ok(Some(match result {
            PlanResult::Json(json) => ExecutionResult::Json(json),
            PlanResult::Failed(response) => ExecutionResult::of(response, request_id),
            PlanResult::TooLarge(error) => return Err(error.at(None).into()),
        }))
    }

    fn budget(&self) -> Option<Budget> {
        self.context.as_ref().map(|context| context.store.budget().clone())
    }

    fn fields(&self) -> Result<Arc<ObjectFields>, RequestError> {
        if let Some(fields) = &self.fields {
            return Ok(Arc::clone(fields));
        }
        let Engine { validator, .. } = self.engine;
        let operation = validator.parse(&self.text, self.operation_name.as_deref())?;
        validator.complexity(&operation, &self.variables)?;
        Ok(Arc::new(validator.collect_fields(&operation, &self.variables)?))
    }

    /// The request by which the library executes the operation, and the fields by which its response is
    /// completed.
    fn library_request(self) -> Result<(Arc<ObjectFields>, Request), RequestError> {
        let fields = self.fields()?;
        let document = execution_document(self.operation.kind, &fields, &self.variables);
        let mut request = Request::new(String::new());
        request.set_parsed_query(document);
        if let Some(context) = self.context {
            request = request.data(context);
        }
        Ok((fields, request))
    }

    /// Executes a subscription.
    fn subscribe(self, request_id: &'a str) -> Result<ResultStream<'a>, RequestError> {
        let schema = &self.engine.schema;
        let budget = self.budget();
        let messages = self.context.as_ref().map(|context| context.store.messages().clone());
        let (fields, request) = self.library_request()?;
        let responses = AssertUnwindSafe(schema.execute_stream(request)).catch_unwind();
        let mut is_first = true;
        let mut is_over = false;
        let results = responses.map(move |response| {
            if let Some(Err(error)) = budget.as_ref().map(Budget::check) {
                return Err(too_large(error));
            }
            let is_first = mem::take(&mut is_first);
            let mut response = response
                .map_err(|_panic| RequestError::Internal(ApiError::internal(request_id)))?;
            fields.complete_response(&mut response);
            match ExecutionResult::of(response, request_id) {
                // If the source stream cannot be created, the operation has errors and no results
                // (specification §6.2.3.1).
                ExecutionResult::Response(response) if is_first && response.data == Value::Null => {
                    Err(RequestError::Document(response.errors))
                }
                result => Ok(result),
            }
        });
        // After a result that the client does not get, it has to subscribe again from its last cursor.
        let until_error = results
            .take_while(move |result| future::ready(!mem::replace(&mut is_over, result.is_err())));
        let delivered = until_error.then(move |result| {
            let messages = messages.clone();
            async move { Ok(result?.into_message(messages.as_ref()).await) }
        });
        Ok(delivered.boxed())
    }
}

fn too_large(error: TooLarge) -> RequestError {
    ApiError::from(error).at(None).into()
}
