//! How large a document may be.

use std::fmt::Display;

use async_graphql::ServerError;

use crate::error::{ApiError, ErrorCode};

/// The most that a document may have of each.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Lexical tokens (section 2.1.6 of the GraphQL specification).
    pub tokens: usize,
    /// Brackets open at the same time, of all three kinds: the parser recurses with each, and
    /// with some 300 it would overflow the stack of a worker thread.
    pub nesting: usize,
    /// Letters of a name: each object of an answer repeats those of its fields.
    pub name: usize,
    /// Aliases, in all operations and fragments as they are written.
    pub aliases: usize,
    /// Directives, in all operations and fragments as they are written.
    pub directives: usize,
    /// Fields at the root of the chosen operation, after all fragments are expanded.
    pub root_fields: usize,
    /// Levels of fields, the root's being the first, in any operation or fragment.
    pub depth: usize,
    /// Selections (fields, spreads and inline fragments) of all operations and fragments together,
    /// after all fragments are expanded: what validation and execution will visit.
    pub selections: u64,
    /// Objects that the chosen operation could bring back.
    pub cost: u64,
    /// Fields of all those objects together: each is resolved by itself, so that a few hundred
    /// fields in each of the objects would be seconds of work.
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

/// Refuses a number that passes its limit: `subject` has `found` of `what`.
pub(super) fn at_most<N: PartialOrd + Display + Copy>(
    subject: &str,
    found: N,
    what: &str,
    limit: N,
) -> Result<(), ServerError> {
    if found <= limit {
        return Ok(());
    }
    Err(too_complex(&format!("{subject} {found} {what}; at most {limit} are allowed")))
}

/// The error of a document beyond a limit.
pub(super) fn too_complex(message: &str) -> ServerError {
    let message = format!("{message}: ask for less at a time");
    ApiError::new(ErrorCode::QueryTooComplex, message).at(None)
}
