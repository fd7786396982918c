//! Checks every value that comes in, from the variables or in the document, against its type.

use std::{borrow::Cow, cmp::Ordering, collections::HashSet};

use async_graphql::{
    Name, Pos, QueryPathNode, QueryPathSegment, ServerError, Value, Variables,
    indexmap::IndexMap,
    parser::types::{Selection, SelectionSet, VariableDefinition},
    registry::{MetaInputValue, MetaType, MetaTypeName},
};
use async_graphql_value::Value as InputValue;

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

    /// Checks the value of an argument or an input field.
    fn argument(
        &mut self,
        argument: &MetaInputValue,
        value: &InputValue,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        match (value, source) {
            (InputValue::Variable(name), ValueSource::Document(pos)) => {
                let has_default = argument.default_value.is_some();
                self.usage(name, pos, &argument.ty, has_default);
            }
            _ => self.value(&argument.ty, value, path, source),
        }
    }

    /// Checks a value against its type; the value bounds the recursion, and the brackets or
    /// `serde_json` bound the value.
    fn value(
        &mut self,
        ty: &str,
        value: &InputValue,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        match (MetaTypeName::create(ty), value, source) {
            (_, InputValue::Variable(name), ValueSource::Document(pos)) => {
                self.usage(name, pos, ty, false);
            }
            (MetaTypeName::NonNull(ty), InputValue::Null, _) => {
                self.error(source, path, format!("expected {ty}, not null"));
            }
            (MetaTypeName::List(_) | MetaTypeName::Named(_), InputValue::Null, _) => {}
            (MetaTypeName::List(ty), InputValue::List(items), _) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(ty, item, &below(path, QueryPathSegment::Index(index)), source);
                }
            }
            // One value that is no list stands for a list of one (section 3.12).
            (MetaTypeName::NonNull(ty) | MetaTypeName::List(ty), ..) => {
                self.value(ty, value, path, source);
            }
            (MetaTypeName::Named(ty), ..) => self.named(ty, value, path, source),
        }
    }

    /// Checks that a variable may stand where a value of this type is expected, and that it does
    /// not hold null there (section 5.8.5). A variable that is not declared is left to validation.
    fn usage(&mut self, name: &Name, pos: Pos, ty: &str, has_default: bool) {
        let Some(definition) = self.operation.definition_of(name) else { return };
        let VariableDefinition { var_type, default_value, .. } = &definition.node;
        let may_default = has_default || default_value.is_some();
        let (nullable, declared) = (var_type.node.nullable, var_type.to_string());
        let relaxed = match MetaTypeName::create(ty) {
            MetaTypeName::NonNull(inner) if nullable && may_default => inner,
            _ => ty,
        };
        if !is_assignable(relaxed, &declared) {
            let message = format!("expected {ty}, but the variable is {declared}");
            self.error(ValueSource::Document(pos), &root(name), message);
        } else if relaxed != ty {
            self.not_null(name, has_default);
        }
    }

    /// Refuses null in a nullable variable whose place has no use for it; and no value at all,
    /// unless the place has a default for that.
    fn not_null(&mut self, name: &Name, has_default: bool) {
        self.depends_on_variables = true;
        if let Some(definition) = self.operation.definition_of(name)
            && let VariableDefinition { var_type, .. } = &definition.node
            && var_type.node.nullable
            && match self.operation.value_of(name, self.variables) {
                Some(value) => *value == Value::Null,
                None => !has_default,
            }
        {
            let expected = format!("expected {var_type}, not null");
            self.error(ValueSource::Variable(definition.pos), &root(name), expected);
        }
    }

    fn named(
        &mut self,
        ty: &str,
        value: &InputValue,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        self.values += 1;
        match self.values.cmp(&MAX_VALUES) {
            Ordering::Less => {}
            Ordering::Equal => {
                return self.error(source, path, format!("more than {MAX_VALUES} values in all"));
            }
            Ordering::Greater => return,
        }
        let fits = match (self.validator.registry.types.get(ty), value) {
            (Some(MetaType::InputObject { input_fields, oneof, .. }), _) => {
                let InputValue::Object(given) = value else {
                    return self.error(source, path, expected(ty));
                };
                if *oneof {
                    self.one_of(input_fields, given, path, source);
                }
                return self.object(input_fields, given, path, source);
            }
            (Some(MetaType::Enum { enum_values, .. }), InputValue::Enum(name)) => {
                enum_values.contains_key(name.as_str())
            }
            // JSON has no names, so an enum value comes as a string; a document has to write a name.
            (Some(MetaType::Enum { enum_values, .. }), InputValue::String(name)) => {
                matches!(source, ValueSource::Variable(_)) && enum_values.contains_key(name)
            }
            (Some(MetaType::Enum { .. }), _) => false,
            // An Int has 32 bits (section 3.5.1).
            (Some(MetaType::Scalar { .. }), InputValue::Number(number)) if ty == "Int" => {
                number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
            }
            (Some(MetaType::Scalar { is_valid: Some(is_valid), .. }), _) => {
                value.clone().into_const().is_none_or(|value| is_valid(&value))
            }
            _ => true,
        };
        if !fits {
            self.error(source, path, expected(ty));
        }
    }

    fn object(
        &mut self,
        fields: &IndexMap<String, MetaInputValue>,
        given: &IndexMap<Name, InputValue>,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        for (name, value) in given {
            let path = &below(path, QueryPathSegment::Name(name));
            match fields.get(name.as_str()) {
                Some(field) => self.argument(field, value, path, source),
                None => self.error(source, path, format!("unknown field `{name}`: leave it out")),
            }
        }
        for (name, field) in fields {
            let is_required = MetaTypeName::create(&field.ty).is_non_null();
            if is_required && field.default_value.is_none() && !given.contains_key(name.as_str()) {
                let path = &below(path, QueryPathSegment::Name(name));
                self.error(source, path, required(name));
            }
        }
    }

    /// Exactly one field, and not null (section 3.10.1).
    fn one_of(
        &mut self,
        fields: &IndexMap<String, MetaInputValue>,
        given: &IndexMap<Name, InputValue>,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        let mut values = given.values();
        match (values.next(), values.next()) {
            (Some(InputValue::Variable(name)), None) => self.not_null(name, false),
            (Some(value), None) if *value != InputValue::Null => {}
            _ => {
                let names: Vec<_> = fields.keys().map(String::as_str).collect();
                self.error(source, path, format!("give exactly one of {}", names.join(", ")));
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

/// Which type a value should have, and how one of those is written that clients do not know by heart.
fn expected(ty: &str) -> String {
    let example = match ty.trim_end_matches('!') {
        "DateTime" => ", such as \"2026-12-01T09:30:00Z\"",
        "Date" => ", such as \"2026-12-01\"",
        "Duration" => ", such as \"P7D\"",
        "TimeZone" => ", such as \"Europe/Berlin\"",
        _ => "",
    };
    format!("expected {ty}{example}")
}

fn root(name: &str) -> QueryPathNode<'_> {
    QueryPathNode { parent: None, segment: QueryPathSegment::Name(name) }
}

fn below<'a>(parent: &'a QueryPathNode<'a>, segment: QueryPathSegment<'a>) -> QueryPathNode<'a> {
    QueryPathNode { parent: Some(parent), segment }
}

/// Whether a variable of the declared type fits a place of that type, nulls included
/// (`AreTypesCompatible`, section 5.8.5).
fn is_assignable(place: &str, declared: &str) -> bool {
    match (MetaTypeName::create(place), MetaTypeName::create(declared)) {
        (MetaTypeName::NonNull(place), MetaTypeName::NonNull(declared))
        | (MetaTypeName::List(place), MetaTypeName::List(declared)) => {
            is_assignable(place, declared)
        }
        (MetaTypeName::List(_) | MetaTypeName::Named(_), MetaTypeName::NonNull(declared)) => {
            is_assignable(place, declared)
        }
        (MetaTypeName::Named(place), MetaTypeName::Named(declared)) => place == declared,
        _ => false,
    }
}

fn required(name: &str) -> String {
    format!("{name} is required")
}
