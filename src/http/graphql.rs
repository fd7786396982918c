//! `/graphql`: from an HTTP request to an operation that runs, or to the refusal that comes first.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_graphql::{
    Request as Operation, Response as Executed, ServerError,
    parser::types::{ExecutableDocument, OperationType},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::FutureExt;

use super::{
    Served,
    log::{Entry, RequestId},
    negotiation::{self, Form},
    reply::{self, Refused},
    request::{self, GraphqlRequest},
};
use crate::{
    auth::Refusal,
    document::Shape,
    graphql::{
        context::RequestContext,
        error::{ApiError, ErrorCode},
    },
};

/// Answers a request within the time that the server allows, whatever happens meanwhile.
pub async fn graphql(State(served): State<Served>, request: Request) -> Response {
    let entry = Entry::default();
    let form = Form::accepted(request.headers()).unwrap_or(Form::PLAIN);
    let answer = AssertUnwindSafe(answer(&served, request, &entry)).catch_unwind();
    let answer = match tokio::time::timeout(served.settings.timeout, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(Refused::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ApiError::new(ErrorCode::InternalServerError, "Internal error."),
        )),
        Err(_elapsed) => Err(too_slow(served.settings.timeout)),
    };
    let mut reply = answer.unwrap_or_else(|refused| {
        entry.outcome(refused.outcome());
        refused.reply(form)
    });
    reply.extensions_mut().insert(entry);
    reply
}

/// The order of refusal: what a client can see of a request without reading it, then its token,
/// then its document, and only then whether the operation needs a token that is not there.
async fn answer(served: &Served, request: Request, entry: &Entry) -> Result<Response, Refused> {
    if served.draining.load(Ordering::Relaxed) {
        let message = "The server is shutting down: try again.";
        return Err(Refused::unavailable(message, reply::RETRY_AFTER));
    }
    let (parts, body) = request.into_parts();
    let by_get = is_get(&parts.method)?;
    let form = media_types(&parts.headers, by_get)?;
    let body = request::body(body, served.settings.body_limit).await?;
    let viewer = served.authenticator.authenticate(&parts.headers).await?;
    entry.user(viewer.as_ref());
    let request = if by_get { request::from_query(&parts.uri) } else { request::from_json(&body) }?;

    let (mut operation, shape) = checked(served, request, by_get, viewer.is_some(), entry).await?;
    if let Some(viewer) = viewer {
        let store = served.store.for_viewer(&viewer);
        let (guard, clock) = (Arc::clone(&served.authenticator), served.clock.clone());
        operation = operation.data(RequestContext::new(viewer, store, guard, clock));
    }
    let mut response = served.schema.execute(operation).await;
    if is_invalid(&response) {
        return Err(Refused::document(validation_errors(response)));
    }
    shape.complete(&mut response);
    entry.errors(&response.errors);
    Ok(reply::executed(response, form, &RequestId::of(&parts.extensions)))
}

fn is_get(method: &Method) -> Result<bool, Refused> {
    match *method {
        Method::GET => Ok(true),
        Method::POST => Ok(false),
        _ => Err(not_allowed("GraphQL is asked by GET or POST.", "GET, POST")),
    }
}

fn media_types(headers: &HeaderMap, by_get: bool) -> Result<Form, Refused> {
    let form = Form::accepted(headers).ok_or_else(|| {
        Refused::input(
            StatusCode::NOT_ACCEPTABLE,
            "Accept must allow application/graphql-response+json or application/json.",
        )
    })?;
    if by_get || negotiation::is_json(headers) {
        Ok(form)
    } else {
        let message = "The body must be application/json, in UTF-8.";
        Err(Refused::input(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    }
}

/// The operation of a request, if it may run: its document within the limits, its variables of the
/// right types, and with a token where it asks for anything of the viewer's. With it comes the shape
/// of its answer.
async fn checked<'a>(
    served: &'a Served,
    request: GraphqlRequest,
    by_get: bool,
    has_token: bool,
    entry: &Entry,
) -> Result<(Operation, Shape<'a>), Refused> {
    let GraphqlRequest { query, operation_name, variables, .. } = request;
    let source = query.ok_or_else(|| {
        let error = ApiError::bad_input("query", "query is missing: it holds the document.");
        Refused::new(StatusCode::BAD_REQUEST, error)
    })?;
    let document = served.rules.parse(&source).map_err(refused)?;
    let operation = document.operation(operation_name.as_deref()).map_err(refused)?;
    entry.operation(operation.name());
    if by_get && operation.kind() != OperationType::Query {
        return Err(not_allowed("Only queries go by GET: send this by POST.", "POST"));
    }
    let measure = served.rules.measure(&operation, &variables).map_err(refused)?;
    let coerced = served.rules.coerce(&operation, variables);
    let token_missing = measure.needs_viewer && !has_token;
    if coerced.is_err() || token_missing || document.has_others() {
        // What is wrong with the document itself comes first, and only the operation that was
        // chosen goes on from here.
        validate(served, document.parsed().clone(), operation_name.clone()).await?;
    }
    let variables = coerced.map_err(Refused::document)?;
    if token_missing {
        return Err(Refusal::missing().into());
    }
    let shape = served.rules.shape(&operation, &variables);
    let document = document.into_parsed(&served.rules, operation_name.as_deref(), &variables);
    Ok((ready(document, operation_name).variables(variables), shape))
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
    served: &Served,
    document: ExecutableDocument,
    operation_name: Option<String>,
) -> Result<(), Refused> {
    let operation = ready(document, operation_name).only_introspection();
    let response = served.schema.execute(operation).await;
    if is_invalid(&response) {
        return Err(Refused::document(validation_errors(response)));
    }
    Ok(())
}

/// Whether the library refused to run the operation: a field that fails has a path.
fn is_invalid(response: &Executed) -> bool {
    !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

fn validation_errors(response: Executed) -> Vec<ServerError> {
    let coded = |error: ServerError| {
        let coded = ApiError::new(ErrorCode::GraphqlValidationFailed, error.message).at(None);
        ServerError { locations: error.locations, ..coded }
    };
    response.errors.into_iter().map(coded).collect()
}

fn refused(error: ServerError) -> Refused {
    Refused::document(vec![error])
}

fn not_allowed(message: &'static str, allow: &'static str) -> Refused {
    Refused::input(StatusCode::METHOD_NOT_ALLOWED, message)
        .with(header::ALLOW, HeaderValue::from_static(allow))
}

fn too_slow(limit: Duration) -> Refused {
    let message = format!("The request took longer than {} s.", limit.as_secs());
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, ApiError::new(ErrorCode::Timeout, message))
        .with(header::RETRY_AFTER, reply::RETRY_AFTER)
}
