//! `/graphql`: from an HTTP request to an operation that runs, or to the refusal that comes first.

use std::panic::AssertUnwindSafe;

use async_graphql::{
    Response as Executed, Value, indexmap::IndexMap, parser::types::OperationType,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use futures_util::FutureExt;

use super::{
    Served, live,
    log::{Entry, RequestId},
    negotiation::{self, Form},
    operation::{self, Asked, Carrier},
    reply::{self, Refused},
    request,
};
use crate::plan::Answer;

/// Answers a request within the time that the server allows, whatever happens meanwhile.
pub async fn graphql(State(served): State<Served>, request: Request) -> Response {
    let entry = Entry::default();
    let form = Form::accepted(request.headers());
    let id = RequestId::of(request.extensions());
    let id = id.as_str();
    let answer = AssertUnwindSafe(answer(&served, request, form, &entry, id)).catch_unwind();
    let limit = served.settings.timeout;
    let answer = match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => {
            Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, reply::internal(id)))
        }
        Err(_elapsed) => {
            Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, operation::too_slow(limit))
                .with(header::RETRY_AFTER, reply::RETRY_AFTER))
        }
    };
    let mut reply = answer.unwrap_or_else(|refused| {
        entry.outcome(refused.outcome());
        refused.reply(form.unwrap_or(Form::PLAIN))
    });
    reply.extensions_mut().insert(entry);
    reply
}

/// The order of refusal: what a client can see of a request without reading it, then its token,
/// then its document, and only then whether the operation needs a token that is not there. What
/// lasts longer than a request is opened here, and goes on in [`live`].
async fn answer(
    served: &Served,
    request: Request,
    form: Option<Form>,
    entry: &Entry,
    request_id: &str,
) -> Result<Response, Refused> {
    if served.draining.has_begun() {
        let message = "The server is shutting down: try again.";
        return Err(Refused::unavailable(message, reply::RETRY_AFTER));
    }
    let (mut parts, body) = request.into_parts();
    let by_get = is_get(&parts.method)?;
    if by_get && live::is_upgrade(&parts.headers) {
        return live::upgrade(served, &mut parts).await;
    }
    let accepted = media_types(&parts.headers, form, by_get)?;
    let body = request::body(body, served.settings.body_limit).await?;
    let viewer = served.authenticator.authenticate(&parts.headers).await?;
    entry.user(viewer.as_ref());
    let request = if by_get { request::from_query(&parts.uri) } else { request::from_json(&body) }?;

    let asked = Asked::read(request, served, entry)?;
    match accepted.for_operation(asked.kind(), by_get)? {
        Some(form) => {
            match asked.answer_by_plan(served, viewer.as_ref()).await {
                Some(Answer::Json(body)) => return Ok(reply::written(StatusCode::OK, form, body)),
                Some(Answer::Failed(field, error)) => {
                    let data = Value::Object(IndexMap::from([(field, Value::Null)]));
                    let mut response = Executed::new(data);
                    response.errors.push(error);
                    entry.errors(&response.errors);
                    return Ok(reply::executed(response, form, request_id));
                }
                None => {}
            }
            let checked = asked.check(served, viewer, Carrier::Response).await?;
            let response = checked.answer().await?;
            entry.errors(&response.errors);
            Ok(reply::executed(response, form, request_id))
        }
        None => live::events(served, asked, viewer, entry, request_id).await,
    }
}

fn is_get(method: &Method) -> Result<bool, Refused> {
    match *method {
        Method::GET => Ok(true),
        Method::POST => Ok(false),
        _ => Err(not_allowed("GraphQL is asked by GET or POST.", "GET, POST")),
    }
}

/// What `Accept` allows an answer to be.
struct Accepted {
    /// One response.
    form: Option<Form>,
    /// A stream of them, as events.
    events: bool,
}

fn media_types(headers: &HeaderMap, form: Option<Form>, by_get: bool) -> Result<Accepted, Refused> {
    let events = !by_get && negotiation::takes_events(headers);
    if form.is_none() && !events {
        let message = "Accept must allow application/graphql-response+json or application/json.";
        return Err(Refused::input(StatusCode::NOT_ACCEPTABLE, message));
    }
    if by_get || negotiation::is_json(headers) {
        Ok(Accepted { form, events })
    } else {
        let message = "The body must be application/json, in UTF-8.";
        Err(Refused::input(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
    }
}

impl Accepted {
    /// The form of the answer to such an operation; `None` for events. They are for subscriptions,
    /// and for who takes nothing else: many a client names them for whatever it asks.
    fn for_operation(self, kind: OperationType, by_get: bool) -> Result<Option<Form>, Refused> {
        match kind {
            OperationType::Mutation | OperationType::Subscription if by_get => {
                Err(not_allowed("Only queries go by GET: send this by POST.", "POST"))
            }
            OperationType::Subscription if self.events => Ok(None),
            OperationType::Subscription => Err(Refused::input(
                StatusCode::NOT_ACCEPTABLE,
                "A subscription has many answers: open a WebSocket (graphql-transport-ws), or send `Accept: text/event-stream`.",
            )),
            OperationType::Query | OperationType::Mutation => Ok(self.form),
        }
    }
}

fn not_allowed(message: &'static str, allow: &'static str) -> Refused {
    Refused::input(StatusCode::METHOD_NOT_ALLOWED, message)
        .with(header::ALLOW, HeaderValue::from_static(allow))
}
