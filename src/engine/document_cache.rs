//! Caches documents that were executed before: parsed, valid, within the limits, and perhaps with plans.

use std::sync::Arc;

use quick_cache::{Equivalent, Weighter, sync::Cache};

use super::{
    document::{Document, DocumentValidator, StaticallyValid},
    plan::Plans,
};

/// The total size of the texts. A parsed document takes about ten times as much memory.
const CAPACITY_BYTES: u64 = 4 * 1024 * 1024;
/// The expected number of documents. A small one makes the cache's shards few and large, so that a large
/// document fits into one.
const MIN_DOCUMENTS: usize = 128;

pub struct CachedDocument {
    pub document: Arc<Document>,
    /// The plans of the operation, and the proof that its literal values are valid.
    pub plans: Option<(StaticallyValid, Plans)>,
}

/// Documents by text and operation name.
pub struct DocumentCache(Cache<Key, Arc<CachedDocument>, KeyLength>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Arc<str>, Option<String>);

#[derive(Hash)]
struct Lookup<'a>(&'a str, Option<&'a str>);

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.0 == *key.0 && self.1 == key.1.as_deref()
    }
}

#[derive(Clone)]
struct KeyLength;

impl Weighter<Key, Arc<CachedDocument>> for KeyLength {
    fn weight(&self, Key(text, name): &Key, _: &Arc<CachedDocument>) -> u64 {
        (text.len() + name.as_ref().map_or(0, String::len)) as u64
    }
}

impl Default for DocumentCache {
    fn default() -> Self {
        Self(Cache::with_weighter(MIN_DOCUMENTS, CAPACITY_BYTES, KeyLength))
    }
}

impl DocumentCache {
    pub fn get(&self, text: &str, operation: Option<&str>) -> Option<Arc<CachedDocument>> {
        self.0.get(&Lookup(text, operation))
    }

    /// Inserts a document of which that operation was executed, and compiles its plans if possible.
    pub fn insert(
        &self,
        validator: &DocumentValidator,
        text: Arc<str>,
        name: Option<String>,
        document: Arc<Document>,
    ) {
        let operation = document.operation(name.as_deref()).ok();
        let plans = operation.and_then(|operation| {
            Some((validator.statically_valid(&operation)?, Plans::of(validator, &operation)?))
        });
        self.0.insert(Key(text, name), Arc::new(CachedDocument { document, plans }));
    }
}
