//! Checks every value that comes in, from the variables or in the document, against its type.

mod values;

use std::{borrow::Cow, collections::HashSet};

use async_graphql::{
    Pos, QueryPathNode, QueryPathSegment, ServerError, Variables,
    parser::types::{Selection, SelectionSet, VariableDefinition},
    registry::{MetaType, MetaTypeName},
};

use super::{DocumentValidator, Operation};
use crate::error::{ApiError, ErrorCode};

/// The most values in the variables and arguments of an operation: the library copies them, once
/// for each place where a variable stands.
const MAX_VALUES: usize = 10_000;
/// The most errors that one answer tells.
const MAX_ERRORS: usize = 20;

impl DocumentValidator {
    /// Checks the variables of the operation and fills in their defaults (`CoerceVariableValues`,
    /// section 6.1.2 of the GraphQL specification), and with them the arguments that the operation
    /// writes out (section 5.6).
    ///
    /// # Errors
    ///
    /// One error for each fault, 20 at most: `BAD_USER_INPUT` with the path of the variable as
    /// `field`, or `GRAPHQL_VALIDATION_FAILED` for a value that stands in the document.
    pub fn coerce(
        &self,
        operation: &Operation<'_>,
        variables: Variables,
    ) -> Result<Variables, Vec<ServerError>> {
        let mut inputs = InputCoercion::new(self, operation, &variables);
        inputs.variables();
        inputs.document();
        if !inputs.errors.is_empty() {
            return Err(inputs.errors);
        }
        Ok(with_defaults(operation, Cow::Owned(variables)).into_owned())
    }

    /// What the document has to say about its values, if it says so whatever the variables hold.
    #[must_use]
    pub fn statically_valid(&self, operation: &Operation<'_>) -> Option<StaticallyValid> {
        let variables = Variables::default();
        let mut inputs = InputCoercion::new(self, operation, &variables);
        inputs.document();
        let is_settled = inputs.errors.is_empty() && !inputs.depends_on_variables;
        is_settled.then_some(StaticallyValid { values: inputs.values })
    }

    /// The same as [`DocumentValidator::coerce`], for a document that was looked at before. Where there is nothing,
    /// a variable is at fault.
    #[must_use]
    pub fn coerce_statically_valid<'v>(
        &self,
        operation: &Operation<'_>,
        settled: &StaticallyValid,
        variables: &'v Variables,
    ) -> Option<Cow<'v, Variables>> {
        let mut inputs = InputCoercion::new(self, operation, variables);
        inputs.values = settled.values;
        inputs.variables();
        inputs.errors.is_empty().then(|| with_defaults(operation, Cow::Borrowed(variables)))
    }
}

/// What holds for the values of a document, whatever its variables hold.
#[derive(Debug)]
pub struct StaticallyValid {
    /// How many the document has itself.
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

/// Where a value comes from, which decides the code of its errors.
#[derive(Clone, Copy)]
enum ValueSource {
    Document(Pos),
    /// By the variable that is defined there.
    Variable(Pos),
}

struct InputCoercion<'a> {
    validator: &'a DocumentValidator,
    operation: &'a Operation<'a>,
    variables: &'a Variables,
    /// The fragments whose arguments have been checked.
    fragments: HashSet<&'a str>,
    /// Values looked at so far.
    values: usize,
    /// Whether something in the document depends on what a variable holds.
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
            fragments: HashSet::new(),
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
        let root = self.validator.root(self.operation.kind());
        self.selections(&self.operation.definition.node.selection_set.node, root);
    }

    fn variable(&mut self, definition: &VariableDefinition, pos: Pos) {
        let VariableDefinition { name, var_type, default_value, .. } = definition;
        let path = &root(&name.node);
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
            self.conditions(&selection.node);
            match &selection.node {
                Selection::Field(field) => {
                    let name = &field.node.name.node;
                    let known = parent.and_then(|parent| parent.field_by_name(name));
                    for (name, value) in &field.node.arguments {
                        let argument = known.and_then(|known| known.args.get(name.node.as_str()));
                        if let Some(argument) = argument {
                            let source = ValueSource::Document(value.pos);
                            self.argument(argument, &value.node, &root(&name.node), source);
                        }
                    }
                    let ty = known.and_then(|known| registry.concrete_type_by_name(&known.ty));
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
                        && self.fragments.insert(name)
                    {
                        let condition = &fragment.node.type_condition.node.on.node;
                        let parent = registry.types.get(condition.as_str());
                        self.selections(&fragment.node.selection_set.node, parent);
                    }
                }
            }
        }
    }

    /// The argument of `@skip` and `@include` (section 3.13).
    fn conditions(&mut self, selection: &Selection) {
        for directive in selection.directives() {
            if let "skip" | "include" = directive.node.name.node.as_str()
                && let Some(value) = directive.node.get_argument("if")
            {
                let source = ValueSource::Document(value.pos);
                self.value("Boolean!", &value.node, &root("if"), source);
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

fn root(name: &str) -> QueryPathNode<'_> {
    QueryPathNode { parent: None, segment: QueryPathSegment::Name(name) }
}

fn below<'a>(parent: &'a QueryPathNode<'a>, segment: QueryPathSegment<'a>) -> QueryPathNode<'a> {
    QueryPathNode { parent: Some(parent), segment }
}

fn required(name: &str) -> String {
    format!("{name} is required")
}
