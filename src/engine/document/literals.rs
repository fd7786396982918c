//! Values in a document: checks what its validation leaves to the server (specification §5.6.1).
//!
//! apollo-compiler takes any value for a scalar of ours, an input field that is given twice, and a nullable
//! variable in a `OneOf` input object. And it does not know the values of variables: a nullable one may stand
//! where null is not allowed if there is a default (§5.8.5).

use std::collections::HashSet;

use apollo_compiler::{
    Node,
    ast::{DirectiveList, Type, Value},
    executable::{self, Selection, SelectionSet},
};
use async_graphql::{
    Name, QueryPathNode, QueryPathSegment, ServerError, Value as ConstValue, Variables,
    registry::MetaType,
};
use serde_json::Number;

use super::{
    DocumentValidator, MAX_ERRORS, Operation, definition_of,
    variables::{MAX_VALUES, child, expected, root_path},
};
use crate::error::{ApiError, ErrorCode};

/// The values in the selected operation.
#[derive(Clone, Copy, Debug)]
pub struct LiteralValues {
    /// How many there are.
    pub count: usize,
    /// Whether they are valid for all valid variables.
    pub are_static: bool,
}

impl DocumentValidator {
    /// Checks the values in a valid document, and the variables of its selected operation that stand where null
    /// is not allowed.
    ///
    /// # Errors
    /// `GRAPHQL_VALIDATION_FAILED` for a value in the document, `BAD_USER_INPUT` for a variable.
    pub fn literals(
        &self,
        operation: &Operation,
        variables: &Variables,
    ) -> Result<LiteralValues, Vec<ServerError>> {
        let mut visitor = LiteralVisitor {
            validator: self,
            operation,
            definition: &operation.definition,
            variables,
            visited_fragments: HashSet::new(),
            values: LiteralValues { count: 0, are_static: true },
            errors: Vec::new(),
        };
        visitor.operation(&operation.definition);
        for other in operation.document.operations.iter() {
            if !other.ptr_eq(&operation.definition) {
                visitor.operation(other);
            }
        }
        if visitor.errors.is_empty() { Ok(visitor.values) } else { Err(visitor.errors) }
    }
}

struct LiteralVisitor<'a> {
    validator: &'a DocumentValidator,
    operation: &'a Operation,
    /// The visited operation of the document.
    definition: &'a Node<executable::Operation>,
    variables: &'a Variables,
    /// Those of the visited operation: each operation defines variables of its own.
    visited_fragments: HashSet<&'a str>,
    values: LiteralValues,
    errors: Vec<ServerError>,
}

impl<'a> LiteralVisitor<'a> {
    fn operation(&mut self, definition: &'a Node<executable::Operation>) {
        self.definition = definition;
        self.visited_fragments.clear();
        for variable in &definition.variables {
            if let Some(default) = &variable.default_value {
                self.value(&variable.ty, false, default, &root_path(&variable.name));
            }
        }
        self.selection_set(&definition.selection_set);
    }

    fn is_in_selected(&self) -> bool {
        self.definition.ptr_eq(&self.operation.definition)
    }

    fn selection_set(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.conditions(selection.directives());
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        if let Some(definition) = field.definition.argument_by_name(&argument.name)
                        {
                            let has_default = definition.default_value.is_some();
                            let path = root_path(&argument.name);
                            self.value(&definition.ty, has_default, &argument.value, &path);
                        }
                    }
                    field.selection_set.iter().for_each(|set| self.selection_set(set));
                }
                Selection::InlineFragment(fragment) => self.selection_set(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(&self.operation.document)
                        && self.visited_fragments.insert(&fragment.name)
                    {
                        self.selection_set(&fragment.selection_set);
                    }
                }
            }
        }
    }

    /// The argument of `@skip` and `@include`, a `Boolean!` (specification §3.13).
    fn conditions(&mut self, directives: &DirectiveList) {
        for directive in directives {
            if let Some(Value::Variable(name)) =
                directive.specified_argument_by_name("if").map(|value| &**value)
            {
                self.not_null(name, false);
            }
        }
    }

    fn value(
        &mut self,
        ty: &Type,
        has_default: bool,
        value: &Node<Value>,
        path: &QueryPathNode<'_>,
    ) {
        match (&**value, ty) {
            (Value::Variable(name), _) if ty.is_non_null() => self.not_null(name, has_default),
            (Value::Null | Value::Variable(_), _) => {}
            (Value::List(items), Type::List(ty) | Type::NonNullList(ty)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(ty, false, item, &child(path, QueryPathSegment::Index(index)));
                }
            }
            (_, Type::List(ty) | Type::NonNullList(ty)) => self.value(ty, false, value, path),
            (_, Type::Named(name) | Type::NonNullNamed(name)) => self.named(name, value, path),
        }
    }

    fn named(&mut self, ty: &str, value: &Node<Value>, path: &QueryPathNode<'_>) {
        if self.is_in_selected() {
            self.values.count += 1;
            if self.values.count == MAX_VALUES {
                self.error(value, path, &format!("more than {MAX_VALUES} values in all"));
            }
        }
        let input = self.validator.schema.get_input_object(ty);
        if let (Some(input), Some(fields)) = (input, value.as_object()) {
            let mut names = HashSet::new();
            for (name, value) in fields {
                let path = child(path, QueryPathSegment::Name(name));
                if !names.insert(name) {
                    self.error(value, &path, "it is given twice");
                }
                if input.is_one_of() {
                    self.one_of(value, &path);
                }
                if let Some(field) = input.fields.get(name) {
                    self.value(&field.ty, field.default_value.is_some(), value, &path);
                }
            }
        } else if let Some(MetaType::Scalar { is_valid: Some(is_valid), .. }) =
            self.validator.registry.types.get(ty)
            && value_of(value, &Variables::default()).is_some_and(|value| !is_valid(&value))
        {
            self.error(value, path, &expected(ty));
        }
    }

    /// A variable in a `OneOf` input object is not null, whatever its value (specification §5.8.5).
    fn one_of(&mut self, value: &Node<Value>, path: &QueryPathNode<'_>) {
        if let Some(definition) =
            value.as_variable().and_then(|name| definition_of(self.definition, name))
            && !definition.ty.is_non_null()
        {
            let message = format!("expected {0}!, but the variable is {0}", definition.ty);
            self.error(value, path, &message);
        }
    }

    /// Rejects a nullable variable in a non-null location if its value is null, or if it has no value
    /// and the location has no default. Only the selected operation has values for its variables.
    fn not_null(&mut self, name: &str, has_default: bool) {
        let definition = definition_of(self.definition, name);
        let Some(definition) = definition.filter(|definition| !definition.ty.is_non_null()) else {
            return;
        };
        if !self.is_in_selected() {
            return;
        }
        self.values.are_static = false;
        let default = || self.operation.default_of(definition);
        let is_null = match self.variables.get(name).cloned().or_else(default) {
            Some(value) => value == ConstValue::Null,
            None => !has_default,
        };
        if is_null && self.errors.len() < MAX_ERRORS {
            let message = format!("expected {}, not null", definition.ty);
            let at = self.operation.position(definition.name.location());
            self.errors
                .push(ApiError::bad_input(root_path(name).to_string(), message).at(Some(at)));
        }
    }

    fn error(&mut self, value: &Node<Value>, path: &QueryPathNode<'_>, message: &str) {
        if self.errors.len() < MAX_ERRORS {
            let message = format!("{path}: {message}");
            let at = self.operation.position(value.location());
            self.errors
                .push(ApiError::new(ErrorCode::GraphqlValidationFailed, message).at(Some(at)));
        }
    }
}

/// A value in a document with its variables filled in; one that has no value is as if it were not written
/// (`CoerceArgumentValues`, specification §6.4.1).
pub fn value_of(value: &Value, variables: &Variables) -> Option<ConstValue> {
    Some(match value {
        Value::Variable(name) => return variables.get(name.as_str()).cloned(),
        Value::Null => ConstValue::Null,
        Value::Enum(name) => ConstValue::Enum(Name::new(name.as_str())),
        Value::String(text) => ConstValue::String(text.clone()),
        Value::Boolean(value) => ConstValue::Boolean(*value),
        Value::Int(number) => match number.as_str().parse::<i64>() {
            Ok(number) => number.into(),
            // Validation lets only IDs and Floats be that large, and no input is a Float.
            Err(_) => ConstValue::String(number.as_str().to_owned()),
        },
        Value::Float(number) => float(number.try_to_f64().ok()?),
        Value::List(items) => {
            let items = items.iter().map(|item| value_of(item, variables).unwrap_or_default());
            ConstValue::List(items.collect())
        }
        Value::Object(fields) => {
            let field = |(name, value): &(apollo_compiler::Name, Node<Value>)| {
                Some((Name::new(name.as_str()), value_of(value, variables)?))
            };
            ConstValue::Object(fields.iter().filter_map(field).collect())
        }
    })
}

fn float(number: f64) -> ConstValue {
    Number::from_f64(number).map_or(ConstValue::Null, ConstValue::Number)
}
