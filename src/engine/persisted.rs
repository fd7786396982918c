//! Documents that a request names instead of sending them.
//!
//! There are two kinds. **Trusted documents** come from a file that the build of a front end has
//! written; where only those may run, nobody's own documents do. **Automatic persisted queries**
//! (Apollo's protocol) are remembered as they come: a client names one by its SHA-256, is told that
//! it is not known yet, and sends it once along with the name.

use std::{
    collections::{HashMap, HashSet},
    fs,
    sync::Arc,
};

use async_graphql::parser::parse_query;
use aws_lc_rs::digest;
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;

use super::{RequestError, document::syntax_error, request::DocumentName};
use crate::error::{ApiError, ErrorCode};

/// Of how many documents the memory has room at the least. One that would take more of it is not
/// remembered: to name it would cost nothing, and to read it much.
const MIN_DOCUMENTS: usize = 128;

/// What is configured of them.
#[derive(Clone, Debug, Default)]
pub struct PersistedSettings {
    /// The documents of the file, if there is one.
    pub trusted: Option<TrustedDocuments>,
    /// Whether they are the only ones that run.
    pub only_trusted: bool,
    /// How many bytes of automatic persisted queries are remembered; with 0 there are none.
    pub memory: u64,
}

/// Documents by their ids, as the build of a front end writes them.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments {
    by_id: HashMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
}

/// The forms of that file.
#[derive(Deserialize)]
#[serde(untagged)]
enum DocumentsFile {
    /// Apollo's manifest.
    Manifest { operations: Vec<ManifestEntry> },
    /// What graphql-codegen and Relay's compiler write.
    Plain(HashMap<String, String>),
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
    /// Says what is wrong with it.
    pub fn read(file: &str) -> Result<Self, String> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{file} cannot be read ({error})"))?;
        let documents: Vec<(String, String)> = match serde_json::from_str(&text) {
            Ok(DocumentsFile::Manifest { operations }) => {
                operations.into_iter().map(|entry| (entry.id, entry.body)).collect()
            }
            Ok(DocumentsFile::Plain(by_id)) => by_id.into_iter().collect(),
            Err(_) => {
                return Err(format!(
                    "{file} must hold a JSON object from ids to documents, as graphql-codegen and Relay's compiler write it, or a manifest of Apollo's"
                ));
            }
        };
        let mut trusted = Self::default();
        for (id, text) in documents {
            if let Err(error) = parse_query(&text) {
                let error = syntax_error(&error).message;
                return Err(format!("{file}, document {id}: {error}"));
            }
            let text = Arc::from(text);
            let before = trusted.by_id.insert(bare(&id).to_owned(), Arc::clone(&text));
            if before.is_some_and(|before| before != text) {
                return Err(format!("{file}: {id} is the id of two documents"));
            }
            trusted.texts.insert(text);
        }
        Ok(trusted)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_id.len()
    }
}

/// The documents that requests may name.
pub struct PersistedDocuments {
    trusted: TrustedDocuments,
    only_trusted: bool,
    /// By their SHA-256, if any are remembered.
    remembered: Option<Cache<String, Arc<str>, Length>>,
}

#[derive(Clone)]
struct Length;

impl Weighter<String, Arc<str>> for Length {
    fn weight(&self, sha256: &String, document: &Arc<str>) -> u64 {
        (sha256.len() + document.len()) as u64
    }
}

/// The document of a request.
pub struct FoundDocument {
    /// Its text.
    pub text: Arc<str>,
    /// What the client will call it from now on, if it wants to send it but once.
    sha256: Option<String>,
}

impl PersistedDocuments {
    /// Those that are configured, and none remembered yet.
    #[must_use]
    pub fn new(settings: PersistedSettings) -> Self {
        let PersistedSettings { trusted, only_trusted, memory } = settings;
        let remembered = (memory > 0).then(|| Cache::with_weighter(MIN_DOCUMENTS, memory, Length));
        Self { trusted: trusted.unwrap_or_default(), only_trusted, remembered }
    }

    /// The document that a request sends or names. Some clients can only leave it empty where they
    /// name it.
    ///
    /// # Errors
    /// When it does neither, names one that is not known, or sends one that is not what it is called,
    /// or that may not run here.
    pub fn find(
        &self,
        query: Option<String>,
        name: Option<DocumentName>,
    ) -> Result<FoundDocument, RequestError> {
        match (query.filter(|query| name.is_none() || !query.is_empty()), name) {
            (Some(_), Some(DocumentName::Id(_))) => {
                Err(RequestError::field("documentId", "Send either documentId or query, not both."))
            }
            (Some(query), Some(DocumentName::Sha256(sha256))) => self.sent(query, Some(&sha256)),
            (Some(query), None) => self.sent(query, None),
            (None, Some(name)) => self.named(&name),
            (None, None) => Err(RequestError::field(
                "query",
                "query is missing: send the document in it, or the id of a trusted one as documentId.",
            )),
        }
    }

    fn named(&self, name: &DocumentName) -> Result<FoundDocument, RequestError> {
        let text = match name {
            DocumentName::Id(id) => self.trusted(id),
            DocumentName::Sha256(sha256) => self
                .trusted(sha256)
                .or_else(|| self.remembered.as_ref()?.get(&sha256.to_ascii_lowercase())),
        };
        let text = text.ok_or_else(|| self.unknown(name))?;
        Ok(FoundDocument { text, sha256: None })
    }

    fn trusted(&self, id: &str) -> Option<Arc<str>> {
        self.trusted.by_id.get(bare(id)).cloned()
    }

    fn sent(&self, query: String, name: Option<&str>) -> Result<FoundDocument, RequestError> {
        if self.only_trusted && !self.trusted.texts.contains(&*query) {
            return Err(RequestError::field(
                "query",
                "Only trusted documents run here, and this is none of them: add it to the file that the server is given, and send its id as documentId.",
            ));
        }
        let text = Arc::from(query);
        // The build of a front end may have ids that are no SHA-256.
        let Some(name) = name.filter(|name| self.trusted(name).as_ref() != Some(&text)) else {
            return Ok(FoundDocument { text, sha256: None });
        };
        let sha256 = sha256(&text);
        if bare(name).eq_ignore_ascii_case(&sha256) {
            Ok(FoundDocument { text, sha256: Some(sha256) })
        } else {
            Err(RequestError::field(
                "extensions.persistedQuery.sha256Hash",
                "This is not the SHA-256 of the query, in hexadecimal: hash the very text that is sent.",
            ))
        }
    }

    /// What clients look for is the message of an answer, to the letter.
    fn unknown(&self, name: &DocumentName) -> RequestError {
        match name {
            DocumentName::Id(_) => RequestError::Malformed(ApiError::new(
                ErrorCode::PersistedQueryNotFound,
                "No document has this documentId: add it to the file of trusted documents that the server is given.",
            )),
            DocumentName::Sha256(_) if self.remembered.is_some() => RequestError::UnknownHash(
                ApiError::new(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound"),
            ),
            DocumentName::Sha256(_) => RequestError::UnknownHash(ApiError::new(
                ErrorCode::PersistedQueryNotSupported,
                "PersistedQueryNotSupported",
            )),
        }
    }

    /// Remembers a document that may run, if its client wants to send it but once.
    pub fn remember(&self, FoundDocument { text, sha256 }: &FoundDocument) {
        if let (Some(remembered), Some(sha256)) = (&self.remembered, sha256)
            && (text.len() * MIN_DOCUMENTS) as u64 <= remembered.capacity()
        {
            remembered.insert(sha256.clone(), Arc::clone(text));
        }
    }
}

/// An id without the name of its digest, which may stand before it (GraphQL over HTTP, "Persisted
/// Documents").
fn bare(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// In hexadecimal.
fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
