//! Checks a single value against its type.

use std::cmp::Ordering;

use async_graphql::{
    Name, Pos, QueryPathNode, QueryPathSegment, Value,
    indexmap::IndexMap,
    parser::types::VariableDefinition,
    registry::{MetaInputValue, MetaType, MetaTypeName},
};
use async_graphql_value::Value as InputValue;

use super::{InputCoercion, MAX_VALUES, ValueSource, below, required, root};

impl InputCoercion<'_> {
    /// Checks the value of an argument or an input field.
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

    /// Checks a value against its type; the value bounds the recursion, and the brackets or
    /// `serde_json` bound the value.
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
