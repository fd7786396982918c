//! The arguments of a field, once the variables are known.

use async_graphql::{InputType, Name, Value, Variables};
use async_graphql_value::Value as InputValue;

use crate::engine::document::CollectedField;

/// Arguments as the document writes them.
#[derive(Debug)]
pub struct Arguments(Vec<(Name, InputValue)>);

impl Arguments {
    /// Those of a field.
    pub fn of(selected: &CollectedField<'_>) -> Self {
        let arguments = selected.arguments.iter();
        Self(arguments.map(|(name, value)| (name.node.clone(), value.node.clone())).collect())
    }

    /// The argument of that name, if its type takes it.
    pub fn read<T: InputType>(&self, name: &str, variables: &Variables) -> Option<T> {
        T::parse(self.value(name, variables)).ok()
    }

    /// The value of the argument of that name, if it has one.
    pub fn value(&self, name: &str, variables: &Variables) -> Option<Value> {
        let (_, value) = self.0.iter().find(|(argument, _)| argument == name)?;
        value_of(value, variables)
    }
}

/// A value with its variables filled in; one that has no value is as if it were not written.
fn value_of(value: &InputValue, variables: &Variables) -> Option<Value> {
    Some(match value {
        InputValue::Variable(name) => return variables.get(name).cloned(),
        InputValue::Null => Value::Null,
        InputValue::Number(number) => Value::Number(number.clone()),
        InputValue::String(text) => Value::String(text.clone()),
        InputValue::Boolean(value) => Value::Boolean(*value),
        InputValue::Binary(bytes) => Value::Binary(bytes.clone()),
        InputValue::Enum(name) => Value::Enum(name.clone()),
        InputValue::List(items) => {
            let items = items.iter().map(|item| value_of(item, variables).unwrap_or_default());
            Value::List(items.collect())
        }
        InputValue::Object(fields) => {
            let field =
                |(name, value): (&Name, _)| Some((name.clone(), value_of(value, variables)?));
            Value::Object(fields.iter().filter_map(field).collect())
        }
    })
}
