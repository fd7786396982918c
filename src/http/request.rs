//! Parses a GraphQL request from a body or a query string (GraphQL over HTTP, "Request").

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{StatusCode, Uri},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value, error::Category};
use url::form_urlencoded;

use super::reply::HttpError;
use crate::{
    engine::GraphqlRequest,
    error::{ApiError, ErrorCode},
};

/// Refuses a body that says itself that it is larger than `limit` bytes.
///
/// # Errors
/// 413.
pub fn check_length(body: &Body, limit: usize) -> Result<(), HttpError> {
    let is_larger = body.size_hint().lower() > limit.try_into().unwrap_or(u64::MAX);
    if is_larger { Err(too_large(limit)) } else { Ok(()) }
}

/// Reads a body of at most `limit` bytes, and leaves it empty.
///
/// # Errors
/// 413 when it is larger, 400 when it ends early.
pub async fn read_body(body: &mut Body, limit: usize) -> Result<Bytes, HttpError> {
    match Limited::new(&mut *body, limit).collect().await {
        Ok(read) => {
            *body = Body::empty();
            Ok(read.to_bytes())
        }
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(_) => Err(bad_request("The body broke off.")),
    }
}

/// Reads at most `limit` bytes of a body and forgets them. A connection that is closed while its client sends
/// is reset, and the client may lose the response.
pub async fn discard(body: Body, limit: usize) {
    let mut body = Limited::new(body, limit);
    while let Some(Ok(_)) = body.frame().await {}
}

fn too_large(limit: usize) -> HttpError {
    let message = format!("The body is larger than {limit} bytes.");
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, ApiError::new(ErrorCode::BadUserInput, message))
}

/// The request in a JSON body.
///
/// # Errors
/// 400 when the body is not JSON or not a GraphQL request.
pub fn from_json(body: &[u8]) -> Result<GraphqlRequest, HttpError> {
    let is_array = body.trim_ascii_start().starts_with(b"[");
    match serde_json::from_slice(body).map_err(|error| error.classify()) {
        // serde also accepts an array of an object's values in their order.
        Ok(_) | Err(Category::Data) if is_array => {
            Err(bad_request("Send one request at a time: arrays are not taken."))
        }
        Ok(request) => Ok(request),
        Err(Category::Data) => Err(bad_request(
            "The body must be an object with query or documentId (a string) and, if needed, operationName (a string), variables and extensions (objects).",
        )),
        Err(Category::Syntax | Category::Eof | Category::Io) => {
            Err(not_json("The body is not JSON: send an object with the query in it.".to_owned()))
        }
    }
}

/// The request in a query string.
///
/// # Errors
/// 400 when the parameters are not a GraphQL request.
pub fn from_query(uri: &Uri) -> Result<GraphqlRequest, HttpError> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let value = match &*name {
            // A query string has no null, so empty means left out (GraphQL over HTTP, "GET").
            "operationName" | "variables" | "extensions" if value.is_empty() => continue,
            "query" | "documentId" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" => serde_json::from_str(&value).map_err(|_| {
                not_json(format!("The parameter {name} is not JSON: send an object."))
            })?,
            _ => continue,
        };
        fields.insert(name.into_owned(), value);
    }
    serde_json::from_value(Value::Object(fields)).map_err(|_| {
        bad_request("The parameters must be query or documentId and, if needed, operationName, variables and extensions (JSON objects).")
    })
}

fn not_json(message: String) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, ApiError::new(ErrorCode::GraphqlParseFailed, message))
}

fn bad_request(message: &'static str) -> HttpError {
    HttpError::bad_input(StatusCode::BAD_REQUEST, message)
}
