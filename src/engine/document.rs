//! Parses, checks and prepares a GraphQL document before async-graphql handles it.
//!
//! async-graphql expands a fragment at each spread, so 31 fragments that each spread the next one
//! twice cost 2³¹ visits. The checks here run first, and each is linear in the size of the document:
//!
//! ```text
//! text ── parse ──► Document ── operation ──► Operation ─┬─ complexity ──────► Complexity
//!         tokens, nesting,      by name                  │  limits, cost
//!         syntax                                         ├─ coerce ──────────► Variables
//!                                                        │  type of every value
//!                                                        └─ response_shape ──► ResponseShape
//!                                                           order of fields, nulls
//! ```
//!
//! Rules that depend on neither limits nor values (unknown fields, conflicting aliases, unused
//! variables) are left to async-graphql's validation, which runs later; the visitors here tolerate
//! such documents.

mod coercion;
mod collected_fields;
mod completion;
mod complexity;
mod cost;
mod field_collector;
mod limits;
mod merge_fields;
mod response_shape;
mod retain_operation;
mod subscription_root;
mod tokens;
mod unset_variables;

#[cfg(test)]
mod tests;

use async_graphql::{
    Positioned, ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{
            DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
            VariableDefinition,
        },
    },
    registry::{MetaType, Registry},
};

use self::cost::PageTypes;
pub use self::{
    coercion::StaticallyValid, collected_fields::CollectedField, limits::Limits,
    response_shape::ResponseShape,
};
use crate::error::{ApiError, ErrorCode};

/// Checks documents against the schema's types and the limits.
pub struct DocumentValidator {
    registry: Registry,
    pages: PageTypes,
    limits: Limits,
    introspection: bool,
}

impl DocumentValidator {
    /// Without `introspection`, `__schema` and `__type` are rejected.
    pub fn new(registry: Registry, limits: Limits, introspection: bool) -> Self {
        Self { pages: PageTypes::new(&registry), registry, limits, introspection }
    }

    /// Parses a document whose tokens and nesting are within the limits.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` above a limit, `GRAPHQL_PARSE_FAILED` for a syntax error.
    pub fn parse(&self, source: &str) -> Result<Document, ServerError> {
        tokens::check(source, &self.limits)?;
        parse_query(source).map(Document).map_err(|error| syntax_error(&error))
    }

    /// The root operation type (specification §3.3.1), if the schema defines it.
    fn root_type(&self, kind: OperationType) -> Option<&MetaType> {
        let name = match kind {
            OperationType::Query => Some(&self.registry.query_type),
            OperationType::Mutation => self.registry.mutation_type.as_ref(),
            OperationType::Subscription => self.registry.subscription_type.as_ref(),
        }?;
        self.registry.types.get(name)
    }
}

/// A parsed document.
#[derive(Clone, Debug)]
pub struct Document(ExecutableDocument);

impl Document {
    /// `GetOperation` (specification §6.1): the operation of that name, or the only one if no name is
    /// given.
    ///
    /// # Errors
    /// `GRAPHQL_VALIDATION_FAILED` if the name is unknown, or missing and required.
    pub fn operation<'a>(&'a self, name: Option<&'a str>) -> Result<Operation<'a>, ServerError> {
        let (name, definition) = match (&self.0.operations, name) {
            (DocumentOperations::Single(operation), None) => (None, operation),
            (DocumentOperations::Multiple(operations), Some(name)) => {
                let operation = operations.get(name).ok_or_else(unknown_operation)?;
                (Some(name), operation)
            }
            (DocumentOperations::Multiple(operations), None) => {
                let mut all = operations.iter();
                match (all.next(), all.next()) {
                    (Some((name, operation)), None) => (Some(name.as_str()), operation),
                    _ => {
                        return Err(invalid(
                            "the document has several operations; `operationName` has to choose one",
                        ));
                    }
                }
            }
            (DocumentOperations::Single(_), Some(_)) => return Err(unknown_operation()),
        };
        Ok(Operation { document: &self.0, name, definition })
    }

    pub fn parsed(&self) -> &ExecutableDocument {
        &self.0
    }

    pub fn has_multiple_operations(&self) -> bool {
        self.0.operations.iter().count() > 1
    }

    /// The document for async-graphql to execute: only the operation of that name, with its root
    /// fields merged, and without arguments and input fields whose variables have no value.
    pub fn into_parsed(
        mut self,
        validator: &DocumentValidator,
        name: Option<&str>,
        variables: &Variables,
    ) -> ExecutableDocument {
        if let Some(name) = name {
            retain_operation::retain(&mut self.0, name);
        }
        let Registry { mutation_type, subscription_type, .. } = &validator.registry;
        let root_types = [
            (OperationType::Mutation, mutation_type),
            (OperationType::Subscription, subscription_type),
        ];
        for (kind, root_type) in root_types {
            if let Some(root_type) = root_type {
                merge_fields::root_fields(&mut self.0, kind, root_type);
            }
        }
        unset_variables::remove(&mut self.0, variables);
        self.0
    }
}

/// The operation that a request selects.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    document: &'a ExecutableDocument,
    name: Option<&'a str>,
    definition: &'a Positioned<OperationDefinition>,
}

impl<'a> Operation<'a> {
    pub fn kind(&self) -> OperationType {
        self.definition.node.ty
    }

    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    pub fn variables(&self) -> impl Iterator<Item = &'a VariableDefinition> {
        self.definition.node.variable_definitions.iter().map(|definition| &definition.node)
    }

    fn definition_of(&self, variable: &str) -> Option<&'a Positioned<VariableDefinition>> {
        let mut definitions = self.definition.node.variable_definitions.iter();
        definitions.find(|definition| definition.node.name.node == variable)
    }

    /// The given value of a variable, otherwise its default.
    fn value_of<'v>(&self, variable: &str, variables: &'v Variables) -> Option<&'v Value>
    where
        'a: 'v,
    {
        variables.get(variable).or_else(|| {
            let default = self.definition_of(variable)?.node.default_value.as_ref()?;
            Some(&default.node)
        })
    }
}

/// The error for the client. The parser's message shows the source line, then the grammar rules it
/// expects: only the last line is useful.
pub fn syntax_error(error: &async_graphql::parser::Error) -> ServerError {
    let message = error.to_string();
    let expected = message.lines().last().unwrap_or_default();
    let expected = expected.trim_start_matches([' ', '=']).replace('_', " ");
    ApiError::new(ErrorCode::GraphqlParseFailed, format!("Syntax error: {expected}"))
        .at(error.positions().next())
}

fn unknown_operation() -> ServerError {
    invalid("the document has no operation of that name: let `operationName` be one of its own")
}

fn invalid(message: &'static str) -> ServerError {
    ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(None)
}
