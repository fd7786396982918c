//! Documents: what is checked before an operation is executed, and the fields that it then selects.
//!
//! ```text
//! text ── tokens ──► apollo-compiler ──► Operation ─┬─ complexity ──► Complexity
//!         limits     syntax, validity               ├─ coerce ──────► Variables
//!                                                   └─ collect ─────► fields
//! ```
//!
//! The limits on tokens and nesting come before anything else looks at the text. Whether a document is
//! valid, apollo-compiler decides by the schema's SDL; the limits on what it expands to, the cost and the
//! values are ours. async-graphql only executes what is left: see [`execution_document()`].

mod collected_fields;
mod completion;
mod complexity;
mod cost;
mod execution_document;
mod limits;
mod literals;
mod places;
mod points;
mod tokens;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use apollo_compiler::ast::OperationType;
use apollo_compiler::{
    ExecutableDocument, Name, Node, Schema,
    ast::{self, Definition},
    diagnostic::ToCliReport,
    executable,
    parser::{Parser, SourceSpan},
    validation::{DiagnosticList, Valid, WithErrors},
};
use async_graphql::{Pos, ServerError, registry::Registry};

use self::{collected_fields::PossibleTypes, cost::PageTypes, places::Places};
pub use self::{
    collected_fields::{CollectedField, ObjectFields, is_true},
    complexity::Complexity,
    execution_document::execution_document,
    limits::Limits,
    literals::value_of,
    points::size,
    variables::VariableDefinitions,
};
use crate::error::{ApiError, ErrorCode};

/// Limits the errors in one response.
const MAX_ERRORS: usize = 20;

/// Checks documents against the schema and the limits.
pub struct DocumentValidator {
    schema: Valid<Schema>,
    /// Which values a scalar of ours takes, which the SDL does not say.
    registry: Registry,
    pages: PageTypes,
    possible_types: PossibleTypes,
    limits: Limits,
    introspection: bool,
}

impl DocumentValidator {
    /// A validator for the schema of that SDL, whose types are in the registry. Without `introspection`,
    /// `__schema` and `__type` are rejected.
    pub fn new(sdl: &str, registry: Registry, limits: Limits, introspection: bool) -> Self {
        // A test sees to it that the SDL is valid.
        let schema = Schema::parse_and_validate(sdl, "schema.graphql")
            .unwrap_or_else(|refused| Valid::assume_valid(refused.partial));
        let (pages, possible_types) = (PageTypes::new(&schema), PossibleTypes::new(&schema));
        Self { schema, registry, pages, possible_types, limits, introspection }
    }

    /// Parses a document whose tokens and nesting are within the limits, and gets its operation of that name,
    /// or the only one if no name is given (`GetOperation`, specification §6.1).
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` above a limit, `GRAPHQL_PARSE_FAILED` for a syntax error,
    /// `GRAPHQL_VALIDATION_FAILED` if the name is unknown, or missing and required.
    pub fn parse(&self, source: &str, name: Option<&str>) -> Result<Operation, ServerError> {
        let (text, places) = tokens::check(source, &self.limits)?;
        let mut parsed = parse(&text, &places)?;
        let null_defaults = parsed.definitions.iter_mut().flat_map(take_null_defaults).collect();
        let (document, errors) = match parsed.to_executable(&self.schema) {
            Ok(document) => (document, Vec::new()),
            Err(WithErrors { partial, errors }) => (partial, invalid_at(&errors, &places)),
        };
        let definition = document.operations.get(name).map_err(|_| match (name, errors.first()) {
            (None, _) if document.operations.is_empty() => {
                syntax_error("the document does not contain an operation").at(None)
            }
            (None, Some(error)) => error.clone(),
            (None, None) => {
                invalid("the document has several operations; `operationName` has to choose one")
            }
            (Some(_), _) => invalid(
                "the document has no operation of that name: let `operationName` be one of its own",
            ),
        })?;
        Ok(Operation { places, definition: definition.clone(), document, null_defaults, errors })
    }

    /// Validates the document of an operation (specification §5). Call [`DocumentValidator::complexity`]
    /// first: apollo-compiler takes time without limit for fragments that branch and join again.
    ///
    /// # Errors
    /// `GRAPHQL_VALIDATION_FAILED`, at most 20 times.
    pub fn validate(&self, operation: Operation) -> Result<Operation, Vec<ServerError>> {
        let Operation { document, errors, .. } = operation;
        if !errors.is_empty() {
            return Err(errors);
        }
        let document = match document.validate(&self.schema) {
            Ok(valid) => valid.into_inner(),
            Err(WithErrors { partial, errors }) if is_one_root_field_twice(&partial, &errors) => {
                partial
            }
            Err(WithErrors { errors, .. }) => return Err(invalid_at(&errors, &operation.places)),
        };
        Ok(Operation { document, errors, ..operation })
    }
}

/// Checks whether a document can be parsed, however large it is.
///
/// # Errors
/// `GRAPHQL_PARSE_FAILED`.
pub fn check_syntax(source: &str) -> Result<(), ServerError> {
    let (tokens, name) = (usize::MAX, usize::MAX);
    let limits = Limits { tokens, name, ..Limits::default() };
    let (text, places) = tokens::check(source, &limits)?;
    parse(&text, &places).map(drop)
}

fn parse(text: &str, places: &Places) -> Result<ast::Document, ServerError> {
    Parser::new().parse_ast(text, "").map_err(|refused| {
        let Some(first) = refused.errors.iter().next() else { return syntax_error("").at(None) };
        let message = first.error.to_string();
        let at = first.error.location().map(|span| places.at(span.offset()));
        syntax_error(message.trim_start_matches("syntax error: ")).at(at)
    })
}

/// Takes the defaults that are null from the variables of an operation, and returns the names of those
/// variables. apollo-compiler takes such a default for one that is not null.
fn take_null_defaults(definition: &mut Definition) -> Vec<Name> {
    let Definition::OperationDefinition(operation) = definition else { return Vec::new() };
    let is_null = |variable: &Node<ast::VariableDefinition>| {
        !variable.ty.is_non_null()
            && variable.default_value.as_ref().is_some_and(|value| value.is_null())
    };
    if !operation.variables.iter().any(is_null) {
        return Vec::new();
    }
    let nulls = operation.make_mut().variables.iter_mut().filter(|variable| is_null(variable));
    let take = |variable: &mut Node<ast::VariableDefinition>| {
        variable.make_mut().default_value = None;
        variable.name.clone()
    };
    nulls.map(take).collect()
}

/// A subscription may select its root field twice, which apollo-compiler refuses.
fn is_one_root_field_twice(document: &ExecutableDocument, errors: &DiagnosticList) -> bool {
    let says_so = |name| name == Some("SubscriptionUsesMultipleFields");
    let has_one = |operation: &Node<executable::Operation>| {
        let keys = operation.root_fields(document).map(|field| field.response_name());
        keys.collect::<HashSet<_>>().len() == 1
    };
    errors.iter().all(|error| says_so(error.error.unstable_error_name()))
        && document.operations.iter().filter(|it| it.is_subscription()).all(has_one)
}

/// The operation that a request selects, in its document.
#[derive(Debug)]
pub struct Operation {
    places: Places,
    document: ExecutableDocument,
    definition: Node<executable::Operation>,
    /// The variables whose default is null.
    null_defaults: HashSet<Name>,
    /// What the document names and the schema does not define.
    errors: Vec<ServerError>,
}

impl Operation {
    pub fn kind(&self) -> OperationType {
        self.definition.operation_type
    }

    pub fn name(&self) -> Option<&str> {
        self.definition.name.as_deref()
    }

    fn position(&self, span: Option<SourceSpan>) -> Pos {
        self.places.at(span.map_or(0, |span| span.offset()))
    }
}

fn definition_of<'a>(
    operation: &'a executable::Operation,
    variable: &str,
) -> Option<&'a ast::VariableDefinition> {
    let mut definitions = operation.variables.iter();
    definitions.find(|definition| definition.name == variable).map(|definition| &**definition)
}

fn syntax_error(message: &str) -> ApiError {
    ApiError::new(ErrorCode::GraphqlParseFailed, format!("Syntax error: {message}"))
}

fn invalid(message: &'static str) -> ServerError {
    ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(None)
}

/// Limits the characters of a message, which may quote from the document.
const MAX_MESSAGE: usize = 300;

fn invalid_at(errors: &DiagnosticList, places: &Places) -> Vec<ServerError> {
    let errors = errors.iter().take(MAX_ERRORS).map(|error| {
        let message: String = error.error.to_string().chars().take(MAX_MESSAGE).collect();
        let at = error.error.location().map(|span| places.at(span.offset()));
        ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(at)
    });
    errors.collect()
}
