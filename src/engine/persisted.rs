//! Persisted documents: a request refers to its document by an id or a hash.
//!
//! There are two kinds. **Trusted documents** are in a file that the build of a front end has written; the
//! server can be limited to these. **Automatic persisted queries** (Apollo's protocol) are cached at run time:
//! a client sends the SHA-256 of a document, gets the error that it is unknown, and then sends both once.

use std::{
    collections::{HashMap, HashSet},
    fs,
    sync::Arc,
};

use aws_lc_rs::digest;
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;

use super::{RequestError, document, request::DocumentId};
use crate::error::{ApiError, ErrorCode};

/// The cache has room for at least so many documents: a document that needs more than this share of it is not
/// cached.
const MIN_DOCUMENTS: usize = 128;

/// The settings of persisted documents.
#[derive(Clone, Debug, Default)]
pub struct PersistedSettings {
    /// The documents of the file, if one is configured.
    pub trusted: Option<TrustedDocuments>,
    /// Whether all other documents are refused.
    pub only_trusted: bool,
    /// The bytes of the cache of automatic persisted queries; 0 disables them.
    pub memory: u64,
}

/// The documents of a file that the build of a front end has written.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments {
    by_id: HashMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
}

/// The supported formats of the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum DocumentsFile {
    /// Apollo's persisted query manifest.
    Manifest { operations: Vec<ManifestEntry> },
    /// The output of graphql-codegen and Relay's compiler.
    Map(HashMap<String, String>),
}

#[derive(Deserialize)]
struct ManifestEntry {
    id: String,
    body: String,
}

impl TrustedDocuments {
    /// Reads the file.
    ///
    /// # Errors
    /// A message when the file cannot be read or a document in it cannot be parsed.
    pub fn read(file: &str) -> Result<Self, String> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{file} cannot be read ({error})"))?;
        let documents: Vec<(String, String)> = match serde_json::from_str(&text) {
            Ok(DocumentsFile::Manifest { operations }) => {
                operations.into_iter().map(|entry| (entry.id, entry.body)).collect()
            }
            Ok(DocumentsFile::Map(by_id)) => by_id.into_iter().collect(),
            Err(_) => {
                return Err(format!(
                    "{file} must hold a JSON object from ids to documents, as graphql-codegen and Relay's compiler write it, or a manifest of Apollo's"
                ));
            }
        };
        let mut trusted = Self::default();
        for (id, text) in documents {
            if let Err(error) = document::check_syntax(&text) {
                return Err(format!("{file}, document {id}: {}", error.message));
            }
            let text = Arc::from(text);
            let before = trusted.by_id.insert(without_prefix(&id).to_owned(), Arc::clone(&text));
            if before.is_some_and(|before| before != text) {
                return Err(format!("{file}: {id} is the id of two documents"));
            }
            trusted.texts.insert(text);
        }
        Ok(trusted)
    }

    /// The number of documents.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_id.len()
    }
}

/// The documents to which requests may refer.
pub struct PersistedDocuments {
    trusted: TrustedDocuments,
    only_trusted: bool,
    /// Automatic persisted queries by SHA-256, if they are enabled.
    cache: Option<Cache<String, Arc<str>, TextLength>>,
}

#[derive(Clone)]
struct TextLength;

impl Weighter<String, Arc<str>> for TextLength {
    fn weight(&self, sha256: &String, document: &Arc<str>) -> u64 {
        (sha256.len() + document.len()) as u64
    }
}

/// The document of a request.
pub struct FoundDocument {
    pub text: Arc<str>,
    /// The hash to cache it under, if the client sent one with it.
    sha256: Option<String>,
}

impl PersistedDocuments {
    #[must_use]
    pub fn new(settings: PersistedSettings) -> Self {
        let PersistedSettings { trusted, only_trusted, memory } = settings;
        let cache = (memory > 0).then(|| Cache::with_weighter(MIN_DOCUMENTS, memory, TextLength));
        Self { trusted: trusted.unwrap_or_default(), only_trusted, cache }
    }

    /// The document that a request contains or refers to. An empty document beside an id or a hash counts as
    /// missing, because some clients cannot omit it.
    ///
    /// # Errors
    /// When there is none, it is unknown or not allowed, or the hash is not that of the document.
    pub fn find(
        &self,
        query: Option<String>,
        id: Option<DocumentId>,
    ) -> Result<FoundDocument, RequestError> {
        match (query.filter(|query| id.is_none() || !query.is_empty()), id) {
            (Some(_), Some(DocumentId::Trusted(_))) => {
                Err(RequestError::field("documentId", "Send either documentId or query, not both."))
            }
            (Some(query), Some(DocumentId::Sha256(sha256))) => {
                self.check_query(query, Some(&sha256))
            }
            (Some(query), None) => self.check_query(query, None),
            (None, Some(id)) => self.find_persisted(&id),
            (None, None) => Err(RequestError::field(
                "query",
                "query is missing: send the document in it, or the id of a trusted one as documentId.",
            )),
        }
    }

    fn find_persisted(&self, id: &DocumentId) -> Result<FoundDocument, RequestError> {
        let text = match id {
            DocumentId::Trusted(id) => self.trusted(id),
            DocumentId::Sha256(sha256) => self
                .trusted(sha256)
                .or_else(|| self.cache.as_ref()?.get(&sha256.to_ascii_lowercase())),
        };
        let text = text.ok_or_else(|| self.unknown(id))?;
        Ok(FoundDocument { text, sha256: None })
    }

    fn trusted(&self, id: &str) -> Option<Arc<str>> {
        self.trusted.by_id.get(without_prefix(id)).cloned()
    }

    fn check_query(&self, query: String, id: Option<&str>) -> Result<FoundDocument, RequestError> {
        if self.only_trusted && !self.trusted.texts.contains(&*query) {
            return Err(RequestError::field(
                "query",
                "Only trusted documents run here, and this is none of them: add it to the file that the server is given, and send its id as documentId.",
            ));
        }
        let text = Arc::from(query);
        // The ids of trusted documents need not be SHA-256.
        let Some(id) = id.filter(|id| self.trusted(id).as_ref() != Some(&text)) else {
            return Ok(FoundDocument { text, sha256: None });
        };
        let sha256 = sha256(&text);
        if without_prefix(id).eq_ignore_ascii_case(&sha256) {
            Ok(FoundDocument { text, sha256: Some(sha256) })
        } else {
            Err(RequestError::field(
                "extensions.persistedQuery.sha256Hash",
                "This is not the SHA-256 of the query, in hexadecimal: hash the very text that is sent.",
            ))
        }
    }

    /// Clients of automatic persisted queries compare the exact message.
    fn unknown(&self, id: &DocumentId) -> RequestError {
        match id {
            DocumentId::Trusted(_) => RequestError::Malformed(ApiError::new(
                ErrorCode::PersistedQueryNotFound,
                "No document has this documentId: add it to the file of trusted documents that the server is given.",
            )),
            DocumentId::Sha256(_) if self.cache.is_some() => RequestError::UnknownHash(
                ApiError::new(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound"),
            ),
            DocumentId::Sha256(_) => RequestError::UnknownHash(ApiError::new(
                ErrorCode::PersistedQueryNotSupported,
                "PersistedQueryNotSupported",
            )),
        }
    }

    /// Caches a valid document that was sent with its hash.
    pub fn insert(&self, FoundDocument { text, sha256 }: &FoundDocument) {
        if let (Some(cache), Some(sha256)) = (&self.cache, sha256)
            && (text.len() * MIN_DOCUMENTS) as u64 <= cache.capacity()
        {
            cache.insert(sha256.clone(), Arc::clone(text));
        }
    }
}

/// An id without the optional prefix `sha256:` (GraphQL over HTTP, "Persisted Documents").
fn without_prefix(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// The SHA-256 in hexadecimal.
fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
