//! Limits on the size and complexity of a document.

use std::fmt::Display;

use async_graphql::ServerError;

use crate::error::{ApiError, ErrorCode};

/// The maxima for a document.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Lexical tokens (specification §2.1.5).
    pub tokens: usize,
    /// Nested brackets of all three kinds: the parser recurses at each, and about 300 overflow the
    /// stack of a worker thread.
    pub nesting: usize,
    /// Letters of a name: each object in a response repeats the names of its fields.
    pub name: usize,
    /// Aliases in all operations and fragments, without expanding fragments.
    pub aliases: usize,
    /// Directives in all operations and fragments, without expanding fragments.
    pub directives: usize,
    /// Root fields of the selected operation, with fragments expanded.
    pub root_fields: usize,
    /// Levels of nested fields in any operation or fragment; root fields are the first.
    pub depth: usize,
    /// Selections (fields, spreads and inline fragments) of all operations and fragments, with
    /// fragments expanded: as many as validation and execution visit.
    pub selections: u64,
    /// Objects that the selected operation could return.
    pub cost: u64,
    /// Fields of all those objects: each is resolved separately, so a few hundred in each object
    /// would take seconds.
    pub values: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 2000,
            nesting: 64,
            name: 128,
            aliases: 100,
            directives: 50,
            root_fields: 30,
            depth: 15,
            selections: 10_000,
            cost: 10_000,
            values: 500_000,
        }
    }
}

/// Rejects a count above its limit: `subject` is "the document has", `unit` is "aliases".
pub(super) fn at_most<N: PartialOrd + Display + Copy>(
    subject: &str,
    found: N,
    unit: &str,
    limit: N,
) -> Result<(), ServerError> {
    if found <= limit {
        return Ok(());
    }
    Err(too_complex(&format!("{subject} {found} {unit}; at most {limit} are allowed")))
}

pub(super) fn too_complex(message: &str) -> ServerError {
    let message = format!("{message}: ask for less at a time");
    ApiError::new(ErrorCode::QueryTooComplex, message).at(None)
}
