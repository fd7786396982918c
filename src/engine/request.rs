//! A GraphQL request as a client sends it (GraphQL over HTTP, "Request"; graphql-transport-ws,
//! "Subscribe").

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::RequestError;

/// The path of Apollo's protocol in a request.
const PERSISTED_QUERY: &str = "extensions.persistedQuery";

/// A request. The library's own type has no `documentId`.
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
    /// Extensions of the protocol.
    pub extensions: Option<Extensions>,
}

/// The extensions of a request, of which one has a meaning here.
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

/// The name by which a request refers to its document.
pub(super) enum DocumentName {
    /// A trusted document.
    Id(String),
    /// Any document, by the SHA-256 of its text.
    Sha256(String),
}

impl GraphqlRequest {
    /// The name by which it refers to its document, if any.
    ///
    /// # Errors
    /// When it has two names, or one of another form.
    pub(super) fn document_name(&mut self) -> Result<Option<DocumentName>, RequestError> {
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
                Err(RequestError::field(PERSISTED_QUERY, "Leave it out beside documentId."))
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

fn not_a_persisted_query() -> RequestError {
    let message = "It must be an object with version (1) and sha256Hash (a string).";
    RequestError::field(PERSISTED_QUERY, message)
}
