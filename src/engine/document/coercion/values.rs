//! Checks a value against its type.

use std::cmp::Ordering;

use async_graphql::{
    Name, Pos, QueryPathNode, QueryPathSegment, Value,
    indexmap::IndexMap,
    parser::types::VariableDefinition,
    registry::{MetaInputValue, MetaType, MetaTypeName},
};
use async_graphql_value::Value as InputValue;

use super::{InputCoercion, MAX_VALUES, ValueSource, child, required, root_path};

impl InputCoercion<'_> {
    /// Checks the value of an argument or input field.
    pub(super) fn argument(
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

    /// Checks a value against its type. The recursion is as deep as the value, which the limit on
    /// nested brackets or `serde_json` bounds.
    pub(super) fn value(
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
                    self.value(ty, item, &child(path, QueryPathSegment::Index(index)), source);
                }
            }
            // A single value is coerced to a list of one (specification §3.11).
            (MetaTypeName::NonNull(ty) | MetaTypeName::List(ty), ..) => {
                self.value(ty, value, path, source);
            }
            (MetaTypeName::Named(ty), ..) => self.named(ty, value, path, source),
        }
    }

    /// Checks `IsVariableUsageAllowed` (specification §5.8.5), and that a nullable variable is not null
    /// in a non-null location. Undefined variables are left to validation.
    fn usage(&mut self, name: &Name, pos: Pos, ty: &str, has_default: bool) {
        let Some(definition) = self.operation.definition_of(name) else { return };
        let VariableDefinition { var_type, default_value, .. } = &definition.node;
        let may_be_default = has_default || default_value.is_some();
        let (nullable, declared) = (var_type.node.nullable, var_type.to_string());
        let relaxed = match MetaTypeName::create(ty) {
            MetaTypeName::NonNull(inner) if nullable && may_be_default => inner,
            _ => ty,
        };
        if !are_types_compatible(relaxed, &declared) {
            let message = format!("expected {ty}, but the variable is {declared}");
            self.error(ValueSource::Document(pos), &root_path(name), message);
        } else if relaxed != ty {
            self.not_null(name, has_default);
        }
    }

    /// Rejects a nullable variable in a non-null location if its value is null, or if it has no value
    /// and the location has no default.
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
            self.error(ValueSource::Variable(definition.pos), &root_path(name), expected);
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
                let InputValue::Object(values) = value else {
                    return self.error(source, path, expected(ty));
                };
                if *oneof {
                    self.one_of(input_fields, values, path, source);
                }
                return self.object(input_fields, values, path, source);
            }
            (Some(MetaType::Enum { enum_values, .. }), InputValue::Enum(name)) => {
                enum_values.contains_key(name.as_str())
            }
            // In JSON an enum value is a string; in a document it is a name (specification §3.9).
            (Some(MetaType::Enum { enum_values, .. }), InputValue::String(name)) => {
                matches!(source, ValueSource::Variable(_)) && enum_values.contains_key(name)
            }
            (Some(MetaType::Enum { .. }), _) => false,
            // An Int has 32 bits (specification §3.5.1).
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
        values: &IndexMap<Name, InputValue>,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        for (name, value) in values {
            let path = &child(path, QueryPathSegment::Name(name));
            match fields.get(name.as_str()) {
                Some(field) => self.argument(field, value, path, source),
                None => self.error(source, path, format!("unknown field `{name}`: leave it out")),
            }
        }
        for (name, field) in fields {
            let is_required = MetaTypeName::create(&field.ty).is_non_null();
            if is_required && field.default_value.is_none() && !values.contains_key(name.as_str()) {
                let path = &child(path, QueryPathSegment::Name(name));
                self.error(source, path, required(name));
            }
        }
    }

    /// `OneOf` input object: exactly one field, and not null (specification §3.10.1).
    fn one_of(
        &mut self,
        fields: &IndexMap<String, MetaInputValue>,
        values: &IndexMap<Name, InputValue>,
        path: &QueryPathNode<'_>,
        source: ValueSource,
    ) {
        let mut values = values.values();
        match (values.next(), values.next()) {
            (Some(InputValue::Variable(name)), None) => self.not_null(name, false),
            (Some(value), None) if *value != InputValue::Null => {}
            _ => {
                let names: Vec<_> = fields.keys().map(String::as_str).collect();
                self.error(source, path, format!("give exactly one of {}", names.join(", ")));
            }
        }
    }
}

/// Names the expected type, with an example of our own scalars.
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

/// `AreTypesCompatible` (specification §5.8.5).
fn are_types_compatible(location: &str, variable: &str) -> bool {
    match (MetaTypeName::create(location), MetaTypeName::create(variable)) {
        (MetaTypeName::NonNull(location), MetaTypeName::NonNull(variable))
        | (MetaTypeName::List(location), MetaTypeName::List(variable)) => {
            are_types_compatible(location, variable)
        }
        (MetaTypeName::List(_) | MetaTypeName::Named(_), MetaTypeName::NonNull(variable)) => {
            are_types_compatible(location, variable)
        }
        (MetaTypeName::Named(location), MetaTypeName::Named(variable)) => location == variable,
        _ => false,
    }
}
