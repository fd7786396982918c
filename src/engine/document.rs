//! One GraphQL document: parsed once, walked once, before anything else looks at it.
//!
//! Validation and execution expand fragments each time they meet them, so that 31 fragments which
//! spread one another twice are 2³¹ visits. What is refused here never gets that far, and every
//! step is linear in the length of the document:
//!
//! ```text
//! text ── DocumentValidator::parse ──► Document ── operation ──► Operation ─┬─ DocumentValidator::measure ──► Complexity
//!         tokens, nesting,             by name                  │  limits, cost
//!         syntax                                                ├─ DocumentValidator::coerce ───► Variables
//!                                                               │  types of every value
//!                                                               └─ DocumentValidator::shape ────► ResponseShape
//!                                                                  order and nulls of the answer
//! ```
//!
//! What does not depend on limits or values (unknown fields, conflicting aliases, unused variables)
//! is left to the validation that follows; the walks here only take care not to trip over it.

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

/// What documents are checked against: the schema's types and the limits.
pub struct DocumentValidator {
    registry: Registry,
    pages: PageTypes,
    limits: Limits,
    introspection: bool,
}

impl DocumentValidator {
    /// The rules of a schema; without `introspection`, `__schema` and `__type` are refused.
    #[must_use]
    pub fn new(registry: Registry, limits: Limits, introspection: bool) -> Self {
        Self { pages: PageTypes::new(&registry), registry, limits, introspection }
    }

    /// Reads a document whose tokens and nesting are within the limits.
    ///
    /// # Errors
    ///
    /// `QUERY_TOO_COMPLEX` beyond a limit, `GRAPHQL_PARSE_FAILED` for what is not GraphQL.
    pub fn parse(&self, source: &str) -> Result<Document, ServerError> {
        tokens::check(source, &self.limits)?;
        parse_query(source).map(Document).map_err(|error| syntax_error(&error))
    }

    /// The type whose fields this kind of operation selects, if the schema has one.
    fn root(&self, kind: OperationType) -> Option<&MetaType> {
        let name = match kind {
            OperationType::Query => Some(&self.registry.query_type),
            OperationType::Mutation => self.registry.mutation_type.as_ref(),
            OperationType::Subscription => self.registry.subscription_type.as_ref(),
        }?;
        self.registry.types.get(name)
    }
}

/// A document that was parsed.
#[derive(Clone, Debug)]
pub struct Document(ExecutableDocument);

impl Document {
    /// The operation of that name, or the only one where no name is given (`GetOperation`,
    /// section 6.1 of the GraphQL specification).
    ///
    /// # Errors
    ///
    /// `GRAPHQL_VALIDATION_FAILED` when the name is unknown, or needed and not given.
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

    /// The document as it was written.
    #[must_use]
    pub fn parsed(&self) -> &ExecutableDocument {
        &self.0
    }

    /// Whether there are operations beside the one that runs.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.0.operations.iter().count() > 1
    }

    /// The operation of that name in the form that a request takes: root fields that are one merged, and without the arguments and input fields whose variables have no value.
    #[must_use]
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
        let merged = [
            (OperationType::Mutation, mutation_type),
            (OperationType::Subscription, subscription_type),
        ];
        for (kind, root) in merged {
            if let Some(root) = root {
                merge_fields::root_fields(&mut self.0, kind, root);
            }
        }
        unset_variables::remove(&mut self.0, variables);
        self.0
    }
}

/// The operation that a request chose.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    document: &'a ExecutableDocument,
    name: Option<&'a str>,
    definition: &'a Positioned<OperationDefinition>,
}

impl<'a> Operation<'a> {
    /// Query, mutation or subscription.
    #[must_use]
    pub fn kind(&self) -> OperationType {
        self.definition.node.ty
    }

    /// Its name, unless it has none.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// The variables that it defines.
    pub fn variables(&self) -> impl Iterator<Item = &'a VariableDefinition> {
        self.definition.node.variable_definitions.iter().map(|definition| &definition.node)
    }

    fn definition_of(&self, variable: &str) -> Option<&'a Positioned<VariableDefinition>> {
        let mut definitions = self.definition.node.variable_definitions.iter();
        definitions.find(|definition| definition.node.name.node == variable)
    }

    /// What a variable holds: the value given, else its default.
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

/// What a client is told of it: the parser draws the line and a list of its rules below it; only the last line tells anything.
#[must_use]
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
