//! Reading a GraphQL request out of a body or a query string (GraphQL over HTTP, "Request").

use async_graphql::Variables;
use axum::{
    body::{Body, Bytes},
    http::{StatusCode, Uri, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Map, Value, error::Category};
use url::form_urlencoded;

use super::reply::Refused;
use crate::graphql::error::{ApiError, ErrorCode};

/// Where Apollo's protocol has its place in a request.
const PERSISTED_QUERY: &str = "extensions.persistedQuery";

/// What a client asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphqlRequest {
    /// The document.
    pub query: Option<String>,
    /// The id of a trusted document, in its place (GraphQL over HTTP, "Persisted Documents").
    pub document_id: Option<String>,
    /// Which of its operations to run.
    pub operation_name: Option<String>,
    /// The values of its variables.
    #[serde(default)]
    pub variables: Variables,
    /// What else it says.
    pub extensions: Option<Extensions>,
}

/// The extensions of a request, of which one means something here.
#[derive(Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Extensions {
    persisted_query: Option<Value>,
}

impl From<Map<String, Value>> for Extensions {
    fn from(mut map: Map<String, Value>) -> Self {
        Self { persisted_query: map.remove("persistedQuery").filter(|value| !value.is_null()) }
    }
}

/// Apollo's protocol of automatic persisted queries.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u64,
    sha256_hash: String,
}

/// What a request calls its document.
pub enum DocumentName {
    /// A trusted document.
    Id(String),
    /// Any document, by the SHA-256 of its text.
    Sha256(String),
}

impl GraphqlRequest {
    /// What it calls its document, if it does.
    ///
    /// # Errors
    /// When it is called by two names, or in another way than clients do.
    pub fn name(&mut self) -> Result<Option<DocumentName>, Refused> {
        let persisted_query = self.extensions.take().and_then(|it| it.persisted_query);
        match (self.document_id.take().filter(|id| !id.is_empty()), persisted_query) {
            (None, None) => Ok(None),
            (Some(id), None) => Ok(Some(DocumentName::Id(id))),
            // To serde, the values alone, in their order, would be one as well.
            (None, Some(value)) if value.is_array() => Err(not_a_persisted_query()),
            (None, Some(value)) => match serde_json::from_value(value) {
                Ok(PersistedQuery { version: 1, sha256_hash }) => {
                    Ok(Some(DocumentName::Sha256(sha256_hash)))
                }
                _ => Err(not_a_persisted_query()),
            },
            (Some(_), Some(_)) => {
                Err(Refused::field(PERSISTED_QUERY, "Leave it out beside documentId."))
            }
        }
    }

    /// Whether it sends or names a document.
    #[must_use]
    pub fn has_document(&self) -> bool {
        let extensions = self.extensions.as_ref();
        self.query.is_some()
            || self.document_id.is_some()
            || extensions.is_some_and(|it| it.persisted_query.is_some())
    }
}

/// A body of at most `limit` bytes.
///
/// # Errors
/// 413 when it is larger, 400 when the connection breaks off.
pub async fn body(body: Body, limit: usize) -> Result<Bytes, Refused> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("The body is larger than {limit} bytes.");
            let error = ApiError::new(ErrorCode::BadUserInput, message);
            // What is left of the body would be taken for the next request.
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, error)
                .with(header::CONNECTION, header::HeaderValue::from_static("close")))
        }
        Err(_) => Err(bad("The body broke off.")),
    }
}

/// The request in a JSON body.
///
/// # Errors
/// 400 for what is not JSON, or not a GraphQL request.
pub fn from_json(body: &[u8]) -> Result<GraphqlRequest, Refused> {
    let is_array = body.trim_ascii_start().starts_with(b"[");
    match serde_json::from_slice(body).map_err(|error| error.classify()) {
        // To serde, the values alone, in their order, would be a request as well.
        Ok(_) | Err(Category::Data) if is_array => {
            Err(bad("Send one request at a time: arrays are not taken."))
        }
        Ok(request) => Ok(request),
        Err(Category::Data) => Err(bad(
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
/// 400 for parameters that are not those of a GraphQL request.
pub fn from_query(uri: &Uri) -> Result<GraphqlRequest, Refused> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let value = match &*name {
            // Here, unlike in JSON, there is no null (GraphQL over HTTP, "GET").
            "operationName" if value.is_empty() => continue,
            "query" | "documentId" | "operationName" => Value::String(value.into_owned()),
            "variables" | "extensions" => serde_json::from_str(&value).map_err(|_| {
                not_json(format!("The parameter {name} is not JSON: send an object."))
            })?,
            _ => continue,
        };
        fields.insert(name.into_owned(), value);
    }
    serde_json::from_value(Value::Object(fields)).map_err(|_| {
        bad("The parameters must be query or documentId and, if needed, operationName, variables and extensions (JSON objects).")
    })
}

fn not_a_persisted_query() -> Refused {
    let message = "It must be an object with version (1) and sha256Hash (a string).";
    Refused::field(PERSISTED_QUERY, message)
}

fn not_json(message: String) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, ApiError::new(ErrorCode::GraphqlParseFailed, message))
}

fn bad(message: &'static str) -> Refused {
    Refused::input(StatusCode::BAD_REQUEST, message)
}
