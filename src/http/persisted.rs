//! Documents that a request names instead of sending them.
//!
//! There are two kinds. **Trusted documents** come from a file that the build of a front end has
//! written; where only those may run, nobody's own documents do. **Automatic persisted queries**
//! (Apollo's protocol) are remembered as they come: a client names one by its SHA-256, is told that
//! it is not known yet, and sends it once along with the name.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
    sync::Arc,
};

use aws_lc_rs::digest;
use axum::http::StatusCode;
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;

use super::{reply::Refused, request::Name};
use crate::graphql::error::{ApiError, ErrorCode};

/// Of how many documents the memory has room at the least: few parts, so that each may be large.
const AT_LEAST: usize = 128;

/// What is configured of them.
#[derive(Clone, Debug, Default)]
pub struct PersistedSettings {
    /// The documents of the file, if there is one.
    pub trusted: Option<TrustedDocuments>,
    /// Whether they are the only ones that run.
    pub only_trusted: bool,
    /// How many bytes of automatic persisted queries are remembered; with 0 there are none.
    pub remembered: u64,
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
enum File {
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
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read ({error})", path.display()))?;
        let file = serde_json::from_str(&text).map_err(|_| {
            format!(
                "{} must hold a JSON object from ids to documents, as graphql-codegen and Relay's compiler write it, or a manifest of Apollo's",
                path.display()
            )
        })?;
        let by_id: Vec<(String, String)> = match file {
            File::Manifest { operations } => {
                operations.into_iter().map(|entry| (entry.id, entry.body)).collect()
            }
            File::Plain(by_id) => by_id.into_iter().collect(),
        };
        let by_id = by_id.into_iter().map(|(id, text)| (bare(&id).to_owned(), text.into()));
        let by_id: HashMap<String, Arc<str>> = by_id.collect();
        Ok(Self { texts: by_id.values().cloned().collect(), by_id })
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
pub struct Found {
    /// Its text.
    pub text: Arc<str>,
    /// What the client will call it from now on, if it wants to send it but once.
    sha256: Option<String>,
}

impl PersistedDocuments {
    /// Those that are configured, and none remembered yet.
    #[must_use]
    pub fn new(settings: PersistedSettings) -> Self {
        let PersistedSettings { trusted, only_trusted, remembered } = settings;
        let remembered =
            (remembered > 0).then(|| Cache::with_weighter(AT_LEAST, remembered, Length));
        Self { trusted: trusted.unwrap_or_default(), only_trusted, remembered }
    }

    /// The document that a request sends or names. Some clients can only leave it empty where they
    /// name it.
    ///
    /// # Errors
    /// When it does neither, names one that is not known, or sends one that is not what it is called,
    /// or that may not run here.
    pub fn find(&self, query: Option<String>, name: Option<Name>) -> Result<Found, Refused> {
        match (query.filter(|query| name.is_none() || !query.is_empty()), name) {
            (Some(_), Some(Name::Id(_))) => {
                Err(bad("documentId", "Send either documentId or query, not both."))
            }
            (Some(query), Some(Name::Sha256(sha256))) => self.sent(query, Some(sha256)),
            (Some(query), None) => self.sent(query, None),
            (None, Some(name)) => self.named(&name),
            (None, None) => Err(bad("query", "query is missing: it holds the document.")),
        }
    }

    fn named(&self, name: &Name) -> Result<Found, Refused> {
        let (Name::Id(id) | Name::Sha256(id)) = name;
        let id = bare(id);
        let remembered = || self.remembered.as_ref()?.get(&id.to_ascii_lowercase());
        match self.trusted.by_id.get(id).cloned().or_else(remembered) {
            Some(text) => Ok(Found { text, sha256: None }),
            None => Err(self.unknown(name)),
        }
    }

    fn sent(&self, query: String, name: Option<String>) -> Result<Found, Refused> {
        if self.only_trusted && !self.trusted.texts.contains(&*query) {
            return Err(bad(
                "query",
                "Only trusted documents run here, and this is none of them: add it to the file that the server is given, and send its id as documentId.",
            ));
        }
        let text = Arc::from(query);
        // The build of a front end may use digests of another kind.
        let name = name.filter(|name| self.trusted.by_id.get(bare(name)) != Some(&text));
        let sha256 = name.as_ref().map(|_| sha256(&text));
        if name.map(|name| name.to_ascii_lowercase()) == sha256 {
            Ok(Found { text, sha256 })
        } else {
            Err(bad(
                "extensions.persistedQuery.sha256Hash",
                "This is not the SHA-256 of the query, in hexadecimal: hash the very text that is sent.",
            ))
        }
    }

    /// What clients look for is the message of an answer, to the letter.
    fn unknown(&self, name: &Name) -> Refused {
        let (status, code, message) = match name {
            Name::Id(_) => (
                StatusCode::BAD_REQUEST,
                ErrorCode::PersistedQueryNotFound,
                "No document has this documentId: add it to the file of trusted documents that the server is given, or send its text as query.",
            ),
            Name::Sha256(_) if self.remembered.is_some() => {
                (StatusCode::OK, ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound")
            }
            Name::Sha256(_) => (
                StatusCode::OK,
                ErrorCode::PersistedQueryNotSupported,
                "PersistedQueryNotSupported",
            ),
        };
        Refused::new(status, ApiError::new(code, message))
    }

    /// Remembers a document that may run, if its client wants to send it but once.
    pub fn remember(&self, Found { text, sha256 }: &Found) {
        if let (Some(remembered), Some(sha256)) = (&self.remembered, sha256) {
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

fn bad(field: &'static str, message: &'static str) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, ApiError::bad_input(field, message))
}
