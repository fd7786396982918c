//! The values of variables (`CoerceVariableValues`, specification §6.1.2).

use std::cmp::Ordering;

use apollo_compiler::ast;
use async_graphql::{
    Name, Pos, QueryPathNode, QueryPathSegment, ServerError, Value, Variables,
    indexmap::IndexMap,
    registry::{MetaInputValue, MetaType, MetaTypeName},
};
use serde_json::Number;

use super::{DocumentValidator, MAX_ERRORS, Operation, literals::value_of};
use crate::error::ApiError;

/// Limits the values in the variables of a request and in its document together. How often each is used is
/// limited by the complexity.
pub(super) const MAX_VALUES: usize = 10_000;

/// The variables that an operation defines.
#[derive(Debug)]
pub struct VariableDefinitions(Vec<VariableDefinition>);

#[derive(Debug)]
struct VariableDefinition {
    name: Name,
    ty: String,
    default: Option<Value>,
    pos: Pos,
}

impl Operation {
    /// The variables that it defines.
    pub fn variables(&self) -> VariableDefinitions {
        let definitions = self.definition.variables.iter().map(|definition| VariableDefinition {
            name: Name::new(definition.name.as_str()),
            ty: definition.ty.to_string(),
            default: self.default_of(definition),
            pos: self.position(definition.location()),
        });
        VariableDefinitions(definitions.collect())
    }

    /// The default of a variable; null is another than none.
    pub(super) fn default_of(&self, definition: &ast::VariableDefinition) -> Option<Value> {
        match &definition.default_value {
            Some(value) => value_of(value, &Variables::default()),
            None => self.null_defaults.contains(&definition.name).then_some(Value::Null),
        }
    }
}

impl DocumentValidator {
    /// Checks the variables that are defined against their types, adds their defaults, and drops all others.
    /// `literals` is the number of values in the document.
    ///
    /// # Errors
    /// One `BAD_USER_INPUT` for each invalid value, at most 20, with the path in the variable as `field`.
    pub fn coerce(
        &self,
        definitions: &VariableDefinitions,
        literals: usize,
        mut variables: Variables,
    ) -> Result<Variables, Vec<ServerError>> {
        let mut coercion = InputCoercion {
            validator: self,
            values: literals,
            pos: Pos::default(),
            errors: vec![],
        };
        let mut coerced = Variables::default();
        for VariableDefinition { name, ty, default, pos } in &definitions.0 {
            coercion.pos = *pos;
            let path = root_path(name);
            let value = match (variables.remove(name), default) {
                (Some(value), _) => coercion.value(ty, value, &path),
                (None, Some(default)) => default.clone(),
                (None, None) if ty.ends_with('!') => coercion.error(&path, required(name)),
                (None, None) => continue,
            };
            coerced.insert(name.clone(), value);
        }
        if coercion.errors.is_empty() { Ok(coerced) } else { Err(coercion.errors) }
    }
}

struct InputCoercion<'a> {
    validator: &'a DocumentValidator,
    /// The number of values so far.
    values: usize,
    /// The definition of the variable.
    pos: Pos,
    errors: Vec<ServerError>,
}

impl InputCoercion<'_> {
    /// The recursion is as deep as the value, which `serde_json` bounds.
    fn value(&mut self, ty: &str, value: Value, path: &QueryPathNode<'_>) -> Value {
        match (MetaTypeName::create(ty), value) {
            (MetaTypeName::NonNull(ty), Value::Null) => {
                self.error(path, format!("expected {ty}, not null"))
            }
            (MetaTypeName::List(_) | MetaTypeName::Named(_), Value::Null) => Value::Null,
            (MetaTypeName::List(ty), Value::List(items)) => {
                let items = items.into_iter().enumerate();
                let item = |(index, item)| {
                    self.value(ty, item, &child(path, QueryPathSegment::Index(index)))
                };
                Value::List(items.map(item).collect())
            }
            // A single value is coerced to a list of one (specification §3.11).
            (MetaTypeName::NonNull(ty) | MetaTypeName::List(ty), value) => {
                self.value(ty, value, path)
            }
            (MetaTypeName::Named(ty), value) => self.named(ty, value, path),
        }
    }

    fn named(&mut self, ty: &str, value: Value, path: &QueryPathNode<'_>) -> Value {
        self.values += 1;
        match self.values.cmp(&MAX_VALUES) {
            Ordering::Less => {}
            Ordering::Equal => {
                return self.error(path, format!("more than {MAX_VALUES} values in all"));
            }
            Ordering::Greater => return Value::Null,
        }
        let fits = match (self.validator.registry.types.get(ty), &value) {
            (Some(MetaType::InputObject { input_fields, oneof, .. }), _) => {
                let Value::Object(values) = value else { return self.error(path, expected(ty)) };
                if *oneof && !(values.len() == 1 && values.values().all(|it| *it != Value::Null)) {
                    let names: Vec<_> = input_fields.keys().map(String::as_str).collect();
                    self.error(path, format!("give exactly one of {}", names.join(", ")));
                }
                return self.object(input_fields, values, path);
            }
            (Some(MetaType::Enum { enum_values, .. }), Value::String(name)) => {
                enum_values.contains_key(name)
            }
            (Some(MetaType::Enum { .. }), _) => false,
            // An Int has 32 bits; `1.0` is one, too (specification §3.5.1).
            (Some(MetaType::Scalar { .. }), Value::Number(number)) if ty == "Int" => {
                match integer(number).and_then(|number| i32::try_from(number).ok()) {
                    Some(number) => return number.into(),
                    None => false,
                }
            }
            (Some(MetaType::Scalar { is_valid: Some(is_valid), .. }), value) => is_valid(value),
            _ => true,
        };
        if fits { value } else { self.error(path, expected(ty)) }
    }

    fn object(
        &mut self,
        fields: &IndexMap<String, MetaInputValue>,
        values: IndexMap<Name, Value>,
        path: &QueryPathNode<'_>,
    ) -> Value {
        let is_missing = |(name, field): &(&String, &MetaInputValue)| {
            MetaTypeName::create(&field.ty).is_non_null()
                && field.default_value.is_none()
                && !values.contains_key(name.as_str())
        };
        let missing: Vec<_> = fields.iter().filter(is_missing).map(|(name, _)| name).collect();
        let mut coerced = IndexMap::with_capacity(values.len());
        for (name, value) in values {
            let path = child(path, QueryPathSegment::Name(&name));
            let value = match fields.get(name.as_str()) {
                Some(field) => self.value(&field.ty, value, &path),
                None => self.error(&path, format!("unknown field `{name}`: leave it out")),
            };
            coerced.insert(name, value);
        }
        for name in missing {
            self.error(&child(path, QueryPathSegment::Name(name)), required(name));
        }
        Value::Object(coerced)
    }

    /// Reports an error, and returns what stands for the value from then on.
    fn error(&mut self, path: &QueryPathNode<'_>, message: String) -> Value {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ApiError::bad_input(path.to_string(), message).at(Some(self.pos)));
        }
        Value::Null
    }
}

/// The integer that a number is, also if it is written with a fraction of zero.
pub(super) fn integer(number: &Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "it is an integer, and exact")]
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    })
}

pub(super) fn root_path(name: &str) -> QueryPathNode<'_> {
    QueryPathNode { parent: None, segment: QueryPathSegment::Name(name) }
}

pub(super) fn child<'a>(
    parent: &'a QueryPathNode<'a>,
    segment: QueryPathSegment<'a>,
) -> QueryPathNode<'a> {
    QueryPathNode { parent: Some(parent), segment }
}

fn required(name: &str) -> String {
    format!("{name} is required")
}

/// Names the expected type, with an example of our own scalars.
pub(super) fn expected(ty: &str) -> String {
    let example = match ty {
        "DateTime" => ", such as \"2026-12-01T09:30:00Z\"",
        "Date" => ", such as \"2026-12-01\"",
        "Duration" => ", such as \"P7D\"",
        "TimeZone" => ", such as \"Europe/Berlin\"",
        _ => "",
    };
    format!("expected {ty}{example}")
}
