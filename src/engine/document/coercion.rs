//! Input coercion: checks every value in the variables and in the document against its type.

mod values;

use std::{borrow::Cow, collections::HashSet};

use async_graphql::{
    Pos, QueryPathNode, QueryPathSegment, ServerError, Variables,
    parser::types::{Selection, SelectionSet, VariableDefinition},
    registry::{MetaType, MetaTypeName},
};

use super::{DocumentValidator, Operation};
use crate::error::{ApiError, ErrorCode};

/// Limits the values in the variables and arguments of an operation: async-graphql copies the value
/// of a variable for each use.
const MAX_VALUES: usize = 10_000;
/// Limits the errors in one response.
const MAX_ERRORS: usize = 20;

impl DocumentValidator {
    /// `CoerceVariableValues` (specification §6.1.2): checks the variables and adds their defaults.
    /// Also checks the values in the document (specification §5.6).
    ///
    /// # Errors
    /// One error for each invalid value, at most 20: `BAD_USER_INPUT` with the path in the variable as
    /// `field`, or `GRAPHQL_VALIDATION_FAILED` for a value in the document.
    pub fn coerce(
        &self,
        operation: &Operation<'_>,
        variables: Variables,
    ) -> Result<Variables, Vec<ServerError>> {
        let mut coercion = InputCoercion::new(self, operation, &variables);
        coercion.variables();
        coercion.document();
        if !coercion.errors.is_empty() {
            return Err(coercion.errors);
        }
        Ok(with_defaults(operation, Cow::Owned(variables)).into_owned())
    }

    /// `None` if a value in the document is invalid, or its validity depends on variables.
    pub fn statically_valid(&self, operation: &Operation<'_>) -> Option<StaticallyValid> {
        let variables = Variables::default();
        let mut coercion = InputCoercion::new(self, operation, &variables);
        coercion.document();
        let is_statically_valid = coercion.errors.is_empty() && !coercion.depends_on_variables;
        is_statically_valid.then_some(StaticallyValid { values: coercion.values })
    }

    /// Like [`DocumentValidator::coerce`], but checks the variables only. `None` if one is invalid.
    pub fn coerce_statically_valid<'v>(
        &self,
        operation: &Operation<'_>,
        document: &StaticallyValid,
        variables: &'v Variables,
    ) -> Option<Cow<'v, Variables>> {
        let mut coercion = InputCoercion::new(self, operation, variables);
        coercion.values = document.values;
        coercion.variables();
        coercion.errors.is_empty().then(|| with_defaults(operation, Cow::Borrowed(variables)))
    }
}

/// Proof that the values in a document are valid for all valid variables.
#[derive(Debug)]
pub struct StaticallyValid {
    /// The number of values in the document.
    values: usize,
}

fn with_defaults<'v>(
    operation: &Operation<'_>,
    mut variables: Cow<'v, Variables>,
) -> Cow<'v, Variables> {
    for definition in operation.variables() {
        let name = &definition.name.node;
        if let Some(default) = &definition.default_value
            && !variables.contains_key(name)
        {
            variables.to_mut().insert(name.clone(), default.node.clone());
        }
    }
    variables
}

/// Where a value is written. It determines the code and location of an error.
#[derive(Clone, Copy)]
enum ValueSource {
    Document(Pos),
    /// At the definition of the variable.
    Variable(Pos),
}

struct InputCoercion<'a> {
    validator: &'a DocumentValidator,
    operation: &'a Operation<'a>,
    variables: &'a Variables,
    visited_fragments: HashSet<&'a str>,
    /// The number of values checked so far.
    values: usize,
    /// Whether the validity of the document depends on a variable's value.
    depends_on_variables: bool,
    errors: Vec<ServerError>,
}

impl<'a> InputCoercion<'a> {
    fn new(
        validator: &'a DocumentValidator,
        operation: &'a Operation<'a>,
        variables: &'a Variables,
    ) -> Self {
        Self {
            validator,
            operation,
            variables,
            visited_fragments: HashSet::new(),
            values: 0,
            depends_on_variables: false,
            errors: Vec::new(),
        }
    }

    fn variables(&mut self) {
        for definition in &self.operation.definition.node.variable_definitions {
            self.variable(&definition.node, definition.pos);
        }
    }

    fn document(&mut self) {
        let root_type = self.validator.root_type(self.operation.kind());
        self.selections(&self.operation.definition.node.selection_set.node, root_type);
    }

    fn variable(&mut self, definition: &VariableDefinition, pos: Pos) {
        let VariableDefinition { name, var_type, default_value, .. } = definition;
        let path = &root_path(&name.node);
        if self.validator.registry.concrete_type_by_parsed_type(&var_type.node).is_none() {
            let ty = var_type.to_string();
            let ty = MetaTypeName::concrete_typename(&ty);
            return self.error(ValueSource::Document(pos), path, format!("unknown type `{ty}`"));
        }
        let ty = var_type.to_string();
        if let Some(default) = default_value {
            let value = default.node.clone().into_value();
            self.value(&ty, &value, path, ValueSource::Document(default.pos));
        }
        match self.variables.get(name.node.as_str()) {
            Some(value) => {
                let value = value.clone().into_value();
                self.value(&ty, &value, path, ValueSource::Variable(pos));
            }
            None if default_value.is_none() && !var_type.node.nullable => {
                self.error(ValueSource::Variable(pos), path, required(&name.node));
            }
            None => {}
        }
    }

    fn selections(&mut self, set: &'a SelectionSet, parent: Option<&'a MetaType>) {
        let registry = &self.validator.registry;
        for selection in &set.items {
            self.directives(&selection.node);
            match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    let definition = parent.and_then(|parent| parent.field_by_name(name));
                    for (name, value) in &field.node.arguments {
                        let argument =
                            definition.and_then(|field| field.args.get(name.node.as_str()));
                        if let Some(argument) = argument {
                            let source = ValueSource::Document(value.pos);
                            self.argument(argument, &value.node, &root_path(&name.node), source);
                        }
                    }
                    let ty = definition.and_then(|field| registry.concrete_type_by_name(&field.ty));
                    self.selections(&field.node.selection_set.node, ty);
                }
                Selection::InlineFragment(fragment) => {
                    let parent = match &fragment.node.type_condition {
                        Some(condition) => registry.types.get(condition.node.on.node.as_str()),
                        None => parent,
                    };
                    self.selections(&fragment.node.selection_set.node, parent);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.operation.document.fragments.get(name);
                    if let Some(fragment) = fragment
                        && self.visited_fragments.insert(name)
                    {
                        let condition = &fragment.node.type_condition.node.on.node;
                        let parent = registry.types.get(condition.as_str());
                        self.selections(&fragment.node.selection_set.node, parent);
                    }
                }
            }
        }
    }

    /// The argument of `@skip` and `@include` (specification §3.13).
    fn directives(&mut self, selection: &Selection) {
        for directive in selection.directives() {
            if let "skip" | "include" = directive.node.name.node.as_str()
                && let Some(value) = directive.node.get_argument("if")
            {
                let source = ValueSource::Document(value.pos);
                self.value("Boolean!", &value.node, &root_path("if"), source);
            }
        }
    }

    fn error(&mut self, source: ValueSource, path: &QueryPathNode<'_>, message: String) {
        if self.errors.len() == MAX_ERRORS {
            return;
        }
        self.errors.push(match source {
            ValueSource::Variable(pos) => {
                ApiError::bad_input(path.to_string(), message).at(Some(pos))
            }
            ValueSource::Document(pos) => {
                let message = format!("{path}: {message}");
                ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(Some(pos))
            }
        });
    }
}

fn root_path(name: &str) -> QueryPathNode<'_> {
    QueryPathNode { parent: None, segment: QueryPathSegment::Name(name) }
}

fn child<'a>(parent: &'a QueryPathNode<'a>, segment: QueryPathSegment<'a>) -> QueryPathNode<'a> {
    QueryPathNode { parent: Some(parent), segment }
}

fn required(name: &str) -> String {
    format!("{name} is required")
}
