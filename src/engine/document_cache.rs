//! Documents that were answered before: parsed, valid, within the limits, and perhaps with a plan.

use std::sync::Arc;

use async_graphql::{Variables, parser::types::BaseType};
use quick_cache::{Equivalent, Weighter, sync::Cache};

use super::{
    document::{Document, DocumentValidator, Operation, StaticallyValid},
    plan::Plan,
};

/// How many bytes of documents are remembered; parsed, they take some ten times as much.
const CAPACITY_BYTES: u64 = 4 * 1024 * 1024;
/// Of how many documents the memory has room at the least: few parts, so that each may be large.
const MIN_DOCUMENTS: usize = 128;

/// A document, and what is known of the operation that it was asked for.
pub struct CachedDocument {
    pub document: Arc<Document>,
    /// How that operation is answered without the library, and what of its values is known beforehand.
    pub plan: Option<(StaticallyValid, Plan)>,
}

/// The documents by their text and the name of the operation.
pub struct DocumentCache(Cache<Key, Arc<CachedDocument>, Length>);

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
struct Length;

impl Weighter<Key, Arc<CachedDocument>> for Length {
    fn weight(&self, Key(text, name): &Key, _: &Arc<CachedDocument>) -> u64 {
        (text.len() + name.as_ref().map_or(0, String::len)) as u64
    }
}

impl Default for DocumentCache {
    fn default() -> Self {
        Self(Cache::with_weighter(MIN_DOCUMENTS, CAPACITY_BYTES, Length))
    }
}

impl DocumentCache {
    /// What is known of that text, asked for that operation.
    #[must_use]
    pub fn get(&self, text: &str, operation: Option<&str>) -> Option<Arc<CachedDocument>> {
        self.0.get(&Lookup(text, operation))
    }

    /// Remembers a document of which that operation was answered.
    pub fn insert(
        &self,
        validator: &DocumentValidator,
        text: Arc<str>,
        name: Option<String>,
        document: Arc<Document>,
    ) {
        let operation = document.operation(name.as_deref()).ok();
        let plan = operation.and_then(|operation| {
            // A plan has to stay within the limits whatever its variables are.
            validator.complexity(&operation, &largest(&operation)).ok()?;
            Some((validator.statically_valid(&operation)?, Plan::of(validator, &operation)?))
        });
        self.0.insert(Key(text, name), Arc::new(CachedDocument { document, plan }));
    }
}

/// Variables with which an operation returns as much as it ever can.
fn largest(operation: &Operation<'_>) -> Variables {
    let mut variables = Variables::default();
    for definition in operation.variables() {
        if let BaseType::Named(name) = &definition.var_type.node.base
            && name == "Int"
        {
            variables.insert(definition.name.node.clone(), i32::MAX.into());
        }
    }
    variables
}
