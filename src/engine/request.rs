//! A GraphQL request (GraphQL over HTTP, "Request"; graphql-transport-ws, "Subscribe").

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::RequestError;

const PERSISTED_QUERY: &str = "extensions.persistedQuery";

/// A GraphQL request. The library's own type has no `documentId`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphqlRequest {
    /// The document.
    pub query: Option<String>,
    /// The id of a trusted document, instead of the document (GraphQL over HTTP, "Persisted Documents").
    pub document_id: Option<String>,
    /// The operation to execute.
    pub operation_name: Option<String>,
    /// The values of the variables.
    #[serde(default)]
    pub variables: Variables,
    /// Extensions of the protocol.
    pub extensions: Option<Extensions>,
}

/// The extensions of a request. Only `persistedQuery` is supported; others are ignored.
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

/// An automatic persisted query (Apollo's protocol).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u64,
    sha256_hash: String,
}

/// The identifier of a persisted document.
pub(super) enum DocumentId {
    /// The id of a trusted document.
    Trusted(String),
    /// The SHA-256 of any document.
    Sha256(String),
}

impl GraphqlRequest {
    /// Takes the identifier of a persisted document, if the request has one.
    ///
    /// # Errors
    /// When it has two, or one that is malformed.
    pub(super) fn take_document_id(&mut self) -> Result<Option<DocumentId>, RequestError> {
        let persisted_query = self.extensions.take().and_then(|it| it.persisted_query);
        match (self.document_id.take().filter(|id| !id.is_empty()), persisted_query) {
            (None, None) => Ok(None),
            (Some(id), None) => Ok(Some(DocumentId::Trusted(id))),
            // serde also accepts an array of an object's values in their order.
            (None, Some(value)) if value.is_array() => Err(not_a_persisted_query()),
            (None, Some(value)) => match serde_json::from_value(value) {
                Ok(PersistedQuery { version: 1, sha256_hash }) => {
                    Ok(Some(DocumentId::Sha256(sha256_hash)))
                }
                _ => Err(not_a_persisted_query()),
            },
            (Some(_), Some(_)) => {
                Err(RequestError::field(PERSISTED_QUERY, "Leave it out beside documentId."))
            }
        }
    }

    /// Whether the request contains or refers to a document.
    #[must_use]
    pub fn has_document(&self) -> bool {
        let extensions = self.extensions.as_ref();
        self.query.is_some()
            || self.document_id.is_some()
            || extensions.is_some_and(|it| it.persisted_query.is_some())
    }
}

fn not_a_persisted_query() -> RequestError {
    let message = "It must be an object with version (1) and sha256Hash (a string).";
    RequestError::field(PERSISTED_QUERY, message)
}
